/** The smallest safe thing to do next, rule by rule. Pure; no text of a change gets in here. */
import type { NextStep, Reason, Verdict } from "../../proto/decision.ts";
import { REASON_PLACEHOLDER } from "../../proto/release.ts";
import type { HouseRuleId } from "./house-rules.ts";

type Step = Pick<NextStep, "action" | "text" | "cost" | "risk"> & { readonly command?: readonly string[] };

export const STEPS_MAX = 4;
/** Enough of a commit to find its gate by. */
const HEAD_CHARACTERS = 12;

const COSTS: readonly NextStep["cost"][] = ["none", "seconds", "minutes", "a person"];
const RISKS: readonly NextStep["risk"][] = ["none", "low", "medium", "high"];

const fix = (text: string, cost: NextStep["cost"], risk: NextStep["risk"] = "none"): Step => ({ action: "fix_finding", text, cost, risk });
const split = (text: string): Step => ({ action: "split_change", text, cost: "minutes", risk: "none" });
const person: Step = { action: "ask_person", text: "ask a person who is not the author to look at it", cost: "a person", risk: "none" };
const apart = split("move these files into a change of their own");
const revoke = fix("revoke the credential, then remove it: whoever has the commits has it already", "minutes", "low");

const HOUSE: Readonly<Record<HouseRuleId, readonly Step[]>> = {
  "gate.check-unavailable": [{ action: "retry", text: "mend what the reason names, if the change holds it, and run the gate again; if the check stays without an answer, ask the operator for its log", command: ["maestro", "gate", "--rerun"], cost: "seconds", risk: "none" }],
  "gate.check-missing": [{ action: "repair_check", text: "remove the unknown name from `required`, or install the check it means", cost: "minutes", risk: "low" }],
  "gate.check-claimed": [{ action: "repair_check", text: "let the daemon run this check itself", cost: "minutes", risk: "none" }],
  "gate.check-failed": [{ action: "repair_check", text: "report the check: it fails without saying on what", cost: "minutes", risk: "none" }],
  "gate.findings-cut": [split("split the change until every finding can be listed")],
  "gate.nothing-checked": [{ action: "repair_check", text: "ask the operator why no check answers", command: ["maestro", "status"], cost: "minutes", risk: "none" }],
  "gate.policy-unavailable": [{ action: "repair_policy", text: "repair the policy bundle as the reason says, then gate again", cost: "minutes", risk: "low" }],
  "gate.config-broken": [{ action: "repair_policy", text: "repair maestro.yaml on the target branch, then gate again", cost: "minutes", risk: "low" }],
  "gate.history-unknown": [{ action: "fetch_history", text: "fetch the whole history, then gate again", command: ["git", "fetch", "--unshallow"], cost: "seconds", risk: "none" }],
  "gate.conflict": [{ action: "rebase", text: "merge the target into the change, resolve the conflict, then gate again", cost: "minutes", risk: "medium" }],
  "baseline.stale": [],
  "waiver.expired": [],
  "report.test-failed": [],
  "waiver.refused": [],
  "approval.required": [person],
  "gate.empty": [{ action: "retry", text: "name the branch it would be merged into with --target, or its newest commit with --head", cost: "seconds", risk: "none" }],
};

const tool: Step = fix("mend what the tool reports; what it ran with stands in maestro.yaml on the target branch, under `commands`", "minutes", "low");

const release = "or have a person release the change";
const fewer = (text: string): readonly Step[] => [fix(text, "minutes", "low"), person];

const FINDINGS: Readonly<Record<string, readonly Step[]>> = {
  "obligation.failed": [fix("bring the value back within its bound, with tests or code, not with the configuration", "minutes", "low"), person],
  "obligation.unavailable": [{ action: "repair_check", text: "mend what keeps the report from being made or read, then gate again", cost: "minutes", risk: "low" }],
  "obligation.claimed": [{ action: "repair_check", text: "let a command under `commands` produce the report, or accept the job's word with `accept_from_job` on the target branch", cost: "minutes", risk: "low" }],
  "secret.token": [revoke],
  "secret.private-key": [revoke],
  "merge.conflict-marker": [fix("resolve the conflict and remove its markers", "minutes", "low")],
  "text.bidi-control": [fix("remove the control character, or write it as an escape", "seconds")],
  "test.focused": [fix("remove the focus so that the whole suite runs", "seconds")],
  "code.debugger": [fix("remove the debugger statement", "seconds")],
  "dep.foreign-source": [fix("resolve the dependency from the registry this repository uses", "minutes", "low"), person],
  "path.unsafe": [fix("rename the path, or keep the link inside the tree", "minutes", "low")],
  "path.case-collision": [fix("rename one of the two paths", "seconds", "low")],
  "file.large-binary": [fix("keep the file outside git, or make it smaller", "minutes", "low"), person],
  "ci.privileged": [fix("drop the privileged trigger, or pass event text through the environment", "minutes", "low"), person],
  "ci.permission-raised": [fix("give the job only the rights it uses", "minutes", "low"), person],
  "ci.changed": [apart, person],
  "guard.self-edit": [apart, person],
  "guard.command-edited": [apart, person],
  "waiver.self-added": [person, fix("leave the waiver out of this change; it counts once it is part of the target", "minutes")],
  "baseline.grown": [fix("mend the finding instead of accepting it", "minutes", "low"), person],
  "test.weakened": [fix("put the tests back, or say in the change what replaces them", "minutes", "low"), person],
  "test.skipped": [fix("switch the test on again", "minutes", "low"), person],
  "learning.rejected": [fix("leave the policy as it is at the base, or fit another one from the search half of the log", "minutes"), person],
  "learning.insufficient": [{ action: "retry", text: "let the router go on until about as many more outcomes are known as the reason names, then gate again, not sooner: each question over more outcomes has less of delta than the one before; no number there: fit a policy that stays where the log has been", command: ["maestro", "gate", "--rerun"], cost: "minutes", risk: "none" }, person],
  "learning.unreadable": [fix("put a policy there that maestro learn fit wrote, as it wrote it", "minutes"), person],
  "learning.removed": fewer(`put it back where maestro.yaml declares it, ${release}`),
  "invariant.violated": [fix("mend the code: the last line of the counterexample is the command that shows the case again, and says when it is mended", "minutes", "low")],
  "invariant.unreadable": [{ ...fix("mend the document where the reason points", "minutes"), command: ["maestro", "invariants", "check"] }],
  "invariant.removed": fewer(`put it back under its name, ${release}`),
  "invariant.driver-changed": [apart, person],
  "invariant.weakened": fewer(`keep what it stops, ${release}`),
  "model.violated": [fix("mend the model, or first the code that it mirrors: the counterexample has every step there", "minutes", "low")],
  "model.removed": fewer(`put it back, ${release}`),
  "model.weakened": fewer(`ask of the model what was asked before, ${release}`),
  "size.unreviewable": [split("split it into changes a person can read in one sitting")],
};

function stepsFor({ rule }: Reason): readonly Step[] {
  if (Object.hasOwn(HOUSE, rule)) return HOUSE[rule as HouseRuleId];
  if (rule.startsWith("command.")) return [tool, person];
  return Object.hasOwn(FINDINGS, rule) ? FINDINGS[rule]! : [person];
}

/** A hold that a person may release names the command that does it; the commit's name is no text of the change. */
function asked(step: Step, { effect }: Reason, head: string | undefined): Step {
  return step === person && effect === "hold" && head !== undefined ? { ...step, command: ["maestro", "approve", head.slice(0, HEAD_CHARACTERS), "--reason", REASON_PLACEHOLDER] } : step;
}

function toNext(step: Step, rule: string): NextStep {
  return { action: step.action, text: step.text, command: step.command === undefined ? null : [...step.command], rule, cost: step.cost, risk: step.risk };
}

const MERGE: NextStep = { action: "merge", text: "merge it while the target stays where it is", command: null, rule: null, cost: "none", risk: "none" };

/**
 * Steps that remove the deciding reasons, at most `STEPS_MAX`: those of reasons
 * that refuse before those of reasons that hold, and smallest first among each.
 * One step for every reason comes before a second one for any, so the cut drops
 * what matters least.
 */
export function nextSteps(verdict: Verdict, reasons: readonly Reason[], head?: string): NextStep[] {
  if (verdict === "admit") return [MERGE];
  const deciding = reasons.filter(({ observed, effect }) => !observed && effect !== "note");
  const rounds = [0, 1].flatMap((round) => deciding.flatMap((reason) => stepsFor(reason).slice(round, round + 1).map((step) => ({ step: toNext(asked(step, reason, head), reason.rule), refuses: reason.effect === "refuse" }))));
  const kept = new Map<string, (typeof rounds)[number]>();
  for (const one of rounds) {
    const key = `${one.step.action} ${one.step.text}`;
    if (!kept.has(key) && kept.size < STEPS_MAX) kept.set(key, one);
  }
  const place = ({ step, refuses }: (typeof rounds)[number]) => (refuses ? 0 : 100) + COSTS.indexOf(step.cost) * 10 + RISKS.indexOf(step.risk);
  return [...kept.values()].sort((a, b) => place(a) - place(b)).map(({ step }) => step);
}
