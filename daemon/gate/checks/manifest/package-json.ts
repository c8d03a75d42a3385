import { isFields, readJsonObject } from "../reading/json.ts";
import type { ReadManifest } from "./manifest.ts";

/** `prepare` is left out: it runs in this repository's own checkout, as its test scripts do, never for those who install from a registry. */
const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall"] as const;
/** Peers are left out: whoever installs the package chose them already. */
const RUNTIME = ["dependencies", "optionalDependencies"] as const;
const ELSEWHERE = ["peerDependencies", "devDependencies"] as const;
const OVERRIDES = ["overrides", "resolutions"] as const;
const LOCAL = /^(?:workspace|file|link|portal|catalog):/;
const DEPTH_MAX = 8;

function strings(value: unknown): [string, string][] {
  return isFields(value) ? Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string") : [];
}

function names(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((name) => typeof name === "string");
  return isFields(value) ? Object.keys(value).filter((name) => value[name] === true) : [];
}

/** Overrides nest by package. */
function leaves(value: unknown, depth: number): string[] {
  if (typeof value === "string") return [value];
  return isFields(value) && depth < DEPTH_MAX ? Object.values(value).flatMap((inner) => leaves(inner, depth + 1)) : [];
}

export function readPackageJson(content: string): ReadManifest {
  const read = readJsonObject(content);
  if ("broken" in read) return read;
  const { fields } = read;
  const pnpm = isFields(fields["pnpm"]) ? fields["pnpm"] : {};
  const scripts = isFields(fields["scripts"]) ? fields["scripts"] : {};
  const runtime = RUNTIME.flatMap((key) => strings(fields[key])).filter(([, spec]) => !LOCAL.test(spec));
  const specs = [...RUNTIME, ...ELSEWHERE].flatMap((key) => strings(fields[key]).map(([, spec]) => spec));
  const overrides = [...OVERRIDES.map((key) => fields[key]), pnpm["overrides"]].flatMap((value) => leaves(value, 0));
  const allowed = [fields["trustedDependencies"], pnpm["onlyBuiltDependencies"], fields["allowScripts"]].flatMap(names);
  const publish = isFields(fields["publishConfig"]) ? fields["publishConfig"]["registry"] : null;
  return {
    runtime: new Map(runtime),
    addresses: [...specs, ...overrides],
    registries: typeof publish === "string" ? [publish] : [],
    installs: [
      ...INSTALL_SCRIPTS.flatMap((name) => (typeof scripts[name] === "string" && scripts[name] !== "" ? [`${name}: ${scripts[name]}`] : [])),
      ...allowed.map((name) => `scripts of ${name} are allowed`),
    ],
  };
}
