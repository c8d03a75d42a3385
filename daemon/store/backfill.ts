/** Summaries of gates that were recorded without one, from their replies. What cannot be read stays without, and reports count how many. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { parseCanonical } from "../../proto/canonical.ts";
import { Card, Timings } from "../../proto/card.ts";
import { Attempt, GateId } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import { KeptFindings } from "../../proto/findings.ts";
import { OciDigest } from "../../proto/oci.ts";
import { Count, GitOid, RepositoryId } from "../../proto/scalar.ts";
import { TenantId } from "../../proto/tenant.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Summaries, SummarisedReply } from "./summaries.ts";

/** What a summary needs of a gate's row and of its reply; both may hold more, or be of a version that held less. */
const isRow = lazyCheck(Type.Object({ gate_id: GateId, attempt: Attempt, repo_id: RepositoryId, head: GitOid, owner_uid: Count, owner_tenant: Type.Optional(TenantId), reply: OciDigest }));
const isReply = lazyCheck(Type.Object({ card: Card, timings: Timings, findings: Type.Optional(KeptFindings) }));
const LIMITS = { bytes_max: 64 * 1024 * 1024, depth_max: 16 };

/** `null` for a blob that is gone, damaged, or no reply: a report must not count what nobody can check. */
function replyAt(state_dir: string, digest: string): SummarisedReply | null {
  const hex = digest.replace(/^sha256:/, "");
  try {
    const bytes = readFileSync(join(state_dir, "oci/blobs/sha256", hex));
    if (createHash("sha256").update(bytes).digest("hex") !== hex) return null;
    const reply: unknown = parseCanonical(bytes, LIMITS);
    return isReply().Check(reply) ? reply : null;
  } catch (error) {
    if (error instanceof MaestroError || (error instanceof Error && "code" in error && error.code === "ENOENT")) return null;
    throw error;
  }
}

/** Inside `Store.atomic`. How many were added; done twice, it adds nothing. */
export function backfillSummaries(summaries: Summaries, rows: Iterable<unknown>, state_dir: string): number {
  const known = [...rows].filter((row) => isRow().Check(row));
  let added = 0;
  // Oldest first: a release is counted from when the change was first held.
  for (const row of known.toSorted((a, b) => (a.attempt.issued_at < b.attempt.issued_at ? -1 : 1))) {
    const reply = summaries.get(row) !== undefined ? null : replyAt(state_dir, row.reply);
    if (reply === null) continue;
    summaries.add(row, reply);
    added += 1;
  }
  return added;
}
