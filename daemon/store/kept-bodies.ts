/** Answers kept for re-use with their blobs: what is too large for a value lies beside the database. Damaged or gone, it is asked for again. */
import { createReadStream } from "node:fs";
import type { Mode } from "../../proto/change.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Outcome } from "../../proto/outcome.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Blobs } from "./blobs.ts";
import { ownerOf, type KeptOutcome, type KeptOutcomeTable, type KeptReport } from "./reuse.ts";

/** Of an answer's JSON, which the core reads. */
const OUTCOME_BYTES_MAX = 1024 * 1024;
/** Reports have their room in the entry as names and digests. */
const INLINE_CHARACTERS_MAX = 1_000;
const REPORTS_MAX = 8;

export interface Kept extends Omit<KeptOutcome, "outcome" | "blobs"> {
  readonly outcome: Outcome;
}

/** Whose answers these are. Nobody's reach another payer, repository or mode: a stranger's fork prepares nothing for the host's own branches. */
export interface ReuseScope {
  readonly payer: string;
  readonly repo_id: string;
  readonly mode: Mode;
}

export interface KeptBodies {
  readonly table: Pick<KeptOutcomeTable, "get" | "put">;
  readonly blobs: Pick<Blobs, "get" | "put" | "putStream" | "copyOut">;
  readonly now_s: () => number;
  readonly age_s: number;
}

const isOutcome = lazyCheck(Outcome);

/** Null where the disk gives or takes nothing: a cache keeps nobody from an answer, and nobody's verdict from the log. */
export async function unlessStore<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MaestroError && error.code.startsWith("store.")) return null;
    throw error;
  }
}

async function outcomeAt(blobs: KeptBodies["blobs"], digest: string): Promise<Outcome | null> {
  const bytes = await blobs.get(digest);
  if (bytes === undefined || bytes.length > OUTCOME_BYTES_MAX) return null;
  // Its digest says that it is what was written here; another version may have written it.
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return isOutcome().Check(value) ? value : null;
}

/** What is kept under `key` for `check` and has not ended. */
export async function readKept({ table, blobs, now_s, age_s }: KeptBodies, key: string, check: string): Promise<Kept | null> {
  try {
    const kept = table.get(key);
    // One of a time to come is of a clock that was set: how old it is nobody knows.
    if (kept === undefined || kept.at_s < now_s() - age_s || kept.at_s > now_s()) return null;
    const outcome = typeof kept.outcome === "string" ? await outcomeAt(blobs, kept.outcome) : kept.outcome;
    return outcome === null || outcome.check !== check ? null : { ...kept, outcome };
  } catch (error) {
    // What is damaged is not believed; that it is damaged is the scrubber's to say.
    if (error instanceof MaestroError && error.code === "store.corrupt") return null;
    throw error;
  }
}

/** A report on its way to or from the blobs. */
export interface ReportFile {
  readonly path: string;
  readonly report: { readonly file: string; readonly sha256: string } | { readonly absent: string };
}

/** What a command left, put into blobs before its files are removed; null where it cannot be kept. */
export async function shelveReports(blobs: KeptBodies["blobs"], files: readonly ReportFile[]): Promise<{ readonly reports: KeptReport[]; readonly bytes: number } | null> {
  if (files.length > REPORTS_MAX) return null;
  const reports: KeptReport[] = [];
  let bytes = 0;
  for (const { path, report } of files) {
    if ("absent" in report) {
      reports.push({ path, report: { absent: report.absent } });
      continue;
    }
    const put = await blobs.putStream(createReadStream(report.file));
    if (put.digest !== `sha256:${report.sha256}`) return null;
    reports.push({ path, report: put.digest });
    bytes += put.size;
  }
  return { reports, bytes };
}

/** The entry for `outcome`, what is too large for it in a blob; null where it is too large for that, too. */
export async function shelved(blobs: KeptBodies["blobs"], kept: Omit<Kept, "asked">, owner: Pick<ReuseScope, "payer" | "repo_id">, report_bytes = 0): Promise<Omit<KeptOutcome, "asked"> | null> {
  const text = JSON.stringify(kept.outcome);
  const inline = text.length <= INLINE_CHARACTERS_MAX;
  const bytes = utf8(text);
  if (!inline && bytes.length > OUTCOME_BYTES_MAX) return null;
  const outcome = inline ? kept.outcome : (await blobs.put(bytes)).digest;
  const total = report_bytes + (inline ? 0 : bytes.length);
  return { ...kept, outcome, ...(total === 0 ? {} : { blobs: { owner: ownerOf(owner.payer, owner.repo_id), bytes: total } }) };
}
