using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>Real shells complete the console's commands.</summary>
public sealed class CompletionTests
{
    private static readonly string OnPath = $"export PATH='{AppContext.BaseDirectory}':$PATH; ";

    [Theory]
    [InlineData("tgctl acco", "account")]
    [InlineData("tgctl account cre", "create")]
    [InlineData("tgctl token create --expo", "--export-controlled")]
    public async Task Bash_completes_what_was_typed(string typed, string words) =>
        Assert.Equal(
            words.Split(' '),
            (await ShellAsync(
                "bash",
                $$"""
                source <(tgctl completion bash)
                COMP_LINE='{{typed}}'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _tgctl
                printf '%s\n' "${COMPREPLY[@]}"
                """)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Zsh_completes_what_was_typed()
    {
        // A zsh of its own on a pseudo-terminal, as a person has it; the words come after the tabulator alone.
        var seen = await ShellAsync(
            "zsh",
            """
            zmodload zsh/zpty
            zpty person zsh -f -i
            zpty -w person 'autoload -U compinit; compinit -u -D; source <(tgctl completion zsh); print rea""dy'
            zpty -r -m person seen '*ready*'
            zpty -w -n person $'tgctl virt\t'
            zpty -r -m person seen '*virtual-account*'
            zpty -w -n person $'cr\t'
            zpty -r -m person seen '*create*'
            print complete
            """);
        Assert.EndsWith("complete\n", seen, StringComparison.Ordinal);
    }

    private static async Task<string> ShellAsync(string shell, string script) =>
        await Tool.TextAsync("timeout", "60", shell, "-c", OnPath + script);
}
