/** Documents of invariants, before and after the change: what is gone, what lets more through, what cannot be read. Runs in a check process. */
import { canonicalText } from "../../../../proto/canonical.ts";
import { fromBase64, fromUtf8 } from "../../../../proto/encoding.ts";
import type { Facts, RunnerFile } from "../../../../proto/facts.ts";
import { ATTACHED_MAX, type AttachedText } from "../../../../proto/formal.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { type Solver, solverOf, withinTime } from "../../../analysis/smt/index.ts";
import type { Folder } from "../../../invariants/index.ts";
import { compileRepository } from "../../../invariants/repository.ts";
import type { Answer, CheckContext, Seen } from "../check.ts";
import { findingList, type FindingList } from "../reporting/finding.ts";
import { brokenAfter, documentsAfter, rulesAfter } from "./declared.ts";
import { changedDrivers } from "./drivers.ts";
import { cexText } from "./model-cex.ts";
import { drivesTargets, folderOfPath } from "./places.ts";
import { weaker, type Weaker } from "./weaker.ts";

const ROOT = Bun.fileURLToPath(new URL("../../../..", import.meta.url));
const TARGETS_FILE = "targets.yaml";
const ERRORS_SHOWN_MAX = 20;
/** Well below a check's deadline: whoever makes questions hard must not keep the code from being driven. */
const SOLVER_MS_MAX = 8_000;

function folderAt(files: readonly RunnerFile[], side: "old" | "new"): Folder {
  const texts = files.flatMap((file) => {
    const bytes = file[side] === null ? null : fromBase64(file[side]);
    return bytes === null ? [] : [{ name: file.path, text: fromUtf8(bytes) ?? "\u0000" }];
  });
  return compileRepository(texts);
}

function place(facts: Facts, path: string, line?: number) {
  const file = facts.files.find((one) => pathText(one.path) === path || (one.old_path !== null && pathText(one.old_path) === path));
  return file === undefined ? {} : { file, ...(line === undefined ? {} : { line }) };
}

function report(list: FindingList, facts: Facts, id: string, path: string, { verdict, because, cex }: Weaker): void {
  const where = place(facts, path);
  if (verdict === "stronger") list.add({ rule: "invariant.strengthened", severity: "note", message: `${id}: ${because}`, ...where });
  if (verdict === "changed") list.add({ rule: "invariant.changed", severity: "warning", message: `${id} may let more through: ${because}`, ...where, identity: because });
  if (verdict !== "weaker") return;
  const shown = cex === null ? {} : { cex: cexText(cex), counterexample: `${Object.keys(cex.inputs ?? {}).length} values that ${id} stopped, and stops no more` };
  list.add({ rule: "invariant.weakened", severity: "error", message: `${id} lets more through: ${because}`, ...where, identity: because, ...shown, fix: "Keep what the invariant stops, or have a person release the change." });
}

/** What the base's rules stopped, beside what the change's stop. */
async function comparedRules(facts: Facts, before: Folder, after: Folder, signal: AbortSignal, list: FindingList): Promise<Pick<Seen, "attached" | "blind">> {
  const broken = new Set(after.errors.map(({ file }) => file));
  const now = new Map(after.compiled.map((one) => [one.id, one]));
  const attached = new Map<string, AttachedText>();
  const opened: Solver[] = [];
  let blind: string | null = null;
  const ask = (): Solver => {
    if (opened[0] === undefined) opened.push(withinTime(solverOf(ROOT, () => performance.now()), SOLVER_MS_MAX));
    return opened[0] as Solver;
  };
  try {
    for (const old of before.compiled) {
      if (signal.aborted) break;
      const same = now.get(old.id);
      // A catalogue that is broken leaves nothing compiled, and was reported.
      if (same === undefined && (broken.has(old.file) || (after.compiled.length === 0 && broken.size > 0))) continue;
      if (same === undefined) list.add({ rule: "invariant.removed", severity: "error", message: `${old.id} is gone, or has another name`, ...place(facts, old.file), identity: old.id, fix: "Put it back under its name, or have a person release the change." });
      else {
        const compared = await weaker(ask, old, same);
        if (compared.blind != null) blind ??= `${old.id} could not be compared: ${compared.blind}`;
        for (const document of compared.attached) attached.set(document.name, document);
        report(list, facts, old.id, same.file, compared);
      }
    }
  } finally {
    for (const solver of opened) await solver.close();
  }
  const known = new Set(before.compiled.map(({ id }) => id));
  for (const { id, file } of after.compiled) if (!known.has(id)) list.add({ rule: "invariant.strengthened", severity: "note", message: `${id} is new`, ...place(facts, file) });
  return { attached: [...attached.values()].slice(0, ATTACHED_MAX), blind };
}

/** A target that is gone is driven no more. */
function comparedTargets(facts: Facts, before: Folder, after: Folder, list: FindingList): void {
  if (after.errors.length > 0) return;
  for (const [name, target] of before.targets) {
    const now = after.targets.get(name);
    if (now === undefined) list.add({ rule: "invariant.removed", severity: "error", message: `the target ${name} is gone: nothing drives that code any more`, ...place(facts, `${facts.formal.invariants?.folder}/${TARGETS_FILE}`), identity: name });
    else if (canonicalText(now) !== canonicalText(target)) list.add({ rule: "invariant.changed", severity: "warning", message: `the target ${name} is driven otherwise`, ...place(facts, `${facts.formal.invariants?.folder}/${TARGETS_FILE}`), identity: name });
  }
}

/** What a target shows is what its driver chooses to show, and this one is the change's own. */
function reportDrivers(facts: Facts, { targets }: Folder, list: FindingList): number {
  const edited = changedDrivers(targets, facts.files);
  for (const { target, file } of edited) list.add({ rule: "invariant.driver-changed", severity: "warning", message: `the driver of the target ${target} changed: what its rules are asked of is what the change's own driver shows`, file, line: 1, identity: target, fix: "Change the driver apart from the code it drives, or have a person compare what it shows." });
  return edited.length;
}

/** The base's rules and targets, over the code as it is now. */
async function drivenTargets(before: Folder, context: CheckContext, list: FindingList): Promise<string | null> {
  if (before.targets.size === 0) return null;
  const { driven } = await import("./driven.ts");
  const blind: string[] = [];
  for (const { target, invariant, outcome } of await driven(before, context)) {
    if (outcome.result === "unavailable") blind.push(`the target ${target} was not judged by ${invariant}: ${outcome.because}`);
    if (outcome.result !== "fail") continue;
    const { counterexample: cex } = outcome;
    list.add({ rule: "invariant.violated", severity: "error", message: `${target} breaks ${invariant}: ${cex.message}`, identity: `${target} ${invariant}`, cex: cexText(cex), counterexample: cex.trace === null ? "inputs that break it" : `${cex.trace.length} states to it` });
  }
  return blind.length === 0 ? null : blind.join("; ");
}

export async function judgeInvariants(facts: Facts, context: CheckContext): Promise<Answer> {
  const { invariants: declared } = facts.formal;
  if (declared === null) return { not_applicable: "the trusted base declares no folder of invariants" };
  const files = documentsAfter(declared, facts);
  const broken = brokenAfter(facts, "invariant.changed");
  const entry = [...(broken === null ? [] : [broken]), ...rulesAfter(declared, facts)];
  const drives = facts.files.some(({ path, old_path }) => [path, ...(old_path === null ? [] : [old_path])].some((one) => drivesTargets(declared, pathText(one))));
  const changed = files.some((file) => file.old !== file.new || file.unread !== null);
  const before = folderAt(files, "old");
  const list = findingList();
  for (const report of entry) list.add(report);
  const edited = reportDrivers(facts, before, list);
  if (!changed && !drives && edited === 0 && entry.length === 0) return { not_applicable: "the change touches no invariant of the base and no code that they are asked of" };
  if (!files.some(({ path }) => folderOfPath(path) === declared.folder)) return list.seen([], `the base declares invariants in ${declared.folder}, and no document lies there, at the base or in the change; folders below it are not looked at`);
  const unread = files.find((file) => file.unread !== null);
  if (unread !== undefined) return list.seen([], `an invariant could not be read: ${unread.path}: ${unread.unread}`);
  if (before.errors.length > 0) return list.seen([], `the invariants of the base cannot be compiled: ${before.errors[0]?.file}:${before.errors[0]?.line}: ${before.errors[0]?.message}`);
  let compared: Pick<Seen, "attached" | "blind"> = { blind: null };
  if (changed) {
    const after = folderAt(files, "new");
    for (const { file, line, column, message, fix } of after.errors.slice(0, ERRORS_SHOWN_MAX)) list.add({ rule: "invariant.unreadable", severity: "error", message: `${file}:${line}:${column}: ${message}`, ...place(facts, file, line), identity: message, fix });
    compared = await comparedRules(facts, before, after, context.signal, list);
    comparedTargets(facts, before, after, list);
  }
  if (!changed && before.targets.size === 0 && entry.length === 0) return { not_applicable: "the base declares no target, so no code is driven" };
  // A driver may lie outside the code that is declared: it is driven as well.
  const blind = drives || edited > 0 ? await drivenTargets(before, context, list) : null;
  return { ...list.seen(), ...compared, blind: compared.blind ?? blind };
}
