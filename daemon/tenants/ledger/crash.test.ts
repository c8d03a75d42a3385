/** kill -9 of a real process in the middle of reserving and settling: what it said it had done is done, once. */
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
const root = mkdtempSync(join(tmpdir(), "spend-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Line {
  readonly begin?: string;
  readonly done?: string;
  readonly asked?: readonly string[];
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

/** Per account: what was acknowledged, and the one step that had begun and was not. */
function expected(lines: readonly Line[]): { readonly sure: Map<string, Amount>; readonly maybe: Line | null } {
  const sure = new Map<string, Amount>();
  for (const { done, asked = [], used = NOTHING } of lines) if (done === "settle") for (const key of asked) sure.set(key, plus(sure.get(key) ?? NOTHING, used));
  const last = lines.at(-1);
  return { sure, maybe: last?.begin === "settle" ? last : null };
}

test(`after each of ${KILLS} kills the sums are what the process had said, and nothing stays promised`, async () => {
  const state_dir = join(root, "state");
  const before = new Map<string, Amount>();
  let steps = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = await saidUntilKilled(state_dir, kill + 1, 5 + kill * 9);
    steps += lines.length;
    const { sure, maybe } = expected(lines);
    const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
    const ledger = openLedger({ store, now_s: () => 1_000 });
    expect(ledger.open()).toBe(0);
    const whole = ["a", "b", "c"].map((key) => {
      const row = ledger.account(key);
      const least = plus(before.get(key) ?? NOTHING, sure.get(key) ?? NOTHING);
      const most = maybe?.asked?.includes(key) === true ? plus(least, maybe.used ?? NOTHING) : least;
      const spent = row?.spent ?? NOTHING;
      expect(row?.reserved ?? NOTHING).toEqual(NOTHING);
      expect([least, most]).toContainEqual(spent);
      before.set(key, spent);
      return maybe?.asked?.includes(key) === true && !Bun.deepEquals(least, most) ? Bun.deepEquals(spent, most) : null;
    });
    // A step that was cut off is in all of its accounts or in none.
    expect(new Set(whole.filter((there) => there !== null)).size).toBeLessThanOrEqual(1);
    await store.close();
  }
  expect(steps).toBeGreaterThan(KILLS * 5);
}, 60_000);
