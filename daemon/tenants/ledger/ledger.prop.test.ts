/** Every interleaving of reserve, settle, release, time and the daemon's death leaves what a plain sequential model says. */
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
  { key: "tenant:web", budget: { wall_us: 1_000, cpu_us: 1_500 }, window_s: HOUR_S },
  { key: "tenant:lib", budget: { model_tokens: 20 }, window_s: HOUR_S },
  { key: "token:x", budget: { wall_us: 2_500 }, window_s: null },
];
const root = mkdtempSync(join(tmpdir(), "ledger-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const plus = (a: Amount, b: Amount): Amount => ({ wall_us: a.wall_us + b.wall_us, cpu_us: a.cpu_us + b.cpu_us, model_tokens: a.model_tokens + b.model_tokens });
const sum = (amounts: readonly Amount[]): Amount => amounts.reduce(plus, NOTHING);

/** What an accountant with a notebook would do: no transactions, no disk, one entry after the other. */
class Notebook {
  readonly promises: { readonly id: number; readonly keys: readonly string[]; readonly amount: Amount }[] = [];
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
    return Object.entries(account.budget).every(([name, limit]) => after[name as keyof Amount] <= limit);
  }
  settle(place: number, used: Amount, now_s: number): number | null {
    const [promise] = this.promises.splice(place, 1);
    if (promise === undefined) return null;
    for (const key of promise.keys) this.payments.push({ key, at_s: now_s, used });
    return promise.id;
  }
}

const amounts = fc.record({ wall_us: fc.nat(400), cpu_us: fc.nat(400), model_tokens: fc.nat(8) });
const steps = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("reserve" as const), who: fc.subarray([0, 1, 2], { minLength: 1 }), amount: amounts }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("settle" as const), place: fc.nat(5), used: amounts }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("release" as const), place: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.nat(5_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const) }) },
);

class Run {
  now_s = 10 * HOUR_S;
  readonly book = new Notebook();
  private store: Store;
  private ledger: Ledger;
  private readonly state_dir = mkdtempSync(join(root, "s-"));

  constructor() {
    [this.store, this.ledger] = this.start();
  }

  private start(): [Store, Ledger] {
    const store = openStore({ state_dir: this.state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
    return [store, openLedger({ store, now_s: () => this.now_s })];
  }

  close(): Promise<void> {
    return this.store.close();
  }

  reserve(who: readonly number[], amount: Amount): void {
    const asked = who.flatMap((place) => ACCOUNTS[place] ?? []);
    const expected = asked.every((account) => this.book.covers(account, amount, this.now_s));
    let id: number | null = null;
    try {
      id = this.ledger.reserve(asked, amount);
    } catch (error) {
      if (!(error instanceof MaestroError) || error.code !== "tenant.budget") throw error;
    }
    expect(id !== null).toBe(expected);
    if (id !== null) this.book.promises.push({ id, keys: asked.map(({ key }) => key), amount });
  }

  settle(place: number, used: Amount): void {
    const id = this.book.settle(place, used, this.now_s);
    if (id === null) return;
    expect(this.ledger.settle(id, used)).toBe(true);
    // Once more changes nothing: a settle that is retried is not paid twice.
    expect(this.ledger.settle(id, used)).toBe(false);
  }

  /** Whoever dies with promises outstanding is taken to have used all of them, and the accountant enters that once. */
  async die(): Promise<void> {
    await this.store.close();
    for (const { amount } of [...this.book.promises]) this.book.settle(0, amount, this.now_s);
    [this.store, this.ledger] = this.start();
  }

  agrees(): void {
    expect(this.ledger.open()).toBe(this.book.promises.length);
    for (const account of ACCOUNTS) {
      const row = this.ledger.account(account.key);
      if (row === undefined) continue;
      expect(row.reserved).toEqual(this.book.reserved(account.key));
      const current = account.window_s === null || row.window === Math.floor(this.now_s / account.window_s);
      if (current) expect(row.spent).toEqual(this.book.spent(account, this.now_s));
    }
  }
}

test("random interleavings, with deaths in between, are what the notebook says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 30 }), async (plan) => {
      const run = new Run();
      for (const step of plan) {
        if (step.do === "reserve") run.reserve(step.who, step.amount);
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
