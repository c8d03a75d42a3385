/** The lines around what a gate found, read from its change once more, in a check process. */
import type { Limits } from "../../proto/config.ts";
import { CONTEXT_FINDINGS_MAX, type ChangeContextReply } from "../../proto/cards.ts";
import type { FoundPlace } from "../../proto/context-job.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Lane } from "../checking/lane.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { GateRow } from "../store/gates.ts";
import { type Payer, worstDraft } from "./cost/cost.ts";
import { goneReply, readReply, type StoredReply } from "./reply.ts";

export interface ContextDeskDeps {
  readonly git: GitTools;
  readonly limits: Pick<Limits, "facts" | "worker">;
  readonly pool: WorkerPool;
  readonly repositories: Pick<RepositoryStore, "open">;
  readonly artifacts: Artifacts;
}

function placesOf({ findings }: StoredReply): FoundPlace[] {
  return (findings?.findings ?? []).flatMap(({ check, finding: { rule, fingerprint, range } }) => (range === null ? [] : [{ check, rule, fingerprint, ...range }]));
}

export class ContextDesk {
  constructor(private readonly deps: ContextDeskDeps) {}

  /** Throws `request.not_found` or `record.expired` where the gate's answer is gone, `tenant.budget`, and what a check process throws. */
  async context(row: GateRow, tenant: string, signal: AbortSignal, pay: Payer): Promise<ChangeContextReply> {
    const { artifacts, limits } = this.deps;
    const { gate_id, attempt: { attempt } } = row;
    const stored = await readReply(artifacts, row);
    if (stored?.reply.findings === undefined) throw await goneReply(artifacts, row, `findings of attempt ${attempt} of ${gate_id} were not kept; gate the change again with --rerun`);
    const all = placesOf(stored.reply);
    const places = all.slice(0, CONTEXT_FINDINGS_MAX);
    const cut = all.length - places.length + stored.reply.findings.cut;
    if (places.length === 0) return { gate_id, attempt, findings: [], cut };
    const findings = await pay(worstDraft(limits), async (spent) => {
      await using stack = new AsyncDisposableStack();
      const lane = new Lane(this.deps.pool, signal, tenant);
      // After the lane has ended: only then is it known what its process used.
      stack.defer(() => spent(lane.usage));
      stack.use(lane);
      return (await lane.run(await this.jobFor(row, stored.reply, places), limits.worker.check_deadline_ms)).findings;
    });
    if (findings.length !== places.length) throw new MaestroError("worker.protocol", `a check process showed ${findings.length} of ${places.length} findings`);
    // What was asked about stands here; of what the process says only the lines are taken.
    return { gate_id, attempt, findings: places.map((place, at) => ({ ...place, lines: findings[at]?.lines ?? [], because: findings[at]?.because ?? null })), cut };
  }

  private async jobFor({ repo_id, head }: GateRow, { card, target }: StoredReply, places: FoundPlace[]) {
    const { git, limits, repositories } = this.deps;
    const { git_dir, object_format } = await repositories.open(repo_id, head.length === 64 ? "sha256" : "sha1");
    return { kind: "context" as const, git: { ...git }, git_dir, object_format, target: target ?? card.base ?? head, head, limits: limits.facts, deadline_ms: limits.worker.check_deadline_ms, places };
  }
}
