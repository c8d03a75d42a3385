import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { MaestroError } from "../../proto/errors.ts";
import { Closed } from "../../proto/scalar.ts";
import { openStore, watchCommit, type Store } from "./db.ts";

const limits = { value_bytes_max: 2048, blob_bytes_max: 1 << 20, commit_deadline_ms: 5000, free_bytes_min: 1 << 16 };
const Row = Closed({ n: Type.Integer(), text: Type.String(), bytes: Type.Optional(Type.Uint8Array()) });

let dir: string;
let store: Store;
const fatal: MaestroError[] = [];
const reopen = (schema_version?: number) =>
  openStore({ state_dir: dir, limits, fatal: (reason) => fatal.push(reason), ...(schema_version === undefined ? {} : { schema_version }) });

/** The code of the `MaestroError` that `work` ends with. */
function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
  return "none";
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-store-"));
  store = reopen();
  fatal.length = 0;
});

afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

describe("tables", () => {
  test("a record survives closing and reopening, bytes included", async () => {
    const bytes = Uint8Array.of(0, 255, 1);
    store.atomic(() => store.table<string, typeof Row>("rows", Row).put("a", { n: Number.MAX_SAFE_INTEGER, text: "ü\u0000", bytes }));
    await store.durable();
    await store.close();
    store = reopen();
    const row = store.table<string, typeof Row>("rows", Row).get("a");
    expect(row?.n).toBe(Number.MAX_SAFE_INTEGER);
    expect(row?.text).toBe("ü\u0000");
    expect([...row!.bytes!]).toEqual([...bytes]);
  });

  test("integers sort by value and tuples item by item, in ranges from start up to but without end", () => {
    const byNumber = store.table<number, typeof Row>("numbers", Row);
    const byPair = store.table<readonly [string, number], typeof Row>("pairs", Row);
    store.atomic(() => {
      for (const n of [300, 2, 1_000_000, 10]) byNumber.put(n, { n, text: "" });
      for (const [s, n] of [["b", 1], ["a", 10], ["a", 9], ["ab", 0]] as const) byPair.put([s, n], { n, text: s });
    });
    expect([...byNumber.entries()].map((entry) => entry.key)).toEqual([2, 10, 300, 1_000_000]);
    expect([...byNumber.entries({ start: 10, end: 1_000_000 })].map((entry) => entry.key)).toEqual([10, 300]);
    expect([...byNumber.entries({ reverse: true, limit: 1 })].map((entry) => entry.key)).toEqual([1_000_000]);
    expect([...byPair.entries({ start: ["a", 0], end: ["a", 1e9] })].map((entry) => entry.value.n)).toEqual([9, 10]);
    expect(byPair.count()).toBe(4);
  });

  test("a throw inside atomic() undoes every write of it, in every table", () => {
    const a = store.table<string, typeof Row>("a", Row);
    const b = store.table<string, typeof Row>("b", Row);
    store.atomic(() => a.put("kept", { n: 1, text: "" }));
    const stop = new Error("stop");
    expect(() =>
      store.atomic(() => {
        a.put("kept", { n: 2, text: "" });
        a.put("new", { n: 3, text: "" });
        b.put("new", { n: 3, text: "" });
        expect(a.get("kept")?.n).toBe(2);
        throw stop;
      }),
    ).toThrow(stop);
    expect([a.get("kept")?.n, a.get("new"), b.get("new")]).toEqual([1, undefined, undefined]);
    expect(fatal).toEqual([]);
  });

  test("a nested atomic() that fails leaves the outer one whole", () => {
    const a = store.table<string, typeof Row>("a", Row);
    store.atomic(() => {
      a.put("outer", { n: 1, text: "" });
      expect(() => store.atomic(() => { a.put("inner", { n: 2, text: "" }); throw new Error("inner"); })).toThrow("inner");
    });
    expect([a.get("outer")?.n, a.get("inner")]).toEqual([1, undefined]);
  });

  test("a tree states how many records it has, as they are counted, also inside a transaction and after one in it went back, and at the same cost however many there are", () => {
    const a = store.table<number, typeof Row>("a", Row);
    const b = store.table<number, typeof Row>("b", Row);
    const put = (n: number): void => a.put(n, { n, text: "" });
    store.atomic(() => b.put(1, { n: 1, text: "" }));
    store.atomic(() => {
      [1, 2, 3, 2].forEach(put);
      expect(() => store.atomic(() => { put(4); expect([a.count(), a.stated()]).toEqual([4, 4]); throw new Error("inner"); })).toThrow("inner");
      expect(a.remove(1)).toBe(true);
      expect([a.count(), a.stated(), b.count(), b.stated()]).toEqual([2, 2, 1, 1]);
    });
    expect(() => store.atomic(() => { put(5); throw new Error("outer"); })).toThrow("outer");
    expect([a.count(), a.stated(), b.count(), b.stated()]).toEqual([2, 2, 1, 1]);
    store.atomic(() => { for (let n = 0; n < 4_000; n++) put(n); });
    const cpu = (table: typeof a): number => Math.min(...Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      for (let i = 0; i < 200; i++) table.stated();
      const { user, system } = process.cpuUsage(before);
      return user + system;
    }));
    cpu(b);
    // Walking them takes more than ten times as long.
    expect(cpu(a)).toBeLessThan(3 * cpu(b) + 500);
  });

  test("what waits for a transaction is done once it is on disk, in order, and never where it or one in it goes back", () => {
    const a = store.table<string, typeof Row>("a", Row);
    const done: string[] = [];
    const say = (what: string) => store.kept(() => void done.push(`${what} ${a.get("k")?.n}`));
    const back = (what: string) => () => { say(what); throw new Error(what); };
    say("at once");
    store.atomic(() => {
      say("first");
      expect(() => store.atomic(back("inner"))).toThrow("inner");
      store.atomic(() => { say("second"); a.put("k", { n: 1, text: "" }); });
      expect(done).toEqual(["at once undefined"]);
    });
    expect(() => store.atomic(back("outer"))).toThrow("outer");
    store.atomic(() => say("third"));
    expect(done).toEqual(["at once undefined", "first 1", "second 1", "third 1"]);
  });

  test("misuse is a bug, not a broken record", () => {
    const a = store.table<string, typeof Row>("a", Row);
    expect(codeOf(() => a.put("k", { n: 1, text: "" }))).toBe("internal.bug");
    expect(codeOf(() => a.remove("k"))).toBe("internal.bug");
    expect(codeOf(() => store.atomic(() => a.put("k", { n: 0.5, text: "" })))).toBe("internal.bug");
    expect(codeOf(() => store.atomic(() => a.put("k", { n: 1, text: "x".repeat(2048) })))).toBe("internal.bug");
    expect(codeOf(() => store.atomic(async () => a.put("k", { n: 1, text: "" })))).toBe("internal.bug");
    expect(codeOf(() => store.table<string, typeof Row>("a", Row))).toBe("internal.bug");
    expect(a.get("k")).toBeUndefined();
  });
});

describe("opening", () => {
  test("a folder of another schema version is refused and left as it was", async () => {
    await store.close();
    expect(codeOf(() => reopen(99))).toBe("store.schema");
    store = reopen();
    expect(store.table<string, typeof Row>("a", Row).count()).toBe(0);
  });

  test("an emptied database is not taken for a fresh one", async () => {
    await store.close();
    rmSync(join(dir, "db", "data.mdb"));
    expect(codeOf(reopen)).toBe("store.corrupt");
  });
});

describe("commit watchdog", () => {
  test("a flush that never settles is fatal after the deadline", async () => {
    const never = new Promise<void>(() => undefined);
    const started = performance.now();
    await expect(watchCommit(never, 50, (reason) => fatal.push(reason))).rejects.toMatchObject({ code: "store.commit" });
    expect(fatal.map((reason) => reason.code)).toEqual(["store.commit"]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("a flush that fails is fatal: what it left on the disk is unknown", async () => {
    await expect(watchCommit(Promise.reject(new Error("Commit failed: Input/output error")), 50, (r) => fatal.push(r))).rejects.toMatchObject({ code: "store.commit" });
    expect(fatal.map((reason) => reason.code)).toEqual(["store.commit"]);
  });
});
