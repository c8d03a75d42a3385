import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../platform/socket/testing/raw.ts";
import { API_VERSION, API_VERSION_HEADER } from "./src/contract/routes.ts";
import { Maestro } from "./src/client.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-hostile-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each([["null"], ["[1]"], ["{}"], ["\xff"], ["{}\n\xe2\x82"], ["nonsense"], ['{"event":"failure","problem":7}']])("whatever a hostile daemon streams is an error of ours: %p", async (line) => {
  const socket = join(dir, "s");
  await using fake = Bun.serve({ unix: socket, fetch: () => new Response(Buffer.from(`${line}\n`, "latin1"), { headers: { [API_VERSION_HEADER]: API_VERSION, "content-type": "application/x-ndjson" } }) });
  const maestro = new Maestro({ env: {}, socket, patience_ms: 0 });
  const all = async (): Promise<void> => {
    for await (const event of maestro.fsck()) expect(event.event).toBeString();
  };
  await expect(all()).rejects.toMatchObject({ name: "MaestroError", code: "worker.protocol" });
  expect(await eventually(() => fake.pendingRequests === 0)).toBe(true);
});
