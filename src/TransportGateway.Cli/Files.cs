namespace TransportGateway.Cli;

/// <summary>Files that commands read and write; what goes wrong is told in a sentence.</summary>
internal static class Files
{
    private const int MostBytes = 1024 * 1024;

    public static async Task<byte[]> ReadAsync(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            return file.Length <= MostBytes
                ? await File.ReadAllBytesAsync(file.FullName, cancellationToken)
                : throw new TgctlException($"{file} is larger than {MostBytes / 1024} KiB; it cannot be what was asked for.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TgctlException($"{file} cannot be read: {exception.Message}");
        }
    }

    public static async Task<string> ReadTextAsync(FileInfo file, CancellationToken cancellationToken) =>
        System.Text.Encoding.UTF8.GetString(await ReadAsync(file, cancellationToken));

    /// <summary>The first line of the file, or of standard input for <c>-</c>.</summary>
    public static async Task<string> ReadPasswordAsync(FileInfo file, CancellationToken cancellationToken) =>
        (file.Name == "-" ? await Task.Run(Console.In.ReadLine, CancellationToken.None).WaitAsync(cancellationToken) ?? throw new TgctlException("Standard input holds no secret.") : await ReadTextAsync(file, cancellationToken)).Split('\n')[0].TrimEnd('\r');

    /// <summary>Certificates as PEM.</summary>
    public static async Task<string> ReadCertificatesAsync(FileInfo file, CancellationToken cancellationToken)
    {
        var text = await ReadTextAsync(file, cancellationToken);
        return text.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal)
            ? text
            : throw new TgctlException($"{file} holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----.");
    }

    public static async Task WriteAsync(FileInfo file, string text, CancellationToken cancellationToken)
    {
        try
        {
            await File.WriteAllTextAsync(file.FullName, text, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TgctlException($"{file} cannot be written: {exception.Message}");
        }
    }
}
