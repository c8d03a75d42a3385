import { expect, test } from "bun:test";
import { eventsOf } from "./events.ts";

const never = new AbortController().signal;

async function listOf<T>(events: AsyncGenerator<T, void>): Promise<T[]> {
  const list: T[] = [];
  for await (const event of events) list.push(event);
  return list;
}

test("events in the order they were emitted, then the result, and nothing begins before somebody reads", async () => {
  let begun = false;
  const events = eventsOf<number>(async (emit) => {
    begun = true;
    for (let i = 0; i < 3; i++) {
      emit(i);
      await Bun.sleep(1);
    }
    return 99;
  }, never);
  await Bun.sleep(2);
  expect(begun).toBe(false);
  expect(await listOf(events)).toEqual([0, 1, 2, 99]);
});

test("nothing is lost, however events and end fall between reads", async () => {
  const bursts = [[1, 2], [], [3], [4, 5, 6]];
  for (const waits of [0, 1, 2, 3, 5, 8]) {
    const work = async (emit: (event: number) => void) => {
      for (const burst of bursts) {
        burst.forEach(emit);
        for (let i = 0; i < waits; i++) await Promise.resolve();
      }
      emit(7);
      return 8;
    };
    for (const pause of [0, 1, 4]) {
      const read: number[] = [];
      for await (const event of eventsOf(work, never)) {
        read.push(event);
        for (let i = 0; i < pause; i++) await Promise.resolve();
        if (pause === 4) await Bun.sleep(1);
      }
      expect(read).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }
  }
});

test("all of it emitted and done at once, before the first read, is still all there", async () => {
  const events = eventsOf<number>((emit) => {
    for (let i = 0; i < 1000; i++) emit(i);
    return Promise.resolve(1000);
  }, never);
  expect(await events.next()).toEqual({ done: false, value: 0 });
  await Bun.sleep(2);
  expect(await listOf(events)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
});

test("a failure comes after every event that was emitted before it, and is the work's own", async () => {
  const failure = new Error("the work failed");
  const read: string[] = [];
  const events = eventsOf<string>(async (emit) => {
    emit("a");
    await Bun.sleep(1);
    emit("b");
    throw failure;
  }, never);
  let caught: unknown;
  try {
    for await (const event of events) {
      read.push(event);
      await Bun.sleep(3);
    }
  } catch (error) {
    caught = error;
  }
  expect([read, caught]).toEqual([["a", "b"], failure]);
});

test("whoever leaves early stops the work, and its failure then disturbs nobody", async () => {
  let heard: AbortSignal | undefined;
  const stray: unknown[] = [];
  const listen = (reason: unknown) => void stray.push(reason);
  process.on("unhandledRejection", listen);
  const events = eventsOf<number>(async (emit, signal) => {
    heard = signal;
    emit(1);
    const aborted = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => aborted.reject(new Error("stopped")));
    return aborted.promise;
  }, never);
  for await (const event of events) {
    expect([event, heard?.aborted]).toEqual([1, false]);
    break;
  }
  await Bun.sleep(5);
  process.off("unhandledRejection", listen);
  expect([heard?.aborted, stray]).toEqual([true, []]);
});

test("a client that goes away stops the work with its reason", async () => {
  const client = new AbortController();
  const events = eventsOf<number>(async (emit, signal) => {
    emit(1);
    const aborted = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => aborted.reject(signal.reason));
    return aborted.promise;
  }, client.signal);
  expect((await events.next()).value).toBe(1);
  const gone = new Error("gone");
  client.abort(gone);
  await expect(events.next()).rejects.toBe(gone);
});
