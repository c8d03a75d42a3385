/** The evidence manifest: one salted leaf for every fact a verdict rests on, under one RFC 6962 root. */
import { createHmac } from "node:crypto";
import { rootOf } from "../../../kernels/merkle/index.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { gateId, type Attempt, type Identity } from "../../../proto/change.ts";
import { concatBytes, toBase64, toHex, utf8 } from "../../../proto/encoding.ts";
import { LEAF_SCHEMA, type IdentityLeaf, type Leaf, type Manifest, type ObligationLeaf } from "../../../proto/manifest.ts";
import { leafBytes } from "../../verifier/leaves.ts";
import { rangeGroup } from "../../verifier/range/engine.ts";
import { commit, openingDigest, type Opening } from "../../verifier/range/opening.ts";
import { blindingOf } from "../range/blinding.ts";
import type { HiddenLeafOpening } from "../range/index.ts";
import { coreLeaves, unsaltedCore, type CoreLeaf, type Findings } from "./core.ts";

export type { Findings, Source } from "./core.ts";
export { coreLeaves, unsaltedCore } from "./core.ts";

const SALT_BYTES = 16;

export interface ManifestInput extends Findings {
  readonly identity: Identity;
  readonly attempt: Attempt;
  /** Name and version of what looked. */
  readonly tool: string;
  readonly salt_secret: Uint8Array;
}

export interface BuiltManifest {
  readonly manifest: Manifest;
  readonly core_sha256: string;
  /** Leaves with a commitment, and what opens them; for the prover and the sealed record alone. */
  readonly hidden: readonly HiddenLeafOpening[];
}

function mac(secret: Uint8Array, purpose: string, value: unknown): Uint8Array {
  return new Uint8Array(createHmac("sha256", secret).update(concatBytes(utf8(`maestro/v1/${purpose}\0`), canonicalBytes(value))).digest());
}

/** Secret to everyone without the key, equal for an equal leaf: 16 bytes over gate, attempt, coordinates and value. */
function salted<T extends Omit<IdentityLeaf, "salt"> | Omit<ObligationLeaf, "salt">>(leaf: T, attempt: number, secret: Uint8Array): T & { salt: string } {
  return { ...leaf, salt: toBase64(mac(secret, "salt", { attempt, leaf }).subarray(0, SALT_BYTES)) };
}

function openingOf({ secret, name }: CoreLeaf, gate_id: string, { attempt: { attempt }, salt_secret }: ManifestInput): Opening | null {
  if (secret === undefined) return null;
  const value = secret.reveal();
  return { value, blinding: blindingOf(salt_secret, { gate_id, attempt, name, value }) };
}

function fullLeaf({ source, reused, secret, ...core }: CoreLeaf, gate_id: string, input: ManifestInput, opening: Opening | null): ObligationLeaf {
  const travels = source?.travels === true;
  // A report's MAC is of this attempt alone: whoever may hand in reports for the same change could otherwise try which one it was.
  const mac_of = core.component === "obligations" ? { gate_id, attempt: input.attempt.attempt } : { gate_id };
  const leaf: Omit<ObligationLeaf, "salt"> = {
    ...core,
    v: 3,
    gate_id,
    commitment: opening === null ? null : toBase64(commit(rangeGroup(), opening)),
    ...(opening === null || secret === undefined ? {} : { hidden: { bits: secret.bits, opening_sha256: openingDigest(opening) } }),
    source_mac: source === null || travels ? null : toHex(mac(input.salt_secret, "source", { ...mac_of, sha256: source.sha256 })),
    source_sha256: travels ? source.sha256 : null,
    tool: reused === undefined ? input.tool : `${input.tool}; re-used from attempt ${reused.attempt} of ${reused.gate_id}`,
    policy: input.identity.policy,
  };
  return salted(leaf, input.attempt.attempt, input.salt_secret);
}

export function buildManifest(input: ManifestInput): BuiltManifest {
  const gate_id = gateId(input.identity);
  const cores = coreLeaves(input);
  const identity: Omit<IdentityLeaf, "salt"> = {
    v: 3,
    gate_id,
    kind: "identity",
    schema: LEAF_SCHEMA,
    leaf_count: cores.length + 1,
    identity: input.identity,
    attempt: input.attempt,
  };
  const openings = cores.map((core) => openingOf(core, gate_id, input));
  const full = cores.map((core, i) => fullLeaf(core, gate_id, input, openings[i] ?? null));
  const leaves: Leaf[] = [salted(identity, input.attempt.attempt, input.salt_secret), ...full];
  return {
    manifest: { v: 3, gate_id, root: toHex(rootOf(leaves.map(leafBytes))), leaves: leaves.map((leaf) => ({ leaf })) },
    core_sha256: unsaltedCore(input.identity, cores),
    hidden: full.flatMap((leaf, i) => (openings[i] == null ? [] : [{ index: i + 1, leaf, opening: openings[i] }])),
  };
}
