using TransportGateway.Licensing;

namespace TransportGateway.Tests.Licensing;

public sealed class ProductTypesTests
{
    [Theory]
    [InlineData("regid.2016-07.com.cisco.UCM,12.5_0c1a", "UCL")]
    [InlineData("regid.2016-07.com.cisco.UCMSME,12.5_0c1a", "UCL")]
    [InlineData("regid.2015-06.com.cisco.PI,3.0_0c1a", "SDNMGMT")]
    [InlineData("regid.2015-06.com.cisco.ISR4000,1.0_0c1a", "ISR4000")]
    [InlineData("regid.2016-07.com.cisco.UCM,12.5", "UCL")]
    [InlineData("nonsense", "OTHER")]
    public void A_product_type_follows_from_the_software_tag(string tag, string type) => Assert.Equal(type, ProductTypes.With([]).Of(tag));

    [Theory]
    [InlineData("ISR*=ROUTER", "regid.2015-06.com.cisco.ISR4000,1.0_0c1a", "ROUTER")]
    [InlineData("ISR4=ROUTER", "regid.2015-06.com.cisco.ISR4000,1.0_0c1a", "ISR4000")]
    [InlineData(" ISR4000 = ROUTER ", "regid.2015-06.com.cisco.ISR4000,1.0_0c1a", "ROUTER")]
    [InlineData("UCM=OURS", "regid.2016-07.com.cisco.UCM,12.5_0c1a", "OURS")]
    [InlineData("UCM=OURS", "regid.2016-07.com.cisco.UCMSME,12.5_0c1a", "UCL")]
    [InlineData("UCM=FIRST,UCM*=SECOND", "regid.2016-07.com.cisco.UCM,12.5_0c1a", "FIRST")]
    public void An_administrator_adds_types_that_count_before_the_ones_built_in(string entries, string tag, string type)
    {
        Assert.All(entries.Split(','), entry => Assert.Null(ProductTypes.Problem(entry)));
        Assert.Equal(type, ProductTypes.With(entries.Split(',')).Of(tag));
    }

    [Theory]
    [InlineData("ISR")]
    [InlineData("=ROUTER")]
    [InlineData("ISR=")]
    [InlineData("*=ROUTER")]
    [InlineData("I*R=ROUTER")]
    [InlineData("ISR=ROUTER=SWITCH")]
    [InlineData("ISR=<b>")]
    [InlineData("ISR=A_TYPE_OF_MORE_THAN_32_CHARACTERS")]
    public void An_entry_that_will_not_do_is_named_with_what_would(string entry) => Assert.Equal(
        $"'{entry}' is not the name in a software tag and a product type, as in ISR*=ROUTER; both are letters, digits, '-' and '_', and a '*' ends a name that only begins so",
        ProductTypes.Problem(entry));
}
