/**
 * What an operator does to a state folder while no daemon runs on it: `fsck`, `repair`, `restore`, `check`, `clone`. A process of its
 * own, because a damaged database can kill whoever maps it. Each prints one JSON line per event; the last one is the result.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../proto/config.ts";
import { EXIT, MaestroError } from "../proto/errors.ts";
import { compactState } from "./integrity/compact.ts";
import { fsck, Tally } from "./integrity/fsck.ts";
import { walkOffline } from "./integrity/offline.ts";
import { repairState } from "./integrity/repair.ts";
import { rememberPlace } from "./integrity/place.ts";
import { deadly, Readers } from "./integrity/readers.ts";
import { cloneIdentity, describeBackup, describeState, restoreBackup } from "./integrity/restore.ts";
import { systemClock } from "./platform/clock.ts";
import { diskCode } from "./platform/disk.ts";
import { machineDigest } from "./platform/machine.ts";
import { takeLock } from "./platform/socket/index.ts";
import { salvage } from "./store/salvage.ts";

/** A disk that is being repaired may be slow; nobody waits for an answer meanwhile. */
const COMMIT_DEADLINE_MS = 120_000;
const defaults = Value.Create(Limits);
/** Nothing new is taken in here, and what is kept was taken under the operator's limits, which may have been higher: none of it is damaged for that. */
const limits = { store: { ...defaults.store, blob_bytes_max: Number.MAX_SAFE_INTEGER, value_bytes_max: Number.MAX_SAFE_INTEGER, commit_deadline_ms: COMMIT_DEADLINE_MS } };
const text = { type: "string" } as const;
const { values, positionals } = parseArgs({ args: Bun.argv.slice(2), options: { state: text, from: text, to: text, skip: text, tombstones: text, holds: text, "as-clone": { type: "boolean" }, moved: { type: "boolean" } }, allowPositionals: true, strict: true });
const state_dir = values.state ?? "";
const monotonic_ms = () => systemClock.monotonic_ms();

const say = (event: unknown): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

const readers = new Readers([process.execPath, import.meta.path]);

const shared = { state_dir, limits, machine: machineDigest(), clock: systemClock, monotonic_ms };

/** Root works for whoever owns the folder: what root left in it, the daemon could not read. */
function becomeOwner(): void {
  const found = statSync(state_dir, { throwIfNoEntry: false });
  if (found === undefined || !["db", "keys", "oci"].some((part) => existsSync(join(state_dir, part)))) throw new MaestroError("store.folder", `${state_dir} holds no state of Maestro`);
  if (process.getuid?.() !== 0 || found.uid === 0) return;
  process.setgroups?.([]);
  process.setgid?.(found.gid);
  process.setuid?.(found.uid);
}

async function locked(work: () => Promise<void>): Promise<void> {
  becomeOwner();
  const lock = takeLock(join(state_dir, "lock"));
  try {
    await work();
  } finally {
    lock.release();
  }
}

const VERBS: Readonly<Record<string, () => Promise<void>>> = {
  async steps() {
    for await (const step of walkOffline(state_dir, limits)) if (step.problem !== null) say(step);
  },
  salvage: () => salvage(values.from ?? "", values.to ?? "", (values.skip ?? "").split(","), say),
  async look() {
    for await (const event of fsck(walkOffline(state_dir, limits), monotonic_ms)) say(event);
  },
  fsck: () => locked(async () => {
    const started_ms = monotonic_ms();
    const { killed, failure } = await readers.run(["look", "--state", state_dir], say);
    if (failure !== null) throw failure;
    if (killed === null) return;
    const tally = new Tally();
    tally.add(deadly(killed));
    say({ event: "report", report: tally.report(monotonic_ms() - started_ms) });
  }),
  repair: () => locked(async () => say({ event: "repaired", report: await repairState({ ...shared, examine: () => readers.examine(state_dir), salvage: (from, to) => readers.salvage(from, to) }) })),
  compact: () => locked(async () => say({ event: "compacted", report: await compactState(shared) })),
  clone: () => locked(async () => {
    const report = values.moved === true ? await describeState(state_dir, limits) : await cloneIdentity(shared);
    rememberPlace(state_dir);
    say({ event: "restored", report });
  }),
  check: async () => say({ event: "restored", report: await describeBackup(values.from ?? "") }),
  restore: async () => say({ event: "restored", report: await restoreBackup({ ...shared, source: values.from ?? "", ...(values.tombstones === undefined ? {} : { tombstones: values.tombstones }), ...(values.holds === undefined ? {} : { holds: values.holds }), cause: values["as-clone"] === true ? "clone" : "restored" }) }),
};

/** What the file system said, in words of ours. */
function named(error: unknown): MaestroError | null {
  if (error instanceof MaestroError) return error;
  return error instanceof Error && "syscall" in error ? new MaestroError(diskCode(error.message) ?? "store.folder", error.message, { cause: error }) : null;
}

try {
  const verb = VERBS[positionals[0] ?? ""];
  if (verb === undefined) throw new MaestroError("cli.usage", `offline: one of ${Object.keys(VERBS).join(", ")}`);
  await verb();
} catch (error) {
  const known = named(error);
  if (known === null) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  say({ event: "failure", code: known?.code ?? "internal.bug", detail: known?.detail ?? "see stderr" });
  process.exitCode = known?.row.exit ?? EXIT.internal;
}
