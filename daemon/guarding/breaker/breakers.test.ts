import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import type { BreakerAction } from "../../../proto/breaker.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { openStore, type Store } from "../../store/db.ts";
import { Breakers } from "./index.ts";

const limits = { failures_max: 3, window_ms: 60_000, open_ms: 10_000, open_ms_max: 60_000, probes: 1 };

class Rig implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "maestro-breakers-"));
  private steady_ms = 0;
  private wall_s = 1_000;
  full = false;
  readonly opened: string[] = [];
  private store: Store | null = null;
  breakers!: Breakers;

  constructor() {
    this.start();
  }

  start(): void {
    const store = openStore({ state_dir: this.folder, limits: Value.Create(StoreLimits), fatal: () => undefined });
    this.store = store;
    const atomic: Store["atomic"] = (work) => {
      if (this.full) throw new MaestroError("store.no_space", "0 bytes free");
      return store.atomic(work);
    };
    this.breakers = new Breakers({ store: { ...store, atomic }, policyOf: (action) => ({ ...limits, ...(action === "ship" ? { failures_max: 1 } : {}) }), start_s: this.wall_s, clock: { monotonic_ms: () => this.steady_ms }, opened: (...said) => this.opened.push(said.join(" ")) });
  }

  pass(seconds: number): void {
    this.steady_ms += seconds * 1000;
    this.wall_s += seconds;
  }

  set(seconds: number): void {
    this.wall_s += seconds;
  }

  close(): void {
    this.store?.atomic(() => this.breakers.close("build", "web"));
  }

  async restart(): Promise<void> {
    await this.store?.close();
    this.start();
  }

  async try(error: unknown = null, party = "web", action: BreakerAction = "build"): Promise<string> {
    const work = () => (error === null ? Promise.resolve("done") : Promise.reject(error));
    return this.breakers.run(action, party, work).catch((thrown: unknown) => (thrown instanceof MaestroError ? thrown.code : "bug"));
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
  rig.pass(10);
  expect([await rig.try(), rig.breakers.views(null)]).toEqual(["done", []]);
});

test("whoever asks whether it is refused is told why, counts for nothing, and is no probe", async () => {
  await using rig = new Rig();
  const asked = () => [rig.breakers.refusing("build", "web"), rig.breakers.refusing("build", "lib"), rig.breakers.refusing("ship", "web")];
  expect(asked()).toEqual([null, null, null]);
  for (let i = 0; i < 3; i++) await rig.try(broke);
  for (let i = 0; i < 9; i++) expect(asked()).toEqual([expect.stringContaining("it opened for sandbox.failed: it broke"), null, null]);
  expect(rig.breakers.counts.refused.size).toBe(0);
  rig.pass(10);
  expect([asked(), await rig.try(), asked()]).toEqual([[null, null, null], "done", [null, null, null]]);
});

test("half-open lets one in; the next is refused until that one has ended, and what it came to decides", async () => {
  await using rig = new Rig();
  for (let i = 0; i < 3; i++) await rig.try(broke);
  rig.pass(10);
  const probe = rig.breakers.enter("build", "web");
  expect(await rig.try()).toBe("breaker.open");
  probe.ended(broke);
  expect([await rig.try(), rig.breakers.views(null)[0]?.trips]).toEqual(["breaker.open", 2]);
  rig.pass(20);
  expect([await rig.try(), await rig.try()]).toEqual(["done", "done"]);
});

test("attack: a caller that breaks its probe off neither closes the breaker nor keeps it busy", async () => {
  await using rig = new Rig();
  for (let i = 0; i < 3; i++) await rig.try(broke);
  rig.pass(10);
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

test("attack: a slow call that tried one opening closes the next one, or keeps its probe busy", async () => {
  await using rig = new Rig();
  for (let i = 0; i < 3; i++) await rig.try(broke);
  rig.pass(10);
  const slow = rig.breakers.enter("build", "web");
  // A person's word closes it, and it opens anew for other reasons.
  rig.close();
  for (let i = 0; i < 3; i++) await rig.try(broke);
  rig.pass(60);
  const probe = rig.breakers.enter("build", "web");
  slow.ended(null);
  expect(rig.breakers.views("web")[0]).toMatchObject({ state: "half-open", trips: 2 });
  probe.ended(null);
  expect(rig.breakers.views("web")).toEqual([]);
});

test("attack: the disk is full, and what failed would fail otherwise, or count for nothing, or end the daemon", async () => {
  await using rig = new Rig();
  await rig.try(broke);
  rig.full = true;
  expect(await rig.try(broke)).toBe("sandbox.failed");
  rig.breakers.violated("build", "web", "INV.X: no");
  rig.breakers.violated("build", "lib", "INV.X: no");
  expect([await rig.try(), rig.breakers.counts.open, rig.breakers.views("lib")[0]?.failures]).toEqual(["breaker.open", 1, 1]);
  rig.full = false;
  rig.pass(10);
  expect([await rig.try(), rig.breakers.views("web")]).toEqual(["done", []]);
  await rig.restart();
  expect(rig.breakers.views("web")).toEqual([]);
});

test("attack: a clock that is set, ahead or back, while the daemon runs or while it does not, keeps a breaker open for hours or lets everybody in", async () => {
  for (const step_s of [-3_600, 86_400]) {
    await using rig = new Rig();
    for (let i = 0; i < 3; i++) await rig.try(broke);
    rig.set(step_s);
    rig.pass(9);
    expect(await rig.try()).toBe("breaker.open");
    rig.pass(1);
    expect(await rig.try()).toBe("done");
  }
  await using rig = new Rig();
  for (let i = 0; i < 3; i++) await rig.try(broke);
  rig.set(-3_600);
  await rig.restart();
  expect(await rig.try()).toBe("breaker.open");
  rig.pass(10);
  expect(await rig.try()).toBe("done");
});

test("an action with settings of its own opens after its own number of failures", async () => {
  await using rig = new Rig();
  const codes = [];
  for (const action of ["ship", "ship", "build", "build"] as const) codes.push(await rig.try(broke, "web", action));
  expect(codes).toEqual(["sandbox.failed", "breaker.open", "sandbox.failed", "sandbox.failed"]);
});
