import { fromUtf8 } from "../../../proto/encoding.ts";

/** A pointer is always shorter (git-lfs specification, "the pointer"). */
export const LFS_POINTER_BYTES_MAX = 1024;
/** The names the format has had; git-lfs smudges all of them. */
const VERSIONS: ReadonlySet<string> = new Set(["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1", "http://git-media.io/v/2"]);
const EXTENSION = /^ext-[0-9]-\w/;

/**
 * The content a Git LFS pointer stands for, or null where the blob is not one. That content is never in the pack, so it was not seen.
 * As lenient as git-lfs itself, which takes CRLF, blank lines and space around the whole: a stricter reading would call the content seen.
 */
export function lfsPointer(content: Uint8Array): { readonly sha256: string; readonly size: number } | null {
  if (content.length > LFS_POINTER_BYTES_MAX) return null;
  const lines = (fromUtf8(content) ?? "").trim().split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line !== "" && !EXTENSION.test(line));
  const [version = "", oid = "", size = "", ...more] = lines;
  const sha256 = /^oid sha256:([0-9a-f]{64})$/.exec(oid)?.[1];
  const bytes = /^size ([0-9]{1,18})$/.exec(size)?.[1];
  if (!version.startsWith("version ") || !VERSIONS.has(version.slice("version ".length)) || more.length > 0 || sha256 === undefined || bytes === undefined) return null;
  return { sha256, size: Number(bytes) };
}

/** Whether a line could be one of a pointer: cheap, to be asked of every line before a blob is read. */
export function maybeLfsLine(line: Uint8Array): boolean {
  return line.length <= LFS_POINTER_BYTES_MAX && /^\s*(?:version|oid|size) /.test(fromUtf8(line) ?? "");
}
