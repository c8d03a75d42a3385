/** What a change's budget still allows. Pure: who asks hands in what was spent. */
import type { ChangeBudget } from "../../../proto/usage.ts";

export interface SpentOn {
  readonly wall_us: number;
  readonly cpu_us: number;
  /** null: nothing was reported, which stops nothing. */
  readonly micro_usd: bigint | null;
}

export interface Allowance {
  /** Why nothing more is run for this change; null while something is left. */
  over(): string | null;
  /** Whether it was said of anything that it is not run. */
  readonly stopped: boolean;
  /** Time a next piece of work may take. */
  left(): { readonly wall_ms: number; readonly cpu_us: number };
}

const US = 1_000_000;
const REMEDY = "what ran before stands; raise change_budget of the trusted configuration, or split the change";

const said = (what: string, spent: string, limit: string): string => `budget: ${spent} of ${limit} ${what} of this change are spent; ${REMEDY}`;

export function allowanceOf(budget: ChangeBudget | undefined, spent: () => SpentOn): Allowance {
  const { wall_s = Infinity, cpu_s = Infinity, micro_usd } = budget ?? {};
  let stopped = false;
  const why = (): string | null => {
    if (budget === undefined) return null;
    const { wall_us, cpu_us, micro_usd: reported } = spent();
    if (wall_us >= wall_s * US) return said("s of gate time", (wall_us / US).toFixed(1), String(wall_s));
    if (cpu_us >= cpu_s * US) return said("s of processor time", (cpu_us / US).toFixed(1), String(cpu_s));
    if (micro_usd !== undefined && reported !== null && reported >= BigInt(micro_usd)) return said("micro-USD", String(reported), String(micro_usd));
    return null;
  };
  return {
    over() {
      const because = why();
      stopped ||= because !== null;
      return because;
    },
    get stopped() {
      return stopped;
    },
    left() {
      if (budget === undefined) return { wall_ms: Infinity, cpu_us: Infinity };
      const { wall_us, cpu_us } = spent();
      return { wall_ms: Math.max(0, (wall_s * US - wall_us) / 1_000), cpu_us: Math.max(0, cpu_s * US - cpu_us) };
    },
  };
}
