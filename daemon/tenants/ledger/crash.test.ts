/** kill -9 of a real process in the middle of opening, reserving and settling: what it said it had done is done, and what it had promised is charged, once. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { openStore } from "../../store/db.ts";
import { type Amount, NOTHING } from "./core.ts";
import { openLedger } from "./index.ts";

const SPENDER = join(import.meta.dir, "../testing/spender.ts");
const KILLS = 8;
/** The account keys the spender uses. */
const KEYS = ["a", "b", "c"];
const root = mkdtempSync(join(tmpdir(), "spend-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Promised {
  readonly asked: readonly string[];
  readonly worst: Amount;
}

interface Line extends Partial<Promised> {
  readonly begin?: "open" | "reserve" | "settle";
  readonly done?: "reserve" | "settle";
  readonly id?: number;
  readonly used?: Amount;
}

/** Lines a process said until it was killed, after `after` of them. */
async function saidUntilKilled(state_dir: string, seed: number, after: number): Promise<Line[]> {
  const child = Bun.spawn([process.execPath, SPENDER, state_dir, String(seed)], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (text.split("\n").length > after) child.kill("SIGKILL");
  }
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  return text.split("\n").filter((line) => line.endsWith("}")).map((line): Line => JSON.parse(line));
}

const plus = (a: Amount, b: Amount): Amount => ({ wall_us: a.wall_us + b.wall_us, cpu_us: a.cpu_us + b.cpu_us, model_tokens: a.model_tokens + b.model_tokens });

type Sums = Readonly<Record<string, Amount>>;

const charged = (sums: Sums, asked: readonly string[], amount: Amount): Sums => Object.fromEntries(KEYS.map((key) => [key, asked.includes(key) ? plus(sums[key] ?? NOTHING, amount) : (sums[key] ?? NOTHING)]));

/** What all accounts together may hold after the next opening: the step that was cut off is in all of its accounts or in none. */
function outcomes(before: Sums, lines: readonly Line[]): Sums[] {
  const standing = new Map<number, Promised>();
  let sums = before;
  for (const { done, id = 0, asked = [], worst = NOTHING, used = NOTHING } of lines) {
    if (done === "reserve") standing.set(id, { asked, worst });
    if (done === "settle" && standing.delete(id)) sums = charged(sums, asked, used);
  }
  const { begin, id = 0, asked = [], worst = NOTHING, used = NOTHING } = lines.at(-1) ?? {};
  const whole = (promises: Iterable<Promised>, from: Sums): Sums => [...promises].reduce((all, promise) => charged(all, promise.asked, promise.worst), from);
  const undone = whole(standing.values(), sums);
  if (begin === "reserve") return [undone, charged(undone, asked, worst)];
  if (begin === "settle" && standing.delete(id)) return [undone, whole(standing.values(), charged(sums, asked, used))];
  return [undone];
}

test(`after each of ${KILLS} kills, and one more while it opens, the sums are what was used and what was left promised, each once`, async () => {
  const state_dir = join(root, "state");
  let before: Sums = {};
  let steps = 0;
  let left = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const first = await saidUntilKilled(state_dir, kill + 1, 6 + kill * 9);
    // Killed as soon as it begins to open: it has charged what the first left, or it has not, or it has even gone on.
    const second = await saidUntilKilled(state_dir, kill + 101, 1);
    left += first.filter(({ done }) => done === "reserve").length - first.filter(({ done }) => done === "settle").length;
    steps += first.length + second.length;
    const possible = outcomes(before, first).flatMap((sums) => outcomes(sums, second));
    const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
    const ledger = openLedger({ store, now_s: () => 1_000 });
    expect(ledger.open()).toBe(0);
    const rows = KEYS.map((key) => [key, ledger.account(key)] as const);
    for (const [, row] of rows) expect(row?.reserved ?? NOTHING).toEqual(NOTHING);
    before = Object.fromEntries(rows.map(([key, row]) => [key, row?.spent ?? NOTHING]));
    expect(possible).toContainEqual(before);
    // What changes cost is what was paid, to the unit: every reservation was of one change and of this account.
    const changes = [0, 1, 2, 3].map((n) => ledger.change(String(n).padStart(64, "0"))?.spent ?? NOTHING);
    expect(changes.reduce(plus, NOTHING)).toEqual(ledger.account("every")?.spent ?? NOTHING);
    // And its parts by payer, which are written in the same transaction, are all of it.
    const parts = [0, 1, 2, 3].flatMap((n) => ledger.shares(String(n).padStart(64, "0")).map(({ spent }) => spent));
    expect(parts.reduce(plus, NOTHING)).toEqual(ledger.account("every")?.spent ?? NOTHING);
    await store.close();
  }
  expect(steps).toBeGreaterThan(KILLS * 5);
  // Otherwise nothing was left to charge, and this proves nothing.
  expect(left).toBeGreaterThan(0);
}, 120_000);
