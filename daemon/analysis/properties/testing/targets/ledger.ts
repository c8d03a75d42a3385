/** The arithmetic of one account as a target: work is promised, settled, and a window ends. */
import { type AccountRow, emptyAccount, reserved, rolled, settled, shortfall } from "../../../../tenants/ledger/core.ts";

const LIMIT_US = 1_000;
const WINDOW_S = 60;

interface Ledger {
  readonly row: AccountRow;
  readonly open: readonly number[];
  readonly now_s: number;
  /** Spent and promised, when last something was promised. */
  readonly taken: number;
  readonly limit: number;
  readonly account: string;
  readonly dimension: string;
}

const work = (wall_us: number) => ({ wall_us, cpu_us: 0, model_tokens: 0 });

export const ledger = {
  init: (): Ledger => ({ row: emptyAccount(0), open: [], now_s: 0, taken: 0, limit: LIMIT_US, account: "t", dimension: "wall_us" }),
  step(state: Ledger, action: "promise" | "settle" | "wait", { wall_us = 0, seconds = 0 }: { readonly wall_us?: number; readonly seconds?: number }): Ledger {
    if (action === "wait") return { ...state, now_s: state.now_s + seconds };
    const row = rolled(state.row, WINDOW_S, state.now_s);
    if (action === "settle") {
      const [promised, ...open] = state.open;
      return promised === undefined ? state : { ...state, row: settled(row, work(promised), work(wall_us), state.now_s), open };
    }
    if (shortfall(row, { wall_us: LIMIT_US }, work(wall_us)) !== null) return state;
    const promised = reserved(row, work(wall_us), state.now_s);
    return { ...state, row: promised, open: [...state.open, wall_us], taken: promised.spent.wall_us + promised.reserved.wall_us };
  },
};
