import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { openStore, type Store } from "../../store/db.ts";
import { Breakers } from "./index.ts";

const limits = { failures_max: 3, window_ms: 60_000, open_ms: 10_000, open_ms_max: 60_000, probes: 1 };

class Rig implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "maestro-breakers-"));
  now_s = 1_000;
  readonly opened: string[] = [];
  private store: Store | null = null;
  breakers!: Breakers;

  constructor() {
    this.start();
  }

  start(): void {
    const store = openStore({ state_dir: this.folder, limits: Value.Create(StoreLimits), fatal: () => undefined });
    this.store = store;
    this.breakers = new Breakers({ store, limits, now_s: () => this.now_s, opened: (...said) => this.opened.push(said.join(" ")) });
  }

  async restart(): Promise<void> {
    await this.store?.close();
    this.start();
  }

  async try(error: unknown = null, party = "web"): Promise<string> {
    const work = () => (error === null ? Promise.resolve("done") : Promise.reject(error));
    return this.breakers.run("build", party, work).catch((thrown: unknown) => (thrown instanceof MaestroError ? thrown.code : "bug"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const broke = new MaestroError("sandbox.failed", "it broke");

test("after its failures an action is refused with the reason and its time, of that party alone", async () => {
  await using rig = new Rig();
  for (let i = 0; i < 3; i++) expect(await rig.try(broke)).toBe("sandbox.failed");
  const refused = await rig.breakers.run("build", "web", () => Promise.resolve("done")).catch((thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(MaestroError);
  expect(refused).toMatchObject({ code: "breaker.open", retry_after_s: 10 });
  expect(String(refused)).toContain("sandbox.failed: it broke");
  expect(String(refused)).toContain("1970-01-01T00:16:50Z");
  expect([await rig.try(null, "lib"), rig.opened]).toEqual(["done", ["build web sandbox.failed: it broke"]]);
});

test("an open breaker is open after a restart, and so are the failures that count towards it", async () => {
  await using rig = new Rig();
  await rig.try(broke);
  await rig.try(broke);
  await rig.restart();
  await rig.try(broke);
  await rig.restart();
  expect(await rig.try()).toBe("breaker.open");
  rig.now_s += 10;
  expect([await rig.try(), rig.breakers.views(null)]).toEqual(["done", []]);
});

test("half-open lets one in; the next is refused until that one has ended, and what it came to decides", async () => {
  await using rig = new Rig();
  for (let i = 0; i < 3; i++) await rig.try(broke);
  rig.now_s += 10;
  const probe = rig.breakers.enter("build", "web");
  expect(await rig.try()).toBe("breaker.open");
  probe.ended(broke);
  expect([await rig.try(), rig.breakers.views(null)[0]?.trips]).toEqual(["breaker.open", 2]);
  rig.now_s += 20;
  expect([await rig.try(), await rig.try()]).toEqual(["done", "done"]);
});

test("attack: a caller that breaks its probe off neither closes the breaker nor keeps it busy", async () => {
  await using rig = new Rig();
  for (let i = 0; i < 3; i++) await rig.try(broke);
  rig.now_s += 10;
  expect(await rig.try(new MaestroError("request.cancelled", "gone"))).toBe("request.cancelled");
  expect(rig.breakers.views(null)[0]?.state).toBe("half-open");
  expect(await rig.try()).toBe("done");
});

test("what the caller did wrong opens nothing; trying to override without the right does, and so does a broken invariant", async () => {
  await using rig = new Rig();
  for (let i = 0; i < 10; i++) await rig.try(new MaestroError("request.malformed", "no"));
  expect(await rig.try()).toBe("done");
  for (let i = 0; i < 3; i++) await rig.try(new MaestroError("release.denied", "not you"));
  expect(await rig.try()).toBe("breaker.open");
  for (let i = 0; i < 3; i++) rig.breakers.violated("build", "lib", "INV.X: no");
  expect([await rig.try(null, "lib"), await rig.try(null, "docs")]).toEqual(["breaker.open", "done"]);
  rig.breakers.violated("elsewhere", "docs", "INV.Y: no");
  expect(rig.breakers.views("docs")).toEqual([]);
});
