using System.Security.Cryptography.X509Certificates;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Exchange;
using TransportGateway.Registration;

namespace TransportGateway.Upstream;

/// <summary>Takes over what Software Central answered: all of it in one transaction, after all of it was verified.</summary>
internal sealed class ApplyResponse(Database database, MasterKey masterKey, CertificateRequests certificateRequests, TimeProvider clock)
{
    /// <param name="open">Opens the response; called twice, and once more whenever the transaction had to give way to another one.</param>
    /// <returns>False when the run is not open any more: nothing was changed.</returns>
    /// <exception cref="ExchangeRefusedException">The response does not hold; nothing was changed.</exception>
    public async Task<bool> ExecuteAsync(RunRow run, Func<Stream> open, string by, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        X509Certificate2Collection anchors;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            anchors = (await CentralSettings.LoadAsync(reading, masterKey, cancellationToken)).ReadExchangeAnchors();
        }

        ResponseCounts counts;
        await using (var file = open())
        {
            counts = await ResponseReader.VerifyAsync(file, run, anchors, now, cancellationToken);
        }

        return await database.RetryOvertakenAsync(() => TakeOverAsync(run, open, anchors, counts, by, now, cancellationToken));
    }

    private async Task<bool> TakeOverAsync(
        RunRow run, Func<Stream> open, X509Certificate2Collection anchors, ResponseCounts counts, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new SynchronizationRuns(session).SucceedAsync(run.Id, counts.Entitlements, counts.Removals, counts.Certificates, now, cancellationToken))
        {
            return false;
        }

        // First of all, so that nobody who divides the account's licences waits for this transaction while it waits for them.
        await new LocalAccounts(session).HoldAsync(run.AccountId, cancellationToken);
        var account = await new LocalAccounts(session).FindAsync(run.AccountId, cancellationToken)
            ?? throw new InvalidOperationException("The account of an open synchronisation is gone.");
        await using (var file = open())
        {
            await TakeOverAsync(session, account, ResponseReader.ReadAsync(file, anchors, now, cancellationToken), anchors, by, now, cancellationToken);
        }

        await SettlePurchases.ExecuteAsync(session, account, by, now, cancellationToken);
        await new ProductInstances(session).MarkSynchronizedAsync(account.Id, cancellationToken);
        await new InstanceDepartures(session).MarkSynchronizedAsync(account.Id, cancellationToken);
        await new Synchronizations(session).SucceededAsync(account.Id, run.Mode == RunMode.Full, now, cancellationToken);
        await SynchronizationAlerts.ClearAsync(session, account.Id, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.SynchronizationSucceeded,
                Severity.Info,
                by,
                $"'{account.Name}' was synchronised with Software Central ({run.Mode}, {run.Way}): {run.InstancesSent} product instances sent, {counts.Entitlements} entitlements received.",
                account.Id),
            now,
            cancellationToken);
        await session.CommitAsync();
        return true;
    }

    private async Task TakeOverAsync(
        DbSession session,
        LocalAccountRow account,
        IAsyncEnumerable<SynchronizationResponsePart> parts,
        X509Certificate2Collection anchors,
        string by,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var entitlements = new Entitlements(session);
        var rules = new SubstitutionRules(session);
        await entitlements.DeleteAllAsync(account.Id, cancellationToken);
        await rules.DeleteAllAsync(account.Id, cancellationToken);
        await foreach (var part in parts.WithCancellation(cancellationToken))
        {
            foreach (var entitlement in part.Entitlements ?? [])
            {
                await entitlements.AddAsync(Describe(account.Id, entitlement), cancellationToken);
            }

            foreach (var rule in part.Substitutions ?? [])
            {
                await rules.AddAsync(account.Id, new SubstitutionRule(rule.Higher, rule.Lower), cancellationToken);
            }

            foreach (var removal in part.Removals ?? [])
            {
                await RemoveAsync(session, account, removal, by, now, cancellationToken);
            }

            foreach (var certificate in part.Certificates ?? [])
            {
                await certificateRequests.InstallAsync(session, account.Id, certificate, anchors, by, now, cancellationToken);
            }

            if (part.ExportControlAllowed is { } allowed)
            {
                await new LocalAccounts(session).SetExportControlAllowedAsync(account.Id, allowed, cancellationToken);
            }
        }
    }

    /// <summary>An instance that is gone already, or is another account's by now, stays as it is.</summary>
    private static async Task RemoveAsync(
        DbSession session, LocalAccountRow account, RemovalRecord removal, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await new ProductInstances(session).FindAsync(removal.Id, cancellationToken) is { State: InstanceState.Registered } instance && instance.AccountId == account.Id)
        {
            await RemoveInstance.ExecuteAsync(
                session, instance, by, $"{instance.DisplayName} was removed, as Software Central asked at the synchronisation: {removal.Reason ?? "no reason given"}.", now, cancellationToken);
        }
    }

    private static EntitlementRow Describe(string accountId, EntitlementRecord record) => new()
    {
        AccountId = accountId,
        Id = record.Id,
        Tag = record.Tag,
        Name = record.Name,
        DisplayName = record.DisplayName ?? record.Name,
        Description = record.Description ?? "",
        Sku = record.Sku,
        Billing = record.Billing ?? "Prepaid",
        Quantity = record.Quantity,
        StartsAt = record.StartDate,
        EndsAt = record.EndDate,
        SubscriptionId = record.SubscriptionId,
        Status = record.Status,
    };
}
