namespace TransportGateway.Simulators;

/// <summary>
/// The entitlement tags of the simulated products. Real tags are not public: these are invented in the style of the tags
/// that are (<c>regid.YYYY-MM.com.cisco.NAME,VERSION_UUID</c>), and the gateway's catalogue knows them by the text before the uuid.
/// </summary>
public static class EntitlementTags
{
    public const string UcmCuwl = "regid.2016-07.com.cisco.UCM_CUWL,12.0_df0002f2-d043-44ed-a785-2021ae6419c1";
    public const string UcmEnhancedPlus = "regid.2016-07.com.cisco.UCM_EnhancedPlus,12.0_d801d390-0ce6-4de0-b972-38db25f89555";
    public const string UcmEnhanced = "regid.2016-07.com.cisco.UCM_Enhanced,12.0_48539867-bca0-4eaf-abf5-22ede2f75ff9";
    public const string UcmBasic = "regid.2016-07.com.cisco.UCM_Basic,12.0_06931200-6b58-4d14-9681-8021ab5f44ad";
    public const string UcmEssential = "regid.2016-07.com.cisco.UCM_Essential,12.0_ef797686-8618-49d7-b7de-2ad82f79b529";
    public const string UcmTelepresenceRoom = "regid.2016-07.com.cisco.UCM_TelepresenceRoom,12.0_51536098-93c0-4c12-96b2-16cdd8b9d1c1";

    public const string PiAssurance = "regid.2015-06.com.cisco.PI_Assurance,3.0_1c5023f5-b477-46ac-adcf-2129768516d4";
    public const string PiBase = "regid.2015-06.com.cisco.PI_Base,3.0_c084d404-50ed-497c-9e23-f0bf381b3188";
    public const string PiLifecycle = "regid.2015-06.com.cisco.PI_Lifecycle,3.0_f44b6506-2175-4b42-a0af-6a474ec166d5";
    public const string PiUcsServerMgmt = "regid.2015-06.com.cisco.PI_UCSServerMgmt,3.0_dc997528-c395-4a3c-9052-cd140106d61d";
    public const string PiUcsVm = "regid.2015-06.com.cisco.PI_UCSVM,3.0_590d8f7a-57c7-44c0-9004-88b3f8b541e6";
}
