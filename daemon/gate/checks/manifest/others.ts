/** Manifests beside package.json, read as far as their runtime names and addresses go. */
import { isFields, type Fields } from "../reading/json.ts";
import { EMPTY, type ReadManifest } from "./manifest.ts";

function toml(content: string): Fields | { readonly broken: string } {
  try {
    const root: unknown = Bun.TOML.parse(content);
    return isFields(root) ? root : { broken: "it is not a table" };
  } catch (error) {
    // Bun reports a parse failure as SyntaxError, BuildMessage or AggregateError by version; any of them means "not TOML".
    if (error instanceof Error) return { broken: "it is not TOML" };
    throw error;
  }
}

const isBroken = (value: Fields): value is { readonly broken: string } => typeof value["broken"] === "string" && Object.keys(value).length === 1;

/** `name = "1"` or `name = { git = "…", path = "…" }`. */
function cargoTable(table: unknown): { name: string; spec: string; address: string; local: boolean }[] {
  if (!isFields(table)) return [];
  return Object.entries(table).map(([name, value]) => {
    const fields = isFields(value) ? value : {};
    const git = typeof fields["git"] === "string" ? `git+${fields["git"]}` : "";
    return { name: typeof fields["package"] === "string" ? fields["package"] : name, spec: typeof value === "string" ? value : "", address: git, local: typeof fields["path"] === "string" || fields["workspace"] === true };
  });
}

export function readCargoToml(content: string): ReadManifest {
  const root = toml(content);
  if (isBroken(root)) return root;
  const targets = isFields(root["target"]) ? Object.values(root["target"]).filter(isFields) : [];
  const workspace = isFields(root["workspace"]) ? root["workspace"] : {};
  const runtime = [root, workspace, ...targets].flatMap((table) => cargoTable(table["dependencies"]));
  const build = [root, ...targets].flatMap((table) => [...cargoTable(table["build-dependencies"]), ...cargoTable(table["dev-dependencies"])]);
  const patches = isFields(root["patch"]) ? Object.values(root["patch"]).flatMap(cargoTable) : [];
  return {
    ...EMPTY,
    runtime: new Map(runtime.filter(({ local }) => !local).map(({ name, spec }) => [name, spec])),
    addresses: [...runtime, ...build, ...patches].map(({ address }) => address).filter((address) => address !== ""),
  };
}

/** PEP 508: a name, extras, then a version or `@ address`. */
const REQUIREMENT = /^\s*([A-Za-z0-9][A-Za-z0-9._-]{0,100})(?:\s*\[[^\]]{0,200}\])?\s*(?:@\s*(\S{1,1000}))?/;
const INDEX = /^\s*(?:-i|--index-url|--extra-index-url|-f|--find-links)[\s=]\s*(\S{1,1000})/;
const EDITABLE = /^\s*(?:-e|--editable)\s+(\S{1,1000})/;

function requirements(lines: readonly string[]): ReadManifest {
  const runtime = new Map<string, string>();
  const addresses: string[] = [];
  const registries: string[] = [];
  for (const line of lines) {
    const index = INDEX.exec(line)?.[1];
    const bare = EDITABLE.exec(line)?.[1] ?? (/^\s*(?:git|hg|svn|bzr)\+|^\s*https?:/.test(line) ? line.trim() : null);
    if (index !== undefined) registries.push(index);
    else if (bare !== null) addresses.push(bare);
    else if (!/^\s*(?:#|-|$)/.test(line)) {
      const [, name, address] = REQUIREMENT.exec(line) ?? [];
      if (name !== undefined) runtime.set(name.toLowerCase().replace(/[-_.]+/g, "-"), address ?? "");
      if (address !== undefined) addresses.push(address);
    }
  }
  return { ...EMPTY, runtime, addresses, registries };
}

export function readRequirements(content: string): ReadManifest {
  return requirements(content.split("\n"));
}

export function readPyproject(content: string): ReadManifest {
  const root = toml(content);
  if (isBroken(root)) return root;
  const project = isFields(root["project"]) && Array.isArray(root["project"]["dependencies"]) ? root["project"]["dependencies"].filter((item) => typeof item === "string") : [];
  const tool = isFields(root["tool"]) ? root["tool"] : {};
  const poetry = isFields(tool["poetry"]) && isFields(tool["poetry"]["dependencies"]) ? tool["poetry"]["dependencies"] : {};
  const read = requirements(project);
  if ("broken" in read) return read;
  const runtime = new Map(read.runtime);
  const addresses = [...read.addresses];
  for (const [name, value] of Object.entries(poetry)) {
    if (name === "python" || (isFields(value) && typeof value["path"] === "string")) continue;
    runtime.set(name.toLowerCase(), "");
    if (isFields(value) && typeof value["git"] === "string") addresses.push(`git+${value["git"]}`);
  }
  return { ...EMPTY, runtime, addresses };
}

const GO_REQUIRE = /^\s*(?:require\s+)?([\w.~-]{1,255}\/\S{1,500})\s+(v\S{1,200})(\s*\/\/\s*indirect)?/;
const GO_REPLACE = /=>\s*([\w.-]{1,255})\/\S{1,500}\s+v/;
const GO_HOST = /^\s*(?:(?:require|replace)\s+)?([\w.-]{1,255})\//;

/** Go names are addresses; a `replace` brings in code under another's name, so its host counts as an address. */
export function readGoMod(content: string): ReadManifest {
  const runtime = new Map<string, string>();
  const addresses: string[] = [];
  for (const line of content.split("\n")) {
    const replaced = GO_REPLACE.exec(line)?.[1];
    if (replaced?.includes(".")) addresses.push(`https://${replaced}/`);
    if (line.includes("=>")) continue;
    const [, name, version, indirect] = GO_REQUIRE.exec(line) ?? [];
    if (name !== undefined && indirect === undefined) runtime.set(name, version ?? "");
  }
  return { ...EMPTY, runtime, addresses };
}

/** Hosts of the modules a go.mod already requires: a replacement from one of them brings in nobody new. */
export function goHosts(content: string): string[] {
  return content.split("\n").flatMap((line) => GO_HOST.exec(line)?.[1] ?? []).map((host) => `https://${host}/`);
}

/** `.npmrc` and `.yarnrc`: every line that says where packages come from. */
export function readNpmrc(content: string): ReadManifest {
  const registries = content.split("\n").flatMap((line) => /^\s*"?(?:@[\w.-]{1,100}:)?(?:registry|npmRegistryServer)"?\s*[=: ]\s*"?(https?:[^\s"]{1,1000})/i.exec(line)?.[1] ?? []);
  return { ...EMPTY, registries };
}
