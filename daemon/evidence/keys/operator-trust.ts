import type { Mode } from "../../../proto/change.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { readOperatorFile } from "../../platform/operator-file.ts";
import { openTrust, type Trust } from "../../verifier/trust.ts";

const BYTES_MAX = 1024 * 1024;

/** The trust file that the operator's root signed. Throws `evidence.keys` where somebody else could have written it, or it is no such file. */
export function operatorTrust(path: string): { readonly bytes: Uint8Array; readonly trust: Trust } {
  const refuse = (because: string, cause?: unknown) => new MaestroError("evidence.keys", `trust_file ${path} ${because}`, { cause });
  const read = readOperatorFile(path, BYTES_MAX);
  if ("because" in read) throw refuse(`${read.because}; sign one with \`maestro trust sign\`, over the trust.json in the state folder`, read.cause);
  const { bytes } = read;
  const opened = openTrust(bytes);
  if (!opened.ok) throw refuse(`is not usable: ${opened.reason.detail}`);
  if (opened.value.self_made) throw refuse("is one that a daemon made for itself, which gives no authority");
  return { bytes, trust: opened.value };
}

/** Throws `evidence.keys` unless the trust file lets this node's key sign in each of the modes: found out at start, not at the first gate. */
export function requireModes(entries: Trust["entries"], fingerprint: string, modes: readonly Mode[]): void {
  const own = entries.filter(({ entry }) => entry.fingerprint === fingerprint);
  const missing = modes.find((mode) => !own.some(({ entry }) => entry.modes.includes(mode)));
  if (missing !== undefined) throw new MaestroError("evidence.keys", `the trust file does not let ${fingerprint} sign in mode ${missing}; sign one that does (\`maestro trust sign --modes …\`) and name it under trust_file`);
}
