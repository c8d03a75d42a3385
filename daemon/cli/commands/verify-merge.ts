/** Whether what was merged is what was admitted. Git and the evidence answer; with `--bundle` no daemon is asked. */
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { Clone } from "../../client/landed/clone.ts";
import { compareLanding, parentsAndTree, type Landing } from "../../client/landed/compare.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { CommandModule } from "../command.ts";
import { printJson } from "../document.ts";
import { evidenceOf } from "../evidence-of.ts";
import { note, print } from "../output.ts";
import { describeVerification } from "../verification.ts";
import { visiblePath } from "../../verifier/visible.ts";

const EXITS: Readonly<Record<Landing["result"], number>> = { as_admitted: VERIFY_EXIT.verified, differs: VERIFY_EXIT.failed, stale: VERIFY_EXIT.unknown_signer, unknown: VERIFY_EXIT.unknown_signer };
const HEADS: Readonly<Record<Landing["result"], string>> = {
  as_admitted: "AS ADMITTED",
  differs: "DIFFERS  this is not what was admitted",
  stale: "STALE  admitted, but not as it stands there",
  unknown: "UNKNOWN  this clone does not hold what would tell",
};
const HOW: Readonly<Record<Landing["how"], string>> = { merge: "merge commit", squash: "squashed into one commit", rebase: "rebased", fast_forward: "fast-forward" };

function describe({ result, landed, how, commits, because, paths, paths_cut }: Landing, about: string): string {
  const many = commits !== null && commits > 1 ? `, ${commits} commits` : "";
  const lines = [`${HEADS[result]}  ${landed.slice(0, 12)} (${HOW[how]}${many}) beside ${about}`, ...because.map((one) => `  ${escapeTerminal(one)}`)];
  if (paths.length > 0) lines.push("  paths that differ:", ...paths.map((path) => `    ${visiblePath(path)}`));
  if (paths_cut > 0) lines.push(`    and ${paths_cut} more`);
  return lines.join("\n");
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const [commit, path = "."] = positionals;
  if (commit === undefined) throw new MaestroError("cli.usage", "verify-merge takes the commit that was merged, and the repository if it is not this folder's");
  using clone = await Clone.open(path);
  const landed = await parentsAndTree(clone, commit);
  const { verification, where, trust } = await evidenceOf(values, { tree: landed.tree, heads: [...landed.parents.slice(1), landed.oid] });
  const { statement } = verification;
  if (verification.result !== "verified" || statement === null) {
    if (values["json"] === true) printJson({ result: "no_evidence", landed: landed.oid, evidence: where, verification });
    else print(describeVerification(verification));
    return verification.result === "unknown_signer" ? VERIFY_EXIT.unknown_signer : VERIFY_EXIT.failed;
  }
  const { predicate } = statement;
  const landing = await compareLanding(clone, commit, predicate);
  if (values["json"] === true) printJson({ ...landing, evidence: where, gate_id: predicate.gate_id, attempt: predicate.attempt.attempt, signer: verification.signer });
  else {
    print(describe(landing, `${predicate.identity.head.slice(0, 12)} as attempt ${predicate.attempt.attempt} of ${predicate.gate_id} admitted it`));
    print(describeVerification({ ...verification, lapsed: false }));
    if (values["trust"] === undefined) note(`trust file: ${escapeTerminal(trust)} (give --trust FILE to name the operator's)`);
  }
  return EXITS[landing.result];
};
