using TransportGateway.Licensing;

namespace TransportGateway.Tests.Licensing;

public sealed class CatalogueTests
{
    [Theory]
    [InlineData("regid.2016-07.com.cisco.UCM_Enhanced,12.0_48539867-bca0-4eaf-abf5-22ede2f75ff9", "UC Manager Enhanced License (12.x)")]
    [InlineData("regid.2016-07.com.cisco.UCM_Enhanced,14.5_48539867", "UC Manager Enhanced License (14.x)")]
    [InlineData("regid.2017-04.com.cisco.CUC_SpeechView,12.0_946cef06-3332-4037-9bd3-e4705c2c7ebb", "CUC SpeechView (12.0)")]
    [InlineData("regid.2017-04.com.cisco.CUC_SpeechView,12.0", "CUC SpeechView (12.0)")]
    [InlineData("nonsense", "nonsense")]
    public void A_licence_is_named_by_the_catalogue_or_else_by_its_tag(string tag, string name) => Assert.Equal(name, Catalogue.NameOf(tag).DisplayName);

    [Theory]
    [InlineData("regid.2017-04.com.cisco.CUC_SpeechView,12.0_946cef06-3332-4037-9bd3-e4705c2c7ebb", true)]
    [InlineData("regid.2017-04.com.cisco.X,1.0", true)]
    [InlineData("regid.com.cisco.X,1.0", true)]
    [InlineData("regid.2017-04.com.cisco.X,", false)]
    [InlineData("regid.2017-04.com.cisco.X,1.0_", false)]
    [InlineData("regid.2017-04.com.cisco.X,1 0", false)]
    [InlineData("regid.2017-04.com.cisco.CUC_SpeechView", false)]
    [InlineData("", false)]
    [InlineData("regid.2017-04.com.cisco.A,1.0_x\n", false)]
    public void A_tag_is_told_from_what_is_none(string tag, bool wellFormed) => Assert.Equal(wellFormed, EntitlementTag.IsWellFormed(tag));
}
