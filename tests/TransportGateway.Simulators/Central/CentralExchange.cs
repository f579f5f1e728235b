using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Simulators.Central;

/// <summary>What Software Central does with documents of the exchange, whichever way they come.</summary>
internal sealed class CentralExchange(CentralState state, CentralKeys keys, TimeProvider clock)
{
    private const int RecordsInPart = 1000;

    public byte[] Register(byte[] der)
    {
        var (content, signer) = CentralDocument.Open(der, "registration-request");
        var (account, run) = (Text(content, "account"), Text(content, "run"));
        var csr = content.GetProperty("signingRequest").GetBytesFromBase64();
        RequireSameKey(csr, signer);
        lock (state.Lock)
        {
            if (state.Data.Authorizations.TryGetValue(run, out var given))
            {
                return given;
            }

            var answer = new JsonObject
            {
                ["format"] = "transport-gateway-exchange",
                ["version"] = 1,
                ["kind"] = "registration-authorization",
                ["account"] = account,
                ["run"] = run,
                ["sequence"] = 0,
                ["part"] = 0,
                ["last"] = true,
                ["previous"] = null,
                ["createdAt"] = Instant(clock.GetUtcNow()),
                ["request"] = CentralDocument.Hash(der),
            };
            if (Refusal(content, account) is { } refusal)
            {
                answer["refusal"] = refusal;
            }
            else
            {
                Enroll(content, account, csr, answer);
            }

            var authorization = CentralDocument.Sign(answer, keys.Signer, clock.GetUtcNow());
            state.Data.Authorizations[run] = authorization;
            state.Save();
            return authorization;
        }
    }

    public long LastSequence(string account)
    {
        lock (state.Lock)
        {
            return Find(account).LastSequence;
        }
    }

    /// <summary>How many parts are held afterwards. The last part is worked on at once.</summary>
    public int PutPart(string account, string run, int number, byte[] der)
    {
        lock (state.Lock)
        {
            var registration = Find(account);
            if (registration.LastRun == run)
            {
                // It was taken over before; whoever sends it again did not hear so.
                return number + 1;
            }

            var (content, signer) = CentralDocument.Open(der, "synchronization-request");
            RequireOwnSigner(registration, signer);
            Require(Text(content, "account") == account && Text(content, "run") == run && content.GetProperty("part").GetInt32() == number, "The part belongs elsewhere.");
            var sequence = content.GetProperty("sequence").GetInt64();
            if (sequence <= registration.LastSequence)
            {
                throw new CentralRefusal($"The sequence {sequence} is behind.", "stale-sequence", 409) { LastSequence = registration.LastSequence };
            }

            var folder = state.FolderOf(account, run);
            var held = Directory.Exists(folder) ? Directory.GetFiles(folder, "part-*").Length : 0;
            var previous = content.GetProperty("previous").GetString();
            if (number > held || previous != (number == 0 ? null : CentralDocument.Hash(File.ReadAllBytes(PartPath(folder, number - 1)))))
            {
                throw new CentralRefusal("Another part is expected.", "expected-part", 409) { Parts = Math.Min(number, held) };
            }

            if (number == 0)
            {
                DropOthers(account, run);
            }

            Directory.CreateDirectory(folder);
            for (var behind = number; behind < held; behind++)
            {
                File.Delete(PartPath(folder, behind));
            }

            File.WriteAllBytes(PartPath(folder, number), der);
            if (content.GetProperty("last").GetBoolean())
            {
                Apply(registration, run, sequence, folder, number + 1, CentralDocument.Hash(der));
            }

            return number + 1;
        }
    }

    /// <summary>RECEIVING with the parts held, or COMPLETE with those of the answer; null for an unknown run.</summary>
    public (string Status, int Parts)? Status(string account, string run)
    {
        lock (state.Lock)
        {
            var registration = Find(account);
            var folder = state.FolderOf(account, run);
            return registration.LastRun == run ? ("COMPLETE", registration.LastResponseParts)
                : Directory.Exists(folder) ? ("RECEIVING", Directory.GetFiles(folder, "part-*").Length)
                : null;
        }
    }

    public byte[]? Response(string account, string run, int number)
    {
        var path = ResponsePath(state.FolderOf(account, run), number);
        return File.Exists(path) ? File.ReadAllBytes(path) : null;
    }

    /// <summary>A whole request file in, the response file out.</summary>
    public byte[] ExchangeFile(byte[] file)
    {
        var parts = CentralDocument.Split(file);
        Require(parts.Count > 0, "The file is empty.");
        var (first, _) = CentralDocument.Open(parts[0], "synchronization-request");
        var (account, run) = (Text(first, "account"), Text(first, "run"));
        for (var number = 0; number < parts.Count; number++)
        {
            PutPart(account, run, number, parts[number]);
        }

        Require(Status(account, run) is ("COMPLETE", _), "The file is cut: its last part is missing.");
        return [.. Enumerable.Range(0, Status(account, run)!.Value.Parts).SelectMany(number => Response(account, run, number)!)];
    }

    private static string PartPath(string folder, int number) => Path.Combine(folder, $"part-{number:00000}");

    private static string ResponsePath(string folder, int number) => Path.Combine(folder, $"response-{number:00000}");

    private static string Text(JsonElement content, string name) =>
        content.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new CentralRefusal($"The field {name} is missing.");

    private static string Instant(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new CentralRefusal(otherwise);
        }
    }

    private static void RequireSameKey(byte[] csr, X509Certificate2 signer)
    {
        try
        {
            var request = CertificateRequest.LoadSigningRequest(csr, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
            Require(request.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(signer.PublicKey.ExportSubjectPublicKeyInfo()), "The part was not signed with the key of its signing request.");
        }
        catch (CryptographicException)
        {
            throw new CentralRefusal("The signing request does not verify.");
        }
    }

    private static void RequireOwnSigner(Registration registration, X509Certificate2 signer)
    {
        var at = registration.Certificates.FindIndex(certificate => certificate.AsSpan().SequenceEqual(signer.RawData));
        if (at < 0)
        {
            throw new CentralRefusal("The part was not signed with the exchange certificate of this account.", "unknown-account", 403);
        }

        // The newest is in use now: what came before it is done with.
        if (at == registration.Certificates.Count - 1)
        {
            registration.Certificates.RemoveRange(0, at);
        }
    }

    private string? Refusal(JsonElement content, string account)
    {
        var (smart, cloud) = (Text(content, "smartAccount"), Text(content, "virtualAccount"));
        return !state.Data.SmartAccounts.ContainsKey(smart) ? $"There is no Smart Account '{smart}'."
            : state.Data.Registrations.Values.FirstOrDefault(other =>
                other.Account != account
                && string.Equals(other.SmartAccount, smart, StringComparison.OrdinalIgnoreCase)
                && string.Equals(other.VirtualAccount, cloud, StringComparison.OrdinalIgnoreCase)) is { } taken
                    ? $"The virtual account '{cloud}' belongs to the local account '{taken.LocalAccount}' already."
                    : null;
    }

    private void Enroll(JsonElement content, string account, byte[] csr, JsonObject answer)
    {
        var smart = state.Data.SmartAccounts[Text(content, "smartAccount")];
        var name = Text(content, "virtualAccount");
        if (!smart.VirtualAccounts.TryGetValue(name, out var cloud))
        {
            smart.VirtualAccounts[name] = cloud = new VirtualAccount { Name = name, Id = state.Data.NextId++ };
        }

        using var certificate = keys.IssueFor(csr, account, "exchange", []);
        var before = state.Data.Registrations.GetValueOrDefault(account);
        state.Data.Registrations[account] = new Registration
        {
            Account = account,
            Gateway = Text(content, "gateway"),
            LocalAccount = Text(content, "localAccount"),
            SmartAccount = smart.Name,
            VirtualAccount = name,
            Certificates = [certificate.RawData],
            Removals = before?.Removals ?? new Dictionary<string, string>(StringComparer.Ordinal),
        };
        if (before is not null)
        {
            state.SaveInstances(account, 0, state.LoadInstances(before).Values);
        }

        answer["smartAccountId"] = smart.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        answer["virtualAccountId"] = cloud.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        answer["certificate"] = Convert.ToBase64String(certificate.RawData);
        answer["chain"] = new JsonArray(Convert.ToBase64String(keys.Issuing.RawData));
    }

    private Registration Find(string account) =>
        state.Data.Registrations.GetValueOrDefault(account) ?? throw new CentralRefusal("This account is not registered.", "unknown-account", 403);

    private void DropOthers(string account, string run)
    {
        var folder = state.FolderOf(account, run);
        var parent = Path.GetDirectoryName(folder)!;
        foreach (var other in Directory.Exists(parent) ? Directory.GetDirectories(parent) : [])
        {
            if (other != folder && !(Find(account).LastRun is { } last && other == state.FolderOf(account, last)))
            {
                Directory.Delete(other, recursive: true);
            }
        }
    }

    /// <summary>Everything verified, then everything at once.</summary>
    private void Apply(Registration registration, string run, long sequence, string folder, int parts, string identity)
    {
        var instances = state.LoadInstances(registration);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var removals = new Dictionary<string, string>(registration.Removals, StringComparer.Ordinal);
        JsonElement first = default;
        long records = 0, claimed = -1;
        for (var number = 0; number < parts; number++)
        {
            var (content, _) = CentralDocument.Open(File.ReadAllBytes(PartPath(folder, number)), "synchronization-request");
            first = number == 0 ? content : first;
            foreach (var record in content.GetProperty("productInstances").EnumerateArray())
            {
                records++;
                Merge(instances, seen, removals, record);
            }

            if (content.TryGetProperty("counts", out var counts) && counts.ValueKind == JsonValueKind.Object)
            {
                claimed = counts.GetProperty("productInstances").GetInt64();
            }
        }

        Require(claimed == records, $"The request says {claimed} product instances and holds {records}.");
        if (Text(first, "mode") == "full")
        {
            foreach (var gone in instances.Where(entry => !seen.Contains(entry.Key) && entry.Value.Contains("\"state\":\"registered\"", StringComparison.Ordinal)).Select(entry => entry.Key).ToList())
            {
                instances.Remove(gone);
            }
        }

        foreach (var done in removals.Keys.Where(id => !instances.TryGetValue(id, out var line) || !line.Contains("\"state\":\"registered\"", StringComparison.Ordinal)).ToList())
        {
            removals.Remove(done);
        }

        var before = registration.LastSequence;
        registration.Removals.Clear();
        foreach (var (id, reason) in removals)
        {
            registration.Removals[id] = reason;
        }

        var responseParts = WriteResponse(registration, run, sequence, folder, identity, first);
        state.SaveInstances(registration.Account, sequence, instances.Values);
        registration.LastSequence = sequence;
        registration.LastRun = run;
        registration.LastResponseParts = responseParts;
        registration.Facts = new JsonObject { ["accountFacts"] = JsonNode.Parse(first.GetProperty("accountFacts").GetRawText()), ["usage"] = JsonNode.Parse(first.GetProperty("usage").GetRawText()) }.ToJsonString();
        state.Save();
        if (before != sequence)
        {
            state.DeleteInstances(registration.Account, before);
        }
    }

    private static void Merge(Dictionary<string, string> instances, HashSet<string> seen, Dictionary<string, string> removals, JsonElement record)
    {
        var id = Text(record, "id");
        Require(seen.Add(id), $"The request names the product instance {id} twice.");
        var revision = record.GetProperty("revision").GetInt64();
        if (instances.TryGetValue(id, out var held) && JsonNode.Parse(held)!["revision"]!.GetValue<long>() > revision)
        {
            return;
        }

        instances[id] = JsonNode.Parse(record.GetRawText())!.ToJsonString();
        if (Text(record, "state") != "registered")
        {
            removals.Remove(id);
        }
    }

    private int WriteResponse(Registration registration, string run, long sequence, string folder, string identity, JsonElement first)
    {
        var smart = state.Data.SmartAccounts[registration.SmartAccount];
        var entitlements = smart.VirtualAccounts[registration.VirtualAccount].Entitlements;
        var now = clock.GetUtcNow();
        var certificates = IssueCertificates(registration, first);
        var pages = Math.Max(1, (entitlements.Count + RecordsInPart - 1) / RecordsInPart);
        string? previous = null;
        // The small records go in a part of their own behind the entitlements.
        for (var number = 0; number <= pages; number++)
        {
            var last = number == pages;
            var part = new JsonObject
            {
                ["format"] = "transport-gateway-exchange",
                ["version"] = 1,
                ["kind"] = "synchronization-response",
                ["account"] = registration.Account,
                ["run"] = run,
                ["sequence"] = sequence,
                ["part"] = number,
                ["last"] = last,
                ["previous"] = previous,
                ["createdAt"] = Instant(now),
                ["request"] = identity,
            };
            if (number == 0)
            {
                part["exportControlAllowed"] = smart.ExportControlAllowed;
            }

            if (last)
            {
                part["substitutions"] = new JsonArray([.. smart.Substitutions.Select(rule => new JsonObject { ["higher"] = rule.Higher, ["lower"] = rule.Lower })]);
                part["removals"] = new JsonArray([.. registration.Removals.Select(removal => new JsonObject { ["id"] = removal.Key, ["reason"] = removal.Value })]);
                part["certificates"] = certificates.DeepClone();
                part["counts"] = new JsonObject
                {
                    ["entitlements"] = entitlements.Count,
                    ["substitutions"] = smart.Substitutions.Count,
                    ["removals"] = registration.Removals.Count,
                    ["certificates"] = certificates.Count,
                };
            }
            else
            {
                part["entitlements"] = new JsonArray([.. entitlements.Skip(number * RecordsInPart).Take(RecordsInPart).Select(entitlement => Describe(entitlement, now))]);
            }

            var der = CentralDocument.Sign(part, keys.Signer, now);
            File.WriteAllBytes(ResponsePath(folder, number), der);
            previous = CentralDocument.Hash(der);
        }

        return pages + 1;
    }

    private JsonArray IssueCertificates(Registration registration, JsonElement first)
    {
        var issued = new JsonArray();
        if (!first.TryGetProperty("certificateRequests", out var requests) || requests.ValueKind != JsonValueKind.Array)
        {
            return issued;
        }

        foreach (var request in requests.EnumerateArray())
        {
            var (id, purpose) = (Text(request, "id"), Text(request, "purpose"));
            if (!state.Data.Certificates.TryGetValue(id, out var certificate))
            {
                using var made = keys.IssueFor(
                    request.GetProperty("signingRequest").GetBytesFromBase64(), Text(request, "commonName"), purpose, request.GetProperty("names").EnumerateArray().Select(name => name.GetString()!));
                state.Data.Certificates[id] = certificate = made.RawData;
                if (purpose == "exchange")
                {
                    registration.Certificates.Add(certificate);
                }
            }

            issued.Add(new JsonObject
            {
                ["id"] = id,
                ["purpose"] = purpose,
                ["certificate"] = Convert.ToBase64String(certificate),
                ["chain"] = new JsonArray(Convert.ToBase64String(keys.Issuing.RawData)),
            });
        }

        return issued;
    }

    private static JsonObject Describe(CentralEntitlement entitlement, DateTimeOffset now) => new()
    {
        ["id"] = entitlement.Id,
        ["tag"] = entitlement.Tag,
        ["name"] = entitlement.Name,
        ["displayName"] = entitlement.Name,
        ["description"] = entitlement.Description,
        ["sku"] = entitlement.Sku,
        ["billing"] = entitlement.Billing,
        ["quantity"] = entitlement.Quantity,
        ["startDate"] = Instant(entitlement.StartDate),
        ["endDate"] = entitlement.EndDate is { } end ? Instant(end) : null,
        ["subscriptionId"] = entitlement.SubscriptionId,
        ["status"] = entitlement.Cancelled ? "Cancelled" : entitlement.StartDate > now ? "Future" : entitlement.EndDate <= now ? "Expired" : "Active",
    };
}
