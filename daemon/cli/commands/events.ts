import { sha256 } from "@noble/hashes/sha2.js";
import { Value } from "@sinclair/typebox/value";
import { toHex } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { EventBatch, type EventsReply } from "../../../proto/event.ts";
import { readNamed } from "../bounded-file.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

const FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Events of a batch, and its characters: below what the daemon takes at once. */
const BATCH_EVENTS = 500;
const BATCH_CHARACTERS = 512 * 1024;
const NAME_CHARACTERS = 32;

/** One line, numbered by where it stands unless it says so itself. Throws `cli.usage` with the line. */
function eventOf(line: string, number: number): unknown {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return { seq: number, with: {}, ...value };
  } catch (cause) {
    throw new MaestroError("cli.usage", `line ${number} is no JSON document such as {"event": "model_call", "with": {"agent_id": "a"}}`, { cause });
  }
  throw new MaestroError("cli.usage", `line ${number} is no object`);
}

function* batchesOf(text: string, source: string): Generator<EventBatch> {
  let events: unknown[] = [];
  let characters = 0;
  const batch = (): EventBatch => {
    const made: unknown = { source, events };
    if (Value.Check(EventBatch, made)) return made;
    const first = Value.Errors(EventBatch, made).First();
    throw new MaestroError("cli.usage", `${first?.path ?? ""}: ${first?.message ?? "no events"}`);
  };
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    events.push(eventOf(line, i + 1));
    characters += line.length;
    if (events.length < BATCH_EVENTS && characters < BATCH_CHARACTERS) continue;
    yield batch();
    [events, characters] = [[], 0];
  }
  if (events.length > 0) yield batch();
}

function added(sum: EventsReply, reply: EventsReply): EventsReply {
  const { accepted, known, late, unheard, missing, findings } = reply;
  return { accepted: sum.accepted + accepted, known: sum.known + known, late: sum.late + late, unheard: sum.unheard + unheard, missing: sum.missing + missing, findings: [...sum.findings, ...findings] };
}

function lines({ accepted, known, late, unheard, missing, findings }: EventsReply): string {
  const counts = [`${accepted} taken`, ...[[known, "known"], [late, "late"], [unheard, "that no rule about time is about"], [missing, "numbers left out"]].flatMap(([count, what]) => (count === 0 ? [] : [`${String(count)} ${String(what)}`]))];
  return [counts.join(", "), ...findings.map(({ invariant, verdict, key, message }) => `${verdict.padEnd(12)} ${invariant}${key === null ? "" : ` ${escapeTerminal(key.join(" "))}`}  ${escapeTerminal(message)}`)].join("\n");
}

/** `events send`: exit 1 where something is broken that this report made known. */
export const run: CommandModule["run"] = async ({ values, positionals: [verb, file] }) => {
  if (verb !== "send" || file === undefined) throw new MaestroError("cli.usage", "say: maestro events send FILE, or - for standard input");
  const bytes = file === "-" ? new Uint8Array(await Bun.stdin.arrayBuffer()) : readNamed(file, FILE_BYTES_MAX);
  const source = textOf(values, "source") ?? `file:${toHex(sha256(bytes)).slice(0, NAME_CHARACTERS)}`;
  const { client } = connect(values);
  let sum: EventsReply = { accepted: 0, known: 0, late: 0, unheard: 0, missing: 0, findings: [] };
  for (const batch of batchesOf(new TextDecoder().decode(bytes), source)) sum = added(sum, await client.reportEvents(batch));
  if (values["json"] === true) printJson(sum);
  else print(lines(sum));
  return sum.findings.some(({ verdict }) => verdict === "violated") ? EXIT.refuse : EXIT.admit;
};
