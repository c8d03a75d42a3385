import type { ActorClass } from "../../../proto/actor.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { AnnouncedAction, PlanReason, PlanReply } from "../../../proto/plan.ts";
import type { RequestOf } from "../../../proto/routes.ts";
import { quoteTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Invocation, type Values } from "../command.ts";
import { connectOrStart, locate } from "../connect.ts";
import { printJson } from "../document.ts";
import { identify } from "../hooks/identify.ts";
import { commandRefusals } from "../hooks/judge.ts";
import { print } from "../output.ts";
import { secondsIn } from "../values.ts";

type Request = RequestOf<"plan">;

const CODES: Readonly<Record<PlanReply["answer"], number>> = { allow: EXIT.admit, refuse: EXIT.refuse, ask: EXIT.hold };
/** As the daemon takes it (proto/plan.ts). */
const COMMAND_CHARACTERS_MAX = 16_384;
const CLASSES = ["human", "agent", "bot", "unknown"] as const;

function classOf(text: string | undefined): ActorClass | undefined {
  if (text === undefined) return undefined;
  const found = CLASSES.find((name) => name === text);
  if (found === undefined) throw new MaestroError("cli.usage", `--actor takes ${CLASSES.join(", ")}, not ${JSON.stringify(text)}`);
  return found;
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new MaestroError("cli.usage", `--${name} takes a whole number, not ${JSON.stringify(text)}`);
  return value;
}

function packageOf(text: string): { name: string; manifest?: string } {
  const at = text.indexOf(":");
  return at < 0 ? { name: text } : { manifest: text.slice(0, at), name: text.slice(at + 1) };
}

/** Said here, because the daemon's answer to a longer one names a field that nobody at a terminal has written. */
function commandOf(command: string): AnnouncedAction {
  if (command.length > COMMAND_CHARACTERS_MAX) throw new MaestroError("cli.usage", `--run takes a command of at most ${COMMAND_CHARACTERS_MAX} characters, not ${command.length}; name the files it would change instead`);
  return { do: "run", command };
}

function actionsOf({ values, lists }: Invocation, head: string): AnnouncedAction[] {
  const packages = (lists?.["install"] ?? []).map(packageOf);
  return [
    ...(packages.length === 0 ? [] : [{ do: "install" as const, packages }]),
    ...(lists?.["run"] ?? []).map(commandOf),
    ...(values["push"] === true ? [{ do: "push" as const, head }] : []),
  ];
}

function budgetOf({ values }: Invocation): Request["budget"] {
  const [wall, cpu, tokens] = [textOf(values, "wall"), textOf(values, "cpu"), count("model-tokens", textOf(values, "model-tokens"))];
  if (wall === undefined && cpu === undefined && tokens === undefined) return undefined;
  return { ...(wall === undefined ? {} : { wall_us: secondsIn(wall, "wall") * 1_000_000 }), ...(cpu === undefined ? {} : { cpu_us: secondsIn(cpu, "cpu") * 1_000_000 }), ...(tokens === undefined ? {} : { model_tokens: tokens }) };
}

/** The hook's reading of the announced commands joins what the daemon says: either may refuse. */
export function withCommands(reply: PlanReply, commands: readonly string[], values: Values): PlanReply {
  const found = commands.flatMap((command) => commandRefusals(command, process.cwd(), locate(values)));
  if (found.length === 0) return reply;
  const reasons: PlanReason[] = found.map(({ askable, because }) => ({ rule: "plan.command", effect: askable ? "hold" : "refuse", observed: false, because, where: [] }));
  const answer = reply.answer === "refuse" || reasons.some(({ effect }) => effect === "refuse") ? "refuse" : "ask";
  return { ...reply, answer, reasons: [...reasons, ...reply.reasons] };
}

function shown({ answer, reasons, next, not_seen }: PlanReply): string {
  const lines = reasons.map(({ rule, effect, because, where, observed }) => `  ${observed ? "would " : ""}${effect.padEnd(7)} ${rule}  ${quoteTerminal(because)}${where.length === 0 ? "" : `  ${where.map((path) => quoteTerminal(path)).join(" ")}`}`);
  const steps = next.map(({ text, command }) => `  next    ${text}${command === null ? "" : `: ${command.join(" ")}`}`);
  return [answer.toUpperCase(), ...lines, ...steps, ...not_seen.map((text) => `  unseen  ${quoteTerminal(text)}`)].join("\n");
}

export const run: CommandModule["run"] = async (invocation) => {
  const { values, positionals, lists } = invocation;
  const actor = classOf(textOf(values, "actor"));
  const lines = count("lines", textOf(values, "lines"));
  const budget = budgetOf(invocation);
  const { client } = await connectOrStart(values);
  const { repository, mode, head } = await identify(client, process.cwd(), "HEAD", values);
  // Nobody says which file gets how many: all of them stand on the first.
  const files = positionals.map((path, at) => ({ path, ...(lines !== undefined && at === 0 ? { lines } : {}) }));
  const request: Request = { repository, mode, files, actions: actionsOf(invocation, head), ...(actor === undefined ? {} : { actor }), ...(budget === undefined ? {} : { budget }) };
  if (files.length === 0 && request.actions.length === 0) throw new MaestroError("cli.usage", "plan needs something to be planned: files, --install, --run or --push");
  const reply = withCommands(await client.plan(request), lists?.["run"] ?? [], values);
  if (values["json"] === true) printJson(reply);
  else print(shown(reply));
  return CODES[reply.answer];
};
