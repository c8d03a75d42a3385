/** A state folder that another version wrote, met by this one through the command line: refused by name, and left as it was. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { EXIT } from "../../proto/errors.ts";
import { STORE_SCHEMA_VERSION } from "../../proto/state-version.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { forgetOld, upgradeStore } from "../store/upgrade.ts";
import { oneDocument, World } from "./testing/world.ts";

setDefaultTimeout(120_000);

let world: World;
let source: Source;
beforeAll(async () => {
  world = new World();
  source = await world.repository();
  source.git("switch", "-qC", "change", "main");
  await source.commit({ "src/c.ts": "export const c = 1;\n" });
  await world.run(["gate", source.path, "--embedded", "--target", "main"]);
  await world.run(["stop"]);
  // As a later version would leave it: nothing in it is damaged.
  const state_dir = world.state_dir;
  await upgradeStore({ state_dir, limits: Value.Create(StoreLimits), fatal: () => undefined, schema_version: STORE_SCHEMA_VERSION + 1, migrations: [{ from: STORE_SCHEMA_VERSION, run: () => undefined }] });
  forgetOld(state_dir);
  // A later release says more in its trust file, too: here under the signature of one that does not.
  for (const path of ["trust.json", "keys/trust.json"]) writeFileSync(join(state_dir, path), readFileSync(join(state_dir, path), "utf8").replace('"log_origin"', '"log_of_a_later_release":1,"log_origin"'));
}, 120_000);
afterAll(() => world.dispose());

const stateAt = (folder: string): string[] => ["--state", folder, "--socket", join(folder, "s")];
/** Whatever a start writes before it looks is left out: the lock's holder, LMDB's table of readers, the log of a private daemon. */
const WRITTEN = /^(?:lock|db\/lock\.mdb|maestrod\.log)$/;

function copied(name: string): { readonly folder: string; readonly held: () => Record<string, string> } {
  const folder = world.path(name);
  cpSync(world.state_dir, folder, { recursive: true, filter: (from) => !from.endsWith(".sock") && from !== join(world.state_dir, "place") });
  // No release writes such bytes: a start that takes them for an older version's copy would replace them.
  rmSync(join(folder, "host-policy.tar.gz"));
  const held = (): Record<string, string> => {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
    return Object.fromEntries(entries.filter(({ path }) => !WRITTEN.test(path.slice(folder.length + 1))).map(({ entry, path }) => [path, entry.isFile() ? Bun.hash(readFileSync(path)).toString() : "folder"]));
  };
  return { folder, held };
}

test("attack: an older maestro is started on a newer state folder: it says why it will not, and changes nothing there", async () => {
  const { folder, held } = copied("started");
  const before = held();
  const ran = await world.run(["gate", source.path, "--embedded", "--target", "main", ...stateAt(folder), "--json"]);
  expect([ran.code, oneDocument(ran)]).toEqual([EXIT.internal, expect.objectContaining({ code: "store.schema", detail: expect.stringContaining(`has schema ${STORE_SCHEMA_VERSION + 1}, this daemon reads ${STORE_SCHEMA_VERSION}`) })]);
  expect(held()).toEqual(before);
});

test("doctor says without a daemon that the folder is another version's, and what to do", async () => {
  const { folder, held } = copied("looked-at");
  const before = held();
  const ran = await world.run(["doctor", ...stateAt(folder), "--json"]);
  const { findings } = oneDocument(ran) as { findings: { check: string; state: string; detail: string; remedy: string | null }[] };
  expect(findings.find(({ check }) => check === "version")).toEqual({ check: "version", state: "fail", detail: `${folder} has schema ${STORE_SCHEMA_VERSION + 1}, this release reads ${STORE_SCHEMA_VERSION}: a later release wrote it`, remedy: expect.stringContaining("install that release again") });
  expect(findings.find(({ check }) => check === "trust")).toMatchObject({ state: "skip" });
  expect(held()).toEqual(before);
});

test("attack: an older maestro is told to repair a newer state folder: that is no damage, so nothing is rebuilt or left behind", async () => {
  const { folder, held } = copied("repaired");
  const before = held();
  for (const args of [["fsck"], ["fsck", "--repair"]]) {
    const ran = await world.run([...args, ...stateAt(folder), "--json"]);
    expect([args, ran.code, oneDocument(ran)]).toEqual([args, EXIT.internal, expect.objectContaining({ code: "store.schema" })]);
  }
  expect(held()).toEqual(before);
});
