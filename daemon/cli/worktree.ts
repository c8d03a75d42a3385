/** `maestro gate --worktree`: what is not committed yet, judged as one commit on top of HEAD, in mode local. */
import { MaestroError } from "../../proto/errors.ts";
import { planChange, type ChangePlan } from "../client/pack.ts";
import { snapshotOf } from "../client/worktree.ts";
import { textOf, type Values } from "./command.ts";
import { note } from "./output.ts";

export interface WorktreePlan extends Disposable {
  readonly plan: ChangePlan;
  /** Nobody else can have what only this work tree holds, so the caller's word for the base has to do. */
  readonly values: Values;
}

/** Throws `cli.usage` beside options that mean something committed, and what making the snapshot throws. */
export async function planWorktree(path: string, values: Values): Promise<WorktreePlan> {
  const other = ["head", "repository", "fork"].find((name) => values[name] !== undefined);
  if (other !== undefined) throw new MaestroError("cli.usage", `--worktree judges what is not committed; --${other} names what is`);
  const snapshot = snapshotOf(path);
  try {
    if (!snapshot.changed) note("maestro: nothing is uncommitted, so HEAD is judged");
    const plan = await planChange(path, { target: textOf(values, "target"), head: snapshot.head, env: snapshot.env });
    return { plan, values: { ...values, local: true }, [Symbol.dispose]: () => snapshot[Symbol.dispose]() };
  } catch (error) {
    snapshot[Symbol.dispose]();
    throw error;
  }
}
