/** Everything that stands on the disk, opened in order and checked: what the daemon serves from, and what an audit of a state folder reads. */
import { join } from "node:path";
import type { Host } from "./config/host.ts";
import { MaestroError } from "../proto/errors.ts";
import { VERSION } from "../proto/version.ts";
import { createEvidence, type Evidence } from "./evidence/index.ts";
import { keepPromises } from "./gate/record.ts";
import type { Clock } from "./platform/clock.ts";
import { runCommand } from "./platform/process/command.ts";
import { openArtifacts, type Artifacts } from "./store/artifacts.ts";
import { openStore, type Store } from "./store/db.ts";
import { keepEnvelope } from "./store/envelopes.ts";
import { openGates, type Gates } from "./store/gates.ts";
import { suspicionOf } from "./store/pages.ts";
import { openModels, type ModelTable } from "./store/models.ts";
import { openOutbox, type Outbox } from "./store/outbox.ts";
import { openReleases, type ReleaseTable } from "./store/releases.ts";
import { openLineageEdges, type LineageEdges } from "./store/lineage-edges.ts";
import { fillShipmentIndex, openShipmentIndex, type ShipmentIndex } from "./store/shipment-index.ts";
import { type Holds, openHolds, openTombstones, type Tombstones } from "./store/tombstones.ts";
import { openUsage, type Usage } from "./store/usage.ts";
import type { WriteGuard } from "./store/write-guard.ts";
import { upgradeStore } from "./store/upgrade.ts";

export interface StateOptions {
  readonly state_dir: string;
  readonly host: Host;
  readonly clock: Clock;
  /** Digest of the machine's identity; absent or null where nobody knows it: a copied folder is then not noticed. */
  readonly machine?: string | null;
  /** State on disk may differ from state in memory: the process must end. */
  readonly fatal: (reason: MaestroError) => void;
  readonly warn: (what: string, error: unknown) => void;
  /** The log has grown, durably. */
  readonly appended?: () => void;
  /** Asked before each write; absent where a folder is mended or read, not served from. */
  readonly guard?: WriteGuard;
}

export interface State {
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  readonly outbox: Outbox;
  readonly usage: Usage;
  readonly releases: ReleaseTable;
  readonly evidence: Evidence;
  readonly tombstones: Tombstones;
  readonly holds: Holds;
  readonly edges: LineageEdges;
  readonly shipped: ShipmentIndex;
  readonly models: ModelTable;
}

const OFFLINE = Bun.fileURLToPath(new URL("./offline.ts", import.meta.url));
const READ_DEADLINE_MS = 600_000;
const READ_BYTES_MAX = 64 * 1024 * 1024;

/**
 * A page behind the end of a cut database kills whoever reads it (SIGBUS). So a database that looks cut is read whole by a child first,
 * and opened here only where that child lives. Throws `store.corrupt`.
 */
async function tryReading(state_dir: string): Promise<void> {
  const suspicion = suspicionOf(join(state_dir, "db"));
  if (suspicion === null) return;
  try {
    await runCommand([process.execPath, OFFLINE, "steps", "--state", state_dir], { stdout_bytes_max: READ_BYTES_MAX, deadline_ms: READ_DEADLINE_MS });
  } catch (cause) {
    throw new MaestroError("store.corrupt", `${suspicion}; reading it in a child failed`, { cause });
  }
}

/** The caller holds the state folder's lock. Throws `store.*` and `evidence.*` for what contradicts itself. */
export async function openState({ state_dir, host, clock, machine = null, fatal, warn, appended, guard }: StateOptions): Promise<State> {
  await tryReading(state_dir);
  const opening = { state_dir, limits: host.limits.store, fatal };
  await upgradeStore(opening);
  const store = openStore({ ...opening, guard });
  const artifacts = await openArtifacts(opening);
  const gates = openGates(store);
  const outbox = openOutbox(store);
  const usage = openUsage(store);
  const releases = openReleases(store);
  const evidence = await createEvidence({
    store,
    state_dir,
    trust_domain: host.trust_domain === "local" ? null : host.trust_domain,
    version: VERSION,
    ...(host.trust_file === null ? {} : { operator: { trust_file: host.trust_file, modes: host.modes } }),
    renewal: {
      machine,
      keep: (name, bytes) => keepEnvelope(artifacts, name, bytes),
      began: ({ cause, from, to }) => warn(`the log ${from.origin} of ${from.size} entries has ended (${cause}); ${to} follows it`, new MaestroError("evidence.log", "a new log has begun under a new key; its entry 0 signs the old head")),
    },
    clock,
    time_froze: (step_ms) => warn("the wall clock jumped ahead, so log time stands still until `maestro clock reset`", new MaestroError("time.reset", `forward step of ${Math.round(step_ms / 1000)} s`)),
    projection_failed: (error) => warn("the log's files could not be written", error),
    ...(appended === undefined ? {} : { appended }),
  });
  const state = { store, artifacts, gates, outbox, usage, releases, evidence, tombstones: openTombstones(store), holds: openHolds(store), edges: openLineageEdges(store), shipped: openShipmentIndex(store), models: openModels(store) };
  await keepPromises(state);
  await fillShipmentIndex(state.shipped, store, artifacts);
  return state;
}
