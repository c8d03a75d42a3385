/** The upgrade of an older state folder as a subject of faults: an old database stays whole until the new one is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { Closed } from "../../../proto/scalar.ts";
import { openStore } from "../../store/db.ts";
import { upgradeStore } from "../../store/upgrade.ts";
import { sitesOf, type Subject } from "./injection.ts";
import type { Scenario } from "./sweep.ts";

const UPGRADING = join(import.meta.dir, "../../store/testing/upgrading.ts");
const OldRow = Closed({ owner_uid: Type.Integer(), reply: Type.String(), bundle: Type.String() });
const ROWS = 6;
const limits = { ...Value.Create(StoreLimits), free_bytes_min: 1 };
const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, "0")}`;
const fail = (reason: unknown): never => {
  throw reason;
};

/** A folder as version 1 wrote it. */
async function makeOld(state_dir: string): Promise<void> {
  const store = openStore({ state_dir, limits, fatal: fail, schema_version: 1 });
  const gates = store.table<readonly [string, number], typeof OldRow>("gates", OldRow);
  mkdirSync(join(state_dir, "oci/blobs/sha256"), { recursive: true });
  for (let n = 0; n < ROWS; n++) {
    store.atomic(() => gates.put([`gate:${n}`, 1], { owner_uid: 1000, reply: digest(n), bundle: digest(1000 + n) }));
    for (const blob of [n, 1000 + n]) writeFileSync(join(state_dir, "oci/blobs/sha256", digest(blob).slice(7)), "x");
  }
  await store.close();
}

/** A further try finishes what was begun, and every row is there. */
async function auditUpgrade(state_dir: string): Promise<string[]> {
  try {
    await upgradeStore({ state_dir, limits, fatal: fail });
    const store = openStore({ state_dir, limits, fatal: fail });
    const rows = [...store.table<readonly [string, number], typeof OldRow>("gates", OldRow).entries()].length;
    await store.close();
    return rows === ROWS ? [] : [`${rows} of ${ROWS} rows after the upgrade`];
  } catch (error) {
    return [String(error)];
  }
}

export async function upgradeScenario(): Promise<Scenario> {
  const origin = mkdtempSync(join(tmpdir(), "maestro-origin-"));
  await makeOld(origin);
  const run: Subject = { argv: (root) => [process.execPath, UPGRADING, root], origin };
  return { ...run, name: "upgrade", sites: await sitesOf(run), audit: auditUpgrade, [Symbol.dispose]: () => rmSync(origin, { recursive: true, force: true }) };
}
