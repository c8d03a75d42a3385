import type { Facts, FileChange } from "../../../../proto/facts.ts";
import { fromBase64, fromUtf8Lossy } from "../../../../proto/encoding.ts";
import { pathText, type PathBytes } from "../../../../proto/scalar.ts";

const keyOf = (side: "old" | "new", path: PathBytes): string => `${side} ${JSON.stringify(path)}`;

/**
 * Both sides of a changed file: text, `null` where the side does not exist,
 * `"missing"` where it exists but was not handed over (too large, an LFS
 * pointer), which a check must never read as empty.
 */
export interface Sides {
  readonly old: string | null;
  readonly new: string | null;
  readonly missing: "old" | "new" | null;
}

export type ContentOf = (file: FileChange) => Sides;

/** Reader over the whole contents that came with the facts. */
export function contentReader(facts: Facts): ContentOf {
  const byKey = new Map(facts.contents.map(({ side, path, bytes }) => [keyOf(side, path), bytes]));
  const read = (side: "old" | "new", ...paths: readonly (PathBytes | null)[]): string | null => {
    for (const path of paths) {
      const bytes = path === null ? undefined : byKey.get(keyOf(side, path));
      const decoded = bytes === undefined ? null : fromBase64(bytes);
      if (decoded !== null) return fromUtf8Lossy(decoded).replace(/^\ufeff/, "");
    }
    return null;
  };
  return (file) => {
    const old = file.old === null ? null : read("old", file.old_path, file.path);
    const now = file.new === null ? null : read("new", file.path);
    const missing = file.new !== null && now === null ? "new" : file.old !== null && old === null ? "old" : null;
    return { old, new: now, missing };
  };
}

export function missingBecause(file: FileChange, sides: Sides): string {
  const side = sides.missing === "old" ? "before" : "after";
  return `${pathText(file.path)} ${side} the change was not handed over whole`;
}
