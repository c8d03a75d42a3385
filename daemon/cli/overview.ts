/** `maestro --help`: every command, by what somebody came for. Loaded only for that. */
import { commandLine, type Command } from "./command.ts";

/** In the order a newcomer meets them. */
const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ["start here", ["gate", "demo", "replay", "explain", "init"]],
  ["a decision and its evidence", ["ui", "card", "cards", "verify", "verify-merge", "lineage", "comment", "report"]],
  ["for somebody who has to believe it", ["bundle", "verifier-page", "verify-bundle", "reveal", "repro", "keyless"]],
  ["from a commit to a deployment", ["build", "sbom", "release", "verify-deploy", "reassess"]],
  ["people", ["approve", "override", "simulate", "baseline", "policy"]],
  ["proof", ["modelcheck", "cex"]],
  ["rules as invariants", ["invariants", "guard", "events", "monitors"]],
  ["decisions that are learned from", ["learn", "market"]],
  ["agents and git", ["plan", "hook", "mcp"]],
  ["the daemon", ["status", "doctor", "logs", "config", "stop", "version", "completions"]],
  ["its operator", ["trust", "log", "witness", "token", "models", "reporter", "backup", "restore", "fsck", "gc", "clock", "breaker", "clone-identity"]],
];

function section(title: string, commands: readonly Command[]): string[] {
  return commands.length === 0 ? [] : ["", title, ...commands.map((command) => commandLine(`${command.name} ${command.positionals}`.trimEnd(), command.summary))];
}

/** The names that stand in no group, or in one although there is no such command. */
export function ungrouped(commands: readonly Command[]): string[] {
  const grouped = GROUPS.flatMap(([, names]) => names);
  const known = commands.map(({ name }) => name);
  return [...known.filter((name) => grouped.filter((one) => one === name).length !== 1), ...grouped.filter((name) => !known.includes(name))];
}

export function overview(commands: readonly Command[]): string {
  const rest = commands.filter(({ name }) => !GROUPS.some(([, names]) => names.includes(name)));
  return [
    "maestro: is this change safe, what did it cost, who should look, may it ship?",
    ...GROUPS.flatMap(([title, names]) => section(title, names.flatMap((name) => commands.filter((command) => command.name === name)))),
    ...section("more", rest),
    "",
    "exit codes of gate: 0 admit, 1 refuse, 3 hold; 2 usage, 4 not authorised, 69 daemon unavailable, 70 internal, 75 another instance",
    "of verify: 0 verified, 1 failed, 3 unknown signer. `maestro COMMAND --help` shows the options of a command.",
    "",
  ].join("\n");
}
