/** Parts of files for auditors, each from its place in the store and with a receipt as new as witnesses are. */
import { createHash } from "node:crypto";
import { SigstoreBundle, Statement } from "../../proto/attestation.ts";
import { Bundle } from "../../proto/bundle.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import type { Identity } from "../../proto/change.ts";
import { fromBase64, toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { EARLIER_MAX, FILE_BYTES_MAX, PROVENANCE_MAX, type AnsweredReceipts, type HeldFile, type HeldGate, type HeldSignature, type LeftOut } from "../../proto/evidence-bundle.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { isBuildName, readBuild } from "../store/builds.ts";
import { readDrafts } from "../store/draft-statements.ts";
import type { GateRow, Gates } from "../store/gates.ts";
import type { ReleaseTable } from "../store/releases.ts";
import { BUNDLE_LIMITS, STATEMENT_LIMITS } from "../verifier/limits.ts";
import { reissue, type ReceiptSource } from "./reissue.ts";

/** Somebody whose record it is. */
export type Owned = Pick<GateRow, "owner_uid" | "owner_tenant" | "repo_id" | "head">;

export interface BundlingDeps {
  readonly gates: Pick<Gates, "attempts" | "get">;
  readonly artifacts: Pick<Artifacts, "blobs" | "getArtifact" | "names">;
  readonly releases: Pick<ReleaseTable, "of">;
  readonly receipts: ReceiptSource;
  readonly trust: () => Uint8Array;
  /** The bill of materials that a gate recorded; `null` where it has none. */
  readonly sbom: (row: GateRow) => Promise<{ readonly name: string; readonly bytes: Uint8Array } | null>;
  /** Configuration and policy that a gate was judged by, as far as they are kept. */
  readonly rules: (row: GateRow) => Promise<{ readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[]; readonly left_out: readonly LeftOut[] }>;
}

const isBundle = lazyCheck(Bundle);
const isStatement = lazyCheck(Statement);
const isSigstore = lazyCheck(SigstoreBundle);
/** Builds have no index by commit: this many of the newest names are looked at, and more are said not to have been. */
const BUILDS_LOOKED_AT_MAX = 2_000;

/** The statement of a bundle of our own store. */
export function statementOf({ attestations: [first] }: Bundle): Statement {
  const statement: unknown = parseCanonical(fromBase64(first?.dsseEnvelope.payload ?? "") ?? new Uint8Array(), STATEMENT_LIMITS);
  if (!isStatement().Check(statement)) throw new MaestroError("store.corrupt", "the statement of a bundle is not in the form it was written in");
  return statement;
}

/** Of the trust file that the node works under, for whoever wants to compare. */
export const trustDigest = ({ trust }: Pick<BundlingDeps, "trust">): string => createHash("sha256").update(trust()).digest("hex");

export class Gathering {
  readonly left_out: LeftOut[] = [];
  /** Of the gates' bundles gathered so far. */
  gate_bytes = 0;

  constructor(
    private readonly deps: BundlingDeps,
    private readonly sees: (owned: Owned) => boolean,
  ) {}

  leave(what: string, because: string): void {
    this.left_out.push({ what, because });
  }

  private held<T extends { readonly attestations: readonly SigstoreBundle[] }>(part: string, bundle: T): { readonly bundle: T; readonly answered?: AnsweredReceipts } {
    const { attestations, answered, because } = reissue(bundle.attestations, this.deps.receipts);
    if (because !== undefined) this.leave(`${part}: a receipt under the newest witnessed checkpoint`, because);
    return { bundle: { ...bundle, attestations }, ...(answered === undefined ? {} : { answered }) };
  }

  async gate(part: string, row: GateRow): Promise<HeldGate | null> {
    const bytes = await this.deps.artifacts.blobs.get(row.bundle);
    if (bytes === undefined) return null;
    this.gate_bytes += bytes.length;
    const bundle: unknown = parseCanonical(bytes, BUNDLE_LIMITS);
    if (!isBundle().Check(bundle)) throw new MaestroError("store.corrupt", `the bundle of ${row.gate_id} is not in the form it was written in`);
    return this.held(part, bundle);
  }

  signature(part: string, bytes: Uint8Array): HeldSignature {
    const bundle: unknown = parseCanonical(bytes, BUNDLE_LIMITS);
    if (!isSigstore().Check(bundle)) throw new MaestroError("store.corrupt", `${part} is not in the form it was written in`);
    const { bundle: { attestations: [one] }, ...answered } = this.held(part, { attestations: [bundle] });
    return { bundle: one ?? bundle, ...answered };
  }

  async earlier(row: GateRow): Promise<HeldGate[]> {
    const rows = this.deps.gates.attempts(row.gate_id).filter((one) => one.attempt.attempt < row.attempt.attempt && this.sees(one));
    const held: HeldGate[] = [];
    if (rows.length > EARLIER_MAX) this.leave(`${rows.length - EARLIER_MAX} earlier attempts`, `a file holds the newest ${EARLIER_MAX}`);
    for (const one of rows.slice(-EARLIER_MAX)) {
      const part = `attempt ${one.attempt.attempt}`;
      const found = await this.gate(part, one);
      if (found === null) this.leave(part, "it is no longer kept");
      else held.push(found);
    }
    return held;
  }

  async releases({ predicate: { identity, releases = [] } }: Statement): Promise<HeldSignature[]> {
    const rows = this.deps.releases.of(identity);
    const held: HeldSignature[] = [];
    for (const { kind, person, statement_sha256 } of releases) {
      const part = `${kind} by ${person}`;
      const row = rows.find((one) => one.statement_sha256 === statement_sha256);
      const bytes = row === undefined ? undefined : await this.deps.artifacts.blobs.get(row.bundle);
      // The verifier names each that the statement names and the file lacks.
      if (bytes !== undefined) held.push(this.signature(part, bytes));
    }
    return held;
  }

  async provenance({ repo_id, head }: Identity): Promise<HeldSignature[]> {
    const names = this.deps.artifacts.names().filter(isBuildName);
    if (names.length > BUILDS_LOOKED_AT_MAX) this.leave(`${names.length - BUILDS_LOOKED_AT_MAX} builds`, `${BUILDS_LOOKED_AT_MAX} builds were looked at for this commit`);
    const held: HeldSignature[] = [];
    for (const name of names.slice(-BUILDS_LOOKED_AT_MAX)) {
      const build = await readBuild(this.deps.artifacts, name);
      if (build === null || build.row.commit !== head || build.row.repo_id !== repo_id || !this.sees({ ...build.row, head })) continue;
      if (held.length === PROVENANCE_MAX) {
        this.leave("further builds of this commit", `a file holds ${PROVENANCE_MAX}`);
        break;
      }
      held.push(this.signature(`provenance of ${build.row.build}`, build.provenance));
    }
    return held;
  }

  /** What was signed about drafts of it later; whoever sees the gate sees them. */
  async drafts({ gate_id, attempt: { attempt } }: GateRow): Promise<HeldSignature[]> {
    const held: HeldSignature[] = [];
    for (const [at, { bundle }] of (await readDrafts(this.deps.artifacts, gate_id, attempt)).entries()) {
      const part = `drafts ${at + 1}`;
      // Words about a gate keep nobody from the gate's own evidence.
      if (bundle === null) this.leave(part, "it is damaged or gone; maestro fsck says which");
      else held.push(this.signature(part, bundle));
    }
    return held;
  }

  async files(row: GateRow): Promise<HeldFile[]> {
    const [sbom, rules] = await Promise.all([this.deps.sbom(row), this.deps.rules(row)]);
    this.left_out.push(...rules.left_out);
    const held: HeldFile[] = [];
    for (const { name, bytes } of [...rules.files, ...(sbom === null ? [] : [sbom])]) {
      if (bytes.length > FILE_BYTES_MAX) this.leave(name, `it has ${bytes.length} bytes; a file of ${FILE_BYTES_MAX} fits`);
      else held.push({ name, content: toBase64(bytes) });
    }
    return held.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
