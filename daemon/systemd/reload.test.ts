import { expect, test } from "bun:test";
import type { HostConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Host } from "../config/host.ts";
import { LiveHost } from "../config/live.ts";
import { Reloader } from "./reload.ts";

const FIRST: HostConfig = { version: 1, trust_domain: "build.example", modes: ["local"] };

function reloading(read: (() => Promise<HostConfig>) | null, believe = (_: Host): Promise<void> => Promise.resolve()) {
  const said: string[] = [];
  const live = new LiveHost(FIRST);
  const manager = { reloading: () => void said.push("reloading"), ready: (status: string) => void said.push(status) };
  const log = { info: (_: object, message: string) => void said.push(`info ${message}`), warn: (_: object, message: string) => void said.push(`warn ${message}`) };
  return { said, live, reloader: new Reloader({ live, manager, read, believe, now_s: () => 7, log }) };
}

test("a good file is applied, and the manager hears the beginning and the end", async () => {
  const { said, live, reloader } = reloading(() => Promise.resolve({ ...FIRST, required: ["secrets"], idle_exit_ms: 9 }));
  await reloader.reload();
  expect(live.host.required).toEqual(["secrets"]);
  expect(reloader.last).toEqual({ at_s: 7, result: "applied", needs_restart: ["idle_exit_ms"], detail: "changed: required" });
  expect(said).toEqual(["reloading", "info configuration reloaded", "configuration reloaded"]);
});

test("a broken file keeps what ran, says why, and still ends the reload", async () => {
  const { said, live, reloader } = reloading(() => Promise.reject(new MaestroError("config.unknown_key", "maestrod.yaml:3: limit is not known")));
  await reloader.reload();
  expect(live.host.required).toContain("secrets");
  expect(reloader.last).toMatchObject({ result: "refused", detail: "maestrod.yaml:3: limit is not known (config.unknown_key); what ran before goes on" });
  expect(said).toEqual(["reloading", "warn the configuration was not reloaded", expect.stringContaining("reload refused: maestrod.yaml:3")]);
});

test("key files that cannot be read keep everything as it was", async () => {
  const believe = () => Promise.reject(new MaestroError("trust.malformed", "keys.json cannot be read"));
  const { live, reloader } = reloading(() => Promise.resolve({ ...FIRST, required: ["secrets"] }), believe);
  await reloader.reload();
  expect(live.host.required).toContain("ci");
  expect(reloader.last).toMatchObject({ result: "refused", detail: "keys.json cannot be read (trust.malformed); what ran before goes on" });
});

test("a daemon without a file says so", async () => {
  const { reloader } = reloading(null);
  await reloader.reload();
  expect(reloader.last).toMatchObject({ result: "refused", detail: "this daemon was started without a configuration file" });
});

test("signals in quick succession end with the newest file, read after the last signal", async () => {
  const files = [["secrets"], ["ci"]] as const;
  let reads = 0;
  const { live, reloader } = reloading(async () => {
    const required = [...(files[reads++] ?? ["size"])] as string[];
    await Bun.sleep(5);
    return { ...FIRST, required };
  });
  await Promise.all([reloader.reload(), reloader.reload(), reloader.reload()]);
  expect(reads).toBe(2);
  expect(live.host.required).toEqual(["ci"]);
});
