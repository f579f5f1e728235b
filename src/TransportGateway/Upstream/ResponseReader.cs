using System.Security.Cryptography.X509Certificates;
using TransportGateway.Protocol.Exchange;

namespace TransportGateway.Upstream;

/// <summary>Reads a response from a file twice: once to verify all of it, once to take it over.</summary>
internal static class ResponseReader
{
    /// <summary>Verifies that the whole file answers this run.</summary>
    /// <exception cref="ExchangeRefusedException">The sentence says what does not hold.</exception>
    public static async Task<ResponseCounts> VerifyAsync(Stream file, RunRow run, X509Certificate2Collection anchors, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (anchors.Count == 0)
        {
            throw new ExchangeRefusedException("this gateway has no trust anchor of Software Central; set it with: tgctl central set --exchange-anchors FILE");
        }

        long entitlements = 0, substitutions = 0, removals = 0, certificates = 0;
        var granted = new Dictionary<string, long>(StringComparer.Ordinal);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        string? previous = null;
        SynchronizationResponsePart? last = null;
        var number = 0;
        await foreach (var der in ExchangeFile.ReadPartsAsync(file, cancellationToken))
        {
            var part = ExchangeEnvelope.Open<SynchronizationResponsePart>(der, anchors, now);
            CheckBelongs(part, run);
            if (last is { Last: true })
            {
                throw new ExchangeRefusedException("it goes on behind its last part");
            }

            if (part.Part != number || part.Previous != previous)
            {
                throw new ExchangeRefusedException("its parts are not in order, or one of them is missing");
            }

            entitlements += Count(part.Entitlements);
            substitutions += Count(part.Substitutions);
            removals += Count(part.Removals);
            certificates += Count(part.Certificates);
            CheckRecords(part, ids, granted);
            previous = ExchangeEnvelope.Hash(der);
            last = part;
            number++;
        }

        if (last is not { Last: true })
        {
            throw new ExchangeRefusedException(last is null ? "it is empty" : "it is cut: its last part is missing");
        }

        var counts = new ResponseCounts(entitlements, substitutions, removals, certificates);
        return counts == last.Counts ? counts : throw new ExchangeRefusedException("it does not hold as many records as it says");
    }

    public static async IAsyncEnumerable<SynchronizationResponsePart> ReadAsync(
        Stream file, X509Certificate2Collection anchors, DateTimeOffset now, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var der in ExchangeFile.ReadPartsAsync(file, cancellationToken))
        {
            yield return ExchangeEnvelope.Open<SynchronizationResponsePart>(der, anchors, now);
        }
    }

    private static int Count<T>(IReadOnlyList<T>? records) => records?.Count ?? 0;

    private static void CheckBelongs(SynchronizationResponsePart part, RunRow run)
    {
        if (part.Kind != ExchangeFormat.SynchronizationResponse)
        {
            throw new ExchangeRefusedException($"it is not a synchronisation response but a {part.Kind}");
        }

        if (part.Account != run.AccountId)
        {
            throw new ExchangeRefusedException("it is for another local account");
        }

        if (part.Run != run.Id || part.Sequence != run.Sequence || part.Request != run.LastPartHash)
        {
            throw new ExchangeRefusedException($"it answers another request than the last one of this account (its sequence is {part.Sequence}, that of the request {run.Sequence})");
        }
    }

    /// <param name="ids">Of the entitlements so far.</param>
    /// <param name="granted">How many licences of each tag so far.</param>
    private static void CheckRecords(SynchronizationResponsePart part, HashSet<string> ids, Dictionary<string, long> granted)
    {
        if (Count(part.Entitlements) + Count(part.Substitutions) + Count(part.Removals) + Count(part.Certificates) > ExchangeFormat.MostRecordsInPart)
        {
            throw new ExchangeRefusedException($"a part of it holds more than {ExchangeFormat.MostRecordsInPart} records");
        }

        foreach (var entitlement in part.Entitlements ?? [])
        {
            if (entitlement.Quantity <= 0 || entitlement.Tag.Length is 0 or > 512 || entitlement.Id.Length is 0 or > 255 || entitlement.EndDate <= entitlement.StartDate)
            {
                throw new ExchangeRefusedException($"its entitlement '{entitlement.Id}' has no usable tag, quantity or term");
            }

            if (!ids.Add(entitlement.Id))
            {
                throw new ExchangeRefusedException($"it holds the entitlement '{entitlement.Id}' more than once");
            }

            var before = granted.GetValueOrDefault(entitlement.Tag);
            if (entitlement.Quantity > long.MaxValue - before)
            {
                throw new ExchangeRefusedException($"its entitlements of '{entitlement.Tag}' add up to more licences than can be counted");
            }

            granted[entitlement.Tag] = before + entitlement.Quantity;
        }
    }
}
