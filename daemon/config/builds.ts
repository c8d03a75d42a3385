/** Builds of host and base together, as with commands: the base adds, and under a name of the host's it may say nothing. Pure. */
import type { Build } from "../../proto/build.ts";
import type { RepositoryConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Host } from "./host.ts";

export interface Declared {
  readonly build: Build;
  readonly source: "host" | "base";
}

/** Throws `config.loosens`, and `request.not_found` with the names there are. */
export function declaredBuild(host: Pick<Host, "builds">, base: Pick<RepositoryConfig, "builds"> | null, name: string): Declared {
  const [ours, theirs] = [host.builds, base?.builds ?? {}];
  const twice = Object.keys(theirs).filter((one) => Object.hasOwn(ours, one));
  if (twice.length > 0) throw new MaestroError("config.loosens", twice.map((one) => `builds.${one}: the host declares it, and only the host may change it`).join("; "));
  const source = Object.hasOwn(ours, name) ? "host" : "base";
  const found = source === "host" ? ours[name] : Object.hasOwn(theirs, name) ? theirs[name] : undefined;
  if (found !== undefined) return { build: found, source };
  const known = [...Object.keys(ours), ...Object.keys(theirs)].sort();
  throw new MaestroError("request.not_found", `no build ${name}: ${known.length === 0 ? "neither the host nor maestro.yaml of the target declares one" : `declared are ${known.join(", ")}`}; what the commit itself declares counts once it is merged`);
}
