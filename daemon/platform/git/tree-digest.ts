import { toHex, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { pathToBytes } from "../../../proto/scalar.ts";
import type { Oid } from "./object-format.ts";
import type { ObjectReader } from "./objects.ts";
import type { TreeLeaf } from "./tree.ts";

/** Content digests by object id. An id names its content for ever, so an entry never goes stale. */
export type ContentDigests = Map<Oid, Uint8Array>;

/**
 * SHA-256 over a whole tree, so that an identity does not rest on SHA-1 object ids. Hashed is, for each leaf in the order of
 * path bytes: `<mode> SP <type> SP <hex> TAB <path> NUL`, where hex is the SHA-256 of a blob's content, and for a
 * submodule (type `commit`) the commit id it names. Contents are streamed: memory does not grow with a file.
 */
export async function treeSha256(objects: ObjectReader, entries: readonly TreeLeaf[], known: ContentDigests = new Map()): Promise<string> {
  const blobs = new Set(entries.filter(({ mode }) => mode !== "160000").map(({ oid }) => oid));
  await digestContents(objects, [...blobs].filter((oid) => !known.has(oid)), known);
  const tree = new Bun.CryptoHasher("sha256");
  for (const { mode, oid, path } of sorted(entries)) {
    const digest = known.get(oid);
    if (mode !== "160000" && digest === undefined) throw new MaestroError("internal.bug", `no digest of ${oid}`);
    tree.update(mode === "160000" || digest === undefined ? `${mode} commit ${oid}\t` : `${mode} blob ${toHex(digest)}\t`);
    tree.update(pathToBytes(path));
    tree.update(utf8("\0"));
  }
  return tree.digest("hex");
}

async function digestContents(objects: ObjectReader, oids: readonly Oid[], into: ContentDigests): Promise<void> {
  let hasher = new Bun.CryptoHasher("sha256");
  await objects.stream(oids, ({ oid, type }, piece) => {
    if (type !== "blob") throw new MaestroError("git.failed", `${oid} is a ${type}, its tree says blob`);
    if (piece !== null) {
      hasher.update(piece);
      return;
    }
    into.set(oid, new Uint8Array(hasher.digest()));
    hasher = new Bun.CryptoHasher("sha256");
  });
}

/** git lists in this order already; sorting again makes the digest independent of it. */
function sorted(entries: readonly TreeLeaf[]): readonly TreeLeaf[] {
  const keyed = entries.map((entry) => ({ entry, key: pathToBytes(entry.path) }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ entry }) => entry);
}
