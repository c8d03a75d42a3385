/** What a hook asks of the daemon: does this commit stand admitted, what does the gate say of it now, is there budget left. */
import type { RepositoriesReply } from "../../../proto/api.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { originOf } from "../../client/origin.ts";
import type { Values } from "../command.ts";
import { connect, connectOrStart } from "../connect.ts";
import type { Answer } from "./agents/agent.ts";
import type { Push, PushedRef } from "./guard/concern.ts";
import { located, offered, type Identified } from "./identify.ts";
import type { Authority } from "./judge.ts";
import { movedRefs } from "./moved-refs.ts";
import { pushEnvironment } from "./standing.ts";
import { quoted, unableReason } from "./reasons.ts";

/** The daemon's part of a hook's time. */
const DEADLINE_MS = 45_000;
/** Git looks at the work tree in one go, and nothing else runs meanwhile. */
const SNAPSHOT_DEADLINE_MS = 20_000;
const ALLOW: Answer = { kind: "allow" };

export class DaemonAuthority implements Authority {
  constructor(
    private readonly agent: string,
    private readonly values: Values,
  ) {}

  async push(push: Push): Promise<Answer> {
    const { folder } = push;
    if (folder === null) return { kind: "deny", reason: unableReason("git push in a folder that only the shell will know", "Run git push by itself, in the repository.") };
    const env = pushEnvironment(process.env);
    if (typeof env === "string") return { kind: "deny", reason: unableReason(`git push while ${env} stands in the agent's own environment`, "Ask the person to start the agent without it.") };
    // Git and the daemon are asked at the same time, because an agent waits for both.
    const asked = this.offers();
    asked.catch(() => undefined);
    const moved = await movedRefs(folder, push, env);
    if (typeof moved === "string") return { kind: "deny", reason: `Maestro stopped this push: ${quoted(moved)}.` };
    const { client, offers } = await asked;
    const notes: string[] = [];
    for (const ref of moved.refs) {
      const place = moved.known?.source === ref.source ? moved.known : await located(folder, ref.source);
      const answer = await this.pushOne(client, folder, ref, offered(offers, place, this.values));
      if (answer.kind !== "allow") return answer;
      if (answer.note !== undefined) notes.push(answer.note);
    }
    return notes.length === 0 ? ALLOW : { kind: "allow", note: notes.join("\n") };
  }

  private async offers(): Promise<{ readonly client: MaestroClient; readonly offers: RepositoriesReply }> {
    const { client } = connect(this.values);
    try {
      return { client, offers: await client.repositories() };
    } catch (error) {
      // Whether one answers is asked only where none does: a running daemon is asked once less.
      if (!(error instanceof MaestroError) || error.code !== "daemon.unreachable") throw error;
      const started = await connectOrStart(this.values);
      return { client: started.client, offers: await started.client.repositories() };
    }
  }

  private async pushOne(client: MaestroClient, folder: string, { source, target }: PushedRef, { head, repository, mode }: Identified): Promise<Answer> {
    const standing = await client.plan({ repository, mode, files: [], actions: [{ do: "push", head }] });
    if (standing.answer === "allow") return ALLOW;
    const { gateNow, verdictText } = await import("./gating.ts");
    const { result, target_ref } = await gateNow({ client, path: folder, head, values: this.values, deadline_ms: DEADLINE_MS });
    if (result.verdict === "admit") return ALLOW;
    // A change that is held waits for a person, and has to be where the person can see it; only the branch it waits for stays shut.
    if (result.verdict === "hold" && target !== null && target !== target_ref && target.startsWith("refs/heads/")) return { kind: "allow", note: `maestro: held, a person has to look:\n${verdictText(result)}` };
    return { kind: "deny", reason: `Maestro stopped this push: the gate says ${result.verdict} for ${quoted(source)}.\n${verdictText(result)}` };
  }

  async spend(what: string, folder: string): Promise<Answer> {
    const { client } = await connectOrStart(this.values);
    const { reasons, answer } = await client.plan({ repository: originOf(folder).name, files: [], actions: [{ do: "spend", what: what.slice(0, 200) }] });
    if (answer === "allow") return ALLOW;
    return { kind: "deny", reason: `Maestro stopped ${quoted(what)}: ${reasons.map(({ because }) => quoted(because)).join("; ")}. Ask the person who pays.` };
  }

  async stop(folder: string): Promise<Answer> {
    const { snapshotOf } = await import("../../client/worktree.ts");
    const { rootOf } = await import("./guard/paths.ts");
    if (rootOf(folder) === null) return ALLOW;
    using snapshot = snapshotOf(folder, { trailers: [`Assisted-by: ${this.agent}`], deadline_ms: SNAPSHOT_DEADLINE_MS });
    const { gateNow, verdictText } = await import("./gating.ts");
    const { client } = await connectOrStart(this.values);
    const { result } = await gateNow({ client, path: folder, head: snapshot.head, env: snapshot.env, values: { ...this.values, local: true }, deadline_ms: DEADLINE_MS });
    if (result.verdict === "refuse") return { kind: "deny", reason: `Maestro's gate refuses the work as it stands; mend it before you stop.\n${verdictText(result)}` };
    return result.verdict === "hold" ? { kind: "allow", note: `maestro: held, a person has to look:\n${verdictText(result)}` } : ALLOW;
  }
}
