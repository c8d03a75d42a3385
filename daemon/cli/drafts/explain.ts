/** `maestro explain GATE --draft`: what rules or a model wrote about a gate. Every line is somebody else's text until it is escaped. */
import { type Draft, DRAFT_PATHS, DRAFT_TASKS, type DraftPath, type DraftReply, DraftRequest, type DraftTask } from "../../../proto/drafting.ts";
import { canonicalText } from "../../../proto/canonical.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { nearest } from "../../../proto/suggest.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type Values } from "../command.ts";
import { printJson, printProblem } from "../document.ts";
import { print } from "../output.ts";
import { newPlace } from "../new-place.ts";

/** Without a name: what a person at a gate wants first. */
const TASKS_DEFAULT: readonly DraftTask[] = ["triage", "summary", "reviewer-note"];
/** As the route takes it. */
const NAME_CHARACTERS_MIN = DraftRequest.properties.gate_id.minLength ?? 0;
/** `gate:` and enough to find it by. */
const GATE_CHARACTERS = 17;
const US_PER_S = 1_000_000;
const USD_MICRO = 1_000_000;

function oneOf<T extends string>(known: readonly T[], given: string, what: string): T {
  const found = known.find((each) => each === given);
  if (found !== undefined) return found;
  const near = nearest(given, known);
  throw new MaestroError("cli.usage", `${given} is no ${what}${near === null ? "" : `; did you mean ${near}?`} There are: ${known.join(", ")}`);
}

/** `$0.00, 0.031 s CPU`; less than a cent is not shown as none. */
function costText({ usd_micro, cpu_us, gpu_us, tokens }: Draft["cost"]): string {
  const usd = usd_micro === 0 ? "$0.00" : `$${(usd_micro / USD_MICRO).toFixed(6)}`;
  return [usd, `${(cpu_us / US_PER_S).toFixed(3)} s CPU`, ...(gpu_us === 0 ? [] : [`${(gpu_us / US_PER_S).toFixed(3)} s GPU`]), ...(tokens === 0 ? [] : [`${tokens} tokens`])].join(", ");
}

/** `asked in vain: large (remote)`: a model that may have seen the facts, though none of these words are its. */
const askedText = (asked: Draft["asked"]): string[] => (asked === undefined ? [] : [`   asked in vain: ${asked.map(({ path, model }) => `${escapeTerminal(model)} (${path})`).join(", ")}`]);

/** One draft as a terminal shows it. */
export function draftText({ task, path, text, sha256, because, cost, model, prompt, asked }: Draft): string {
  const by = model === undefined ? path : `${path}, model ${escapeTerminal(model.name)} ${model.digest.slice(0, 12)}${prompt === undefined ? "" : `, prompt ${prompt.name} ${prompt.version} ${prompt.sha256.slice(0, 12)}`}`;
  // A patch keeps its first column; each line is escaped alone, so that none of them acts.
  const lines = text.split("\n").map((line) => escapeTerminal(line.replace(/\r$/, "").replaceAll("\t", "    ")));
  return [`== ${task}  (draft by ${by}; ${costText(cost)}; ${sha256.slice(0, 12)})`, `   ${escapeTerminal(because)}`, ...askedText(asked), "", ...lines].join("\n");
}

const draftsText = ({ gate_id, attempt, verdict, drafts }: DraftReply): string => [`${verdict.toUpperCase()}  ${gate_id.slice(0, GATE_CHARACTERS)} attempt ${attempt}: drafts decide nothing; the card and its evidence stand as they are`, ...drafts.map(draftText)].join("\n\n");

export async function explainDraft(client: MaestroClient, gate: string | undefined, tasks: readonly string[], values: Values): Promise<number> {
  if (gate === undefined) throw new MaestroError("cli.usage", "explain --draft: name a gate, by its id, its commit or its bundle file");
  if (gate.length < NAME_CHARACTERS_MIN) throw new MaestroError("cli.usage", `explain --draft: ${JSON.stringify(gate)} names no gate; give at least ${NAME_CHARACTERS_MIN} characters of its id, of its commit (git rev-parse) or of its bundle`);
  const [path, model, out] = [textOf(values, "path"), textOf(values, "model"), textOf(values, "out")];
  const wanted: DraftTask[] = tasks.length === 0 ? [...TASKS_DEFAULT] : tasks.map((task) => oneOf(DRAFT_TASKS, task, "task"));
  const statement = out === undefined ? null : newPlace(out);
  const reply = await client.draft({ gate_id: gate, tasks: wanted, ...(path === undefined ? {} : { path: oneOf<DraftPath>(DRAFT_PATHS, path, "path") }), ...(model === undefined ? {} : { model }), ...(out === undefined ? {} : { sign: true }) });
  // Texts are kept nowhere else: they are shown before anything can go wrong with the file.
  if (values["json"] === true) printJson(reply);
  else print(draftsText(reply));
  if (statement === null || reply.signed === undefined) return EXIT.admit;
  try {
    statement.write(canonicalText(reply.signed.bundle), `the statement is signed and logged all the same, and maestro bundle ${reply.gate_id.slice(0, GATE_CHARACTERS)} has it`);
  } catch (error) {
    // One document is on stdout already.
    return printProblem(error, false);
  }
  if (values["json"] !== true) print(`\nsigned and logged as entry ${reply.signed.log_index}; maestro verify ${escapeTerminal(statement.path)}`);
  return EXIT.admit;
}
