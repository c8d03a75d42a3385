/** From the lock files of a tree to one document. Runs in a check process: every byte read here is a stranger's. */
import type { Ecosystem } from "../../proto/sbom.ts";
import type { Gap } from "../../proto/facts.ts";
import { fromUtf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { pathText, type PathBytes } from "../../proto/scalar.ts";
import { gather, type Locked, type LockFile } from "./gather.ts";
import { sbomDocument } from "./document.ts";

/** Lock files of one document, bytes of one, and of the document: it must fit where documents travel. */
const LOCK_FILES_MAX = 64;
const LOCK_BYTES_MAX = 16 * 1024 * 1024;
const DOCUMENT_BYTES_MAX = 8 * 1024 * 1024;
const GAPS_MAX = 200;

export interface LockReader {
  readonly ecosystem: Ecosystem;
  read(content: string): { readonly entries: readonly Locked[] } | { readonly broken: string };
}

export interface Leaf {
  readonly path: PathBytes;
  readonly mode: string;
  readonly oid: string;
}

export interface Sources {
  /** `null` for a path that is no lock file; handed in, as the checks that compare lock files own the readers. */
  readonly readerOf: (path: string) => LockReader | null;
  /** Content of a blob, or why there is none. */
  readonly content: (oid: string, bytes_max: number) => Promise<Uint8Array | { readonly because: string }>;
}

export interface MadeSbom {
  /** `null` where the tree has no lock file. */
  readonly document: Uint8Array | null;
  readonly packages: number;
  readonly gaps: readonly Gap[];
}

const shown = (gap: Gap): Gap => ({ what: gap.what.slice(0, 500).toWellFormed(), because: gap.because.slice(0, 500).toWellFormed() });

/** Whether a path is one that `makeSbom` would read. */
export const isLock = ({ readerOf }: Pick<Sources, "readerOf">, path: PathBytes): boolean => readerOf(pathText(path)) !== null;

async function fileOf({ readerOf, content }: Sources, { path, mode, oid }: Leaf): Promise<LockFile | Gap> {
  const name = pathText(path);
  const reader = readerOf(name);
  if (reader === null) throw new MaestroError("internal.bug", `${name} is no lock file`);
  if (mode !== "100644" && mode !== "100755") return { what: name, because: "a link or a submodule, which is not followed" };
  const bytes = await content(oid, LOCK_BYTES_MAX);
  if (!(bytes instanceof Uint8Array)) return { what: name, because: bytes.because };
  const text = fromUtf8(bytes);
  if (text === null) return { what: name, because: "it is not UTF-8" };
  const lock = reader.read(text);
  return "broken" in lock ? { what: name, because: lock.broken } : { path: name, ecosystem: reader.ecosystem, entries: lock.entries };
}

/** `name` and `version` say what the tree is of. Throws `request.too_large` for a document that no bundle could hold. */
export async function makeSbom(leaves: readonly Leaf[], sources: Sources, { name, version }: { readonly name: string; readonly version: string }): Promise<MadeSbom> {
  const locks = leaves.filter(({ path }) => isLock(sources, path));
  if (locks.length === 0) return { document: null, packages: 0, gaps: [] };
  const files: LockFile[] = [];
  const gaps: Gap[] = [];
  for (const leaf of locks.slice(0, LOCK_FILES_MAX)) {
    const file = await fileOf(sources, leaf);
    if ("because" in file) gaps.push(file);
    else files.push(file);
  }
  if (locks.length > LOCK_FILES_MAX) gaps.push({ what: `${locks.length - LOCK_FILES_MAX} lock files`, because: `more than ${LOCK_FILES_MAX}` });
  const gathered = gather(files);
  const said = [...gaps, ...gathered.gaps].slice(0, GAPS_MAX).map(shown);
  const document = sbomDocument({ name, version, packages: gathered.packages, locks: files.map(({ path }) => path), local: gathered.local, gaps: said });
  if (document.length > DOCUMENT_BYTES_MAX) throw new MaestroError("request.too_large", `the bill of materials has ${document.length} bytes, ${DOCUMENT_BYTES_MAX} at most can be kept`);
  return { document, packages: gathered.packages.length, gaps: said };
}
