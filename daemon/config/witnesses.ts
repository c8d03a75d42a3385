/** Witnesses of the host configuration: what the schema cannot say of them. */
import type { HostConfig } from "../../proto/config.ts";
import type { WitnessEntry } from "../../proto/witness.ts";
import { parseCosignerKey } from "../verifier/cosignature.ts";
import { parseVerifierKey } from "../verifier/note.ts";
import { isPrivateWay } from "./operator-table.ts";
import type { Problem } from "./problem.ts";

/** Asked by the daemon itself, over a socket of this machine; all others by the egress helper. */
export const isLocal = ({ url }: Pick<WitnessEntry, "url">): boolean => url.startsWith("unix:");

/** The first thing wrong, or null. */
export function witnessProblem({ witness, witnesses = [] }: HostConfig): Problem | null {
  for (const [i, text] of (witness?.logs ?? []).entries()) {
    if (parseVerifierKey(text) === null) return { path: ["witness", "logs", String(i)], because: "is not the Ed25519 key of a log: its id or its bytes do not fit" };
  }
  const raws = witnesses.map(({ vkey }) => parseCosignerKey(vkey)?.key.fingerprint);
  for (const [i, { name, url }] of witnesses.entries()) {
    const at = (field: string, because: string): Problem => ({ path: ["witnesses", String(i), field], because });
    if (raws[i] === undefined) return at("vkey", "is not the Ed25519 key of a witness: its id or its bytes do not fit");
    if (raws.indexOf(raws[i]) < i) return at("vkey", "stands there twice: keys are counted, not names");
    if (witnesses.findIndex((other) => other.name === name) < i) return at("name", `${name} stands there twice`);
    if (!isLocal({ url }) && !isPrivateWay(url)) return at("url", "must be https, http on this machine, or unix:/SOCKET");
  }
  return null;
}
