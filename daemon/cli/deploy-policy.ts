/** A deploy policy as a person wrote it: JSON, closed, and never read as more than it says. */
import { readFileSync } from "node:fs";
import { DeployPolicy } from "../../proto/deploy.ts";
import { MaestroError } from "../../proto/errors.ts";
import { readForeign } from "../verifier/schema.ts";
import { policyProblem } from "../verifier/deploy/gate.ts";

const LIMITS = { bytes_max: 256 * 1024, depth_max: 6 } as const;

/** Throws `config.malformed`, `config.unknown_key`. */
export function readPolicy(path: string): DeployPolicy {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new MaestroError("config.malformed", `${path} cannot be read`, { cause });
  }
  const read = readForeign(DeployPolicy, bytes, LIMITS);
  if ("because" in read) throw new MaestroError(read.because.includes("Unexpected property") ? "config.unknown_key" : "config.malformed", `${path}: ${read.because}`);
  const problem = policyProblem(read.value);
  if (problem !== null) throw new MaestroError("config.malformed", `${path}: ${problem}`);
  return read.value;
}
