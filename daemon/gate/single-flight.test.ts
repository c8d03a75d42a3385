import { expect, test } from "bun:test";
import { listenToActions } from "../platform/actions/index.ts";
import { SingleFlight } from "./single-flight.ts";

const never = new AbortController().signal;
const quiet = () => undefined;

test("two clients asking the same share one run, and the late one hears what it missed", async () => {
  const flights = new SingleFlight<string, number>();
  const gate = Promise.withResolvers<number>();
  let runs = 0;
  const start = (emit: (event: string) => void) => {
    runs++;
    emit("facts");
    return gate.promise;
  };
  const heard: string[][] = [[], []];
  const first = flights.join("k", start, (event) => heard[0]!.push(event), never);
  const second = flights.join("k", start, (event) => heard[1]!.push(event), never);
  gate.resolve(7);
  expect(await Promise.all([first, second])).toEqual([7, 7]);
  expect(runs).toBe(1);
  expect(heard).toEqual([["facts"], ["facts"]]);
  expect(flights.running).toBe(0);
});

test("one leaving does not cancel, the last leaving does, and the next one starts afresh", async () => {
  const flights = new SingleFlight<string, number>();
  const signals: AbortSignal[] = [];
  const start = (_: unknown, signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<number>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const leavers = [new AbortController(), new AbortController()];
  const waits = leavers.map(({ signal }) => flights.join("k", start, quiet, signal).catch((error: unknown) => (error as { code: string }).code));
  leavers[0]!.abort();
  expect(await waits[0]!).toBe("request.cancelled");
  expect(signals[0]!.aborted).toBe(false);
  leavers[1]!.abort();
  await waits[1]!;
  expect(signals[0]!.aborted).toBe(true);
  const again = new AbortController();
  const third = flights.join("k", start, quiet, again.signal).catch(() => "left");
  expect(signals.length).toBe(2);
  again.abort();
  expect(await third).toBe("left");
});

test("a failed run fails everybody and is not remembered", async () => {
  const flights = new SingleFlight<string, number>();
  const fail = () => Promise.reject(new Error("no"));
  expect(flights.join("k", fail, quiet, never)).rejects.toThrow("no");
  await Bun.sleep(0);
  expect(await flights.join("k", () => Promise.resolve(1), quiet, never)).toBe(1);
});

test("told to stop past the point where it can: whoever asks meanwhile gets what it comes to, and nothing runs twice", async () => {
  const flights = new SingleFlight<string, number>();
  const recorded = Promise.withResolvers<number>();
  let runs = 0;
  const start = () => (runs++, recorded.promise);
  const leaver = new AbortController();
  const first = flights.join("k", start, quiet, leaver.signal).catch(() => "left");
  leaver.abort();
  expect(await first).toBe("left");
  const impatient = new AbortController();
  const second = flights.join("k", start, quiet, impatient.signal).catch(() => "left too");
  const third = flights.join("k", start, quiet, never);
  impatient.abort();
  expect(await second).toBe("left too");
  recorded.resolve(7);
  expect([await third, runs, flights.running]).toEqual([7, 1, 0]);
});

test("two who ask while a stopped run ends share one new run", async () => {
  const flights = new SingleFlight<string, number>();
  const runs: PromiseWithResolvers<number>[] = [];
  const start = () => (runs.push(Promise.withResolvers<number>()), runs.at(-1)!.promise);
  const leaver = new AbortController();
  const first = flights.join("k", start, quiet, leaver.signal).catch(() => "left");
  leaver.abort();
  await first;
  const both = [flights.join("k", start, quiet, never), flights.join("k", start, quiet, never)];
  runs[0]!.reject(new Error("stopped"));
  await Bun.sleep(0);
  runs[1]!.resolve(8);
  expect([await Promise.all(both), runs.length]).toEqual([[8, 8], 2]);
});

/** What a recording says of a client that waits for the end of a run which everybody left, and leaves in the turn in which it ends. */
async function lastWords(end: (work: PromiseWithResolvers<number>) => void): Promise<string[]> {
  const said: string[] = [];
  const stop = listenToActions((_machine, _of, action) => void said.push(action));
  try {
    const flights = new SingleFlight<string, number>();
    const work = Promise.withResolvers<number>();
    const [first, waiting] = [new AbortController(), new AbortController()];
    const left = flights.join("k", () => work.promise, quiet, first.signal).catch(() => "left");
    first.abort();
    await left;
    const waits = flights.join("k", () => work.promise, quiet, waiting.signal).catch(() => "left");
    waiting.abort();
    end(work);
    expect(await waits).toBe("left");
    await Bun.sleep(0);
    return said.slice(3);
  } finally {
    stop();
  }
}

test("whoever leaves as a run ends is not said to have left after they were told", async () => {
  expect(await lastWords((work) => work.resolve(1))).toEqual(["Ask", "Record"]);
  expect(await lastWords((work) => work.reject(new Error("stopped")))).toEqual(["Ask", "Cancelled", "Leave"]);
});
