using System.DirectoryServices.Protocols;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using TransportGateway.Access;
using TransportGateway.Persistence;

namespace TransportGateway.SignOn;

/// <summary>Finds people and their groups in an LDAP directory, and checks their passwords by a bind. Nothing is said before TLS is up and verified.</summary>
/// <param name="anchorFolder">Where roots are laid for the LDAP library, which takes them from a folder alone.</param>
internal sealed class LdapDirectory(string anchorFolder) : IDisposable
{
    private const string MachineAnchors = "/etc/ssl/certs";
    private const int InvalidCredentials = 49;
    private const int MostGroups = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Each call holds a thread while it waits.
    private readonly SemaphoreSlim _atATime = new(8);

    /// <param name="password">Null finds the person without a check, for a test of the settings.</param>
    /// <returns>Null when there is no such person, or the password is wrong.</returns>
    /// <exception cref="DirectoryUnreachableException">The directory does not answer, or refuses the gateway.</exception>
    public async Task<ExternalPerson?> FindAsync(DirectorySettings settings, string name, Secret? password, CancellationToken cancellationToken)
    {
        // A bind with a name and no password is an anonymous one, and always works.
        if (name.Length == 0 || password is { Value.Length: 0 } || (password?.Value.Contains('\0', StringComparison.Ordinal) ?? false))
        {
            return null;
        }

        await _atATime.WaitAsync(cancellationToken);
        try
        {
            await ReachAsync(settings.Address!, cancellationToken);
            return await Task.Run(() => Find(settings, name, password), cancellationToken).WaitAsync(Patience * 2, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new DirectoryUnreachableException($"{settings.Address} does not answer in time.");
        }
        catch (DllNotFoundException)
        {
            throw new DirectoryUnreachableException("The LDAP library is missing on this machine. Install Debian's package libldap-2.5-0, or libldap2 on newer ones.");
        }
        catch (DirectoryException exception)
        {
            var more = exception is LdapException { ServerErrorMessage.Length: > 0 } ldap ? $" ({ldap.ServerErrorMessage})" : "";
            throw new DirectoryUnreachableException(
                $"{settings.Address}: {exception.Message}{more} Check the address, the roots in tlsAnchors, the name in its certificate, and bindName with its password.");
        }
        finally
        {
            _atATime.Release();
        }
    }

    public void Dispose() => _atATime.Dispose();

    private ExternalPerson? Find(DirectorySettings settings, string name, Secret? password)
    {
        using var connection = Connect(settings);
        Bind(connection, settings.BindName, settings.BindPassword);
        var people = Search(
            connection,
            settings.UserBase,
            settings.UserFilter.Replace("{0}", Escape(name), StringComparison.Ordinal),
            2,
            settings.NameAttribute,
            settings.IdAttribute,
            "mail",
            "givenName",
            "sn");
        // Two people of one name: nobody can say who it is.
        if (people is not [var entry] || Id(entry, settings.IdAttribute) is not { } id)
        {
            return null;
        }

        if (password is not null && !MayBind(settings, entry.DistinguishedName, password))
        {
            return null;
        }

        var groups = Search(
            connection,
            settings.GroupBase.Length > 0 ? settings.GroupBase : settings.UserBase,
            settings.GroupFilter.Replace("{0}", Escape(entry.DistinguishedName), StringComparison.Ordinal),
            MostGroups,
            "cn");
        return new ExternalPerson(
            UserOrigin.Ldap,
            id,
            Text(entry, settings.NameAttribute),
            Text(entry, "mail"),
            Text(entry, "givenName"),
            Text(entry, "sn"),
            [.. groups.Select(group => group.DistinguishedName)]);
    }

    private bool MayBind(DirectorySettings settings, string distinguishedName, Secret password)
    {
        using var connection = Connect(settings);
        try
        {
            Bind(connection, distinguishedName, password);
            return true;
        }
        catch (LdapException exception) when (exception.ErrorCode == InvalidCredentials)
        {
            return false;
        }
    }

    /// <remarks>The library's own attempt to connect cannot be ended; one that would hang is found out before.</remarks>
    private static async Task ReachAsync(Uri address, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address.Host, Port(address), timeout.Token);
        }
        catch (Exception exception) when (exception is SocketException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new DirectoryUnreachableException($"{address} cannot be reached: {(exception is SocketException ? exception.Message : "no answer in time.")}");
        }
    }

    private LdapConnection Connect(DirectorySettings settings)
    {
        var isTls = settings.Address!.Scheme == "ldaps";
        var connection = new LdapConnection(new LdapDirectoryIdentifier(settings.Address.Host, Port(settings.Address))) { Timeout = Patience, AuthType = AuthType.Basic };
        try
        {
            var options = connection.SessionOptions;
            options.ProtocolVersion = 3;
            options.ReferralChasing = ReferralChasingOptions.None;
            options.TrustedCertificatesDirectory = AnchorsOf(settings);
            if (isTls)
            {
                options.SecureSocketLayer = true;
                options.StartNewTlsSessionContext();
                return connection;
            }

            options.StartNewTlsSessionContext();
            // The library knows where to connect only from the first bind on (dotnet/runtime#96988): an anonymous one, whose answer does not matter.
            connection.AuthType = AuthType.Anonymous;
            try
            {
                connection.Bind();
            }
            catch (LdapException)
            {
                // A directory may refuse it. What counts is TLS, next.
            }

            connection.AuthType = AuthType.Basic;
            options.StartTransportLayerSecurity(null);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Bind(LdapConnection connection, string name, Secret password)
    {
        if (name.Length == 0)
        {
            connection.AuthType = AuthType.Anonymous;
            connection.Bind();
            return;
        }

        connection.Bind(new NetworkCredential(name, password.Value));
    }

    private static SearchResultEntry[] Search(LdapConnection connection, string from, string filter, int most, params string[] attributes)
    {
        try
        {
            var answer = (SearchResponse)connection.SendRequest(new SearchRequest(from, filter, SearchScope.Subtree, attributes) { SizeLimit = most, TimeLimit = Patience });
            return [.. answer.Entries.Cast<SearchResultEntry>()];
        }
        catch (DirectoryOperationException exception) when (exception.Response is SearchResponse { ResultCode: ResultCode.SizeLimitExceeded } part)
        {
            return [.. part.Entries.Cast<SearchResultEntry>()];
        }
    }

    private string AnchorsOf(DirectorySettings settings)
    {
        if (settings.TlsAnchors.Trim().Length == 0)
        {
            return MachineAnchors;
        }

        var folder = Path.Combine(anchorFolder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(settings.TlsAnchors))));
        var file = Path.Combine(folder, "anchors.pem");
        if (!File.Exists(file))
        {
            Directory.CreateDirectory(folder);
            // Made beside and moved: another call never sees half of it.
            var made = file + "." + Guid.NewGuid().ToString("N");
            File.WriteAllText(made, settings.TlsAnchors);
            File.Move(made, file, overwrite: true);
        }

        return folder;
    }

    private static int Port(Uri address) => address.Port > 0 ? address.Port : address.Scheme == "ldaps" ? 636 : 389;

    private static string Text(SearchResultEntry entry, string attribute) =>
        entry.Attributes[attribute] is { Count: > 0 } values ? values.GetValues(typeof(string)).Cast<string>().FirstOrDefault() ?? "" : "";

    /// <summary>Sixteen bytes that are no text are Active Directory's identifier; everything else is text.</summary>
    private static string? Id(SearchResultEntry entry, string attribute)
    {
        if (entry.Attributes[attribute] is not { Count: > 0 } values || values.GetValues(typeof(byte[])) is not [byte[] { Length: > 0 } bytes, ..])
        {
            return null;
        }

        return bytes.Length == 16 ? new Guid(bytes).ToString() : Encoding.UTF8.GetString(bytes);
    }

    /// <summary>A value inside a filter (RFC 4515, 3): what has a meaning there is written as its code.</summary>
    private static string Escape(string value)
    {
        var text = new StringBuilder();
        foreach (var part in Encoding.UTF8.GetBytes(value))
        {
            if (char.IsAsciiLetterOrDigit((char)part) || part is (byte)'.' or (byte)'-' or (byte)'_' or (byte)'@' or (byte)'=' or (byte)',' or (byte)' ')
            {
                text.Append((char)part);
            }
            else
            {
                text.Append('\\').Append(part.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return text.ToString();
    }
}

/// <summary>The directory cannot be used; the message says why and what to look at.</summary>
internal sealed class DirectoryUnreachableException(string message) : Exception(message);
