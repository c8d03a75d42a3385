/** What a disk that takes nothing says. */

const NO_SPACE = /no space left|out of diskspace|disk quota exceeded|ENOSPC|EDQUOT/i;
const READ_ONLY = /read-only file system|EROFS/i;

/** The failure's code, by the kernel's words for it in any program's message; `null` for other words. */
export function diskCode(words: string): "store.no_space" | "store.read_only" | null {
  return NO_SPACE.test(words) ? "store.no_space" : READ_ONLY.test(words) ? "store.read_only" : null;
}
