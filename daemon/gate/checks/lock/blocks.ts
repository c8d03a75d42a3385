/**
 * Cargo.lock, uv.lock and poetry.lock: TOML with a list of packages. Read as TOML and not by line: whatever way of writing a
 * package the tools that install from it understand, a reader that does not would let that package pass unseen.
 */
import { isFields, type Fields } from "../reading/json.ts";
import { anyShaped, DEFAULT_SOURCE, sourceOf, type Lock, type LockEntry } from "./entry.ts";

const HASH = /^(?:sha\d+|md5|blake2b?):[0-9a-f]{16,200}$/;
/** Kinds of source that uv writes as an inline table of the kind and the address; the others lie in the repository. */
const UV_KINDS = ["registry", "git", "url"] as const;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Of a registry the path counts: hosts of code serve an index to anyone who opens an account, the usual index among them. */
function cargoSource(stated: string): string | null {
  const index = /^(?:registry|sparse)\+(https?:.{1,2000})$/.exec(stated)?.[1] ?? "";
  if (!URL.canParse(index)) return sourceOf(stated, anyShaped);
  const { protocol, host, pathname } = new URL(index);
  return `${protocol === "http:" ? "http://" : ""}${host}/${pathname.split("/")[1]?.toLowerCase() ?? ""}`;
}

function uvSource(stated: Fields): string | null {
  const kind = UV_KINDS.find((one) => typeof stated[one] === "string");
  const address = kind === undefined ? "" : text(stated[kind]);
  if (kind === "git") return sourceOf(`git+${address}`, anyShaped);
  return kind === "url" ? sourceOf(address, () => false) : kind === undefined ? null : sourceOf(address, anyShaped);
}

/** Poetry's own table for packages that come from elsewhere. */
function poetrySource({ type, url }: Fields): string | null {
  if (type === "directory" || type === "file") return null;
  return type === "git" ? sourceOf(`git+${text(url)}`, anyShaped) : sourceOf(text(url), () => type === "legacy");
}

function sourceField(stated: unknown, absent: string | null): string | null {
  if (typeof stated === "string") return cargoSource(stated);
  if (!isFields(stated)) return absent;
  return typeof stated["type"] === "string" ? poetrySource(stated) : uvSource(stated);
}

const hashesOf = (files: unknown): string[] => list(files).flatMap((file) => (isFields(file) && HASH.test(text(file["hash"])) ? [text(file["hash"])] : []));

/** The first version of Cargo.lock keeps all checksums in one table, by what they are of. */
function cargoChecksum({ checksum, name, version, source }: Fields, metadata: Fields): string {
  const stated = text(checksum) || text(metadata[`checksum ${text(name)} ${text(version)} (${text(source)})`]);
  return stated === "" || stated === "<none>" ? "" : `sha256:${stated}`;
}

function entryOf(fields: Fields, absent: string | null, metadata: Fields): LockEntry {
  const name = text(fields["name"]);
  const checksum = cargoChecksum(fields, metadata);
  const { files, wheels, sdist } = fields;
  // Poetry before 1.5 lists files of all packages in one table.
  const by_name = isFields(metadata["files"]) ? metadata["files"] : {};
  const listed = Object.hasOwn(by_name, name) ? by_name[name] : undefined;
  const integrity = [...(checksum === "" ? [] : [checksum]), ...hashesOf([sdist]), ...hashesOf(wheels), ...hashesOf(files), ...hashesOf(listed)];
  return { name, version: text(fields["version"]), source: sourceField(fields["source"], absent), integrity, installs: false };
}

/** `local_without_source`: Cargo and uv state where a package comes from, so one without lies in the repository; poetry states only exceptions. */
export function readBlocks(content: string, local_without_source: boolean): Lock {
  let root: unknown;
  try {
    root = Bun.TOML.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return { broken: "it is not TOML" };
    throw error;
  }
  if (!isFields(root)) return { broken: "it is not a table" };
  const metadata = isFields(root["metadata"]) ? root["metadata"] : {};
  const absent = local_without_source ? null : DEFAULT_SOURCE;
  return { entries: list(root["package"]).flatMap((fields) => (isFields(fields) && text(fields["name"]) !== "" ? [entryOf(fields, absent, metadata)] : [])) };
}
