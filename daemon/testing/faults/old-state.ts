/** A state folder as version 1 wrote it, and what must hold of it after every upgrade, whatever became of the upgrade before. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { Closed } from "../../../proto/scalar.ts";
import { openStore } from "../../store/db.ts";
import { upgradeStore } from "../../store/upgrade.ts";

const OldRow = Closed({ owner_uid: Type.Integer(), reply: Type.String(), bundle: Type.String() });
const ROWS = 6;
export const limits = { ...Value.Create(StoreLimits), free_bytes_min: 1 };
const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, "0")}`;
const fail = (reason: unknown): never => {
  throw reason;
};

/** Durable when it resolves. */
export async function makeOld(state_dir: string): Promise<void> {
  const store = openStore({ state_dir, limits, fatal: fail, schema_version: 1 });
  const gates = store.table<readonly [string, number], typeof OldRow>("gates", OldRow);
  mkdirSync(join(state_dir, "oci/blobs/sha256"), { recursive: true });
  for (let n = 0; n < ROWS; n++) {
    store.atomic(() => gates.put([`gate:${n}`, 1], { owner_uid: 1000, reply: digest(n), bundle: digest(1000 + n) }));
    for (const blob of [n, 1000 + n]) writeFileSync(join(state_dir, "oci/blobs/sha256", digest(blob).slice(7)), "x");
  }
  await store.durable();
  await store.close();
}

/** A further try finishes what was begun, and every row is there. */
export async function auditUpgrade(state_dir: string): Promise<string[]> {
  try {
    await upgradeStore({ state_dir, limits, fatal: fail });
    const store = openStore({ state_dir, limits, fatal: fail });
    const rows = [...store.table<readonly [string, number], typeof OldRow>("gates", OldRow).entries()].length;
    await store.close();
    return rows === ROWS ? [] : [`LOST: ${rows} of ${ROWS} rows after the upgrade`];
  } catch (error) {
    return [String(error)];
  }
}
