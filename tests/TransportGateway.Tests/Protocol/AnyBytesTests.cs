using System.Text;
using CsCheck;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

/// <summary>Both parsers take any bytes and answer with one of their results, never with an exception.</summary>
public sealed class AnyBytesTests
{
    private const int Iterations = 5_000;

    private static readonly byte[][] Messages =
        [Samples.ThirdPartyKey, .. MessageBuilder.OneOfEach().Select(message => Encoding.UTF8.GetBytes(message.ToText()))];

    private static readonly byte[][] Documents =
    [
        Samples.CallHomeCsr1000v,
        Samples.CallHomeNexus7000,
        Encoding.UTF8.GetBytes("xml=" + Uri.EscapeDataString(Encoding.UTF8.GetString(Samples.CallHomeCsr1000v))),
    ];

    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", "\"", "\\", "\\u0000", "\\ud800", "\\\\\\\"", "null", "-1", "1e999", "99999999999999999999", ",", ":",
        "\"nonce\":", "<", ">", "]]>", "<![CDATA[", "&#x0;", "&#xD800;", "&x;", "<!DOCTYPE a>", "<?xml version='1.0' encoding='utf-7'?>",
        "<?xml version='1.0\u00BF'?>", "%3C", "\uFEFF",
    ];

    private static readonly Gen<byte[]> Fragment = Gen.OneOf(
        Gen.Byte.Array[0, 8],
        Gen.OneOf([.. Pieces.Select(piece => Gen.Const(Encoding.UTF8.GetBytes(piece)))]));

    [Fact]
    public void Any_bytes_are_read_as_a_message_without_an_exception() =>
        Gen.Byte.Array[0, 300].Sample(bytes => SmartMessageReader.Read(bytes) is not null, iter: Iterations);

    [Fact]
    public void Any_bytes_are_read_as_Call_Home_without_an_exception() =>
        Gen.Byte.Array[0, 300].Sample(bytes => CallHomeReader.Read(bytes) is not null, iter: Iterations);

    [Fact]
    public void Any_change_of_a_message_is_read_without_an_exception() =>
        Changed(Messages).Sample(bytes => SmartMessageReader.Read(bytes) is not null, iter: Iterations);

    [Fact]
    public void Any_change_of_Call_Home_is_read_without_an_exception_and_so_is_what_it_carries() =>
        Changed(Documents).Sample(
            bytes => CallHomeReader.Read(bytes) is not CallHomeParse.Found found
                || (SmartMessageReader.Read(found.Request.Payload) is not null
                    && CallHomeWriter.WriteResponse(found.Request, "{}"u8, DateTimeOffset.UnixEpoch).Length > 0),
            iter: Iterations);

    [Fact]
    public void Any_change_inside_the_inner_levels_is_read_without_an_exception() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 2000], Gen.Int[0, 12], Fragment.Select(Encoding.UTF8.GetString), Gen.Bool).Sample(
            (which, position, length, inserted, inData) =>
            {
                var message = MessageBuilder.OneOfEach().ElementAt(which);
                _ = inData ? message.WithDataText(Change) : message.WithRequestText(Change);
                return message.Parse() is not null;

                string Change(string text)
                {
                    var at = position % (text.Length + 1);
                    return text.Remove(at, Math.Min(length, text.Length - at)).Insert(at, inserted);
                }
            },
            iter: Iterations);

    [Fact]
    public void A_message_cut_anywhere_is_refused()
    {
        foreach (var message in Messages)
        {
            for (var length = 0; length < message.Length; length++)
            {
                Assert.IsType<ParsedMessage.Unreadable>(SmartMessageReader.Read(message.AsSpan(0, length)));
            }
        }
    }

    [Fact]
    public void A_Call_Home_message_cut_before_its_last_element_ends_is_refused()
    {
        var document = Samples.CallHomeCsr1000v;
        for (var length = 0; length < document.Length - 1; length++)
        {
            Assert.IsType<CallHomeParse.Unreadable>(CallHomeReader.Read(document.AsMemory(0, length)));
        }
    }

    [Fact]
    public void What_is_refused_says_why_and_what_is_answered_has_a_nonce() => Changed(Messages).Sample(
        bytes => SmartMessageReader.Read(bytes) switch
        {
            ParsedMessage.Unreadable unreadable => unreadable.Reason.EndsWith('.') || unreadable.Reason.EndsWith('}'),
            ParsedMessage.Refused refused => refused.Message.Length > 0 && refused.Status.Length > 0 && IsNonce(refused.Header.Nonce),
            ParsedMessage.Readable readable => IsNonce(readable.Message.Header.Nonce),
            _ => false,
        },
        iter: Iterations);

    private static bool IsNonce(string nonce) => nonce.Length is >= 1 and <= 32 && nonce.All(char.IsAsciiDigit);

    private static Gen<byte[]> Changed(byte[][] seeds) =>
        Gen.Select(Gen.OneOf([.. seeds.Select(Gen.Const)]), Gen.Select(Gen.Double[0, 1], Gen.Int[0, 12], Fragment).Array[1, 4], (seed, changes) =>
        {
            foreach (var (place, length, inserted) in changes)
            {
                var at = (int)(place * seed.Length);
                seed = [.. seed[..at], .. inserted, .. seed[Math.Min(seed.Length, at + length)..]];
            }

            return seed;
        });
}
