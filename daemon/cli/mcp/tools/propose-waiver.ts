/** `propose_waiver`: the text of a waiver for a person to merge. It writes no file and grants nothing. */
import type { Static } from "@sinclair/typebox";
import { MaestroError } from "../../../../proto/errors.ts";
import type { Finding } from "../../../../proto/outcome.ts";
import type { Values } from "../../command.ts";
import { connectOrStart } from "../../connect.ts";
import { LIST_MAX, type ProposeInput } from "../schemas.ts";
import type { Said } from "../tool.ts";

/** Rules that speak of waivers, of the gate itself or of who must agree: nothing waives those. */
const NEVER = /^(?:waiver|baseline|gate|approval|obligation)\./;
/** A comment beside the line accepts none of these, by the default configuration. */
const NO_COMMENT = /^(?:secret|guard)\./;
/** What a glob of `paths:` would not read literally, and what cannot be seen. */
const UNFIT_PATH = /[*?[\]{}!\\]|[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const HOW =
  "Nothing is waived yet. Show this to the person named as owner: they merge it into maestro.yaml of the target branch in a change of their own. A change that brings its own waiver is held (waiver.self-added).";

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function pathsOf(findings: readonly Finding[]): string[] {
  const paths = findings.map(({ range }) => (range === null || !("u" in range.path) ? null : range.path.u));
  const fit = paths.filter((path) => path !== null && !UNFIT_PATH.test(path));
  if (fit.length < paths.length) throw new MaestroError("cli.usage", "a finding about the change as a whole, or in a file whose name a waiver cannot spell, cannot be waived");
  return [...new Set(fit)] as string[];
}

type Proposal = Static<typeof ProposeInput>;

/** JSON strings are YAML strings (YAML 1.2 section 1.3), and nothing in them ends the line. */
function entryOf({ rule, owner, reason, until }: Proposal, paths: readonly string[]): string {
  return ["waivers:", `  - rule: ${rule}`, `    paths: ${JSON.stringify(paths)}`, `    owner: ${JSON.stringify(owner)}`, `    reason: ${JSON.stringify(reason)}`, `    until: ${until}`].join("\n");
}

export async function proposeWaiver(values: Values, given: Proposal): Promise<Said> {
  const { gate, rule, reason, until } = given;
  if (NEVER.test(rule)) throw new MaestroError("cli.usage", `${rule} is not about a finding that anybody may accept; a person may approve what it holds`);
  if (!isDay(until)) throw new MaestroError("cli.usage", `until is a day such as 2026-12-01, not ${until}`);
  const { client } = await connectOrStart(values);
  const { findings } = await client.findings(gate);
  const found = findings.flatMap(({ finding }) => (finding.rule === rule && finding.baseline !== "fixed" ? [finding] : []));
  if (found.length === 0) throw new MaestroError("cli.usage", `that gate has no finding of ${rule}`);
  const paths = pathsOf(found);
  if (paths.length > LIST_MAX.others) throw new MaestroError("cli.usage", `a waiver names at most ${LIST_MAX.others} files, these findings stand in ${paths.length}`);
  const structured = {
    granted: false,
    for_maestro_yaml: entryOf(given, paths),
    beside_the_line: NO_COMMENT.test(rule) ? null : `maestro-ignore ${rule} -- ${reason} until ${until}`,
    findings: found.length,
    how: HOW,
  };
  return { headline: `A text to propose; nothing is waived. ${HOW}`, structured };
}
