/** Gates and releases on record, and what is counted of them. */
import { artifactName, type GateRow } from "../../store/gates.ts";
import { releaseArtifactName, type ReleaseRow } from "../../store/releases.ts";
import type { GateSummary, WaiverMark } from "../../store/summaries.ts";
import type { TableEvents } from "../writes.ts";
import { buried, free, logHead, seconds, table } from "./reading.ts";

const gate = table<GateRow>(
  "gate",
  ({ gate_id, verdict, owner_uid, owner_tenant = "", log_index, bundle, attempt: { attempt, supersedes, issued_at, valid_until } }, [key_gate_id, key_attempt]) => ({
    gate_id, attempt, verdict, owner_uid, owner_tenant, log_index, bundle, supersedes: supersedes ?? 0, issued_s: seconds(issued_at), valid_until_s: seconds(valid_until), key_gate_id, key_attempt,
  }),
  ({ gate_id, attempt: { attempt } }, _key, look) => ({ log_size: logHead(look).size, attempt_free: free(look, gate_id), buried: buried(look, artifactName(gate_id, attempt)) }),
);

/** A summary is what reports and other tenants' questions read instead of the gate. */
const summary = table<GateSummary>(
  "summary",
  ({ gate_id, attempt, verdict, owner_uid, owner_tenant = "" }) => ({ gate_id, attempt, verdict, owner_uid, owner_tenant }),
  ({ gate_id, attempt }, _key, look) => {
    const row = look("gates", [gate_id, attempt]) as GateRow | undefined;
    return { gate_verdict: row?.verdict ?? "none", gate_owner_uid: row?.owner_uid ?? -1, gate_owner_tenant: row?.owner_tenant ?? "" };
  },
);

export const GATE_EVENTS: Readonly<Record<string, TableEvents>> = {
  gates: gate,
  gate_order: table<{ readonly gate_id: string; readonly attempt: number }>("gate_place", ({ gate_id, attempt }, [place]) => ({ place, gate_id, attempt }), (_row, _key, look) => ({ place_free: free(look, "places") })),
  gate_submitters: table<{ readonly uid: number }>("submitter", ({ uid }, [, key_uid]) => ({ uid, key_uid })),
  releases: table<ReleaseRow>("release", ({ log_index, statement_sha256 }, [, number]) => ({ log_index, statement: statement_sha256, number }), ({ statement_sha256 }, _key, look) => ({ log_size: logHead(look).size, buried: buried(look, releaseArtifactName(statement_sha256)) })),
  summaries: summary,
  "summaries.waivers": table<WaiverMark>("waiver_mark", ({ first_s, last_s }) => ({ first_s, last_s })),
  "summaries.changes": table<{ readonly held_s: number }>("change_mark", ({ held_s }) => ({ held_s })),
};
