using OtpNet;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Time-based one-time codes (RFC 6238) of an app on the person's phone, as the second factor of a local user.</summary>
internal sealed class SecondFactor(Database database, MasterKey masterKey, TimeProvider clock)
{
    private const int KeyBytes = 20;

    public sealed record Enrolment(Secret Key, Secret Address);

    /// <summary>Makes a new key, to be typed into the app or read by it; it counts once a code of it was confirmed.</summary>
    /// <param name="issuer">The gateway's name, as the app shows it.</param>
    public async Task<Enrolment> EnrolAsync(UserRow user, string issuer, CancellationToken cancellationToken)
    {
        var key = KeyGeneration.GenerateRandomKey(KeyBytes);
        await using var session = await database.BeginAsync(cancellationToken);
        await new Users(session).SetTotpKeyAsync(user.Id, masterKey.Seal(Purpose(user), key), cancellationToken);
        await session.CommitAsync();
        var text = Base32Encoding.ToString(key);
        return new Enrolment(
            new Secret(text), new Secret($"otpauth://totp/{Uri.EscapeDataString(issuer)}:{Uri.EscapeDataString(user.Name)}?secret={text}&issuer={Uri.EscapeDataString(issuer)}"));
    }

    /// <summary>The first code of a new key proves that the app has it; from now on every sign-in asks for one.</summary>
    public async Task<bool> ConfirmAsync(UserRow user, string code, CancellationToken cancellationToken)
    {
        if (!await TakeAsync(user, code, cancellationToken))
        {
            return false;
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SecondFactorSet, Severity.Info, user.Name, $"{user.Name} signs in with a second factor from now on."), now, cancellationToken);
        await session.CommitAsync();
        return true;
    }

    /// <summary>Takes away the person's own factor.</summary>
    public async Task RemoveAsync(Me me, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        await RemoveAsync(session, me.Caller, me.User, cancellationToken);
        await session.CommitAsync();
    }

    /// <summary>Takes the factor away, for a person who lost the phone.</summary>
    /// <returns>False when the user has more rights than the caller.</returns>
    public async Task<bool> TakeAwayAsync(Caller by, UserRow user, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new AccountRoles(session).AreHeldAsync(by, user, cancellationToken))
        {
            return false;
        }

        await RemoveAsync(session, by, user, cancellationToken);
        await session.CommitAsync();
        return true;
    }

    private async Task RemoveAsync(DbSession session, Caller by, UserRow user, CancellationToken cancellationToken)
    {
        await new Users(session).SetTotpKeyAsync(user.Id, sealedKey: null, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SecondFactorRemoved, Severity.Warning, by.Name, $"The second factor of {user.Name} was taken away."), clock.GetUtcNow(), cancellationToken);
    }

    /// <summary>Whether the code is right now, or half a minute off, and was not used before.</summary>
    public async Task<bool> TakeAsync(UserRow user, string code, CancellationToken cancellationToken)
    {
        if (user.SealedTotpKey is null)
        {
            return false;
        }

        var totp = new Totp(masterKey.Open(Purpose(user), user.SealedTotpKey));
        if (!totp.VerifyTotp(clock.GetUtcNow().UtcDateTime, code.Replace(" ", "", StringComparison.Ordinal), out var step, new VerificationWindow(previous: 1, future: 1)))
        {
            return false;
        }

        await using var session = await database.BeginAsync(cancellationToken);
        var taken = await new Users(session).TakeTotpStepAsync(user, step, cancellationToken);
        await session.CommitAsync();
        return taken;
    }

    private static string Purpose(UserRow user) => "totp-key " + user.Id;
}
