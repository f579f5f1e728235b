using System.CommandLine;

namespace TransportGateway.Cli;

/// <summary><c>tgctl completion</c>: what a shell needs to complete the console's commands and options. The words come from the console itself.</summary>
internal static class CompletionCommands
{
    private const string Bash =
        """
        # bash completion for tgctl. Use it now: source <(tgctl completion bash)
        _tgctl() {
          local line="${COMP_LINE:0:COMP_POINT}"
          local current="${COMP_WORDS[COMP_CWORD]}"
          line="${line#*[[:space:]]}"
          mapfile -t COMPREPLY < <(compgen -W "$(tgctl "[suggest:${#line}]" "$line" 2>/dev/null)" -- "$current")
        }
        complete -o default -F _tgctl tgctl

        """;

    private const string Zsh =
        """
        #compdef tgctl
        # zsh completion for tgctl. Use it now: source <(tgctl completion zsh)
        _tgctl() {
          local line="${LBUFFER#*[[:space:]]}"
          local -a found
          found=("${(@f)$(tgctl "[suggest:${#line}]" "$line" 2>/dev/null)}")
          found=(${found:#})
          if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
        }
        if [ "${funcstack[1]}" = _tgctl ]; then _tgctl "$@"; else compdef _tgctl tgctl; fi

        """;

    public static Command Create(CommandContext context)
    {
        var shell = new Argument<string>("shell") { Description = "bash or zsh" };
        shell.AcceptOnlyFromAmong("bash", "zsh");
        var completion = new Command("completion", "Prints what a shell needs to complete tgctl's commands: source <(tgctl completion bash)") { shell };
        context.RunHere(completion, (parsed, _) => context.Output.WriteAsync(parsed.GetValue(shell) == "bash" ? Bash : Zsh));
        return completion;
    }
}
