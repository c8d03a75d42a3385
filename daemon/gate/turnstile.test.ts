import { expect, test } from "bun:test";
import { Turnstile } from "./turnstile.ts";

const never = new AbortController().signal;
const tick = () => Bun.sleep(0);

test("no more than the limit is inside, and the line keeps its order", async () => {
  const turnstile = new Turnstile(2, 10);
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const began: number[] = [];
  const all = gates.map((gate, i) => turnstile.pass(() => (began.push(i), gate.promise), never));
  await tick();
  expect([began, turnstile.inside, turnstile.waiting]).toEqual([[0, 1], 2, 3]);
  gates[1]!.resolve();
  await tick();
  expect(began).toEqual([0, 1, 2]);
  for (const gate of gates) gate.resolve();
  await Promise.all(all);
  expect([began, turnstile.inside, turnstile.waiting]).toEqual([[0, 1, 2, 3, 4], 0, 0]);
});

test("a full line is busy, a leaver frees its place, a failure frees the inside", async () => {
  const turnstile = new Turnstile(1, 1);
  const gate = Promise.withResolvers<void>();
  const inside = turnstile.pass(() => gate.promise, never);
  const leaver = new AbortController();
  const waiting = turnstile.pass(async () => "never", leaver.signal);
  expect(turnstile.pass(async () => 1, never)).rejects.toThrow("at work");
  leaver.abort();
  expect(waiting).rejects.toThrow("left while in line");
  const next = turnstile.pass(() => Promise.reject(new Error("broken")), never);
  gate.resolve();
  await inside;
  await expect(next).rejects.toThrow("broken");
  expect([turnstile.inside, turnstile.waiting]).toEqual([0, 0]);
});

test("one tenant's flood: another's first gate does not wait for it, and in line they take turns", async () => {
  const turnstile = new Turnstile(2, 10);
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const enter = (name: string): Promise<void> => {
    const gate = Promise.withResolvers<void>();
    ends.push(gate.resolve);
    return turnstile.pass(() => (began.push(name), gate.promise), never, name[0]);
  };
  const all = ["a1", "a2", "a3", "a4", "b1", "b2"].map(enter);
  await tick();
  expect([began, turnstile.inside, turnstile.waiting]).toEqual([["a1", "a2", "b1"], 3, 3]);
  for (const leaves of [0, 1, 4]) {
    ends[leaves]!();
    await tick();
  }
  // a1's end only brings the number inside back to the limit; then both tenants have one each.
  expect(began).toEqual(["a1", "a2", "b1", "a3", "b2"]);
  for (const end of ends) {
    end();
    await tick();
  }
  await Promise.all(all);
  expect(began.length).toBe(6);
});

test("a line full of one tenant's gates gives its last place to another tenant, and to nobody of its own", async () => {
  const turnstile = new Turnstile(1, 2);
  const gate = Promise.withResolvers<void>();
  const pass = (tenant: string): Promise<string> => turnstile.pass(() => gate.promise.then(() => tenant), never, tenant).catch((error: Error) => error.message);
  const inside = [pass("flood"), pass("guest")];
  const waiting = [pass("flood"), pass("flood")];
  const own = await pass("flood");
  const newcomer = pass("guest");
  await tick();
  gate.resolve();
  expect([own, await waiting[1]]).toEqual([expect.stringContaining("1 at work and 2 in line"), expect.stringContaining("1 at work and 2 in line")]);
  expect(await Promise.all([...inside, waiting[0], newcomer])).toEqual(["flood", "guest", "flood", "guest"]);
});
