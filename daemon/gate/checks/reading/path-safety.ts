/** Names that are not the same file, or not a harmless one, on every machine that checks them out. */

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
/** HFS+ drops these when it compares names, so `.g\u200cit` is `.git` there (git's own utf8.c names the same set). */
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;
const GIT_NAME = /^(?:\.git|git~\d+)$/;
/** learn.microsoft.com "Naming Files, Paths, and Namespaces": reserved with any extension. */
const RESERVED_ON_WINDOWS = /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:\.|$)/;
/** ext4, NTFS and APFS take 255 bytes of one name; macOS takes 1,024 of a path. */
const NAME_BYTES_MAX = 255;
const PATH_BYTES_MAX = 1024;

/** Whether some file system takes the name for git's own folder. */
function isGitFolder(name: string): boolean {
  const bare = name.replace(IGNORED_BY_HFS, "").toLowerCase();
  // NTFS opens a stream by what follows a colon and drops trailing dots and spaces.
  const onWindows = (bare.split(":")[0] ?? "").replace(/[. ]{1,300}$/, "");
  return GIT_NAME.test(bare) || GIT_NAME.test(onWindows);
}

function unsafeName(name: string): string | null {
  const bare = name.replace(IGNORED_BY_HFS, "").toLowerCase();
  if (name === "" || name === "." || name === "..") return "has an empty or dotted part";
  if (isGitFolder(name)) return "stands for git's own folder on some file systems";
  if (CONTROL.test(name)) return "holds control characters";
  if (name.includes("\\")) return "holds a backslash, which separates folders on Windows";
  if (RESERVED_ON_WINDOWS.test(bare)) return "is a device name on Windows";
  if (/[. ]$/.test(name)) return "ends in a dot or a space, which Windows drops";
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) return `has a part longer than ${NAME_BYTES_MAX} bytes`;
  return null;
}

/** Why a path must not be checked out, or null. `utf8` is false where its bytes are not valid UTF-8. */
export function unsafePath(path: string, utf8: boolean): string | null {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) return `is longer than ${PATH_BYTES_MAX} bytes`;
  for (const name of path.split("/")) {
    const because = unsafeName(name);
    if (because !== null) return because;
  }
  return utf8 ? null : "is not valid UTF-8, which some file systems refuse";
}

const LINKS_FOLLOWED_MAX = 40;

/**
 * Where a symbolic link leads: `inside`, `outside` (out of the tree or into
 * git's folder), or `unknown` where the way goes up from a link whose target
 * is not known. Other links are followed, since `..` means the parent of
 * where a link leads, not of the link. A link of the base that nobody read is
 * taken at its word as long as the way only goes down from it.
 * `targetOf` gives a link's target, null for what is no link, undefined for a link nobody read.
 */
export function linkLeads(path: string, target: string, targetOf: (path: string) => string | null | undefined): "inside" | "outside" | "unknown" {
  const at: string[] = path.split("/").slice(0, -1);
  // symlink(2) takes the target up to its first NUL.
  let rest = [target.split("\0", 1)[0] ?? ""];
  let followed = 0;
  while (rest.length > 0) {
    const step = rest.shift() ?? "";
    if (/^(?:\/|\\|[A-Za-z]:)/.test(step)) return "outside";
    for (const [i, part] of step.split(/[/\\]/).entries()) {
      if (part === "" || part === ".") continue;
      if (part === "..") {
        if (at.pop() === undefined) return "outside";
        continue;
      }
      if (isGitFolder(part)) return "outside";
      const through = targetOf([...at, part].join("/"));
      if (through === undefined) {
        const left = [step.split(/[/\\]/).slice(i + 1), ...rest.map((text) => text.split(/[/\\]/))].flat();
        return left.includes("..") ? "unknown" : "inside";
      }
      if (through === null) {
        at.push(part);
        continue;
      }
      followed += 1;
      if (followed > LINKS_FOLLOWED_MAX) return "outside";
      rest = [through, step.split(/[/\\]/).slice(i + 1).join("/"), ...rest].filter((text) => text !== "");
      break;
    }
  }
  return "inside";
}

/** One key for all spellings that a case- or normalisation-insensitive file system takes for one name. */
export function foldedPath(path: string): string {
  return path.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFC");
}
