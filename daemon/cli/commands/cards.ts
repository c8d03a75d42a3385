import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { ACTOR_CLASSES, VERDICTS } from "../../../proto/report-kpi.ts";
import { found, type Found, sorted, SORTS, type Wanted } from "../cards/reading.ts";
import { listingText } from "../cards/text.ts";
import { didYouMean, textOf, type CommandModule, type Values } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print, wantsAscii } from "../output.ts";
import { secondsIn } from "../values.ts";
import { writeOut } from "../write-file.ts";

const SINCE_DEFAULT = "7d";
const EVER = "all";
const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100_000;
/** Others may not read what cards say. */
const FILE_MODE = 0o600;

/** One of a few words, or null where the option was not given. Throws `cli.usage`. */
function oneOf<const T extends string>(values: Values, name: string, known: readonly T[]): T | null {
  const given = textOf(values, name);
  const one = known.find((word) => word === given);
  if (given !== undefined && one === undefined) throw new MaestroError("cli.usage", `--${name} takes ${known.join(", ")}, not ${given}${didYouMean(given, known)}`);
  return one ?? null;
}

function limitOf(values: Values): number {
  const limit = Number(textOf(values, "limit") ?? LIMIT_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) throw new MaestroError("cli.usage", `--limit takes a whole number from 1 to ${LIMIT_MAX}`);
  return limit;
}

function wantedOf(values: Values, since: string): Wanted {
  return {
    from_s: since === EVER ? null : Math.floor(Date.now() / 1000) - secondsIn(since, "since"),
    verdict: oneOf(values, "verdict", VERDICTS),
    actor: oneOf(values, "actor", ACTOR_CLASSES),
    repository: textOf(values, "repository") ?? null,
    rule: textOf(values, "rule") ?? null,
  };
}

/** `refused, by agents, in acme/app`. */
function filterText({ verdict, actor, repository, rule }: Wanted): string {
  const words = { refuse: "refused", hold: "held", admit: "admitted" };
  return [verdict === null ? [] : words[verdict], actor === null ? [] : `by ${actor === "unknown" ? "unknown" : `${actor}s`}`, repository === null ? [] : `in ${repository}`, rule === null ? [] : `for ${rule}`].flat().join(", ");
}

/** JSON lines, as the page of cards reads them. Raw: each face has its own escaper. */
function writeRows(path: string, { rows }: Pick<Found, "rows">, force: boolean): void {
  writeOut(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""), FILE_MODE, "nothing was changed", force);
  note(`maestro: ${rows.length} rows in ${path}; \`maestro ui cards\` and the page of cards read it`);
}

/** Decided gates of a time, chosen and sorted. */
export const run: CommandModule["run"] = async ({ values }) => {
  const since = textOf(values, "since") ?? SINCE_DEFAULT;
  const [wanted, sort, shown_max] = [wantedOf(values, since), oneOf(values, "sort", SORTS) ?? "newest", limitOf(values)];
  const { client } = connect(values);
  const { rows, looked } = await found(client, wanted);
  const chosen = sorted(rows, sort);
  const out = textOf(values, "out");
  if (out !== undefined) writeRows(out, { rows: chosen }, values["force"] === true);
  if (values["json"] === true) printJson({ v: 1, since: since === EVER ? null : since, looked, rows: chosen.slice(0, shown_max), more: Math.max(0, chosen.length - shown_max) });
  else if (out === undefined) print(listingText({ rows: chosen, looked, shown_max, sort, when: since === EVER ? "of all times" : `in the last ${since}`, filter: filterText(wanted) }, { ascii: wantsAscii() }));
  return EXIT.admit;
};
