/** That there is no other door: who may reach LMDB, who opens a store that nobody guards, and who answers on a socket. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { EMBEDDED_CONFIG, resolveHost } from "../config/host.ts";
import { readSources } from "../house/sources.ts";
import { openStore } from "../store/db.ts";
import { openGuarding } from "./index.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "doors-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Door {
  readonly pattern: RegExp;
  /** Each file that may, and why that is no way round the guards. */
  readonly may: Readonly<Record<string, string>>;
}

const OFFLINE = "of a folder that no daemon serves from";
const DOORS: Readonly<Record<string, Door>> = {
  "a handle of LMDB": {
    pattern: /\bopenDB\b|\b(?:import\s+\{[^}]*\bopen\b[^}]*\}\s+from|import\(|require\()\s*"lmdb/g,
    may: { "daemon/store/db.ts": "makes tables, each with its guard", "daemon/store/scan.ts": "reads bytes", "daemon/store/salvage.ts": OFFLINE },
  },
  "a write to LMDB": {
    pattern: /\b(?:putSync|removeSync|clearSync|clearAsync|dropSync|ifVersion|ifNoExists)\b/g,
    may: { "daemon/store/table.ts": "asks its guard first", "daemon/store/salvage.ts": OFFLINE },
  },
  "another database": { pattern: /"bun:sqlite"|"node:sqlite"/g, may: {} },
  "a store": {
    pattern: /\bopenStore\(/g,
    may: {
      "daemon/state.ts": "with the guard that it is handed",
      "daemon/store/db.ts": "is it", "daemon/store/upgrade.ts": "writes the records of an older version, as they were, before a daemon serves",
      "daemon/store/crash-writer.ts": "a test's own", "daemon/store/flip-reader.ts": "a test's own",
      "daemon/integrity/repair-holds.ts": OFFLINE, "daemon/integrity/offline.ts": OFFLINE, "daemon/integrity/restore.ts": OFFLINE, "daemon/integrity/compact.ts": OFFLINE, "daemon/integrity/repair.ts": OFFLINE,
    },
  },
  "an answer on a socket": {
    pattern: /new Elysia\b|\bBun\.serve\b|\bcreateServer\(|\bapp\.(?:get|post|put|delete|patch|head|options|all|route|use|mount|ws|group)\(/g,
    may: { "daemon/api/app.ts": "routes with their guard, and the log's files with theirs", "daemon/platform/socket/server.ts": "hands each request to the one handler", "daemon/platform/socket/listen.ts": "accepts connections", "daemon/cli/ui/server.ts": "is no daemon: it asks one as its user, through these doors" },
  },
};

const SOURCES = readSources();
const through = ({ pattern }: Door, sources: readonly { readonly path: string; readonly code: string; readonly test: boolean }[]): string[] =>
  sources.filter(({ path, test, code }) => !test && path.startsWith("daemon/") && code.search(new RegExp(pattern.source)) >= 0).map(({ path }) => path).sort();

test.each(Object.entries(DOORS))("%s is had where it is known to be, and nowhere else", (_, door) => {
  expect(through(door, SOURCES)).toEqual(Object.keys(door.may).sort());
});

test("attack: a line of the daemon's that nobody guards: each turnstile is handed who is asked", () => {
  const made = SOURCES.filter(({ path, test }) => !test && path.startsWith("daemon/")).flatMap(({ path, code }) => [...code.matchAll(/new Turnstile\(([^()]*)\)/g)].map(([, handed = ""]) => `${path} ${handed}`));
  expect(made.length).toBeGreaterThanOrEqual(5);
  expect(made.filter((one) => !/\bact$/.test(one))).toEqual([]);
});

test("attack: a writer of its own is planted behind a dynamic import, a handle, a second store or a server, and nobody notices", () => {
  const planted = ['const { open } = await import("lmdb"); open({ path });', "host.root.openDB({ name });", "const raw = () => database.putSync(key, bytes);", "const own = openStore({ state_dir });", 'app.delete("/v1/gates/:id", () => forget());', 'import { open as begin } from "lmdb";', 'import { Database } from "bun:sqlite";'];
  for (const code of planted) expect([code, Object.values(DOORS).some((door) => through(door, [{ path: "daemon/gate/planted.ts", code, test: false }]).length === 1)]).toEqual([code, true]);
});

test("attack: a table that nobody thought about is opened late, behind a closure, under a name put together: a daemon's store refuses it, and writes on", async () => {
  const { writes } = await openGuarding({ folder: null, recorded: () => undefined, warn: () => undefined });
  const store = openStore({ state_dir: folder, limits: resolveHost(EMBEDDED_CONFIG).limits.store, fatal: (reason) => { throw reason; }, guard: writes });
  try {
    const late = (): unknown => store.table(["sneaky", "rows"].join("."), Type.Object({ n: Type.Integer() }));
    expect(late).toThrow("the table sneaky.rows has no row in daemon/guarding/critical.ts");
    const holds = store.table("holds", Type.Object({ n: Type.Integer() }));
    store.atomic(() => holds.put("a", { n: 1 }));
    expect([holds.get("a"), store.scanner.tables().includes("sneaky.rows")]).toEqual([{ n: 1 }, false]);
  } finally {
    await store.close();
  }
});

test("attack: an act is told under a name that nobody declared, and every rule holds of it", async () => {
  const { guards } = await openGuarding({ folder: null, recorded: () => undefined, warn: () => undefined });
  expect(() => guards.check("gate_decidet", { gate_id: "g" })).toThrow("gate_decidet is declared nowhere");
  expect([...guards.counts.violations]).toEqual([["guard.unreadable", 1]]);
  // Declared, and no rule is about it.
  guards.check(guards.events.names.find((name) => !guards.live(name)) ?? "", {});
  expect(guards.counts.violations.size).toBe(1);
});
