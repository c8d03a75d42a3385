/** What a disk says that takes nothing, or fails. */

const WORDS: readonly (readonly [words: RegExp, code: "store.no_space" | "store.read_only" | "store.commit"])[] = [
  [/no space left|out of diskspace|disk quota exceeded|ENOSPC|EDQUOT/i, "store.no_space"],
  [/read-only file system|EROFS/i, "store.read_only"],
  [/input\/output error|\bEIO\b/i, "store.commit"],
];

/** The failure's code, by the kernel's words for it in any program's message; `null` for other words. */
export function diskCode(words: string): "store.no_space" | "store.read_only" | "store.commit" | null {
  return WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? null;
}
