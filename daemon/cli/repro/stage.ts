/** A daemon of its own in a folder of its own, for one replay; nothing of it is left afterwards. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GateResult } from "../../../proto/api.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { POLICY_FILE, policyCodeFile, policyDataFile, type EvidenceBundle } from "../../../proto/evidence-bundle.ts";
import type { KeptFindings } from "../../../proto/findings.ts";
import type { ReproHeader } from "../../../proto/repro.ts";
import { MaestroClient } from "../../client/maestro.ts";
import { startEmbedded } from "../embedded.ts";
import { requireSound } from "../verified/evidence.ts";
import { policyArchive } from "./policy-archive.ts";

const GONE_DEADLINE_MS = 20_000;
const PROBE_MS = 20;
/** Should whoever started it be killed, it ends by itself. */
const IDLE_EXIT_MS = 60_000;

/** The host's own part of the configuration: what the base's `maestro.yaml` says comes with the objects. */
export interface HostPart {
  readonly settings: Readonly<Record<string, unknown>>;
  /** Without it nothing that the pack declares is run: every command is unavailable. */
  readonly commands: boolean;
}

export interface Replayed {
  readonly evidence: EvidenceBundle;
  readonly findings: KeptFindings;
}

const held = ({ files }: EvidenceBundle, name: string): Uint8Array | null => fromBase64(files.find((file) => file.name === name)?.content ?? "-");

/** Throws where the folder cannot be made. */
function furnish(folder: string, { evidence }: ReproHeader, { settings, commands }: HostPart): string {
  const [code, data] = [held(evidence, policyCodeFile(0)), held(evidence, policyDataFile(0))];
  const policy = held(evidence, POLICY_FILE) === null || code === null || data === null ? null : join(folder, "policy.tar.gz");
  if (policy !== null && code !== null && data !== null) writeFileSync(policy, policyArchive(code, data), { mode: 0o600 });
  const host = {
    version: 1,
    trust_domain: "repro.maestro.internal",
    modes: ["local"],
    idle_exit_ms: IDLE_EXIT_MS,
    ...settings,
    ...(policy === null ? {} : { policy_bundle: policy }),
    // Nobody listens there, so no program of the pack starts.
    ...(commands ? {} : { sandbox_socket: join(folder, "no-launcher.sock") }),
  };
  const path = join(folder, "host.yaml");
  writeFileSync(path, canonicalBytes(host), { mode: 0o600 });
  return path;
}

async function judged(client: MaestroClient, { change, intake, reports }: ReproHeader, objects: () => ReadableStream<Uint8Array>): Promise<GateResult> {
  const { intake_id } = await client.openIntake({ repository: "repro", mode: "local", object_format: intake.object_format, cuts: [...intake.cuts], tips: [...intake.tips] });
  await client.sendPack(intake_id, objects);
  let result: GateResult | undefined;
  for await (const event of client.gate({ intake_id, ...change, ...(reports.length === 0 ? {} : { reports: [...reports] }) })) if (event.event === "result") result = event;
  if (result === undefined) throw new MaestroError("worker.protocol", "the replay ended without a decision");
  return result;
}

async function gone(client: MaestroClient): Promise<void> {
  for (let left_ms = GONE_DEADLINE_MS; left_ms > 0 && (await client.answers()); left_ms -= PROBE_MS) await Bun.sleep(PROBE_MS);
}

/** What intake refuses, a pack bomb or objects that are none, is thrown as it says it. */
export async function replayIn(header: ReproHeader, objects: () => ReadableStream<Uint8Array>, host: HostPart): Promise<Replayed> {
  const folder = mkdtempSync(join(tmpdir(), "maestro-repro-"));
  const state_dir = join(folder, "state");
  const socket_path = join(folder, "d.sock");
  const client = new MaestroClient(socket_path);
  try {
    const config = furnish(folder, header, host);
    await startEmbedded(client, { state_dir, socket_path, host_config_path: config, trust_path: join(state_dir, "trust.json") }, config);
    const result = await judged(client, header, objects);
    const [made, trust, { findings, cut }] = [await client.evidenceBundle(result.gate_id), await client.trust(), await client.findings(result.gate_id)];
    const { opened } = requireSound(fromBase64(made.content) ?? new Uint8Array(), fromBase64(trust.trust) ?? new Uint8Array());
    if (opened === null) throw new MaestroError("internal.bug", "evidence that is sound can be read");
    return { evidence: opened, findings: { findings, cut } };
  } finally {
    if (await client.answers()) await client.stop();
    await gone(client);
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}
