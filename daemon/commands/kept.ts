/** Reports on their way from a sandbox or a job to a check process: files in the gate's own folder, named by number and known by digest. */
import { sha256 } from "@noble/hashes/sha2.js";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Usage } from "../../proto/card.ts";
import { toHex } from "../../proto/encoding.ts";
import type { Gap } from "../../proto/facts.ts";
import type { KeptFile } from "../../proto/worker.ts";
import type { CheckRun } from "../checking/answer.ts";
import type { Collected } from "../platform/sandbox/job.ts";

export type KeptReport = KeptFile | { readonly absent: string };

/** How far a command got. */
export interface Attempted {
  readonly name: string;
  readonly because: string;
  readonly not_applicable: boolean;
  /** Null where it did not run to an end of its own, or not at all. */
  readonly ran: { readonly code: number; readonly tail: string } | null;
  /** What it left, or what an earlier run of it did; null where there is neither. */
  readonly files: ReadonlyMap<string, KeptReport> | null;
  readonly duration_us: number;
  readonly usage?: Usage;
  /** What of its tree it did not see. */
  readonly gaps?: readonly Gap[];
  /** The answer of an earlier run, where everything it sees is as it was then: it was not run. */
  readonly earlier?: CheckRun;
}

export class Keep {
  private count = 0;

  constructor(private readonly folder: string) {}

  /** Where one more can be written; nothing is there yet. */
  place(): string {
    return join(this.folder, `report-${++this.count}`);
  }

  async put(bytes: Uint8Array): Promise<KeptFile> {
    const path = this.place();
    await writeFile(path, bytes, { flag: "wx", mode: 0o600 });
    return { path, sha256: toHex(sha256(bytes)) };
  }
}

/** What the sandbox brought out from `file` below its scratch. */
export function keptReport(file: string, found: Collected | undefined): KeptReport {
  if (found === undefined || found.state === "absent") return { absent: `it left no /scratch/${file}` };
  if (found.state === "refused") return { absent: `/scratch/${file} was not taken: ${found.because}`.slice(0, 1000).toWellFormed() };
  return { path: found.path, sha256: found.sha256 };
}
