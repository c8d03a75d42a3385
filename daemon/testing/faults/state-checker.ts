/**
 * A process that makes crash states and audits each. LMDB may take it down
 * (it maps the file, so a torn one can end in SIGBUS); its parent goes on
 * after the state that did.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CrashStates } from "./crash-states.ts";
import type { Tree } from "./disk-model.ts";
import { linesToStdout, readTrace, resultsToSocket } from "./record.ts";
import type { Acknowledged } from "./evidence-writer.ts";
import { auditUpgrade } from "./old-state.ts";
import { auditState } from "./state-audit.ts";

/** What the checker is told: numbers of states `from` up to `to`, exclusive, every `stride`th. */
export interface CheckOrder {
  readonly trace: string;
  /** The folder that was recorded; only its name matters. */
  readonly root: string;
  readonly scratch: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  /** How the recorded program made its promises: lines on standard output, or replies on its socket. */
  readonly promises: "lines" | "replies";
  readonly syncs_are_ignored?: boolean;
  readonly after_acks?: number;
  /** What each state is audited as: a folder with a log, or one in the middle of an upgrade. */
  readonly subject?: "log" | "upgrade";
  /** The machine that the folder wakes up on. */
  readonly machine?: string;
}

/** One line per state, and one before it, so that a death has a number. */
export type CheckLine = { readonly trying: number } | { readonly state: number; readonly moment: number; readonly how: string; readonly acknowledged: number; readonly digest: string; readonly problems: readonly string[] };

/** In one of so many states a further verdict is recorded. */
const NEXT_EVERY = 8;

/** Folders as `maestrod` makes them; a mode was never lost in any state that was tried, so it is no part of the model. */
function materialise(folder: string, tree: Tree): string {
  const hasher = new Bun.CryptoHasher("sha1");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  for (const [path, bytes] of tree) {
    if (bytes === null) mkdirSync(join(folder, path), { mode: 0o700 });
    else {
      writeFileSync(join(folder, path), bytes, { mode: 0o600 });
      hasher.update(`${path}\0${bytes.length}\0`).update(bytes);
    }
  }
  return hasher.digest("hex");
}

const say = (line: CheckLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

if (import.meta.main) {
  const order = JSON.parse(process.argv[2] ?? "") as CheckOrder;
  const recording = readTrace(order.trace, order.root, order.promises === "lines" ? linesToStdout : resultsToSocket);
  const states = new CrashStates(recording, order.seed, { syncs_are_ignored: order.syncs_are_ignored ?? false, after_acks: order.after_acks ?? 0 });
  const verified = new Set<string>();
  const audit = (folder: string, acknowledged: readonly Acknowledged[], next: boolean): Promise<string[]> =>
    order.subject === "upgrade" ? auditUpgrade(folder) : auditState(folder, { acknowledged, next, verified, ...(order.machine === undefined ? {} : { machine: order.machine }) });
  /** Contents that were sound with so many promises: many moments leave the same disk. */
  const sound = new Map<string, number>();
  for (let number = order.from; number < order.to; number += order.stride) {
    const state = states.state(number);
    say({ trying: number });
    // A path of its own for each: lmdb-js remembers environments by path, and a refused one closes later.
    const folder = join(order.scratch, String(number));
    const digest = materialise(folder, state.tree());
    const problems: readonly string[] = sound.get(digest) === state.acknowledged.length ? [] : await audit(folder, state.acknowledged, (number / order.stride) % NEXT_EVERY < 1);
    if (problems.length === 0) sound.set(digest, state.acknowledged.length);
    rmSync(folder, { recursive: true, force: true });
    say({ state: number, moment: state.moment, how: state.how, acknowledged: state.acknowledged.length, digest, problems });
  }
}
