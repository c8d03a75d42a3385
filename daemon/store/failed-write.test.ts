/** The disk fails one write or sync of the database: what was committed is there at the next start, which takes what LMDB left for no damage. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { inject, mayInject, sitesOf } from "../testing/faults/injection.ts";
import { nameOf } from "../testing/faults/site.ts";
import { skipWithout } from "../testing/skip.ts";
import { Half, limits } from "./crash-writer.ts";
import { openStore } from "./db.ts";

const WRITER = join(import.meta.dir, "crash-writer.ts");
const unwatched = skipWithout(mayInject(), "calls cannot be watched here (seccomp's user notification, Linux 5.19), so none was made to fail");

/** What a start finds: how many pairs, or why it does not open. */
async function foundIn(state_dir: string): Promise<number | string> {
  try {
    const store = openStore({ state_dir, limits, fatal: (reason) => { throw reason; } });
    const count = [...store.table<number, typeof Half>("left", Half).entries()].length;
    await store.close();
    return count;
  } catch (error) {
    return String(error);
  }
}

test.skipIf(unwatched)("EIO at each write and sync of a database that has its name, while tables are made and filled", async () => {
  const run = { argv: (root: string) => [process.execPath, WRITER, root, "0", "2"] };
  const sites = (await sitesOf(run)).filter(({ call, path }) => /^(?:pwritev?(?:64)?|fdatasync|fsync)$/.test(call) && path === "db/data.mdb");
  const wrong: string[] = [];
  const one = async (): Promise<void> => {
    for (let site = sites.shift(); site !== undefined; site = sites.shift()) {
      const at = nameOf(site);
      await inject(run, { site, fault: "EIO" }, async (root, { stdout }) => {
        const promised = stdout.split("\n").length - 1;
        const found = await foundIn(root);
        if (typeof found === "string" || found < promised) wrong.push(`${at}: ${promised} were promised, found ${found}`);
      });
    }
  };
  expect(sites.length).toBeGreaterThan(5);
  await Promise.all([one(), one()]);
  expect(wrong).toEqual([]);
}, 120_000);
