/** What `maestro bundle` gathers from, put together: the log under its witnesses' newest checkpoint, bills of materials, what a gate was judged by. */
import { POLICY_FILE, CONFIGURATION_FILE, policyCodeFile, policyDataFile, type LeftOut } from "../proto/evidence-bundle.ts";
import type { SigstoreBundle } from "../proto/attestation.ts";
import type { Bundle } from "../proto/bundle.ts";
import { canonicalBytes } from "../proto/canonical.ts";
import { utf8 } from "../proto/encoding.ts";
import { MaestroError } from "../proto/errors.ts";
import { recordBytes } from "../proto/record.ts";
import { SBOM_DOCUMENT } from "../proto/sbom.ts";
import { createBundling, type Bundling, type BundlingDeps } from "./bundling/index.ts";
import { reissue, type ReceiptSource } from "./bundling/reissue.ts";
import type { Core } from "./compose.ts";
import { readReply } from "./gate/reply.ts";
import { readBundle } from "./policy/index.ts";
import type { GateRow } from "./store/gates.ts";

type BundledCore = Pick<Core, "artifacts" | "evidence" | "gates" | "releases" | "sboms" | "witnessing" | "policy_bytes">;

/** `null` for what is not there; everything else is thrown on. */
async function orNull<T>(work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MaestroError && error.code === "request.not_found") return null;
    throw error;
  }
}

/** The host's policy is handed out only while it is still the one of the gate; a repository's own lies in the repository. */
function policyFiles(policy: Uint8Array, wanted: { readonly wasm_sha256?: string; readonly data_sha256?: string }, place: number): { readonly name: string; readonly bytes: Uint8Array }[] {
  const { wasm, data_bytes, wasm_sha256, data_sha256 } = readBundle(policy, "the host's policy");
  if (wasm_sha256 !== wanted.wasm_sha256 || data_sha256 !== wanted.data_sha256) return [];
  return [{ name: policyCodeFile(place), bytes: wasm }, { name: policyDataFile(place), bytes: data_bytes }];
}

async function rulesOf({ artifacts, policy_bytes }: BundledCore, row: GateRow): ReturnType<BundlingDeps["rules"]> {
  const rules = (await readReply(artifacts, row))?.reply.rules;
  if (rules === undefined) return { files: [], left_out: [{ what: "configuration and policy", because: "the full reply of the gate, which holds them, is no longer kept, or is from before it held them" }] };
  const left_out: LeftOut[] = [];
  const files = [{ name: CONFIGURATION_FILE, bytes: utf8(rules.configuration) }, { name: POLICY_FILE, bytes: recordBytes("policy", 1, { bundles: rules.policies }) }];
  for (const [place, policy] of rules.policies.entries()) {
    const found = place === 0 && "wasm_sha256" in policy ? policyFiles(policy_bytes, policy, place) : [];
    if (found.length === 0) left_out.push({ what: `policy ${place}, code and data`, because: place === 0 ? "the host works under another policy by now" : "it is the repository's own, and lies in its base commit" });
    files.push(...found);
  }
  return { files, left_out };
}

function receiptsOf({ evidence: { log }, witnessing: { cosigned } }: Pick<Core, "evidence" | "witnessing">): ReceiptSource {
  return {
    origin: () => log.state().origin,
    entry: (index) => (index < log.state().size ? log.entry(index) : null),
    witnessed: () => cosigned.quorum() > 0,
    receipt: (index) => cosigned.receipt(index),
    consistency: (first, second) => log.consistencyProof(first, second),
  };
}

/** One Sigstore bundle of this node's with its receipt under the newest witnessed checkpoint; as it was where there is none. */
export function reissuedBy(core: Pick<Core, "evidence" | "witnessing">): (bundle: Uint8Array) => Uint8Array {
  return (bundle) => {
    const [attestation] = reissue([JSON.parse(new TextDecoder().decode(bundle)) as SigstoreBundle], receiptsOf(core)).attestations;
    return attestation === undefined ? bundle : canonicalBytes(attestation);
  };
}

/** As `reissuedBy`, for the evidence of a gate: all that stands beside its obligations moves under the same checkpoint. */
export function reissuedGateBy(core: Pick<Core, "evidence" | "witnessing">): (bundle: Uint8Array) => Uint8Array {
  return (bytes) => {
    const bundle = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
    const { attestations, answered } = reissue(bundle.attestations, receiptsOf(core));
    return answered === undefined ? bytes : canonicalBytes({ ...bundle, attestations });
  };
}

export function bundlingOf(core: BundledCore): Bundling {
  return createBundling({
    gates: core.gates,
    artifacts: core.artifacts,
    releases: core.releases,
    trust: () => core.evidence.trust_bytes,
    receipts: receiptsOf(core),
    sbom: async (row) => {
      const bytes = await orNull(() => core.sboms.ofGate(row));
      return bytes === null ? null : { name: SBOM_DOCUMENT, bytes };
    },
    rules: (row) => rulesOf(core, row),
  });
}
