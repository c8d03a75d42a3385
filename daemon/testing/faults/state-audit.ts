/** What must hold of a state folder that a process or the power left behind, whatever it left. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { growTree, nativeHasher } from "../../../kernels/merkle/index.ts";
import { toHex } from "../../../proto/encoding.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../../config/host.ts";
import { openState, type State } from "../../state.ts";
import { readReply } from "../../gate/reply.ts";
import { recordGate } from "../../gate/record.ts";
import { systemClock } from "../../platform/clock.ts";
import { hashLeaf } from "../../verifier/leaves.ts";
import { sha256Digest } from "../../store/blobs.ts";
import type { GateRow } from "../../store/gates.ts";
import { verifyBundle } from "../../verifier/index.ts";
import { recordInput } from "../evidence.ts";
import { auditLogs } from "./log-audit.ts";
import type { Acknowledged } from "./evidence-writer.ts";

const host = resolveHost({ ...EMBEDDED_CONFIG, limits: { store: { free_bytes_min: 1 } } });
const ROWS_MAX = 100_000;
const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };

export interface Audit {
  readonly acknowledged: readonly Acknowledged[];
  /** Also records one more verdict: a state that can only be read is no recovery. */
  readonly next: boolean;
  /** The machine it wakes up on; absent or null where nobody knows. */
  readonly machine?: string | null;
  /** Digests of bundles that were verified under these keys before; verifying is most of the work. */
  readonly verified: Set<string>;
}

/** What is wrong with the folder, in words; nothing where it is sound. Throws nothing: a folder that does not open is a finding. */
export async function auditState(state_dir: string, audit: Audit): Promise<string[]> {
  const problems: string[] = [];
  const fatal = (error: unknown): void => void problems.push(`fatal: ${String(error)}`);
  try {
    const state = await openState({ state_dir, host, clock: systemClock, machine: audit.machine ?? null, fatal, warn: (what, error) => (audit.machine !== undefined && what.includes("follows it") ? undefined : fatal(`${what}: ${String(error)}`)) });
    try {
      await auditGates(state, state_dir, audit, problems);
      auditFiles(state, state_dir, problems);
      auditRepositories(state_dir, problems);
      if (audit.next) await auditNext(state, problems);
      await state.evidence.published();
    } finally {
      await state.store.close();
    }
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return problems;
}

/** Acknowledged means there exactly once; not acknowledged means absent or whole. */
async function auditGates({ gates, artifacts, evidence }: State, state_dir: string, { acknowledged, verified }: Audit, problems: string[]): Promise<void> {
  const rows = gates.recent(ROWS_MAX);
  const indexes = new Map<string, number[]>();
  const trust = evidence.trust_bytes;
  for (const row of rows) {
    const stored = await readReply(artifacts, row);
    const origin = stored?.reply.proof.log_origin ?? "";
    indexes.set(origin, [...(indexes.get(origin) ?? []), ...(stored === null ? [row.log_index] : entriesOfBundle(stored.bundle))]);
    if (stored === null) problems.push(`gate of entry ${row.log_index} has no reply`);
    else if (!verified.has(row.bundle)) {
      const { result, reasons } = verifyBundle(stored.bundle, trust, { now: new Date(Date.parse(row.attempt.issued_at)) });
      if (result !== "verified") problems.push(`bundle of entry ${row.log_index}: ${result}, ${reasons[0]?.detail ?? ""}`);
      else verified.add(row.bundle);
    }
    if (!artifacts.names().some((name) => name.endsWith(`-${row.attempt.attempt}`) && row.gate_id.endsWith(name.slice("gate-".length).split("-")[0] ?? "-"))) problems.push(`the bundle of entry ${row.log_index} has no name`);
  }
  problems.push(...(await auditLogs(evidence, state_dir, indexes)));
  for (const promised of acknowledged) problems.push(...missing(rows, promised));
}

/** Every attestation of a bundle is an entry of the log. */
function entriesOfBundle(bundle: Uint8Array): number[] {
  const { attestations } = JSON.parse(new TextDecoder().decode(bundle)) as Bundle;
  return attestations.map(({ verificationMaterial }) => Number(verificationMaterial.tlogEntries[0]?.logIndex));
}

function missing(rows: readonly GateRow[], { gate_id, attempt, log_index, bundle }: Acknowledged): string[] {
  const found = rows.filter((row) => row.gate_id === gate_id && row.attempt.attempt === attempt);
  const [row] = found;
  if (row === undefined || found.length !== 1) return [`LOST: attempt ${attempt} of ${gate_id}, found ${found.length} times`];
  return (log_index === null || row.log_index === log_index) && (bundle === null || row.bundle === bundle) ? [] : [`LOST: attempt ${attempt} of ${gate_id} is another one now`];
}

/** Entries as a stranger reads them from the log's files: two bytes of length, then the entry (C2SP tlog-tiles, "Log entries"). */
function entriesOf(bundle: Buffer): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; ) {
    const end = at + 2 + bundle.readUInt16BE(at);
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** The whole tree again from the published entries, and the other files beside it. A log of more than one tile is not made by these rigs. */
function auditFiles({ evidence }: State, state_dir: string, problems: string[]): void {
  const { size, root, checkpoint } = evidence.logState();
  if (readFileSync(join(state_dir, "log/checkpoint"), "utf8") !== checkpoint) problems.push("the published checkpoint is not the log's");
  if (size === 0) return;
  const leaves = entriesOf(readFileSync(join(state_dir, `log/tile/entries/000.p/${size}`))).map(hashLeaf);
  const again = toHex(growTree(Buffer.concat(leaves), nativeHasher).root());
  if (leaves.length !== size || again !== toHex(root)) problems.push(`${leaves.length} published entries hash to ${again}, the log signed ${toHex(root)} over ${size}`);
  if (!readFileSync(join(state_dir, `log/tile/0/000.p/${size}`)).equals(Buffer.concat(leaves))) problems.push("the published tile is not the tree's");
}

/** A bare repository that has its name has its files: git would refuse it for ever otherwise. */
function auditRepositories(state_dir: string, problems: string[]): void {
  const folder = join(state_dir, "repositories");
  if (!existsSync(folder)) return;
  for (const path of readdirSync(folder, { recursive: true }).map(String)) {
    if (!/^[0-9a-f]{64}\/sha(?:1|256)\.git$/.test(path)) continue;
    const read = (name: string): string => (existsSync(join(folder, path, name)) ? readFileSync(join(folder, path, name), "utf8") : "");
    if (!read("HEAD").startsWith("ref: ") || !read("config").includes("bare = true")) problems.push("a repository has its name and not its files");
  }
}

async function auditNext(state: State, problems: string[]): Promise<void> {
  const { evidence, gates, artifacts } = state;
  const size = evidence.logState().size;
  const input = recordInput(evidence.trust_domain, 1, { head: "f".repeat(40) });
  const { gate_id, bundle, reply } = await recordGate(state, { uid: 7, tenant: null }, input, () => TIMINGS);
  const row = gates.get(gate_id, 1);
  const stored = row === undefined ? null : await readReply(artifacts, row);
  if (reply.proof.log_index !== size || stored === null || sha256Digest(stored.bundle) !== sha256Digest(bundle)) problems.push("the next gate was not recorded");
}
