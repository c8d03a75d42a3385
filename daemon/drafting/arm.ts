/** Who may phrase a draft beside the rules. Whoever puts the daemon together hands arms in, best first; the rules are always there. */
import type { DraftPath } from "../../proto/drafting.ts";

export const ARM_PATHS = ["local", "remote"] as const satisfies readonly DraftPath[];

export interface ArmAnswer {
  readonly text: string;
  readonly cpu_us: number;
  readonly gpu_us: number;
  readonly tokens: number;
  readonly usd_micro: number;
  readonly model_digest: string;
  readonly engine: string;
}

export interface Arm {
  readonly path: (typeof ARM_PATHS)[number];
  readonly model: string;
  /** Why this one: capability, price, policy, seal. */
  readonly because: string;
  /** Admitted, paid for and counted by whoever made the arm. Throws `models.*`, `tenant.budget`, `egress.*`, `request.cancelled`. */
  run(prompt: { readonly system: string; readonly user: string }, schema: unknown, task: string, signal: AbortSignal): Promise<ArmAnswer>;
}
