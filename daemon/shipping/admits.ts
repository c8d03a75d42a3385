/** The admits that may cover a range: this node's own records, and other nodes' evidence that its trust file vouches for. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bundle } from "../../proto/bundle.ts";
import type { Mode } from "../../proto/change.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import { SBOM_DOCUMENT } from "../../proto/sbom.ts";
import type { Statement } from "../../proto/attestation.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import { perhapsNamed, type GateRow, type Gates } from "../store/gates.ts";
import { verifyWithTrust, type Trust } from "../verifier/index.ts";
import { timestampSeconds } from "../verifier/time.ts";
import type { Admit } from "./core.ts";
import { fillTreeIndex, saidIn } from "./tree-index.ts";

export interface RecordedAdmit extends Admit {
  readonly statement: Statement;
  readonly statement_sha256: string;
  readonly bundle_sha256: string;
  readonly log_index: number;
  readonly signer: string;
  readonly record: "node" | "bundle";
  /** SHA-256 of the bill of materials that the gate recorded; null where it has none, or does not show it. */
  readonly sbom_sha256: string | null;
}

/** What an admit must be of. */
export interface Wanted {
  readonly repo_id: string;
  readonly target_ref: string;
  readonly mode: Mode;
  /** Whether whoever asks may know of that gate. */
  readonly sees: (row: GateRow) => boolean;
}

export interface AdmitDeps {
  readonly gates: Gates;
  readonly artifacts: Pick<Artifacts, "blobs">;
  readonly evidence: { readonly trust: Trust; now_s(): number };
}

/** The operator's word on base and configuration, in whichever of its two modes; a caller's word only counts beside another caller's. */
const modesLike = (mode: Mode): readonly Mode[] => (mode === "local" ? ["local", "host", "fork"] : ["host", "fork"]);

/** In mode local a target is what the caller called it, and may be a bare commit. */
const ofBranch = (target_ref: string, { mode, identity }: Pick<Statement["predicate"], "mode" | "identity">): boolean => identity.target_ref === target_ref || (mode === "local" && identity.target_ref === identity.base);

function sbomIn(bytes: Uint8Array): string | null {
  const { manifest } = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
  for (const slot of manifest.leaves) if ("leaf" in slot && slot.leaf.kind === "document" && slot.leaf.name === SBOM_DOCUMENT) return slot.leaf.source_sha256;
  return null;
}

export class Admits {
  constructor(private readonly deps: AdmitDeps) {}

  /** A verified admit of what is wanted, or why these bytes are none. */
  verified(bytes: Uint8Array, { repo_id, target_ref, mode }: Wanted, record: RecordedAdmit["record"]): RecordedAdmit | string {
    const { trust, now_s } = { trust: this.deps.evidence.trust, now_s: this.deps.evidence.now_s() };
    const verified = verifyWithTrust(bytes, trust, { now: new Date(now_s * 1000), witnesses: "later" });
    const [reason] = verified.reasons;
    if (verified.result !== "verified" || verified.statement === null || verified.log === null || verified.signer === null) return `its evidence does not verify here: ${reason?.code}: ${reason?.detail}`;
    const { statement, log, signer } = verified;
    const { predicate: { identity, verdict, attempt, gate_id, mode: its_mode } } = statement;
    if (identity.repo_id !== repo_id || !ofBranch(target_ref, statement.predicate)) return `it is of ${identity.repo_id}, ${identity.target_ref}`;
    if (!modesLike(mode).includes(its_mode)) return `it was judged in mode ${its_mode}, which counts for nothing in mode ${mode}`;
    if (verdict !== "admit" || identity.merge_tree === null) return `it is a ${verdict}`;
    const payload = fromBase64((JSON.parse(new TextDecoder().decode(bytes)) as Bundle).attestations[0]?.dsseEnvelope.payload ?? "") ?? new Uint8Array();
    return {
      gate_id, base: identity.base, head: identity.head, merge_tree: identity.merge_tree,
      issued_s: timestampSeconds(attempt.issued_at) ?? 0, valid_until_s: timestampSeconds(attempt.valid_until) ?? 0,
      statement, statement_sha256: toHex(sha256(payload)), bundle_sha256: toHex(sha256(bytes)), log_index: log.index, signer: signer.fingerprint, record, sbom_sha256: sbomIn(bytes),
    };
  }

  /** Only the newest attempt of a gate speaks for it: an older admit that was judged again is over. */
  private newest(rows: readonly GateRow[], { repo_id, sees }: Wanted): GateRow[] {
    const ids = new Set(rows.filter((row) => row.repo_id === repo_id).map(({ gate_id }) => gate_id));
    return [...ids].flatMap((gate_id) => this.deps.gates.attempts(gate_id).at(-1) ?? []).filter(sees);
  }

  private async admitOf(row: GateRow, wanted: Wanted): Promise<RecordedAdmit | string> {
    if (row.verdict !== "admit") return `attempt ${row.attempt.attempt} of ${row.gate_id} says ${row.verdict}`;
    const bytes = await this.deps.artifacts.blobs.get(row.bundle);
    return bytes === undefined ? `the evidence of ${row.gate_id} is gone` : this.standing(bytes, wanted, "node");
  }

  /**
   * A verified admit that nothing on record here speaks against: the same change on the same base may have been judged since, again or under other
   * rules, which is another gate. What cannot be told counts against it.
   */
  async standing(bytes: Uint8Array, wanted: Wanted, record: RecordedAdmit["record"]): Promise<RecordedAdmit | string> {
    const admit = this.verified(bytes, wanted, record);
    if (typeof admit === "string") return admit;
    const rows = perhapsNamed(this.deps.gates, [admit.head]).filter(({ head, repo_id }) => head === admit.head && repo_id === wanted.repo_id);
    const own = rows.findIndex(({ bundle }) => bundle === sha256Digest(bytes));
    const newest = new Map(rows.map((row, at) => [row.gate_id, { row, at }]));
    for (const { row, at } of newest.values()) {
      const { issued_at } = admit.statement.predicate.attempt;
      const later = row.attempt.issued_at === issued_at ? at > own : row.attempt.issued_at > issued_at;
      if (row.verdict !== "admit" && later && (await this.judges(row, admit, wanted))) return `it was judged again since, on the same base: attempt ${row.attempt.attempt} of ${row.gate_id} says ${row.verdict}`;
    }
    return admit;
  }

  /** Whether a gate is of an admit's base and branch, in a mode that counts; so is one that does not say. */
  private async judges({ bundle }: GateRow, { base }: Admit, { target_ref, mode }: Wanted): Promise<boolean> {
    const bytes = await this.deps.artifacts.blobs.get(bundle);
    const said = bytes === undefined ? null : saidIn(bytes);
    return said === null || (said.identity.base === base && ofBranch(target_ref, said) && modesLike(mode).includes(said.mode));
  }

  /** Gates of these heads, and why those that count for nothing do not. */
  async ofHeads(heads: readonly string[], wanted: Wanted): Promise<{ readonly admits: readonly RecordedAdmit[]; readonly against: ReadonlyMap<string, string> }> {
    const admits: RecordedAdmit[] = [];
    const against = new Map<string, string>();
    for (const head of heads) {
      for (const row of this.newest(perhapsNamed(this.deps.gates, [head]).filter((row) => row.head === head), wanted)) {
        const admit = await this.admitOf(row, wanted);
        if (typeof admit === "string") against.set(head, admit);
        else admits.push(admit);
      }
    }
    return { admits, against };
  }

  /** Admits of exactly these contents on one of these bases, by whatever head. */
  async ofTrees(trees: ReadonlySet<string>, bases: ReadonlySet<string | null>, wanted: Wanted): Promise<readonly RecordedAdmit[]> {
    const { gates, artifacts } = this.deps;
    await fillTreeIndex(this.deps);
    const admits: RecordedAdmit[] = [];
    for (const row of this.newest([...trees].flatMap((tree) => gates.ofTree(tree)), wanted)) {
      // Signatures are checked only of what could cover something: a content that comes and goes has many gates.
      const bytes = row.verdict === "admit" ? await artifacts.blobs.get(row.bundle) : undefined;
      if (bytes === undefined || !bases.has(saidIn(bytes)?.identity.base ?? null)) continue;
      const admit = await this.standing(bytes, wanted, "node");
      if (typeof admit !== "string") admits.push(admit);
    }
    return admits;
  }
}
