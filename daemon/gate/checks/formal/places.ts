/** Where formal files stand, by their paths alone. */
import type { InvariantsEntry, SpecEntry } from "../../../../proto/formal.ts";
import { classify } from "../../../checking/classify.ts";
import { matchesPath, plainGlob } from "../../../checking/globs.ts";

/** Empty for the root. */
export const folderOfPath = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** The last part. */
export const nameOfPath = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Whether a change of that file has the targets driven. */
export const drivesTargets = ({ folder, code }: InvariantsEntry, path: string): boolean => (code === undefined ? classify(path).language !== null : matchesPath(code, path)) && folderOfPath(path) !== folder;

/** Of a declared model, said or not. */
export const cfgOf = ({ spec, cfg }: SpecEntry): string => cfg ?? spec.replace(/\.tla$/, ".cfg");

/** Whether both ask the same module the same, whatever code they mirror. */
export const sameSpec = (a: SpecEntry, b: SpecEntry): boolean => a.spec === b.spec && cfgOf(a) === cfgOf(b);

/** Globs of the first that the second lacks, spelled otherwise or not. Which of two globs reaches further is not asked: one may name what is not there yet. */
export function globsGone(before: readonly string[], after: readonly string[]): string[] {
  const kept = new Set(after.map(plainGlob));
  return before.filter((glob) => !kept.has(plainGlob(glob)));
}
