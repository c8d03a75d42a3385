/** From the lock files of a tree to one document. Runs in a check process: every byte read here is a stranger's. */
import type { Ecosystem } from "../../proto/sbom.ts";
import type { Gap } from "../../proto/facts.ts";
import { fromUtf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { pathText, type PathBytes } from "../../proto/scalar.ts";
import { plain } from "./plain.ts";
import { gather, type Locked, type LockFile } from "./gather.ts";
import { sbomDocument } from "./document.ts";

/** Lock files of one document, bytes of one, and of the document: it must fit where documents travel. */
const LOCK_FILES_MAX = 64;
const LOCK_BYTES_MAX = 16 * 1024 * 1024;
const DOCUMENT_BYTES_MAX = 8 * 1024 * 1024;
const GAPS_MAX = 200;

export interface LockReader {
  readonly ecosystem: Ecosystem;
  readonly names_every_registry?: true;
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
  /** Whether a path is a lock file of a tool whose locks are not read. */
  readonly unread: (path: string) => boolean;
  /** Content of a blob, or why there is none. */
  readonly content: (oid: string, bytes_max: number) => Promise<Uint8Array | { readonly because: string }>;
}

export interface MadeSbom {
  /** `null` where the tree has no lock file, read or not. */
  readonly document: Uint8Array | null;
  readonly packages: number;
  readonly gaps: readonly Gap[];
}

const shown = ({ what, because }: Gap): Gap => ({ what: plain(what), because: plain(because) });

/** Over a list of gaps the last one says how many were left out. */
function few(gaps: readonly Gap[]): Gap[] {
  const all = gaps.map(shown);
  return all.length <= GAPS_MAX ? all : [...all.slice(0, GAPS_MAX - 1), { what: `${all.length - GAPS_MAX + 1} more`, because: "not listed one by one" }];
}

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
  return "broken" in lock ? { what: name, because: lock.broken } : { path: name, ecosystem: reader.ecosystem, ...(reader.names_every_registry === true ? { names_every_registry: true } : {}), entries: lock.entries };
}

/** Without the packages for which there is no place, and says how many these are. */
function fitting(files: readonly LockFile[], gaps: readonly Gap[], of: { readonly name: string; readonly version: string }): Required<MadeSbom> {
  for (let packages_max: number | undefined; ; ) {
    const gathered = gather(files, packages_max);
    const said = few([...gathered.gaps, ...gaps]);
    const packages = gathered.packages.length;
    const document = sbomDocument({ ...of, packages: gathered.packages, locks: files.map(({ path }) => plain(path)), local: gathered.local, registries: gathered.registries, gaps: said });
    if (document.length <= DOCUMENT_BYTES_MAX || packages === 0) return { document, packages, gaps: said };
    packages_max = Math.floor(packages * Math.min(0.95, (0.95 * DOCUMENT_BYTES_MAX) / document.length));
  }
}

/** `name` and `version` say what the tree is of. */
export async function makeSbom(leaves: readonly Leaf[], sources: Sources, of: { readonly name: string; readonly version: string }): Promise<MadeSbom> {
  const locks = leaves.filter(({ path }) => sources.readerOf(pathText(path)) !== null);
  const gaps: Gap[] = leaves.filter(({ path }) => sources.unread(pathText(path))).map(({ path }) => ({ what: pathText(path), because: "lock files of that tool are not read" }));
  if (locks.length === 0 && gaps.length === 0) return { document: null, packages: 0, gaps: [] };
  const files: LockFile[] = [];
  for (const leaf of locks.slice(0, LOCK_FILES_MAX)) {
    const file = await fileOf(sources, leaf);
    if ("because" in file) gaps.push(file);
    else files.push(file);
  }
  if (locks.length > LOCK_FILES_MAX) gaps.push({ what: `${locks.length - LOCK_FILES_MAX} lock files`, because: `more than ${LOCK_FILES_MAX}` });
  return fitting(files, gaps, of);
}
