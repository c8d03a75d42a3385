/** Documents of invariants, before and after the change: what is gone, what lets more through, what cannot be read. Runs in a check process. */
import { canonicalText } from "../../../../proto/canonical.ts";
import { fromBase64, fromUtf8 } from "../../../../proto/encoding.ts";
import type { Facts, RunnerFile } from "../../../../proto/facts.ts";
import { ATTACHED_MAX, type AttachedText } from "../../../../proto/formal.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { type Solver, solverOf } from "../../../analysis/smt/index.ts";
import { compileAll, type Folder } from "../../../invariants/index.ts";
import type { Answer, CheckContext, Seen } from "../check.ts";
import { findingList, type FindingList } from "../reporting/finding.ts";
import { cexText } from "./model-cex.ts";
import { drivesTargets, folderOfPath } from "./places.ts";
import { weaker, type Weaker } from "./weaker.ts";

const ROOT = Bun.fileURLToPath(new URL("../../../..", import.meta.url));
const TARGETS_FILE = "targets.yaml";
const ERRORS_SHOWN_MAX = 20;

function folderAt(files: readonly RunnerFile[], side: "old" | "new"): Folder {
  const texts = files.flatMap((file) => {
    const bytes = file[side] === null ? null : fromBase64(file[side]);
    return bytes === null ? [] : [{ name: file.path, text: fromUtf8(bytes) ?? "\u0000" }];
  });
  return compileAll(texts);
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
    if (opened[0] === undefined) opened.push(solverOf(ROOT, () => performance.now()));
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
  const files = facts.formal.files.filter(({ path }) => folderOfPath(path) === declared?.folder && /\.ya?ml$/.test(path));
  const drives = declared !== null && facts.files.some(({ path, old_path }) => [path, ...(old_path === null ? [] : [old_path])].some((one) => drivesTargets(declared, pathText(one))));
  const changed = files.some((file) => file.old !== file.new || file.unread !== null);
  if (!changed && !drives) return { not_applicable: "the change touches no invariant of the base and no code that they are asked of" };
  const list = findingList();
  const unread = files.find((file) => file.unread !== null);
  if (unread !== undefined) return list.seen([], `an invariant could not be read: ${unread.path}: ${unread.unread}`);
  const before = folderAt(files, "old");
  if (before.errors.length > 0) return list.seen([], `the invariants of the base cannot be compiled: ${before.errors[0]?.file}:${before.errors[0]?.line}: ${before.errors[0]?.message}`);
  let compared: Pick<Seen, "attached" | "blind"> = { blind: null };
  if (changed) {
    const after = folderAt(files, "new");
    for (const { file, line, column, message, fix } of after.errors.slice(0, ERRORS_SHOWN_MAX)) list.add({ rule: "invariant.unreadable", severity: "error", message: `${file}:${line}:${column}: ${message}`, ...place(facts, file, line), identity: message, fix });
    compared = await comparedRules(facts, before, after, context.signal, list);
    comparedTargets(facts, before, after, list);
  }
  if (!changed && before.targets.size === 0) return { not_applicable: "the base declares no target, so no code is driven" };
  const blind = drives ? await drivenTargets(before, context, list) : null;
  return { ...list.seen(), ...compared, blind: compared.blind ?? blind };
}
