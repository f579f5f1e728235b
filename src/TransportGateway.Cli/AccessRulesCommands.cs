using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl access-rules</c>.</summary>
internal static class AccessRulesCommands
{
    private const string Resource = "/api/v2/access-rules";

    private static readonly (string Option, string Member, string Heading, string Help)[] Numbers =
    [
        ("--lock-after-failures", "lockAfterFailures", "Locked after", "wrong passwords in a row that lock a user; 0 never locks"),
        ("--lock-minutes", "lockMinutes", "Locked for (min)", "how long the lock lasts"),
        ("--idle-minutes", "idleMinutes", "Idle (min)", "a browser that nobody uses for so long is signed out"),
        ("--session-hours", "sessionHours", "Session (h)", "the longest that a session lasts"),
        ("--password-characters", "passwordCharacters", "Password length", "the fewest characters of a password"),
        ("--password-kinds", "passwordKinds", "Password kinds", "how many of small letters, capitals, digits and others a password has"),
        ("--password-history", "passwordHistory", "Password history", "how many former passwords may not come back"),
        ("--password-days", "passwordDays", "Password days", "a password that is older has to be changed; 0 never"),
    ];

    public static Command Create(CommandContext context)
    {
        var show = new Command("show", "Shows when users are locked and signed out, and what passwords need.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync(Resource, cancellationToken), answer => PrintRules(context, answer)));

        var options = Numbers.Select(number => (number.Member, Option: new Option<int?>(number.Option) { Description = number.Help })).ToArray();
        var secondFactor = new Option<bool?>("--second-factor-needed") { Description = "whether local users must set up a second factor" };
        var set = new Command("set", "Changes what is given; the rest stays.") { secondFactor };
        foreach (var (_, option) in options)
        {
            set.Options.Add(option);
        }

        context.Run(set, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.EditAsync(
                Resource,
                rules =>
                {
                    foreach (var (member, option) in options.Where(entry => parsed.GetValue(entry.Option) is not null))
                    {
                        rules[member] = parsed.GetValue(option);
                    }

                    if (parsed.GetValue(secondFactor) is { } needed)
                    {
                        rules["secondFactorNeeded"] = needed;
                    }
                },
                cancellationToken),
            answer => PrintRules(context, answer)));
        return new Command("access-rules", "Lock-out, sign-out and password rules.") { show, set };
    }

    private static void PrintRules(CommandContext context, JsonNode rules) => Tables.PrintLines(
        context.Output,
        Numbers.Select(number => (number.Heading, Tables.Text(rules, number.Member))).Append(("Second factor", Tables.Text(rules, "secondFactorNeeded") == "true" ? "needed" : "as each user likes")));
}
