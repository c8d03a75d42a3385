/** A model as it is asked about: one module to start from, those it stands on, one configuration. */
import { fromUtf8Lossy } from "../../../proto/encoding.ts";
import { canonicalText } from "../../../proto/canonical.ts";
import type { ModelLimits } from "../../../proto/model.ts";
import { moduleText } from "./comments.ts";
import { readConfig } from "./config.ts";
import { STANDARD_MODULES } from "./release.ts";

export interface ModelRequest {
  /** Of a module in `modules`. */
  readonly spec: string;
  readonly cfg: Uint8Array;
  /** By module name, which is the file's name without `.tla`. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
}

/** A name of TLA+ may begin with a digit; it has a letter somewhere. */
export const MODULE_NAME = /^(?=.{1,64}$)(?=.*[A-Za-z])[A-Za-z0-9_]+$/;

/** Words of TLC and Randomization by which a run looks at some states, or at others each time, and says nothing of the rest. */
const SAMPLING = /\b(?:RandomElement|RandomSubset\w*|RandomSetOfSubsets|TestRandomSetOfSubsets|JavaTime)\b/;

/** Why this is not run at all; null where it may be. */
export function requestProblem({ spec, cfg, modules }: ModelRequest, limits: Pick<ModelLimits, "spec_bytes_max" | "modules_max">): string | null {
  const names = [...modules.keys()];
  const bad = names.find((name) => !MODULE_NAME.test(name));
  if (bad !== undefined) return `${JSON.stringify(bad)} is no name of a module`;
  if (!modules.has(spec)) return `there is no module ${JSON.stringify(spec)}`;
  const planted = names.find((name) => STANDARD_MODULES.has(name));
  if (planted !== undefined) return `${planted}.tla stands beside the specification: TLC would take it for its own module ${planted}, and what + or \\in mean is not for a specification to say`;
  if (modules.size > limits.modules_max) return `${modules.size} modules are more than ${limits.modules_max} (modules_max)`;
  const bytes = [...modules.values(), cfg].reduce((sum, { length }) => sum + length, 0);
  if (bytes > limits.spec_bytes_max) return `${bytes} bytes of specification are more than ${limits.spec_bytes_max} (spec_bytes_max)`;
  const config = readConfig(fromUtf8Lossy(cfg));
  if ("because" in config) return `the configuration cannot be read: ${config.because}`;
  const texts = [...modules].map(([name, text]) => [`module ${name}`, moduleText(fromUtf8Lossy(text))] as const);
  const sampling = [...texts, ["the configuration", [...config.constants.values()].join("\n")] as const].find(([, text]) => SAMPLING.test(text));
  return sampling === undefined ? null : `${sampling[0]} draws at random or asks the clock, so a run of it looks at some of its states and proves nothing of the others`;
}

const digest = (bytes: Uint8Array): string => Bun.SHA256.hash(bytes, "hex");

/** Of everything that is asked. */
export function requestDigest({ spec, cfg, modules }: ModelRequest): string {
  const files = Object.fromEntries([...modules].map(([name, bytes]): [string, string] => [name, digest(bytes)]));
  return digest(new TextEncoder().encode(canonicalText({ v: 1, spec, cfg: digest(cfg), modules: files })));
}
