/** Nodes whose log key changes, each in a folder of its own, without a socket. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../../proto/config.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import { systemClock } from "../../../platform/clock.ts";
import { openStore, type Store } from "../../../store/db.ts";
import { recordInput } from "../../../testing/evidence.ts";
import { verifyBundle } from "../../../verifier/bundle.ts";
import { monitorLog, type Known, type Monitored } from "../../../verifier/log/monitor.ts";
import { parseVerifierKey, type NoteKey } from "../../../verifier/note.ts";
import { createEvidence, type Evidence, type EvidenceDeps } from "../../index.ts";
import { fileAt } from "../../log/audit.ts";

export type Cleanups = (() => Promise<void> | void)[];
export const cleanups: Cleanups = [];
export const clean = async (of: Cleanups): Promise<void> => {
  for (const cleanup of of.splice(0).toReversed()) await cleanup();
};

export function stateDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "maestro-rotation-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Opened {
  readonly evidence: Evidence;
  readonly store: Store;
  close(): Promise<void>;
}

export async function open(state_dir: string, operator: Pick<EvidenceDeps, "operator"> = {}): Promise<Opened> {
  const fatal = (error: unknown): void => { throw error; };
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal });
  const close = async (): Promise<void> => void (await store.close());
  try {
    const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", ...operator, clock: systemClock, time_froze: () => undefined, projection_failed: fatal });
    let closed = false;
    const both = async (): Promise<void> => {
      if (closed) return;
      closed = true;
      await evidence.published();
      await close();
    };
    cleanups.push(both);
    return { evidence, store, close: both };
  } catch (error) {
    await close();
    throw error;
  }
}

export const record = (evidence: Evidence, attempt: number) => evidence.record(recordInput(evidence.trust_domain, attempt), () => undefined);
export const verified = (bundle: Uint8Array, trust: Uint8Array) => verifyBundle(bundle, trust, { now: new Date() });
export const problems = async (evidence: Evidence) => (await Array.fromAsync(evidence.log.audit())).filter(({ problem }) => problem !== null);
export const logKey = (state: string): NoteKey => parseVerifierKey(readFileSync(join(state, "log/log.vkey"), "utf8").trim())!;
export const look = (state: string, known: Known): Promise<Monitored> => monitorLog(known, (path) => fileAt(join(state, "log", path)), true);
export const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => "none", (error: unknown) => (error instanceof MaestroError ? `${error.code} ${error.detail}` : String(error)));

/** A copy of a log's files, to alter. */
export function filesOf(state: string): string {
  const copy = stateDir();
  cpSync(join(state, "log"), join(copy, "log"), { recursive: true });
  return copy;
}
