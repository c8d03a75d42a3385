// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { EvaluationVerdict } from "./evaluation.ts";

export type CardPolicy = {
  /** name of the router that it decides for */
  readonly router: string;
  /** path of a learned policy, as maestro learn fit writes it */
  readonly path: string;
  /** digest of the policy at the base; null: there was none that can be read */
  readonly before: string | null;
  /** SHA-256, lower-case hex */
  readonly after: string;
  readonly cells: number;
  readonly changed: number;
  /** share of what was counted that lies in cells with another arm, in millionths */
  readonly mass_ppm: number;
  /** the heaviest first */
  readonly listed: readonly {
    readonly where: string;
    readonly from: string;
    readonly to: string;
    readonly mass_ppm: number;
  }[];
  readonly verdict: EvaluationVerdict;
  /** lower bound of the gain of an episode; null: it is hidden */
  readonly gain: {
    /** integer as a decimal string */
    readonly lower: string;
    /** integer as a decimal string */
    readonly needed: string;
    /** power of ten by which the integer is divided */
    readonly scale: number;
  } | null;
  /** episodes with an outcome that are still needed, about */
  readonly more: number | null;
  /** which question this is that was put to these rows */
  readonly tried: number;
  /** SHA-256, lower-case hex */
  readonly report_sha256: string;
};
