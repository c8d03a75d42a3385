/** A process that reserves and settles at random and says so, before and after each step; its test kills it. Arguments: state folder, seed. */
import { writeSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { openStore } from "../../store/db.ts";
import { SeededRandom } from "../../testing/random.ts";
import { openLedger } from "../ledger/index.ts";

const [state_dir = "", seed = ""] = Bun.argv.slice(2);
const random = new SeededRandom(seed);
const below = (n: number): number => (random.bytes(2)[0] ?? 0) % n;
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`);

// A kill from here on falls into the opening, which charges what the one before left.
say({ begin: "open" });
const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => say({ fatal: reason.message }) });
const ledger = openLedger({ store, now_s: () => 1_000 });
const accounts = ["a", "b", "c"].map((key) => ({ key, budget: {}, window_s: null }));
/** In every reservation, as one change of four is: so both add up to the same. */
const every = { key: "every", budget: {}, window_s: null };
const amount = () => ({ wall_us: below(200), cpu_us: below(200), model_tokens: below(3) });
const open: { readonly id: number; readonly asked: readonly string[] }[] = [];

for (;;) {
  const next = open.length < 5 && below(2) === 0 ? null : (open.splice(below(Math.max(open.length, 1)), 1)[0] ?? null);
  if (next === null) {
    const asked = [...accounts.filter(() => below(2) === 0), every];
    const change = String(below(4)).padStart(64, "0");
    const worst = amount();
    const keys = asked.map(({ key }) => key);
    say({ begin: "reserve", asked: keys, worst });
    const id = ledger.reserve(asked, worst, { change, payer: asked[0]?.key ?? "nobody" });
    open.push({ id, asked: keys });
    say({ done: "reserve", id, asked: keys, worst });
    continue;
  }
  const used = amount();
  say({ begin: "settle", id: next.id, asked: next.asked, used });
  ledger.settle(next.id, used);
  say({ done: "settle", id: next.id, asked: next.asked, used });
}
