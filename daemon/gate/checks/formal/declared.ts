/** What `maestro.yaml` would declare once the change is in, beside what the base declares: an entry that goes guards no change after this one. Runs in a check process. */
import type { Facts, FileChange, RunnerFile } from "../../../../proto/facts.ts";
import type { InvariantsEntry, SpecEntry } from "../../../../proto/formal.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { REPOSITORY_CONFIG_NAME } from "../../../config/repository.ts";
import type { Report } from "../reporting/finding.ts";
import { cfgOf, folderOfPath, globsGone, sameSpec } from "./places.ts";

const FIX = `Leave ${REPOSITORY_CONFIG_NAME} declaring what it declares at the base, or have a person release the change.`;
const list = (globs: readonly string[]): string => globs.join(", ");

function place({ files }: Facts): { readonly file?: FileChange } {
  const file = files.find(({ path, old_path }) => [path, ...(old_path === null ? [] : [old_path])].some((one) => pathText(one) === REPOSITORY_CONFIG_NAME));
  return file === undefined ? {} : { file };
}

const reported = (facts: Facts, rule: string, message: string): Report => ({ rule, severity: rule.endsWith(".changed") ? "warning" : "error", message, ...place(facts), identity: message, fix: FIX });

/** Null where it can be read, or is the base's own. */
export function brokenAfter(facts: Facts, rule: "model.changed" | "invariant.changed"): Report | null {
  const { after } = facts.formal;
  if (after === undefined || !("broken" in after)) return null;
  return reported(facts, rule, `what ${REPOSITORY_CONFIG_NAME} declares after the change cannot be read: ${after.broken}`);
}

/** Entries that may be the model at another place: declared anew, for all of its code. */
export function anewFor(entry: SpecEntry, { formal: { specs, after } }: Facts): SpecEntry[] {
  if (after === undefined || "broken" in after || after.specs.some((one) => sameSpec(one, entry))) return [];
  return after.specs.filter((one) => !specs.some((old) => sameSpec(old, one)) && globsGone(entry.code, one.code).length === 0);
}

/** A model of the base that is not what it was where it stood. */
export function modelAfter(entry: SpecEntry, facts: Facts): Report | null {
  const { after } = facts.formal;
  if (after === undefined || "broken" in after) return null;
  const same = after.specs.filter((one) => sameSpec(one, entry));
  const gone = globsGone(entry.code, same.flatMap(({ code }) => code));
  if (same.length > 0) return gone.length === 0 ? null : reported(facts, "model.weakened", `${REPOSITORY_CONFIG_NAME} has ${entry.spec} mirror less code: ${list(gone)} is gone`);
  const [other] = after.specs.filter(({ spec }) => spec === entry.spec);
  const asked = other === undefined ? "" : `; ${entry.spec} is asked what stands in ${cfgOf(other)}`;
  return reported(facts, "model.removed", `${REPOSITORY_CONFIG_NAME} declares ${entry.spec} with ${cfgOf(entry)} no more${asked}`);
}

/** Findings about the entry itself; what is in another folder that it names, `documentsAfter` has compared. */
export function rulesAfter(entry: InvariantsEntry, facts: Facts): Report[] {
  const { after } = facts.formal;
  if (after === undefined || "broken" in after) return [];
  const now = after.invariants;
  if (now === null) return [reported(facts, "invariant.removed", `${REPOSITORY_CONFIG_NAME} declares no invariants any more; the base has them in ${entry.folder}`)];
  if (entry.code === undefined) return now.code === undefined ? [] : [reported(facts, "invariant.weakened", `${REPOSITORY_CONFIG_NAME} has targets driven for ${list(now.code)} alone; at the base any source file has them driven`)];
  if (now.code === undefined) return [reported(facts, "invariant.changed", `${REPOSITORY_CONFIG_NAME} has targets driven for any source file; whether that is all of ${list(entry.code)} cannot be told`)];
  const gone = globsGone(entry.code, now.code);
  return gone.length === 0 ? [] : [reported(facts, "invariant.weakened", `${REPOSITORY_CONFIG_NAME} has targets driven for less code: ${list(gone)} is gone`)];
}

/** Documents of the base beside those that count after the change: of the same folder, or of the one that is named instead. */
export function documentsAfter({ folder }: InvariantsEntry, { formal: { files, after } }: Facts): RunnerFile[] {
  const isIn = (one: string) => ({ path }: RunnerFile): boolean => folderOfPath(path) === one && /\.ya?ml$/.test(path);
  const now = after === undefined || "broken" in after ? folder : (after.invariants?.folder ?? folder);
  if (now === folder) return files.filter(isIn(folder));
  return [...files.filter(isIn(folder)).map((file) => ({ ...file, new: null })), ...files.filter(isIn(now)).map((file) => ({ ...file, old: null }))];
}
