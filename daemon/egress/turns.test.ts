import { describe, expect, test } from "bun:test";
import { Turns } from "./turns.ts";

/** Takes turns whose work ends when told. */
class Crowd {
  readonly turns = new Turns();
  readonly began: string[] = [];
  readonly #ends = new Map<string, () => void>();
  inside = 0;
  most = 0;

  ask(tenant: string, name: string, row = "row", signal?: AbortSignal): Promise<string> {
    return this.turns.pass(row, tenant, async () => {
      this.began.push(name);
      this.most = Math.max(this.most, ++this.inside);
      const end = Promise.withResolvers<void>();
      this.#ends.set(name, end.resolve);
      await end.promise;
      this.inside--;
      return name;
    }, signal);
  }

  async end(name: string): Promise<void> {
    await Bun.sleep(0);
    this.#ends.get(name)?.();
    await Bun.sleep(0);
  }
}

describe("turns at the copy of a row", () => {
  test("attack: a tenant floods a row; another tenant's first fetch is the next, not the last", async () => {
    const crowd = new Crowd();
    const flood = Array.from({ length: 20 }, (_, i) => crowd.ask("flood", `flood-${i}`));
    const other = crowd.ask("other", "other");
    await crowd.end("flood-0");
    await crowd.end("flood-1");
    await crowd.end("other");
    expect(crowd.began.slice(0, 4)).toEqual(["flood-0", "flood-1", "other", "flood-2"]);
    expect(await other).toBe("other");
    for (let i = 2; i < 20; i++) await crowd.end(`flood-${i}`);
    expect([(await Promise.all(flood)).length, crowd.most]).toEqual([20, 1]);
  });

  test("rows do not wait for each other", async () => {
    const crowd = new Crowd();
    const both = [crowd.ask("a", "one", "row"), crowd.ask("a", "two", "other row")];
    await Bun.sleep(0);
    expect(crowd.began).toEqual(["one", "two"]);
    for (const name of crowd.began) await crowd.end(name);
    expect(await Promise.all(both)).toEqual(["one", "two"]);
  });

  test("who leaves the line takes no turn, and who fails passes it on", async () => {
    const crowd = new Crowd();
    const leaver = new AbortController();
    const first = crowd.ask("a", "first");
    const gone = crowd.ask("a", "gone", "row", leaver.signal).catch((error: Error) => error.message);
    const failing = crowd.turns.pass("row", "b", () => Promise.reject(new Error("failed"))).catch((error: Error) => error.message);
    const last = crowd.ask("a", "last");
    leaver.abort();
    await crowd.end("first");
    await crowd.end("last");
    expect([await gone, await failing, await first, await last]).toEqual([expect.stringContaining("left before its turn"), "failed", "first", "last"]);
    expect(crowd.began).toEqual(["first", "last"]);
    await expect(crowd.ask("a", "never", "row", leaver.signal)).rejects.toMatchObject({ code: "request.cancelled" });
  });
});
