/** Documents of invariants, before and after the change: what is gone, what lets more through, what cannot be read. Runs in a check process. */
import { fromBase64, fromUtf8 } from "../../../../proto/encoding.ts";
import type { Facts, RunnerFile } from "../../../../proto/facts.ts";
import { ATTACHED_MAX, type AttachedText } from "../../../../proto/formal.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { type Solver, solverOf } from "../../../analysis/smt/index.ts";
import { compileAll, type Folder } from "../../../invariants/index.ts";
import type { Answer, CheckContext } from "../check.ts";
import { findingList, type FindingList } from "../reporting/finding.ts";
import { cexText } from "./model-cex.ts";
import { folderOfPath } from "./places.ts";
import { weaker, type Weaker } from "./weaker.ts";

const ROOT = Bun.fileURLToPath(new URL("../../../..", import.meta.url));
const TARGETS = /(?:^|\/)targets\.ya?ml$/;
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

export async function judgeInvariants(facts: Facts, { signal }: CheckContext): Promise<Answer> {
  const folder = facts.formal.invariants;
  const files = facts.formal.files.filter(({ path }) => folderOfPath(path) === folder && /\.ya?ml$/.test(path) && !TARGETS.test(path));
  if (files.every((file) => file.old === file.new && file.unread === null)) return { not_applicable: "the change touches no invariant of the base" };
  const list = findingList();
  const unread = files.find((file) => file.unread !== null);
  if (unread !== undefined) return list.seen([], `an invariant could not be read: ${unread.path}: ${unread.unread}`);
  const [before, after] = [folderAt(files, "old"), folderAt(files, "new")];
  if (before.errors.length > 0) return list.seen([], `the invariants of the base cannot be compiled: ${before.errors[0]?.file}:${before.errors[0]?.line}: ${before.errors[0]?.message}`);
  for (const { file, line, column, message, fix } of after.errors.slice(0, ERRORS_SHOWN_MAX)) list.add({ rule: "invariant.unreadable", severity: "error", message: `${file}:${line}:${column}: ${message}`, ...place(facts, file, line), identity: message, fix });
  const broken = new Set(after.errors.map(({ file }) => file));
  const now = new Map(after.compiled.map((one) => [one.id, one]));
  const attached = new Map<string, AttachedText>();
  let solver: Solver | null = null;
  const ask = (): Solver => (solver ??= solverOf(ROOT, () => performance.now()));
  try {
    for (const old of before.compiled) {
      if (signal.aborted) break;
      const same = now.get(old.id);
      // A catalogue that is broken leaves nothing compiled, and was reported.
      if (same === undefined && (broken.has(old.file) || after.compiled.length === 0 && broken.size > 0)) continue;
      if (same === undefined) list.add({ rule: "invariant.removed", severity: "error", message: `${old.id} is gone, or has another name`, ...place(facts, old.file), identity: old.id, fix: "Put it back under its name, or have a person release the change." });
      else {
        const compared = await weaker(ask, old, same);
        for (const document of compared.attached) attached.set(document.name, document);
        report(list, facts, old.id, same.file, compared);
      }
    }
  } finally {
    await (solver as Solver | null)?.close();
  }
  const known = new Set(before.compiled.map(({ id }) => id));
  for (const { id, file } of after.compiled) if (!known.has(id)) list.add({ rule: "invariant.strengthened", severity: "note", message: `${id} is new`, ...place(facts, file) });
  return { ...list.seen(), attached: [...attached.values()].slice(0, ATTACHED_MAX) };
}
