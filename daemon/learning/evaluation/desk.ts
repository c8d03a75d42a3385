/** Judges and fits candidates over the node's own episodes: the core reads the log and counts the questions, a check process reads the candidate. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { toBase64, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { EvaluationReply, FitReply, type FitRequest } from "../../../proto/evaluation.ts";
import type { Split } from "../../../proto/episode.ts";
import type { LearningLimits } from "../../../proto/limits.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import { Lane } from "../../checking/lane.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import type { WorkerPool } from "../../platform/pool/pool.ts";
import type { EpisodeLog } from "../episodes/index.ts";
import { learnable, unanswered } from "../episodes/learnable.ts";
import { letOthersRun } from "../episodes/turns.ts";
import type { AskedQuestions } from "./asked.ts";
import { rowsWriter, type Written } from "./rows-file.ts";

export interface EvaluationDeskDeps {
  readonly log: Pick<EpisodeLog, "page" | "counts" | "censorInTurns">;
  readonly asked: AskedQuestions;
  readonly pool: WorkerPool;
  /** Emptied at each start. */
  readonly scratch_dir: string;
  readonly limits: LearningLimits;
}

/** Whose episodes count, whose process works, and until when. */
export interface By {
  /** Null: everybody's. */
  readonly sees: string | null;
  readonly lane: string;
  readonly signal: AbortSignal;
  /** Hears what its processes used, in microseconds, also where they gave no answer. */
  readonly used?: (cpu_us: number) => void;
}

/** Which episodes. */
interface Wanted {
  readonly router: RouterEntry;
  readonly split: Split | "all";
  /** Those of the safety split count that were decided after this; null: all of them. */
  readonly fresh_ms: number | null;
}

const COUNT_MIN = 30;
const EXPLORATION = { epsilon: 0.1, floor: 0.02 } as const;

/** Everything of a router that moves a number in a report, and nothing else. */
function asDecided({ id, context, arms, baseline, reward, value_usd_micro, constraints = [], exploration }: RouterEntry): string {
  return canonicalNumbers({ id, context, arms, baseline, reward, value_usd_micro, constraints, exploration: exploration ?? null });
}

const evaluationOf = validatorOf(EvaluationReply);
const fitOf = validatorOf(FitReply);

export class EvaluationDesk {
  constructor(private readonly deps: EvaluationDeskDeps) {}

  /** Throws `learning.candidate` where the document is no policy of this router, `tenant.budget`, and what a check process throws. */
  async evaluate(router: RouterEntry, candidate: Uint8Array, by: By): Promise<EvaluationReply> {
    const { asked, limits: { evaluation_ms: deadline_ms } } = this.deps;
    const { reward, id, promotion } = router;
    const [document, text] = [toBase64(candidate), canonicalNumbers(router)];
    await using stack = new AsyncDisposableStack();
    const lane = this.lane(by, stack);
    const { read } = await lane.run({ kind: "candidate", router: text, candidate: document }, deadline_ms);
    if ("problem" in read) throw new MaestroError("learning.candidate", read.problem);
    // A long log takes seconds to read: meanwhile the process is somebody else's.
    await lane.rest();
    const fresh_ms = promotion?.fresh === true ? asked.reported({ router: id, reward, candidate: read.sha256 }) : null;
    const { path: rows_path, sha256, left_out } = await this.written({ router, split: "all", fresh_ms }, by, stack);
    const question = new Bun.CryptoHasher("sha256").update(utf8(`${read.sha256} ${sha256} ${asDecided(router)}`)).digest("hex");
    const tried = asked.nth({ sees: by.sees, router: id, reward, asked: question, candidate: read.sha256 });
    const { said } = await lane.run({ kind: "evaluation", router: text, candidate: document, rows_path, rows_sha256: sha256, tried, left_out, ...(fresh_ms === null ? {} : { fresh_ms }) }, deadline_ms);
    if ("problem" in said) throw new MaestroError("learning.candidate", said.problem);
    return evaluationOf(JSON.parse(said.reply));
  }

  /** A candidate from the search split alone. Throws `learning.candidate` for buckets that do not fit the router. */
  async fit(router: RouterEntry, { count_min = COUNT_MIN, buckets, exploration = router.exploration ?? EXPLORATION }: FitRequest, by: By): Promise<FitReply> {
    await using stack = new AsyncDisposableStack();
    const lane = this.lane(by, stack);
    const { path: rows_path, sha256 } = await this.written({ router, split: "search", fresh_ms: null }, by, stack);
    const asked = canonicalNumbers({ count_min, exploration, ...(buckets === undefined ? {} : { buckets }) });
    const { said } = await lane.run({ kind: "fit", router: canonicalNumbers(router), rows_path, rows_sha256: sha256, asked }, this.deps.limits.evaluation_ms);
    if ("problem" in said) throw new MaestroError("learning.candidate", said.problem);
    return fitOf(JSON.parse(said.reply));
  }

  private lane({ signal, lane: whose, used }: By, stack: AsyncDisposableStack): Lane {
    const lane = new Lane(this.deps.pool, signal, whose);
    stack.defer(() => used?.(lane.usage.cpu_us));
    return stack.use(lane);
  }

  /** A file that is gone with the stack. */
  private async written(wanted: Wanted, by: By, stack: AsyncDisposableStack): Promise<Written & { readonly path: string }> {
    const { scratch_dir } = this.deps;
    await mkdir(scratch_dir, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(scratch_dir, "evaluation-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "rows");
    return { ...(await this.write(wanted, by, path)), path };
  }

  /** The newest, where there are more than an evaluation takes: which these are no row's content says. */
  private async write(wanted: Wanted, by: By, path: string): Promise<Written> {
    const { log, limits: { evaluation_rows_max } } = this.deps;
    let skip = 0;
    // What waited too long is closed before anything is read, whichever router it is of.
    await log.censorInTurns();
    if (log.counts().kept > evaluation_rows_max) {
      let found = 0;
      await this.each(wanted, by, () => found++);
      skip = Math.max(0, found - evaluation_rows_max);
    }
    const writer = rowsWriter(path, wanted.router);
    try {
      await this.each(wanted, by, (episode) => (skip > 0 ? skip-- : writer.add(episode)));
      return writer.end();
    } finally {
      writer.close();
    }
  }

  /** Page after page, so that nobody waits for a million rows and no transaction of the database stays open. Throws `request.cancelled`. */
  private async each({ router, split, fresh_ms }: Wanted, { sees, signal }: By, take: (episode: Parameters<typeof learnable>[0]) => unknown): Promise<void> {
    const from = router.promotion?.from;
    const query = { router: router.id, split, sees };
    for (let page = this.deps.log.page(query); ; ) {
      for (const episode of page.episodes) {
        const seen = fresh_ms !== null && episode.split === "safety" && episode.at_ms <= fresh_ms;
        const believed = !seen && (from?.includes(episode.space) ?? true);
        // A fit has nothing to learn from what nobody knows; a verdict would be wrong without it.
        if (believed && (learnable(episode, router.reward) || (split === "all" && unanswered(episode, router.reward)))) take(episode);
      }
      if (page.next === null) return;
      await letOthersRun();
      if (signal.aborted) throw new MaestroError("request.cancelled", "an evaluation was stopped before its end", { cause: signal.reason });
      page = this.deps.log.page({ ...query, after: page.next });
    }
  }
}
