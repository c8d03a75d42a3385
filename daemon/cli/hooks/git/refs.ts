/** One ref that a push moves, judged. What hooks of the sending and of the receiving side share. */
import type { ClientEnvironment } from "../../../client/git.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import { type ClientGit, lastWords } from "../../../client/git.ts";
import type { MaestroClient } from "../../../client/maestro.ts";
import { escapeTerminal } from "../../card/escape/terminal.ts";
import type { Values } from "../../command.ts";
import type { Gated } from "../gating.ts";
import { gateNow, verdictText } from "../gating.ts";

const LIST_BYTES_MAX = 64 * 1024;

/** The repository a hook runs in, with the objects that are not part of it yet. */
export interface Ground {
  readonly client: MaestroClient;
  readonly git: ClientGit;
  readonly path: string;
  readonly env: ClientEnvironment;
  readonly values: Values;
  /** On the monotonic clock. */
  readonly end_ms: number;
}

export interface RefVerdict {
  readonly stop: boolean;
  readonly line: string;
}

export const refused = (ref: string, because: string): RefVerdict => ({ stop: true, line: `${escapeTerminal(ref)}: ${because}` });
export const fine = (ref: string, because: string): RefVerdict => ({ stop: false, line: `${escapeTerminal(ref)}: ${because}` });

const left = ({ end_ms }: Ground): number => Math.max(1, Math.ceil(end_ms - performance.now()));

/** The commit a name or a tag stands for; null for anything that is none. */
export async function commitOf({ git }: Pick<Ground, "git">, name: string): Promise<string | null> {
  const { code, stdout } = await git.run("rev-parse", ["--verify", "--quiet", "--end-of-options", `${name}^{commit}`], { stdout_bytes_max: LIST_BYTES_MAX });
  const oid = Buffer.from(stdout).toString("utf8").trim().split("\n").at(-1) ?? "";
  return code === 0 && oid !== "" ? oid : null;
}

/** Whether everything of `older` is part of `newer`, whatever dates their commits bear. Throws `git.failed`. */
export async function isAncestor({ git }: Pick<Ground, "git">, older: string, newer: string): Promise<boolean> {
  const { code, stderr } = await git.run("merge-base", ["--is-ancestor", older, newer], { stdout_bytes_max: LIST_BYTES_MAX });
  if (code > 1) throw new MaestroError("git.failed", `git merge-base: ${lastWords(stderr)}`);
  return code === 0;
}

/** `strict`: a hold stops too. */
export function judged(ref: string, { result }: Gated, strict: boolean): RefVerdict {
  const stop = result.verdict === "refuse" || (strict && result.verdict === "hold");
  const said = result.verdict === "hold" && !stop ? "held, which does not stop this ref; a person has to look before it is merged" : result.verdict;
  return { stop, line: `${escapeTerminal(ref)}: ${said}${result.verdict === "admit" ? "" : `\n${verdictText(result)}`}` };
}

/** A change onto `target`, or onto the repository's own target branch. */
export function gateOnto(ground: Ground, head: string, onto: { readonly target?: string; readonly target_ref?: string } = {}): Promise<Gated> {
  const { client, path, env, values } = ground;
  return gateNow({ client, path, head, env, values, deadline_ms: left(ground), ...onto });
}

/** Where nothing is there to be merged onto, all of it is new: the first commit against nothing, and what follows onto the first. */
export async function judgeAll(ground: Ground, ref: string, head: string): Promise<RefVerdict> {
  const roots = await ground.git.lines("rev-list", ["--max-parents=0", "--max-count=2", head], { stdout_bytes_max: LIST_BYTES_MAX });
  const [root, second] = roots;
  if (root === undefined || second !== undefined) return refused(ref, "a first push with more than one root commit cannot be judged; push one history");
  const first = judged(ref, await gateOnto(ground, root, { target: root, target_ref: ref }), true);
  return first.stop || root === head ? first : judged(ref, await gateOnto(ground, head, { target: root, target_ref: ref }), true);
}
