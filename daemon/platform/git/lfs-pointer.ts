import { fromUtf8 } from "../../../proto/encoding.ts";

/** A pointer is always shorter (git-lfs specification, "the pointer"). */
export const LFS_POINTER_BYTES_MAX = 1024;
const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-[0-9]-[^\n]+\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n?$/;

/** The content a Git LFS pointer stands for, or null where the blob is not one. That content is never in the pack, so it was not seen. */
export function lfsPointer(content: Uint8Array): { readonly sha256: string; readonly size: number } | null {
  if (content.length > LFS_POINTER_BYTES_MAX) return null;
  const [, sha256, size] = POINTER.exec(fromUtf8(content) ?? "") ?? [];
  return sha256 === undefined || size === undefined ? null : { sha256, size: Number(size) };
}
