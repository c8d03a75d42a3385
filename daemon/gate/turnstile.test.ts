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
