/** The digest of a whole tree that a statement names beside git's own id (proto/change.ts, `tree_sha256`): SHA-1 alone does not carry a verdict. */
import { MaestroError } from "../../../proto/errors.ts";
import type { Clone } from "./clone.ts";

interface Entry {
  readonly mode: string;
  readonly oid: string;
  readonly path: Buffer;
}

const SUBMODULE = "160000";
const LINE_BYTES_MAX = 256;

async function entriesOf(clone: Clone, tree: string): Promise<Entry[]> {
  const child = clone.spawn(["ls-tree", "-r", "-z", "--full-tree", tree]);
  const bytes = Buffer.from(await new Response(child.stdout).arrayBuffer());
  if ((await child.exited) !== 0) throw new MaestroError("git.failed", `git ls-tree of ${tree} failed`);
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    const tab = bytes.indexOf(9, at);
    const [mode = "", , oid = ""] = bytes.toString("latin1", at, tab).split(" ");
    entries.push({ mode, oid, path: bytes.subarray(tab + 1, end) });
    at = end + 1;
  }
  return entries;
}

/** Contents by id, streamed: `cat-file --batch` answers `<oid> SP <type> SP <size> LF <content> LF`. */
async function contentDigests(clone: Clone, oids: readonly string[]): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  if (oids.length === 0) return digests;
  const child = clone.spawn(["cat-file", "--batch", "--buffer"], `${oids.join("\n")}\n`);
  let head = "";
  let open: { readonly oid: string; left: number; readonly hasher: Bun.CryptoHasher } | null = null;
  for await (const chunk of child.stdout) {
    for (let at = 0; at < chunk.length; ) {
      if (open === null) {
        const end = chunk.indexOf(10, at);
        head += Buffer.from(chunk.subarray(at, end < 0 ? chunk.length : end)).toString("latin1");
        at = end < 0 ? chunk.length : end + 1;
        if (end < 0 || head === "") continue;
        const [oid = "", type, size = ""] = head.split(" ");
        if (type !== "blob" || head.length > LINE_BYTES_MAX) throw new MaestroError("git.failed", `object ${oid} of the landed tree is ${type ?? "not readable"}`);
        open = { oid, left: Number(size), hasher: new Bun.CryptoHasher("sha256") };
        head = "";
      } else {
        const piece = chunk.subarray(at, at + open.left);
        open.hasher.update(piece);
        open.left -= piece.length;
        at += piece.length;
      }
      if (open !== null && open.left === 0) {
        digests.set(open.oid, open.hasher.digest("hex"));
        open = null;
      }
    }
  }
  return digests;
}

/**
 * The bytes whose SHA-256 names a tree, piece by piece: `<mode> SP <type> SP <hex> TAB <path> NUL` for each leaf, in the order of path
 * bytes. Throws `git.failed` where an object of the tree is missing: what was not read is not vouched for.
 */
export async function* treeListing(clone: Clone, tree: string): AsyncGenerator<Uint8Array> {
  const entries = await entriesOf(clone, tree);
  const digests = await contentDigests(clone, [...new Set(entries.filter(({ mode }) => mode !== SUBMODULE).map(({ oid }) => oid))]);
  for (const { mode, oid, path } of entries.toSorted((a, b) => Buffer.compare(a.path, b.path))) {
    const content = digests.get(oid);
    if (mode !== SUBMODULE && content === undefined) throw new MaestroError("git.failed", `object ${oid} of the landed tree cannot be read`);
    yield Buffer.concat([Buffer.from(mode === SUBMODULE ? `${mode} commit ${oid}\t` : `${mode} blob ${content}\t`), path, Buffer.from([0])]);
  }
}

export async function treeDigest(clone: Clone, tree: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of treeListing(clone, tree)) hasher.update(piece);
  return hasher.digest("hex");
}
