import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { openStore, type Store } from "../store/db.ts";
import { fairlyNewest, openGates, type Gates, type GateRow } from "../store/gates.ts";
import { cpuMs } from "../testing/cpu.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import { findGate } from "./lookup.ts";

let dir: string;
let store: Store;
let gates: Gates;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-lookup-"));
  store = openStore({ state_dir: dir, limits: Value.Create(StoreLimits), fatal: () => undefined });
  gates = openGates(store);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const HEAD = "abcdef" + "0".repeat(34);
const OTHER_HEAD = "abcdef" + "1".repeat(34);
const idOf = (start: string): string => `gate:${start.padEnd(52, "a")}`;

function add(log_index: number, row: Partial<GateRow> & { readonly number?: number }): void {
  const { number = 1, ...rest } = row;
  const digest = `sha256:${"0".repeat(64)}`;
  const attempt = { attempt: number, supersedes: number === 1 ? null : number - 1, issued_at: "2026-01-01T00:00:00Z", valid_until: "2026-01-02T00:00:00Z" };
  const full: GateRow = { gate_id: idOf("zz22"), attempt, verdict: "hold", repo_id: "local:7:x", head: HEAD, owner_uid: 7, log_index, reply: digest, bundle: digest, ...rest };
  store.atomic(() => gates.add(full));
}

const look = (uid: number, text: string): number | string => {
  try {
    return findGate(gates, uid === 0 ? ownUser(0) : tenant(`t${uid}`, uid), text).log_index;
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
};

describe("by the start of a name", () => {
  test("gate id with and without its kind, or head commit; the newest attempt is meant", () => {
    add(0, {});
    add(1, { number: 2 });
    add(2, { gate_id: idOf("yy33"), head: "9".repeat(40) });
    for (const name of [idOf("zz22"), idOf("zz22").slice(0, 11), idOf("zz22").slice(5, 11), HEAD, HEAD.slice(0, 6)]) expect([name, look(7, name)]).toEqual([name, 1]);
    expect(look(7, "999999")).toBe(2);
  });

  test("a bundle's digest, as the card prints it, means that very attempt", () => {
    const digest = (start: string): string => `sha256:${start.padEnd(64, "0")}`;
    add(0, { bundle: digest("84739f41a7a6") });
    add(1, { number: 2, bundle: digest("2d00319c49dc") });
    expect([look(7, "84739f41"), look(7, digest("84739f41a7a6")), look(7, "2d00319c49dc")]).toEqual([0, 0, 1]);
    expect([look(8, "84739f41"), look(7, "84739f42")]).toEqual(["request.not_found", "request.not_found"]);
    for (const file of [`${"2d00319c49dc".padEnd(64, "0")}.json`, `/srv/a b/bundles/${"2d00319c49dc".padEnd(64, "0")}.json`]) expect(look(7, file)).toBe(1);
    expect(look(7, "/srv/bundles/other.json")).toBe("request.not_found");
  });

  test("the middle of a name is no name", () => {
    add(0, {});
    expect(look(7, HEAD.slice(1))).toBe("request.not_found");
    expect(look(7, `${HEAD}0`)).toBe("request.not_found");
  });

  test("fewer than six characters would match by luck, and `gate:` is none of them", () => {
    add(0, {});
    for (const short of ["", "gate:", "abcde", "gate:zz22a"]) expect(look(7, short)).toBe("request.malformed");
  });
});

test("several commits under one start are not guessed between; several gates of one commit are its history", () => {
  add(0, {});
  add(1, { gate_id: idOf("yy33") });
  expect(look(7, "abcdef")).toBe(1);
  add(2, { gate_id: idOf("xx44"), head: OTHER_HEAD });
  expect(look(7, "abcdef")).toBe("request.malformed");
  expect(look(7, "abcdef1")).toBe(2);
  expect(look(7, HEAD)).toBe(1);
});

test("attack: another user's gate is not found, not even by its whole name, and hides nothing of one's own", () => {
  add(0, { owner_uid: 7 });
  add(1, { owner_uid: 8, gate_id: idOf("yy33"), head: OTHER_HEAD });
  expect(look(8, HEAD)).toBe("request.not_found");
  expect(look(7, OTHER_HEAD)).toBe("request.not_found");
  expect(look(7, "abcdef")).toBe(0);
  expect(look(8, "abcdef")).toBe(1);
  expect([look(0, HEAD), look(0, OTHER_HEAD), look(0, "abcdef")]).toEqual([0, 1, "request.malformed"]);
});

test("attack: a tenant asks for cards without end, where thousands of gates are on record: nobody else waits for that", () => {
  const count = 2_000;
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const name = (n: number): string => idOf([32 ** 2, 32, 1].map((unit) => letters[Math.floor(n / unit) % 32]).join(""));
  store.atomic(() => {
    for (let n = 0; n < count; n++) add(n, { gate_id: name(n), owner_uid: 8 });
  });
  look(7, "abcdef");
  const started_ms = cpuMs();
  for (let asked = 0; asked < 500; asked++) expect(look(7, "abcdef")).toBe("request.not_found");
  // One question took as long as all of these while each read every row from disk.
  expect(cpuMs() - started_ms).toBeLessThan(2_000);
}, 60_000);

describe("the index of names", () => {
  /** Counts rows that are read whole. */
  const counted = (): { readonly gates: Gates; windows: () => number } => {
    let windows = 0;
    return { gates: { ...gates, newest: () => (windows++, gates.newest()) }, windows: () => windows };
  };
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const name = (n: number): string => idOf([32 ** 2, 32, 1].map((unit) => letters[Math.floor(n / unit) % 32]).join(""));
  const flood = (from: number, to: number): void => store.atomic(() => {
    for (let n = from; n < to; n++) add(n, { gate_id: name(n), head: n.toString(16).padStart(8, "0").padEnd(40, "e") });
  });

  test("a look-up right after a start reads no window, and says what the window says", () => {
    flood(0, 300);
    add(300, {});
    const fresh = counted();
    for (const text of [HEAD, "abcdef0", name(7).slice(5, 12), "00000001e", "000000fee"]) {
      const by = (all: Gates): unknown => {
        try {
          return findGate(all, ownUser(0), text).log_index;
        } catch (error) {
          return error instanceof MaestroError ? error.code : error;
        }
      };
      const indexed = by(fresh.gates);
      expect([text, indexed]).toEqual([text, by({ ...gates, named: () => null })]);
    }
    expect(fresh.windows()).toBe(0);
    // Too many for one question: then every payer has its share of what is looked at.
    expect([gates.named(["00000"]), gates.named(["000000"])?.length, look(7, "000000")]).toEqual([null, 256, "request.malformed"]);
  });

  test("rows of a daemon that kept no names are found as before, and come into the index with the next gates", () => {
    flood(0, 600);
    store.atomic(() => gates.reorder());
    expect([gates.named([HEAD]), look(7, "00000001e")]).toEqual([null, 1]);
    add(600, {});
    expect(gates.named([HEAD])).toBeNull();
    for (let n = 601; n < 603; n++) add(n, { number: n });
    expect(gates.named([HEAD])?.map(({ log_index }) => log_index)).toEqual([600, 601, 602]);
    expect([look(7, "00000001e"), look(7, HEAD)]).toEqual([1, 602]);
  });
});

describe("attack: one tenant's flood of gates", () => {
  const row = (owner_uid: number, log_index: number): GateRow => ({ gate_id: idOf("zz22"), attempt: { attempt: 1, supersedes: null, issued_at: "2026-01-01T00:00:00Z", valid_until: "2026-01-02T00:00:00Z" }, verdict: "hold", repo_id: `local:${owner_uid}:x`, head: HEAD, owner_uid, log_index, reply: `sha256:${"0".repeat(64)}`, bundle: `sha256:${"0".repeat(64)}` });

  test("does not push another's out of the window", () => {
    const kept = fairlyNewest([row(9, 0), row(9, 1), ...Array.from({ length: 100 }, (_, i) => row(7, i + 2)), row(8, 102)], 20);
    expect(kept.map(({ owner_uid, log_index }) => `${owner_uid}:${log_index}`)).toEqual(["9:0", "9:1", ...Array.from({ length: 17 }, (_, i) => `7:${i + 85}`), "8:102"]);
  });

  test("a window is never above its bound, whoever fills it, and is all there is below it", () => {
    for (const payers of [1, 3, 7, 40]) expect(fairlyNewest(Array.from({ length: 100 }, (_, i) => row(i % payers, i)), 30).length).toBeLessThanOrEqual(30);
    expect(fairlyNewest(Array.from({ length: 100 }, (_, i) => row(7, i)), 30).map(({ log_index }) => log_index)).toEqual(Array.from({ length: 30 }, (_, i) => i + 70));
    expect(fairlyNewest([row(7, 0), row(8, 1)], 2)).toHaveLength(2);
  });

  test("nor does it hide one from who knows its whole id, which nobody else finds by it", () => {
    const outside: Gates = { ...gates, newest: () => [], named: () => null };
    add(0, { gate_id: idOf("yy33"), repo_id: "local:9:x", owner_uid: 9, owner_tenant: "t9" });
    const found = (uid: number): number | string => {
      try {
        return findGate(outside, tenant(`t${uid}`, uid), idOf("yy33")).log_index;
      } catch (error) {
        return error instanceof MaestroError ? error.code : "?";
      }
    };
    expect([found(9), found(7)]).toEqual([0, "request.not_found"]);
  });
});
