/** Every interleaving of reserve, hold, settle, release, time and the daemon's death leaves what a plain sequential model says. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { StoreLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { openStore, type Store } from "../../store/db.ts";
import type { Account } from "../principal.ts";
import { type Amount, NOTHING } from "./core.ts";
import { type Ledger, openLedger } from "./index.ts";

const HOUR_S = 3_600;
const ACCOUNTS: readonly Account[] = [
  { key: "tenant:web", budget: { wall_us: 1_000, cpu_us: 1_500, usd_micro: 900 }, window_s: HOUR_S },
  { key: "tenant:lib", budget: { model_tokens: 20, gpu_us: 60 }, window_s: HOUR_S },
  { key: "token:x", budget: { wall_us: 2_500, usd_micro: 2_000 }, window_s: null },
];
const root = mkdtempSync(join(tmpdir(), "ledger-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Money and a GPU's time are absent where there is none. */
function plus(a: Amount, b: Amount): Amount {
  const [usd_micro, gpu_us] = [(a.usd_micro ?? 0) + (b.usd_micro ?? 0), (a.gpu_us ?? 0) + (b.gpu_us ?? 0)];
  return { wall_us: a.wall_us + b.wall_us, cpu_us: a.cpu_us + b.cpu_us, model_tokens: a.model_tokens + b.model_tokens, ...(usd_micro === 0 ? {} : { usd_micro }), ...(gpu_us === 0 ? {} : { gpu_us }) };
}
const sum = (amounts: readonly Amount[]): Amount => amounts.reduce(plus, NOTHING);

interface Promised {
  /** A name where others do the work. */
  readonly id: number | string;
  readonly until_s: number;
  readonly keys: readonly string[];
  readonly amount: Amount;
}

/** What an accountant with a notebook would do: no transactions, no disk, one entry after the other. */
class Notebook {
  readonly promises: Promised[] = [];
  private readonly payments: { readonly key: string; readonly at_s: number; readonly used: Amount }[] = [];

  reserved(key: string): Amount {
    return sum(this.promises.filter(({ keys }) => keys.includes(key)).map(({ amount }) => amount));
  }
  spent({ key, window_s }: Account, now_s: number): Amount {
    const since_s = window_s === null ? 0 : now_s - (now_s % window_s);
    return sum(this.payments.filter((payment) => payment.key === key && payment.at_s >= since_s).map(({ used }) => used));
  }
  covers(account: Account, amount: Amount, now_s: number): boolean {
    const after = sum([this.spent(account, now_s), this.reserved(account.key), amount]);
    return Object.entries(account.budget).every(([name, limit]) => (after[name as keyof Amount] ?? 0) <= limit);
  }
  held(key: string): number {
    return this.promises.filter(({ id, keys }) => typeof id === "string" && keys.includes(key)).length;
  }
  /** `used` null: all of it. */
  settle(place: number, used: Amount | null, now_s: number): Promised | null {
    const [promise] = this.promises.splice(place, 1);
    if (promise === undefined) return null;
    for (const key of promise.keys) this.payments.push({ key, at_s: now_s, used: used ?? promise.amount });
    return promise;
  }
  /** Whatever `over` says is charged in full, once. */
  charge(over: (promise: Promised) => boolean, now_s: number): void {
    for (let place = this.promises.length - 1; place >= 0; place--) if (over(this.promises[place] as Promised)) this.settle(place, null, now_s);
  }
}

const amounts: fc.Arbitrary<Amount> = fc.record({ wall_us: fc.nat(400), cpu_us: fc.nat(400), model_tokens: fc.nat(8) }).chain((work) => fc.oneof(fc.constant(work), fc.record({ usd_micro: fc.integer({ min: 1, max: 300 }), gpu_us: fc.integer({ min: 1, max: 20 }) }).map((more) => ({ ...work, ...more }))));
const who = fc.subarray([0, 1, 2], { minLength: 1 });
const steps = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("reserve" as const), who, amount: amounts }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("hold" as const), who, amount: amounts, for_s: fc.integer({ min: 1, max: 4_000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("settle" as const), place: fc.nat(5), used: amounts }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("release" as const), place: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.nat(5_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const) }) },
);

class Run {
  now_s = 10 * HOUR_S;
  private names = 0;
  readonly book = new Notebook();
  private store: Store;
  private ledger: Ledger;
  private readonly state_dir = mkdtempSync(join(root, "s-"));

  constructor() {
    [this.store, this.ledger] = this.start();
  }

  /** Whose time was over is charged as soon as anything else is held, and when it is opened. */
  private expire(): void {
    this.book.charge(({ until_s }) => until_s <= this.now_s, this.now_s);
  }

  private start(): [Store, Ledger] {
    const store = openStore({ state_dir: this.state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
    return [store, openLedger({ store, now_s: () => this.now_s })];
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** `for_s`: held so long for others; null: for work of this daemon. */
  reserve(who: readonly number[], amount: Amount, for_s: number | null): void {
    const asked = who.flatMap((place) => ACCOUNTS[place] ?? []);
    if (for_s !== null) this.expire();
    const expected = asked.every((account) => this.book.covers(account, amount, this.now_s));
    const name = `ep-${this.names++}`;
    const until_s = for_s === null ? Number.POSITIVE_INFINITY : this.now_s + for_s;
    let id: number | string | null = null;
    try {
      if (for_s !== null) this.ledger.hold(name, asked, amount, until_s);
      id = for_s === null ? this.ledger.reserve(asked, amount) : name;
    } catch (error) {
      if (!(error instanceof MaestroError) || error.code !== "tenant.budget") throw error;
    }
    expect(id !== null).toBe(expected);
    if (id !== null) this.book.promises.push({ id, until_s, keys: asked.map(({ key }) => key), amount });
  }

  settle(place: number, used: Amount): void {
    const { id, amount } = this.book.settle(place, used, this.now_s) ?? { id: null, amount: NOTHING };
    if (id === null) return;
    // Once more changes nothing: a settle that is retried is not paid twice.
    if (typeof id === "string") expect([this.ledger.settleHeld(id, used), this.ledger.settleHeld(id, used)]).toEqual([amount, null]);
    else expect([this.ledger.settle(id, used), this.ledger.settle(id, used)]).toEqual([true, false]);
  }

  /** Whoever dies with promises outstanding is taken to have used all of its own, and the accountant enters that once. */
  async die(): Promise<void> {
    await this.store.close();
    this.book.charge(({ id }) => typeof id === "number", this.now_s);
    this.expire();
    [this.store, this.ledger] = this.start();
  }

  agrees(): void {
    expect(this.ledger.open()).toBe(this.book.promises.length);
    for (const account of ACCOUNTS) {
      const row = this.ledger.account(account.key);
      if (row === undefined) continue;
      expect([row.reserved, row.held ?? 0]).toEqual([this.book.reserved(account.key), this.book.held(account.key)]);
      const current = account.window_s === null || row.window === this.now_s - (this.now_s % account.window_s);
      if (current) expect(row.spent).toEqual(this.book.spent(account, this.now_s));
    }
  }
}

test("random interleavings, with deaths in between, are what the notebook says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 30 }), async (plan) => {
      const run = new Run();
      for (const step of plan) {
        if (step.do === "reserve") run.reserve(step.who, step.amount, null);
        else if (step.do === "hold") run.reserve(step.who, step.amount, step.for_s);
        else if (step.do === "settle") run.settle(step.place, step.used);
        else if (step.do === "release") run.settle(step.place, NOTHING);
        else if (step.do === "wait") run.now_s += step.seconds;
        else await run.die();
        run.agrees();
      }
      await run.close();
    }),
    { numRuns: 120, verbose: 1 },
  );
}, 120_000);
