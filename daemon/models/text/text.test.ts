import { describe, expect, test } from "bun:test";
import { MaestroError } from "../../../proto/errors.ts";
import { PlaceLine } from "../engine/index.ts";
import { guess } from "./lookup.ts";
import { Pieces } from "./pieces.ts";
import { written } from "./prompt.ts";
import { threadsNow } from "./turns.ts";

/** Tokens are bytes: the worst that a model's own may be. */
const decode = (tokens: readonly number[]): string => new TextDecoder().decode(Uint8Array.from(tokens));
function shown(text: string, stops: readonly string[] = []): { readonly pieces: readonly string[]; readonly text: string; readonly stopped: boolean } {
  const heard: string[] = [];
  const pieces = new Pieces(decode, stops, [], (piece) => heard.push(piece));
  for (const byte of new TextEncoder().encode(text)) pieces.push(byte);
  pieces.end();
  return { pieces: heard, text: pieces.text, stopped: pieces.stopped };
}

describe("pieces of a text", () => {
  test("are whole characters and together the text", () => {
    const said = "naïve 🙂 日本\n";
    const { pieces, text } = shown(said);
    expect([pieces.join(""), text]).toEqual([said, said]);
    expect(pieces.some((piece) => piece.includes("\uFFFD"))).toBe(false);
  });

  test("never show a stop string or a part of it, whichever comes first", () => {
    for (const [said, stops, text, stopped] of [["one\nUser: two", ["\nUser:"], "one", true], ["aaab", ["aab"], "a", true], ["one\nUse", ["\nUser:"], "one\nUse", false], ["a;b.c", [".", ";"], "a", true]] as const) {
      expect(shown(said, stops)).toMatchObject({ text, stopped });
      expect(shown(said, stops).pieces.join("")).toBe(text);
    }
  });
});

describe("guesses", () => {
  test("are what followed the newest place with the same end, and none where there is no such place", () => {
    expect(guess([1, 2, 3, 4, 5, 1, 2, 3], 2)).toEqual([4, 5]);
    expect(guess([1, 2, 9, 1, 2, 8, 1, 2], 1)).toEqual([8]);
    expect(guess([1, 2, 3, 4], 2)).toEqual([]);
    expect(guess([7, 7, 7], 2)).toEqual([7]);
    expect(guess([], 2)).toEqual([]);
  });
});

describe("threads", () => {
  test("are the cores that nobody runs on, at least one; what cannot be read is a busy machine", () => {
    expect([threadsNow(8, "0 0 0 1/90 7", 4), threadsNow(8, "0 0 0 3/90 7", 4), threadsNow(2, "0 0 0 1/90 7", 4), threadsNow(8, "9 9 9 19/90 7", 2), threadsNow(8, "nonsense", 2)]).toEqual([4, 2, 2, 1, 1]);
  });
});

test("messages become a transcript, whose next turn of the other is where the answer ends", () => {
  expect(written({ messages: [{ role: "system", content: "Be short." }, { role: "user", content: "Hi" }] }, null)).toEqual({ parts: [{ text: "System: Be short.\n\nUser: Hi\n\nAssistant:", own: false }], templated: "transcript", stops: ["\nUser:", "\nSystem:"] });
});

describe("places", () => {
  const BLAME = { wait_ms: 100, wait_ms_max: 1_000 };
  const codeOf = (entered: Promise<unknown>): Promise<string> => entered.then(() => "entered", (error) => (error instanceof MaestroError ? error.code : String(error)));

  test("the higher priority goes first; tenants take turns, and a line that is full says so", async () => {
    const line = new PlaceLine(1, 5, 60_000, BLAME);
    const order: string[] = [];
    const leave = await line.enter("x", 5);
    const waits = [["a", 5], ["a", 5], ["b", 5], ["c", 9], ["d", 1]] as const;
    const all = waits.map(async ([tenant, priority], i) => {
      const left = await line.enter(tenant, priority);
      order.push(`${tenant}${i}`);
      left();
    });
    expect([line.waiting, await codeOf(line.enter("c", 9))]).toEqual([5, "models.busy"]);
    leave();
    leave();
    await Promise.all(all);
    expect(order).toEqual(["c3", "a0", "b2", "a1", "d4"]);
    expect([line.taken, line.waiting]).toEqual([0, 0]);
  });

  test("attack: one tenant fills the line, and others are turned away", async () => {
    const line = new PlaceLine(1, 5, 60_000, BLAME);
    const [leave, order] = [await line.enter("x", 5), [] as string[]];
    const wait = (tenant: string, priority = 5) => line.enter(tenant, priority).then((left) => (order.push(tenant), left(), "entered"), (error) => (error instanceof MaestroError ? error.code : String(error)));
    const flood = Array.from({ length: 5 }, () => wait("flood"));
    const others = [wait("a"), wait("b"), wait("poor", 1), wait("owed", 7)];
    expect([await flood[4], await flood[3], await others[2], await flood[2]]).toEqual(["models.busy", "models.busy", "models.busy", "models.busy"]);
    // Whoever has as many as anybody else displaces nobody.
    expect(await wait("flood")).toBe("models.busy");
    leave();
    await Promise.all([...flood, ...others]);
    expect(order).toEqual(["owed", "flood", "a", "b", "flood"]);
  });

  test("attack: a request waits past the time that what it costs is promised for", async () => {
    const line = new PlaceLine(1, 5, 20, BLAME);
    const leave = await line.enter("a", 5);
    expect([await codeOf(line.enter("b", 5)), line.waiting]).toEqual(["models.busy", 0]);
    leave();
    expect(line.taken).toBe(0);
  });

  test("attack: a tenant at whose requests the worker dies brings down the others' each time", async () => {
    let now_ms = 0;
    const line = new PlaceLine(4, 50, 60_000, BLAME, () => now_ms);
    const [leaveBad, leaveGood] = [await line.enter("bad", 5), await line.enter("good", 5)];
    line.died();
    leaveBad();
    leaveGood();
    // Nobody knows whose it was: from here on either works alone, and beside itself.
    const [good, again] = [await line.enter("good", 5), await line.enter("good", 5)];
    const order: string[] = [];
    const enter = (tenant: string) => line.enter(tenant, 5).then((leave) => (order.push(tenant), leave));
    const [bad, third] = [enter("bad"), enter("third")];
    await Promise.resolve();
    expect([line.taken, line.waiting, line.alone("bad"), line.alone("third")]).toEqual([2, 2, true, false]);
    good();
    again();
    // It had its turn before the third, who waits for it to be done.
    const leaveBadAgain = await bad;
    expect([order, line.taken, line.waiting]).toEqual([["bad"], 1, 1]);
    // Alone it dies four times more: three are free, and after that it waits longer each time, alone.
    line.died();
    leaveBadAgain();
    (await third)();
    for (let i = 0; i < 3; i++) {
      const leave = await line.enter("bad", 5);
      line.died();
      leave();
    }
    const late = enter("bad");
    (await line.enter("good", 5))();
    expect([order, line.taken, line.waiting]).toEqual([["bad", "third"], 0, 1]);
    now_ms = 201;
    const last = enter("third");
    (await late)();
    (await last)();
    expect(order).toEqual(["bad", "third", "bad", "third"]);
    // Long after the last death nobody works alone.
    now_ms = 700_000;
    (await line.enter("good", 5))();
    expect([line.taken, line.alone("bad")]).toEqual([0, false]);
  });

  test("who gives up leaves the line, and takes no place", async () => {
    const line = new PlaceLine(1, 5, 60_000, BLAME);
    const [leave, stop] = [await line.enter("a", 5), new AbortController()];
    const gone = codeOf(line.enter("a", 5, stop.signal));
    stop.abort();
    expect([await gone, await codeOf(line.enter("a", 5, AbortSignal.abort())), line.waiting]).toEqual(["request.cancelled", "request.cancelled", 0]);
    leave();
    expect(line.taken).toBe(0);
  });
});
