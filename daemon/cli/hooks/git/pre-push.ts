/** `hooks/pre-push`: what is about to leave, judged before it does. `--no-verify` leaves it out; see pre-receive for the place where nothing does. */
import { ClientGit } from "../../../client/git.ts";
import { planChange } from "../../../client/pack.ts";
import type { Values } from "../../command.ts";
import { connectOrStart } from "../../connect.ts";
import type { HookVerdict } from "./index.ts";
import { isZero, refLines } from "./lines.ts";
import { deadlineOf } from "./limits.ts";
import { commitOf, fine, gateOnto, isAncestor, judgeAll, judged, refused, type Ground, type RefVerdict } from "./refs.ts";

interface Update {
  readonly head: string;
  readonly ref: string;
  /** What the other side has; zeros where it has no such ref. */
  readonly there: string;
}

async function judge(ground: Ground, { head, ref, there }: Update): Promise<RefVerdict> {
  if (isZero(head)) return fine(ref, "deleted, nothing to judge");
  const commit = await commitOf(ground, head);
  if (commit === null) return refused(ref, "it names no commit, so it cannot be judged");
  const { target_ref, target } = await planChange(ground.path, { head: commit });
  if (ref !== target_ref) {
    if (target !== commit && (await isAncestor(ground, commit, target))) return fine(ref, "part of the target branch already");
    return judged(ref, await gateOnto(ground, commit), false);
  }
  if (isZero(there)) return judgeAll(ground, ref, commit);
  if ((await commitOf(ground, there)) === null) return refused(ref, "the other side has commits that are not here; fetch first");
  return judged(ref, await gateOnto(ground, commit, { target: there, target_ref: ref }), true);
}

export async function prePush(values: Values): Promise<HookVerdict> {
  const end_ms = deadlineOf(values);
  const lines = await refLines(Bun.stdin.stream(), 4, [1, 3]);
  // Nothing to push: git calls the hook all the same.
  if (lines.length === 0) return { stop: false, lines: [] };
  const path = process.cwd();
  const { client } = await connectOrStart(values);
  const ground: Ground = { client, git: new ClientGit(path), path, env: {}, values, end_ms };
  const verdicts: RefVerdict[] = [];
  for (const [, head = "", ref = "", there = ""] of lines) verdicts.push(await judge(ground, { head, ref, there }));
  return { stop: verdicts.some(({ stop }) => stop), lines: verdicts.map(({ line }) => line) };
}
