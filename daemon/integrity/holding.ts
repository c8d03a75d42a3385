/** Holds, in the database and in the file beside it: both say the same before anything goes by its age. */
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { HoldWord } from "../../proto/retention.ts";
import { lookAt } from "../platform/folders.ts";
import type { Store } from "../store/db.ts";
import { EVIDENCE_DONE, type Gates, PERSONAL_DONE } from "../store/gates.ts";
import type { Holds } from "../store/tombstones.ts";
import { appendHold, HOLD_FILE, newestWords, readHolds, writeHolds } from "./hold-file.ts";

export interface HoldingDeps {
  readonly state_dir: string;
  readonly store: Pick<Store, "atomic">;
  readonly holds: Holds;
  readonly gates: Pick<Gates, "attempts" | "floors">;
}

const wordsOf = (holds: Pick<Holds, "all">): HoldWord[] => Array.from(holds.all(), ({ gate_id, hold }) => ({ gate_id, ...hold }));
const same = (one: HoldWord | undefined, other: HoldWord | undefined): boolean => one?.at_s === other?.at_s && one?.reason === other?.reason;

/** Both at once: what the file says, and what the two say together. Throws `store.corrupt`. */
async function lookAtBoth(state_dir: string, holds: Pick<Holds, "all">): Promise<{ file: readonly HoldWord[]; rows: Map<string, HoldWord>; both: Map<string, HoldWord> }> {
  const file = await readHolds(join(state_dir, HOLD_FILE));
  const rows = newestWords(wordsOf(holds));
  return { file, rows, both: newestWords([...file, ...rows.values()]) };
}

/** Rows of the database that are not what the two together say. */
const wrongRows = ({ rows, both }: { rows: Map<string, HoldWord>; both: Map<string, HoldWord> }): HoldWord[] => [...both.values()].filter((word) => (word.reason === null ? rows.has(word.gate_id) : !same(rows.get(word.gate_id), word)));

/** What is wrong with them, in words, for whoever looks at everything; `null` where nothing is. A file that is not there is written at the next start. */
export async function holdsProblem(state_dir: string, holds: Pick<Holds, "all">): Promise<string | null> {
  if ((await lookAt(join(state_dir, HOLD_FILE))) === null) return null;
  const found = await lookAtBoth(state_dir, holds);
  const wrong = wrongRows(found).length;
  if (wrong > 0) return `${wrong} hold(s) of the file are not in the database`;
  const said = newestWords(found.file);
  const lacking = [...found.rows.values()].filter((row) => !same(said.get(row.gate_id), row)).length;
  return lacking === 0 ? null : `${lacking} hold(s) of the database are not in the file`;
}

/** Every gate may be due again: expiry has passed by what was held, and may have passed by what is held now. */
function lookAgain(gates: Pick<Gates, "floors">): void {
  for (const done of [EVIDENCE_DONE, PERSONAL_DONE]) gates.floors.forget(done);
}

/** Brings the database and the file to what the newest word on each gate is; how many rows that changed. Throws `store.corrupt` and what the disk refuses. */
export async function settleHolds({ state_dir, store, holds, gates }: HoldingDeps): Promise<number> {
  const found = await lookAtBoth(state_dir, holds);
  const wrong = wrongRows(found);
  if (wrong.length > 0) {
    store.atomic(() => {
      for (const { gate_id, at_s, reason } of wrong) holds.set(gate_id, reason === null ? null : { at_s, reason });
      lookAgain(gates);
    });
  }
  const path = join(state_dir, HOLD_FILE);
  const asIs = found.file.length === found.both.size && found.file.every((word) => same(found.both.get(word.gate_id), word));
  // Also where there is none: who restores a backup later hands in the file, and an empty one says that nothing was held.
  if (!asIs || (await lookAt(path)) === null) await writeHolds(state_dir, found.both.values());
  return wrong.length;
}

export class Holding {
  private settled = false;

  constructor(private readonly deps: HoldingDeps) {}

  isHeld(gate_id: string): boolean {
    return this.deps.holds.get(gate_id) !== undefined;
  }

  /** Before anything goes. Throws where what is held cannot be told. */
  async settle(): Promise<void> {
    if (this.settled) return;
    await settleHolds(this.deps);
    this.settled = true;
  }

  /** Nothing of a held gate goes; `null` lets go of it. On disk when it resolves. Throws `request.not_found` where the gate went before the hold came. */
  async hold(gate_id: string, reason: string | null, now_s: number): Promise<void> {
    const { state_dir, store, holds, gates } = this.deps;
    if (reason !== null && gates.attempts(gate_id).length === 0) throw new MaestroError("request.not_found", `${gate_id}: it is gone already, see maestro lineage`);
    await this.settle();
    const before = newestWords(await readHolds(join(state_dir, HOLD_FILE))).get(gate_id);
    if (reason === null && (before === undefined || before.reason === null)) return;
    const word: HoldWord = { gate_id, at_s: Math.max(now_s, (before?.at_s ?? -1) + 1), reason };
    // A hold that the database does not come to know is known at the next start; and until they agree again, nothing goes.
    this.settled = false;
    await appendHold(state_dir, word);
    store.atomic(() => {
      holds.set(gate_id, reason === null ? null : { at_s: word.at_s, reason });
      if (reason === null) lookAgain(gates);
    });
    this.settled = true;
  }
}
