/** Where formal files stand, by their paths alone. */
import type { InvariantsEntry } from "../../../../proto/formal.ts";
import { classify } from "../../../checking/classify.ts";
import { matchesPath } from "../../../checking/globs.ts";

/** Empty for the root. */
export const folderOfPath = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** The last part. */
export const nameOfPath = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Whether a change of that file has the targets driven. */
export const drivesTargets = ({ folder, code }: InvariantsEntry, path: string): boolean => (code === undefined ? classify(path).language !== null : matchesPath(code, path)) && folderOfPath(path) !== folder;
