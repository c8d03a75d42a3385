/** OPA bundles: a gzipped tar of `/policy.wasm`, `/data.json`, `/.manifest` and, unread, the Rego source. */
import { nativeHasher } from "../../kernels/merkle/index.ts";
import { fromUtf8, toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { recordId } from "../../proto/record.ts";
import type { PolicyDigest } from "../../proto/worker.ts";
import { ArchiveError } from "../platform/archive/error.ts";
import { gunzip } from "../platform/archive/gzip.ts";
import { readTar } from "../platform/archive/tar.ts";

export const ENTRYPOINT = "maestro/gate/answer";

/** A default bundle has 58 kB packed, 145 kB unpacked, four entries. */
export const BUNDLE_LIMITS = {
  packed_bytes_max: 8 * 1024 * 1024,
  unpacked_bytes_max: 32 * 1024 * 1024,
  /** gzip reaches about 1000 on nothing but zeros; a bundle about 3. */
  ratio_max: 100,
  entries_max: 64,
} as const;

export interface Bundle {
  /** The manifest's revision, the name by which people know this policy; chosen by whoever built it. */
  readonly name: string;
  readonly wasm: Uint8Array;
  readonly data: Readonly<Record<string, unknown>>;
  /** As they lie in the archive: these are what `data_sha256` is of. */
  readonly data_bytes: Uint8Array;
  readonly wasm_sha256: string;
  readonly data_sha256: string;
}

const NAME_CHARACTERS_MAX = 64;
const REBUILD = `rebuild it with \`opa build -t wasm -e ${ENTRYPOINT}\``;

function refuse(where: string, what: string, cause?: unknown): MaestroError<"policy.load"> {
  return new MaestroError("policy.load", `${where}: ${what}; ${REBUILD}`, { cause });
}

/** Members of the archive under names without the leading slash that opa writes; anything unexpected is refused. */
function members(bytes: Uint8Array, where: string): ReadonlyMap<string, Uint8Array> {
  try {
    const files = readTar(gunzip(bytes, BUNDLE_LIMITS), { entries_max: BUNDLE_LIMITS.entries_max, one_leading_slash: true });
    for (const name of files.keys()) {
      if (!["policy.wasm", "data.json", ".manifest"].includes(name) && !name.endsWith(".rego")) {
        throw refuse(where, `${JSON.stringify(name.slice(0, 100))} does not belong into a bundle`);
      }
    }
    return files;
  } catch (error) {
    if (error instanceof ArchiveError) throw refuse(where, error.message, error);
    throw error;
  }
}

function json(bytes: Uint8Array | undefined, name: string, where: string): unknown {
  const text = bytes === undefined ? undefined : fromUtf8(bytes);
  if (text === undefined || text === null) throw refuse(where, bytes === undefined ? `it has no ${name}` : `${name} is not UTF-8`);
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse(where, `${name} is not JSON`, error);
    throw error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(manifest: unknown, where: string): string {
  if (!isObject(manifest)) throw refuse(where, "its manifest is not an object");
  const resolvers: unknown[] = Array.isArray(manifest["wasm"]) ? manifest["wasm"] : [];
  if (!resolvers.some((one) => isObject(one) && one["entrypoint"] === ENTRYPOINT)) {
    throw refuse(where, `it was not compiled to WebAssembly with the entry point ${ENTRYPOINT}`);
  }
  const revision = manifest["revision"];
  return typeof revision === "string" && revision !== "" ? revision.slice(0, NAME_CHARACTERS_MAX) : "unnamed";
}

/**
 * Reads a compiled bundle; `where` names it in errors. Throws `policy.load`.
 * The WebAssembly is not compiled here, only in a check process.
 */
export function readBundle(bytes: Uint8Array, where: string): Bundle {
  const files = members(bytes, where);
  const name = nameOf(json(files.get(".manifest"), ".manifest", where), where);
  const wasm = files.get("policy.wasm");
  if (wasm === undefined) throw refuse(where, "it has no policy.wasm");
  const data = json(files.get("data.json"), "data.json", where);
  if (!isObject(data)) throw refuse(where, "data.json is not an object");
  const data_bytes = files.get("data.json")!;
  return { name, wasm, data, data_bytes, wasm_sha256: toHex(nativeHasher.sha256(wasm)), data_sha256: toHex(nativeHasher.sha256(data_bytes)) };
}

/** What a bundle file holds, over code and data, so that another gzip of the same bundle is the same. One that does not read has a digest too. */
export function bundleDigest(bytes: Uint8Array, where: string): PolicyDigest {
  try {
    const { wasm_sha256, data_sha256 } = readBundle(bytes, where);
    return { wasm_sha256, data_sha256 };
  } catch (error) {
    if (error instanceof MaestroError && error.code === "policy.load") return { unreadable_sha256: toHex(nativeHasher.sha256(bytes)) };
    throw error;
  }
}

/** Id of the policy that these bundles are, in their order, the host's first. */
export function policyId(bundles: readonly PolicyDigest[]): string {
  return recordId("policy", 1, { bundles: [...bundles] });
}
