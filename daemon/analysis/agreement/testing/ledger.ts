/** Ledger: what is promised to others is not counted. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { StoreLimits } from "../../../../proto/config.ts";
import type { CexFields } from "../../../../proto/counterexample.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import { openStore } from "../../../store/db.ts";
import type { shortfall } from "../../../tenants/ledger/core.ts";
import type { openLedger } from "../../../tenants/ledger/index.ts";
import { FAULTS } from "../../modelcheck/traces/testing/runs.ts";
import { recorded } from "../../modelcheck/traces/testing/recorded.ts";
import { number, numbersOf, type Plan, type Subject } from "./subject.ts";

const wall = (wall_us: number) => ({ wall_us, cpu_us: 0, model_tokens: 0 });

/** `reserve AMOUNT`, and `settle USED` of the oldest that stands, which took at most what it was promised. */
async function drive(code: ReadonlyMap<string, object>, { params, actions }: Plan) {
  const { openLedger: open } = code.get("tenants/ledger/index.ts") as { readonly openLedger: typeof openLedger };
  const budget = number(params, "budget");
  const account = { key: "tenant", budget: { wall_us: budget }, window_s: null };
  const state_dir = mkdtempSync(join(tmpdir(), "agree-ledger-"));
  const store = openStore({ state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
  const states: CexFields[] = [];
  try {
    const recording = await recorded(async () => {
      const ledger = open({ store, now_s: () => 1_000 });
      const standing: { readonly id: number; readonly amount: number }[] = [];
      const look = (): void => {
        const row = ledger.account("tenant");
        states.push({ spent: row?.spent.wall_us ?? 0, reserved: row?.reserved.wall_us ?? 0, budget });
      };
      look();
      for (const action of actions) {
        const [what, amount = 0] = action.split(" ").map((word, index) => (index === 0 ? word : Number(word))) as [string, number];
        try {
          const one = what === "settle" ? standing.shift() : undefined;
          if (one !== undefined) ledger.settle(one.id, wall(Math.min(amount, one.amount)));
          if (what === "reserve") standing.push({ id: ledger.reserve([account], wall(amount)), amount });
        } catch (error) {
          if (!(error instanceof MaestroError) || error.code !== "tenant.budget") throw error;
        }
        look();
      }
    });
    return { states, recording };
  } finally {
    await store.close();
    rmSync(state_dir, { recursive: true, force: true });
  }
}

export const ledger: Subject = {
  name: "ledger",
  fault: FAULTS.find(({ file }) => file === "tenants/ledger/core.ts")!,
  yaml: `id: INV.LEDGER.BUDGET
scope: ledger
when: [{event: promised}]
fields: {spent: int, reserved: int, budget: int}
assert:
  - expr: spent + reserved <= budget
    message: '{{spent}} are spent and {{reserved}} promised of {{budget}}'
`,
  plans: fc.record({
    params: fc.record({ budget: fc.integer({ min: 1, max: 12 }) }),
    actions: fc.array(fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }).map((amount) => `reserve ${amount}`) }, { weight: 1, arbitrary: fc.nat(9).map((used) => `settle ${used}`) }), { minLength: 1, maxLength: 8 }),
  }),
  drive,
  step: {
    fields: ["spent", "reserved", "budget", "amount"],
    premises: ["spent >= 0 && reserved >= 0 && amount >= 1 && budget >= 0 && budget <= 1000000", "spent + reserved <= budget", "amount <= 1000000"],
    allowed: { sound: "spent + reserved + amount <= budget", broken: "spent + amount <= budget" },
    after: "spent + (reserved + amount) <= budget",
  },
  allowed(code, values) {
    const { shortfall: short } = code.get("tenants/ledger/core.ts") as { readonly shortfall: typeof shortfall };
    return short({ window: 0, touched_s: 0, spent: wall(number(values, "spent")), reserved: wall(number(values, "reserved")) }, { wall_us: number(values, "budget") }, wall(number(values, "amount"))) === null;
  },
  grid: [0, 1, 3].flatMap((spent) => [0, 2, 4].flatMap((reserved) => [3, 5, 8].flatMap((budget) => [1, 2, 5].map((amount) => ({ spent, reserved, budget, amount }))))),
  planOf(values) {
    const [spent, reserved, amount] = [number(values, "spent"), number(values, "reserved"), number(values, "amount")];
    const actions = [...(spent > 0 ? [`reserve ${spent}`, `settle ${spent}`] : []), ...(reserved > 0 ? [`reserve ${reserved}`] : []), `reserve ${amount}`];
    return { params: { budget: number(values, "budget") }, actions };
  },
  valuesOf: (trace) => ({ ...numbersOf(trace.at(-2)!.state), amount: Number(trace.at(-1)!.action.split(" ")[1]) }),
  model: {
    twin: { operator: "Covers", parameters: "(a, w)", body: "SpentNow(a) + PromisedFor(w) <= BudgetOf(a)" },
    constants: { Accounts: "{tenant}", Payings: "{{tenant}}", Budget: "5", Works: "{one, two, three}", Worst: "2", Windows: "0", Deaths: "0" },
    invariant: "WithinBudget",
    planOf({ steps }) {
      const actions = steps.slice(1).flatMap(({ action }) => {
        // How far work has come the code is told when it is settled, and the shortest behaviour settles nothing.
        if (action?.name === "Work") return [];
        if (action?.name === "Reserve") return ["reserve 2"];
        throw new Error(`no action for ${action?.name}`);
      });
      return { params: { budget: 5 }, actions };
    },
  },
};
