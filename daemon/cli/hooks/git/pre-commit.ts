/** `hooks/pre-commit`: what is staged, as the commit that is about to be made. A hold is said and does not stop: it is for the merge to wait for a person. */
import { isAbsolute, resolve } from "node:path";
import { snapshotOf } from "../../../client/worktree.ts";
import type { Values } from "../../command.ts";
import { connectOrStart } from "../../connect.ts";
import { gateNow, verdictText } from "../gating.ts";
import type { HookVerdict } from "./index.ts";
import { deadlineOf } from "./limits.ts";

export async function preCommit(values: Values): Promise<HookVerdict> {
  const end_ms = deadlineOf(values);
  const path = process.cwd();
  // Set where git commits from another index than the usual: `commit -a`, `commit FILE`.
  const given = process.env["GIT_INDEX_FILE"];
  const staged = given === undefined ? true : { index: isAbsolute(given) ? given : resolve(path, given) };
  using snapshot = snapshotOf(path, { staged });
  if (!snapshot.changed) return { stop: false, lines: [] };
  const { client } = await connectOrStart(values);
  const { result } = await gateNow({ client, path, head: snapshot.head, env: snapshot.env, values: { ...values, local: true }, deadline_ms: Math.max(1, Math.ceil(end_ms - performance.now())) });
  if (result.verdict === "admit") return { stop: false, lines: [] };
  const stop = result.verdict === "refuse";
  return { stop, lines: [`staged work: ${result.verdict}\n${verdictText(result)}`] };
}
