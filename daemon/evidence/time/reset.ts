/** The entry that lets frozen log time go on. */
import { STATEMENT_TYPE, TIME_RESET_PREDICATE, type TimeResetStatement } from "../../../proto/attestation.ts";
import { toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { timestampOf } from "../../verifier/time.ts";
import type { LogState } from "../log/index.ts";
import type { Freeze } from "./index.ts";

/** How far the time that the operator read elsewhere may be from the host's own. */
const AGREE_S_MAX = 3_600;

export interface TimeReset {
  /** What the operator's own watch says, in seconds since 1970. */
  readonly accept_s: number;
  readonly operator_uid: number;
  readonly reason: string;
}

/**
 * Throws `time.reset` where there is nothing to reset, where the host's clock is not what the operator says it should be.
 */
export function resetStatement({ accept_s, operator_uid, reason }: TimeReset, frozen: Freeze | null, log: LogState, wall_s: number): TimeResetStatement {
  if (frozen === null) throw new MaestroError("time.reset", "log time is not frozen");
  if (Math.abs(wall_s - accept_s) > AGREE_S_MAX) throw new MaestroError("time.reset", `the host's clock says ${timestampOf(wall_s)}, you say ${timestampOf(accept_s)}; set the clock first`);
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name: log.origin, digest: { sha256: toHex(log.root) } }],
    predicateType: TIME_RESET_PREDICATE,
    predicate: { frozen_at: timestampOf(frozen.time_s), accepted: timestampOf(wall_s), step_s: Math.round(frozen.step_ms / 1000), operator_uid, reason },
  };
}
