import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { type CommandModule, textOf, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { mutationDocument, mutationText, type RunFacts } from "../mutation/faces.ts";
import { mutatePolicy } from "../mutation/index.ts";
import { findOpa, REMEDY } from "../mutation/opa.ts";
import { holdsInvariants, mutateInvariants } from "../mutation/invariants/index.ts";
import { GOALS, type Score } from "../mutation/score.ts";
import { note, print } from "../output.ts";

const TIME_S = 900;
const SEED = 1;
const PROGRESS_EVERY = 25;
const SHIPPED = new URL("../../../policies/default", import.meta.url);

/** A whole number of an option. Throws `cli.usage`. */
function numberOf(values: Values, name: string, otherwise: number, max: number): number {
  const text = textOf(values, name);
  if (text === undefined) return otherwise;
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(text) || Number(text) > max) throw new MaestroError("cli.usage", `--${name} takes a whole number up to ${max}, not ${JSON.stringify(text)}`);
  return Number(text);
}

function told({ facts, result }: { readonly facts: RunFacts; readonly result: Score }, json: boolean): number {
  if (json) printJson(mutationDocument(facts, result));
  else print(mutationText(facts, result));
  return result.faults.length === 0 ? EXIT.admit : EXIT.refuse;
}

/** 0 where the tests reach their goal, 1 where not, 69 where there is no opa to try with. */
export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const [what, bundle] = positionals;
  if (what !== "mutate") throw new MaestroError("cli.usage", "maestro policy mutate [FOLDER]");
  const count = textOf(values, "sample") === undefined ? null : numberOf(values, "sample", 0, 1_000_000);
  const seed = numberOf(values, "seed", SEED, 999_999_999);
  const goals = { ...GOALS, score_percent_min: numberOf(values, "min-score", GOALS.score_percent_min, 100) };
  const time_ms_max = 1_000 * numberOf(values, "time", TIME_S, 86_400);
  const progress = (done: number, of: number): void => {
    if (done % PROGRESS_EVERY === 0) note(`maestro: ${done} of ${of} mutants`);
  };
  const folder = bundle === undefined ? fileURLToPath(SHIPPED) : resolve(bundle);
  const options = { goals, time_ms_max, sample: count === null ? null : { count, seed }, progress };
  if (holdsInvariants(folder)) return told(mutateInvariants(folder, options), values["json"] === true);
  const opa = await findOpa();
  if (opa === null) {
    if (values["json"] === true) printJson({ result: "unavailable", because: REMEDY });
    else note(`maestro: unavailable: ${REMEDY}`);
    return EXIT.unavailable;
  }
  return told(await mutatePolicy(opa, folder, options), values["json"] === true);
};
