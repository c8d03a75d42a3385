/** In a check process: the candidate is read here and nowhere else, and a million rows are added up beside nobody's requests. */
import { createOffPolicy } from "../../../kernels/ope/index.ts";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { fromBase64, toBase64, utf8 } from "../../../proto/encoding.ts";
import type { EvaluationReply, FitReply, FitRequest } from "../../../proto/evaluation.ts";
import type { CandidateJob, CandidateReply, EvaluationJob, EvaluationJobReply, FitJob, FitJobReply } from "../../../proto/evaluation-job.ts";
import { LEARNED_BYTES_MAX } from "../../../proto/learned.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import { createBuckets } from "../fitting/buckets.ts";
import { createFit } from "../fitting/fit.ts";
import { digestOf, policyProblem, type ReadPolicy, readPolicy } from "../routing/policy.ts";
import { createColumns } from "./columns.ts";
import { markdownOf } from "./markdown.ts";
import { plotOf } from "./plot.ts";
import { evaluated } from "./report.ts";
import type { LogRow } from "./row.ts";
import { rowsIn } from "./rows-file.ts";

type Problem = { readonly problem: string };
const PROBLEM_CHARACTERS_MAX = 1_900;
const refused = ({ problem }: Problem): Problem => ({ problem: problem.slice(0, PROBLEM_CHARACTERS_MAX).toWellFormed() });

function candidateOf(base64: string, router: RouterEntry): ReadPolicy | Problem {
  const bytes = fromBase64(base64);
  if (bytes === null) return { problem: "not base64" };
  const read = readPolicy(bytes, router);
  if ("problem" in read) return refused(read);
  const text = read.document.buckets.find(({ field }) => router.context.some(({ name, type }) => name === field && type === "text"));
  // What is logged of a text went through the privacy filter: the candidate would have seen another one.
  return text === undefined ? read : { problem: `buckets: ${text.field} is a text, and what is logged of texts is not what was asked` };
}

/** Written by the core, of its own configuration: its type is known. */
const routerOf = (text: string): RouterEntry => JSON.parse(text) as RouterEntry;

export function candidateJob({ router, candidate }: CandidateJob): CandidateReply {
  const read = candidateOf(candidate, routerOf(router));
  return { kind: "candidate", read: "problem" in read ? read : { sha256: read.digest } };
}

export async function evaluationJob({ router: text, candidate, rows_path, rows_sha256, tried, left_out, fresh_ms }: EvaluationJob): Promise<EvaluationJobReply> {
  const router = routerOf(text);
  const read = candidateOf(candidate, router);
  if ("problem" in read) return { kind: "evaluation", said: read };
  const columns = createColumns(router, read.document);
  for await (const row of rowsIn(rows_path, rows_sha256)) columns.add(row);
  const report = evaluated(createOffPolicy(), { router, policy: read.document, candidate: read.digest, rows_sha256, tried, left_out, fresh_ms }, columns.taken());
  const reply: EvaluationReply = { report, sha256: digestOf(report), markdown: markdownOf(report), svg: plotOf(report) };
  return { kind: "evaluation", said: { reply: JSON.stringify(reply) } };
}

/** Rows of the search split alone: what the verdict rests on is never fitted to. */
async function* searched(job: FitJob): AsyncGenerator<LogRow & { readonly reward: number }, void> {
  for await (const row of rowsIn(job.rows_path, job.rows_sha256)) if (!row.safety && row.reward !== null) yield { ...row, reward: row.reward };
}

export async function fitJob(job: FitJob): Promise<FitJobReply> {
  const router = routerOf(job.router);
  const { count_min, exploration, buckets: named } = JSON.parse(job.asked) as Required<Omit<FitRequest, "buckets">> & Pick<FitRequest, "buckets">;
  let [buckets, skipped] = [named, [] as string[]];
  if (buckets === undefined) {
    const choosing = createBuckets(router);
    for await (const { context } of searched(job)) choosing.add(context);
    ({ buckets, skipped } = choosing.chosen(count_min));
  }
  const empty = { type: "maestro.routing-policy", v: 1, router: router.id, reward: router.reward, baseline: router.baseline, buckets, cells: [], count_min, exploration } as const;
  const problem = policyProblem({ ...empty, cells: [] }, router);
  if (problem !== null) return { kind: "fit", said: refused({ problem }) };
  const fit = createFit({ router, buckets, count_min, exploration });
  let rows = 0;
  for await (const { context, arms, shares, executed, reward } of searched(job)) {
    rows++;
    fit.add({ context, executed: router.arms[arms[executed] ?? -1]?.id ?? "", propensity: shares[executed] ?? 1, reward });
  }
  const policy = fit.policy();
  const bytes = utf8(`${canonicalNumbers(policy)}\n`);
  // Nobody could have it judged, and no gate would read it.
  if (bytes.length > LEARNED_BYTES_MAX) return { kind: "fit", said: refused({ problem: `a table of ${policy.cells.length} cells has ${bytes.length} bytes, and a candidate at most ${LEARNED_BYTES_MAX}: use fewer or wider buckets, or a larger count_min` }) };
  const reply: FitReply = { policy: toBase64(bytes), sha256: digestOf(policy), rows, cells: policy.cells.length, skipped };
  return { kind: "fit", said: { reply: JSON.stringify(reply) } };
}
