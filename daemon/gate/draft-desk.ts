/** Drafts about a gate on record: rules always write, an arm may phrase, and rules hold the arm's words against the facts. The gate stays as it is. */
import { createHash } from "node:crypto";
import type { Limits } from "../../proto/config.ts";
import type { DraftJob, DraftJobReply } from "../../proto/draft-job.ts";
import { type AskedModel, type Draft, type DraftReply, type DraftRequest, type DraftTask } from "../../proto/drafting.ts";
import { type ErrorCode, MaestroError } from "../../proto/errors.ts";
import { reasonOf } from "../checking/failure.ts";
import { Lane } from "../checking/lane.ts";
import { type Arm, type ArmAnswer, askArm } from "../drafting/arm.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { GateRow } from "../store/gates.ts";
import type { Spent } from "../tenants/index.ts";
import { onTheHouse, type Payer, worstDraft } from "./cost/cost.ts";
import type { DraftSigning } from "./draft-signing.ts";
import { goneReply, readReply, type StoredReply } from "./reply.ts";

export interface DraftDeskDeps {
  readonly git: GitTools;
  readonly limits: Pick<Limits, "facts" | "worker">;
  readonly pool: WorkerPool;
  readonly repositories: Pick<RepositoryStore, "open">;
  readonly artifacts: Artifacts;
  /** What was written, by digest; the texts stay with whoever asked. */
  readonly signing: Pick<DraftSigning, "requireRoom" | "sign">;
}

/** Arms that may be asked, best first, and why none where there is none. */
export interface Armed {
  /** Pieces of that repository nearest to a text, which whoever asks may be shown; absent where no model is asked. */
  readonly examples?: (text: string, signal: AbortSignal) => Promise<DraftJob["exemplars"]>;
  readonly arms: readonly Arm[];
  readonly because: string;
}

const FINDINGS_MAX = 300;
const BECAUSE_CHARACTERS_MAX = 1_000;

type Row = Pick<GateRow, "gate_id" | "repo_id" | "head" | "reply" | "bundle" | "owner_uid" | "owner_tenant"> & { readonly attempt: { readonly attempt: number } };
type Written = DraftJobReply["written"][number];

/** What came of asking the arms for one task. */
interface Phrased {
  readonly said: { readonly arm: Arm; readonly answer: ArmAnswer } | null;
  /** Why nobody said anything. */
  readonly because: string;
  /** Those that failed before somebody answered, and may have seen the question. */
  readonly failed: readonly AskedModel[];
  /** Whether the repository's own pieces were shown to any of them; who goes on with a text is shown facts alone. */
  readonly exampled: boolean;
}

/** The prompt in the form that the model reads; null where there is none for it. */
const promptOf = (prompt: Written["prompt"], arm: Arm) => (arm.continues === true ? (prompt?.continued ?? null) : prompt);

/** Refused before anything leaves the core: whoever was refused so was shown nothing. */
const UNASKED: readonly ErrorCode[] = ["models.unknown", "models.denied", "models.missing", "models.request", "models.context", "tenant.budget"];
const unasked = (error: unknown): boolean => error instanceof MaestroError && UNASKED.includes(error.code);

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export class DraftDesk {
  constructor(private readonly deps: DraftDeskDeps) {}

  /** Throws `tenant.budget` before a check process is started, `request.not_found` where the gate's answer is gone, `models.missing` where only an arm was asked for and none answers, and what a check process throws. */
  async draft(row: GateRow, { tasks, path, sign = false }: Pick<DraftRequest, "tasks" | "path" | "sign">, { arms, because, examples }: Armed, tenant: string, signal: AbortSignal, pay: Payer = onTheHouse): Promise<DraftReply> {
    const stored = await readReply(this.deps.artifacts, row);
    if (stored === null) throw await goneReply(this.deps.artifacts, row, `attempt ${row.attempt.attempt} of ${row.gate_id} was logged but never answered; gate the change again`);
    if (path !== undefined && path !== "rules" && arms.length === 0) throw new MaestroError("models.missing", `no ${path} model may draft this: ${because}`);
    if (sign) await this.deps.signing.requireRoom(row, tenant);
    const ask = await this.jobFor(row, stored.reply, [...new Set(tasks)]);
    const reading = (asked: () => Promise<DraftJob>): Promise<Written[]> => pay(worstDraft(this.deps.limits), async (spent) => this.asked(await asked(), tenant, signal, spent));
    const exemplars: DraftJob["exemplars"] = [];
    const first = await reading(async () => {
      if (arms.some(({ continues }) => continues !== true) && path !== "rules") exemplars.push(...((await examples?.(stored.reply.card.title, signal)) ?? []));
      return { ...ask, exemplars };
    });
    const said = path === "rules" ? new Map<string, Phrased>() : await this.phrasedBy(arms, first, signal);
    const answers = [...said].flatMap(([task, { said: one }]) => (one === null ? [] : [{ task, text: one.answer.text, continued: one.arm.continues === true }]));
    const second = answers.length === 0 ? first : await reading(async () => ({ ...ask, exemplars, tasks: answers.map(({ task }) => task), said: answers })).catch((error: unknown) => unheld(first, error));
    const drafts = first.map((rules) => draftOf(rules, second.find(({ task }) => task === rules.task) ?? rules, said.get(rules.task), path === "rules" ? "rules were asked for" : because, exemplars));
    // Nobody would get the texts that it is about.
    if (sign && signal.aborted) throw new MaestroError("request.cancelled", "whoever asked is gone; nothing was signed");
    const signed = sign ? { signed: await this.deps.signing.sign(row, stored.reply, drafts, tenant) } : {};
    return { gate_id: row.gate_id, attempt: row.attempt.attempt, verdict: stored.reply.card.verdict, drafts, ...signed };
  }

  private async jobFor({ repo_id, head }: Row, { card, findings, target }: StoredReply, tasks: readonly DraftTask[]): Promise<DraftJob> {
    const { git, limits, repositories } = this.deps;
    const { git_dir, object_format } = await repositories.open(repo_id, head.length === 64 ? "sha256" : "sha1");
    return { kind: "draft", git: { ...git }, git_dir, object_format, target: target ?? card.base ?? head, head, limits: limits.facts, deadline_ms: limits.worker.check_deadline_ms, card: JSON.stringify(card), findings: JSON.stringify((findings?.findings ?? []).slice(0, FINDINGS_MAX)), tasks: [...tasks], said: [], exemplars: [] };
  }

  /** In a process that nobody holds while a model thinks. */
  private async asked(job: DraftJob, tenant: string, signal: AbortSignal, spent: Spent): Promise<Written[]> {
    await using stack = new AsyncDisposableStack();
    const lane = new Lane(this.deps.pool, signal, tenant);
    // After the lane has ended: only then is it known what its process used.
    stack.defer(() => spent(lane.usage));
    stack.use(lane);
    const { written } = await lane.run(job, job.deadline_ms);
    const missing = job.tasks.find((task) => !written.some((one) => one.task === task));
    if (missing !== undefined) throw new MaestroError("worker.protocol", `a check process wrote no ${missing}`);
    return written;
  }

  /** One arm after the other for each task; one that failed is not asked for the next. */
  private async phrasedBy(arms: readonly Arm[], written: readonly Written[], signal: AbortSignal): Promise<Map<string, Phrased>> {
    const phrased = new Map<string, Phrased>();
    const broken = new Map<Arm, string>();
    for (const { task, prompt } of written) {
      if (prompt === null) continue;
      const failed: AskedModel[] = [];
      const unfit: string[] = [];
      let [said, exampled]: [Phrased["said"], boolean] = [null, false];
      for (const arm of arms) {
        if (broken.has(arm)) continue;
        const asked = promptOf(prompt, arm);
        if (asked === null) {
          unfit.push(`${arm.model}: it only goes on with a text, and there is none for this task or these facts`);
          continue;
        }
        try {
          said = { arm, answer: await askArm(arm, asked, task, signal) };
          exampled ||= arm.continues !== true;
          break;
        } catch (error) {
          if (signal.aborted) throw error;
          broken.set(arm, `${arm.model}: ${reasonOf(error)}`);
          if (unasked(error)) continue;
          failed.push({ path: arm.path, model: arm.model });
          exampled ||= arm.continues !== true;
        }
      }
      if (said !== null || broken.size + unfit.length > 0) phrased.set(task, { said, because: [...broken.values(), ...unfit].join("; "), failed, exampled });
    }
    return phrased;
  }
}

/** A model's words that nothing can be held against any more, as the budget is spent, are dropped; they are paid for all the same. */
function unheld(first: readonly Written[], error: unknown): Written[] {
  if (!(error instanceof MaestroError) || error.code !== "tenant.budget") throw error;
  return first.map((one) => ({ ...one, because: `the model's words were dropped: ${error.detail}`, cpu_us: 0 }));
}

/** Why these words: what became of the model's, or why there are none. */
function becauseOf(rules: Written, last: Written, phrased: Phrased | undefined, none: string): string {
  if (phrased?.said) return `${last.because} (${phrased.said.arm.because})`;
  if (rules.prompt === null) return rules.because;
  return phrased === undefined ? `rules wrote it: ${none}` : `rules wrote it, as no model answered: ${phrased.because}`;
}

/** What the arm took is told whether its words stand or not, and so is who was asked. */
function draftOf(rules: Written, last: Written, phrased: Phrased | undefined, none: string, exemplars: DraftJob["exemplars"]): Draft {
  const { said, failed, exampled } = phrased ?? { said: null, failed: [], exampled: false };
  const cost = { usd_micro: said?.answer.usd_micro ?? 0, cpu_us: rules.cpu_us + (last === rules ? 0 : last.cpu_us) + (said?.answer.cpu_us ?? 0), gpu_us: said?.answer.gpu_us ?? 0, tokens: said?.answer.tokens ?? 0 };
  const because = becauseOf(rules, last, phrased, none).slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed();
  const prompt = said === null ? null : promptOf(rules.prompt, said.arm);
  const stands = said === null || !last.phrased || prompt === null ? null : { ...said, ref: prompt.ref };
  const asked = [...failed, ...(said === null || stands !== null ? [] : [{ path: said.arm.path, model: said.arm.model }])];
  // Who was asked was shown them, whoever's words stand.
  const shown = !exampled ? [] : exemplars.map(({ sha256: digest }) => digest);
  const common = { task: rules.task as DraftTask, text: last.text, sha256: sha256(last.text), because, cost, ...(asked.length === 0 ? {} : { asked }), ...(shown.length === 0 ? {} : { exemplars: shown }) };
  if (stands === null) return { ...common, path: "rules" };
  const { arm, answer, ref } = stands;
  return { ...common, path: arm.path, model: { name: arm.model, digest: answer.model_digest, engine: answer.engine.slice(0, 128) }, prompt: ref };
}
