/** Builds of host and base together, as with commands: the base adds, and under a name of the host's it may say nothing. Pure. */
import { provenanceName, type Build } from "../../proto/build.ts";
import type { RepositoryConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Host } from "./host.ts";

export interface Declared {
  readonly build: Build;
  readonly source: "host" | "base";
}

/** As file systems that do not tell case or ways of writing a letter apart see it. */
const folded = (path: string): string => path.normalize("NFC").toLowerCase();

/** Files of which one would end up in another's place on somebody's disk. */
function clashes(name: string, outputs: readonly string[]): string[] {
  const taken = new Map([[folded(provenanceName(name)), provenanceName(name)]]);
  const found = outputs.filter((path) => folded(path).startsWith(`${folded(provenanceName(name))}.`)).map((path) => `${path} is called like an unfinished ${provenanceName(name)}`);
  for (const path of outputs) {
    const other = taken.get(folded(path));
    if (other !== undefined) found.push(`${path} and ${other} are one file where case does not count`);
    taken.set(folded(path), path);
  }
  for (const path of taken.values()) {
    for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
      const folder = taken.get(folded(path.slice(0, at)));
      if (folder !== undefined) found.push(`${folder} would be a file and the folder of ${path}`);
    }
  }
  return found;
}

/** What its provenance could not say truly, or its files not be told apart. */
function troubles(name: string, { env = {}, outputs }: Build): string[] {
  const dated = Object.hasOwn(env, "SOURCE_DATE_EPOCH") ? ["SOURCE_DATE_EPOCH is the time of the commit, and no recipe says otherwise"] : [];
  return [...dated, ...clashes(name, outputs)];
}

/** Throws `config.loosens`, `config.malformed`, and `request.not_found` with the names there are. */
export function declaredBuild(host: Pick<Host, "builds">, base: Pick<RepositoryConfig, "builds"> | null, name: string): Declared {
  const [ours, theirs] = [host.builds, base?.builds ?? {}];
  const twice = Object.keys(theirs).filter((one) => Object.hasOwn(ours, one));
  if (twice.length > 0) throw new MaestroError("config.loosens", twice.map((one) => `builds.${one}: the host declares it, and only the host may change it`).join("; "));
  const source = Object.hasOwn(ours, name) ? "host" : "base";
  const found = source === "host" ? ours[name] : Object.hasOwn(theirs, name) ? theirs[name] : undefined;
  const wrong = found === undefined ? [] : troubles(name, found);
  if (wrong.length > 0) throw new MaestroError("config.malformed", `builds.${name}: ${wrong.join("; ")}`.slice(0, 2000));
  if (found !== undefined) return { build: found, source };
  const known = [...Object.keys(ours), ...Object.keys(theirs)].sort();
  throw new MaestroError("request.not_found", `no build ${name}: ${known.length === 0 ? "neither the host nor maestro.yaml of the target declares one" : `declared are ${known.join(", ")}`}; what the commit itself declares counts once it is merged`);
}
