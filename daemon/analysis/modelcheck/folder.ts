/** The models of a folder: for each `NAME.cfg` the module `NAME.tla` and those of the folder it stands on. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { fromUtf8Lossy } from "../../../proto/encoding.ts";
import type { ModelLimits, ModelRow } from "../../../proto/model.ts";
import { MODULE_NAME, type ModelRequest } from "./request.ts";
import { STANDARD_MODULES } from "./release.ts";

export interface FolderModel {
  readonly name: string;
  readonly request: ModelRequest;
  readonly wanted: ModelRow["wanted"];
}

const MODELS_MAX = 256;
/** A broken twin is called so and says in its configuration what TLC must answer. */
const TWIN = /^[A-Za-z][A-Za-z0-9_]*Broken$/;
const REFUSED = /^\\\* refused with (1[0-4])\b/m;

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new MaestroError("cli.usage", `${folder} cannot be read; name another with --folder`, { cause: error });
  }
}

function bounded(path: string, bytes_max: number): Uint8Array {
  const stat = lstatSync(path);
  if (!stat.isFile()) throw new MaestroError("cli.usage", `${path} is no file`);
  if (stat.size > bytes_max) throw new MaestroError("cli.usage", `${path} has more than ${bytes_max} bytes`);
  return readFileSync(path);
}

/** Names that a module might mean: more than it extends does no harm, one too few is a module TLC does not find. */
const words = (bytes: Uint8Array): ReadonlySet<string> => new Set(fromUtf8Lossy(bytes).match(/[A-Za-z0-9_]+/g) ?? []);

function modulesOf(folder: string, spec: string, beside: readonly string[], { spec_bytes_max }: ModelLimits): Map<string, Uint8Array> {
  const modules = new Map<string, Uint8Array>();
  const open = [spec];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (modules.has(name)) continue;
    const bytes = bounded(join(folder, `${name}.tla`), spec_bytes_max);
    modules.set(name, bytes);
    const said = words(bytes);
    open.push(...beside.filter((other) => said.has(other) && !modules.has(other)));
  }
  return modules;
}

/** In the order of their names. Throws `cli.usage` for a folder without any, and for a name that is none of them. */
export function modelsIn(folder: string, named: readonly string[], limits: ModelLimits): FolderModel[] {
  const files = filesOf(folder);
  const beside = files.filter((file) => file.endsWith(".tla")).map((file) => file.slice(0, -".tla".length)).filter((name) => MODULE_NAME.test(name));
  const known = files.filter((file) => file.endsWith(".cfg")).map((file) => file.slice(0, -".cfg".length)).filter((name) => beside.includes(name) && !STANDARD_MODULES.has(name));
  const missing = named.find((name) => !known.includes(name));
  if (missing !== undefined || known.length === 0) throw new MaestroError("cli.usage", `${folder} has no model ${missing ?? "at all"}: a NAME.tla with a NAME.cfg${known.length === 0 ? "" : `; it has ${known.join(", ")}`}`);
  if (known.length > MODELS_MAX) throw new MaestroError("cli.usage", `${folder} has more than ${MODELS_MAX} models`);
  return known.filter((name) => named.length === 0 || named.includes(name)).map((name) => {
    const cfg = bounded(join(folder, `${name}.cfg`), limits.spec_bytes_max);
    const refused = TWIN.test(name) ? REFUSED.exec(fromUtf8Lossy(cfg))?.[1] : undefined;
    return { name, request: { spec: name, cfg, modules: modulesOf(folder, name, beside, limits) }, wanted: refused === undefined ? "pass" : Number(refused) };
  });
}
