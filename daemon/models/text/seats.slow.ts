/** A thousand workers that are killed at any moment of their lives. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "../../testing/random.ts";
import { killed } from "./testing/kills.ts";

test("attack: killed a thousand times, while it loads and while it works, a worker leaves no place taken", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-kills-"));
  try {
    expect(await killed(1_000, folder, new SeededRandom("kills"))).toEqual({ answered: 0, died: 1_000, left: 0, most: 1 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);
