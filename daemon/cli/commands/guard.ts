/** `maestro guard EVENT`: whether the host's invariants hold of an event. */
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { GuardAnswer } from "../../../proto/guard.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";

/** As a request's body at most (limits.server.json_bytes_max). */
const FIELDS_BYTES_MAX = 1024 * 1024;

async function stdinText(): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > FIELDS_BYTES_MAX) throw new MaestroError("request.too_large", `more than ${FIELDS_BYTES_MAX} bytes on standard input`);
  }
  return text + decoder.decode();
}

function fieldsIn(text: string, option: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MaestroError("cli.usage", `${option} is no JSON: ${cause instanceof Error ? cause.message : "unreadable"}`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new MaestroError("cli.usage", `${option} takes one JSON object, such as '{"total_spend_usd": "$1.50", "budget_usd": "$5"}'`);
  return { ...value };
}

function shown(name: string, { ok, rules, violations }: GuardAnswer): void {
  for (const { id, severity, message } of violations) print(`${escapeTerminal(id)}  ${severity}  ${escapeTerminal(message)}`);
  if (rules.length === 0) note(`maestro: no invariant is about ${escapeTerminal(name)}`);
  else note(`maestro: ${ok ? `${rules.length} invariant(s) hold` : `${new Set(violations.map(({ id }) => id)).size} of ${rules.length} invariant(s) do not hold`}`);
}

export const run: CommandModule["run"] = async ({ values, positionals: [name] }) => {
  const [given, old] = [textOf(values, "with"), textOf(values, "old")];
  if (name === undefined) throw new MaestroError("cli.usage", "guard takes the name of an event, such as model_call");
  if (given === undefined) throw new MaestroError("cli.usage", "guard needs --with JSON, the event's fields, or --with - to read them");
  const fields = { with: fieldsIn(given === "-" ? await stdinText() : given, "--with"), ...(old === undefined ? {} : { old: fieldsIn(old, "--old") }) };
  const { client } = connect(values);
  const reply = await client.guard({ questions: [values["invariant"] === true ? { invariant: name, ...fields } : { event: name, ...fields }] });
  const [answer] = reply.answers;
  if (answer === undefined) throw new MaestroError("worker.protocol", "the daemon answered no question");
  if (values["json"] === true) printJson({ ...answer });
  else shown(name, answer);
  return answer.ok ? EXIT.admit : EXIT.refuse;
};
