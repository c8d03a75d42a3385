/** Seats on GPUs that a fake library tells of: promised before a process starts, given back when it has ended. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { decide } from "./core.ts";
import { createProbe, type GpuNote, type GpuRequest, Gpus, type GpusDeps, type Probe } from "./index.ts";
import type { Flaw } from "./testing/nvml.ts";
import { fakeNvml } from "./testing/nvml.ts";
import { ggufFile } from "./testing/gguf-file.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
// Compilers and processes of their own.
setDefaultTimeout(60_000);
let dir = "";
const withoutCompiler = skipWithout(Bun.which("cc") !== null, "seats on GPUs: needs cc");
/** What the real probe says, asked once for each library: a process for each question of each test would be most of the time. */
const asked = new Map<string, ReturnType<Probe["inventory"]>>();
let shape: ReturnType<Probe["shape"]>;
const NO_LIBRARY = "/nonexistent/lib.so";
function probing(library: string): Probe {
  const probe = createProbe([], { library, smi: "/nonexistent/nvidia-smi" });
  const inventory = (): ReturnType<Probe["inventory"]> => {
    const known = asked.get(library) ?? probe.inventory();
    asked.set(library, known);
    return known;
  };
  return { inventory, shape: (path) => (path === join(dir, "m.gguf") ? (shape ??= probe.shape(path)) : probe.shape(path)) };
}
const libraries = new Map<Flaw | undefined, string>();
function fake(flaw?: Flaw): Probe {
  const library = libraries.get(flaw) ?? fakeNvml(dir, flaw);
  libraries.set(flaw, library);
  return probing(library);
}
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-seats-"));
  writeFileSync(join(dir, "m.gguf"), ggufFile());
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const request = (model: string, more: Partial<GpuRequest> = {}): GpuRequest => ({ model, digest: "d", weights: join(dir, "m.gguf"), context_tokens: 512, context_min: 64, sequences: 1, priority: 5, gpu: true, waits: false, ...more });
function open(more: Partial<GpusDeps> = {}, limits: Partial<GpusDeps["limits"]> = {}): { gpus: Gpus; noted: GpuNote[]; tick: () => void } {
  const noted: GpuNote[] = [];
  let now = 1_000;
  const gpus = new Gpus({ setting: null, limits: { vram_spare_bytes: 512 * MiB, line_max: 8, memory_bytes_max: 8 * GiB, ...limits }, ram_bytes: () => 4 * GiB, now_ms: () => now, note: (note) => noted.push(note), probe: more.probe ?? fake(), ...more });
  return { gpus, noted, tick: () => (now += 1) };
}
/** All of the small model on a GPU, as it is promised. */
async function wholeBytes(): Promise<number> {
  return (await open().gpus.seat(request("a"))).plan.vram_bytes;
}
/** Settled by now, or not. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true, () => true), Bun.sleep(20).then(() => false)]);
}

test("without a GPU all lies here, and the process sees none, whatever this machine has", async () => {
  const { gpus } = open({ probe: probing(NO_LIBRARY) });
  const { plan } = await gpus.seat(request("a"));
  expect(plan).toMatchObject({ device: null, layers: 0, context_tokens: 512, vram_bytes: 0, env: { CUDA_VISIBLE_DEVICES: "" }, because: "there is no GPU" });
  expect(gpus.accounts()).toEqual([]);
});

test("a machine without a driver is asked once, however long the daemon lives; one with a driver before each placing, and not twice within moments", async () => {
  for (const [source, asked_times] of [["none", 1], ["declared", 1], ["nvml", 3]] as const) {
    let [asked, now] = [0, 1_000];
    const found = { source, driver: null, devices: [], reason: null };
    const { gpus } = open({ probe: { inventory: async () => ((asked += 1), found), shape: probing(NO_LIBRARY).shape }, now_ms: () => now });
    // Two that come together share one question.
    await Promise.all([gpus.seat(request("a")), gpus.seat(request("b"))]);
    for (const later_ms of [1_000, 10_000, 86_400_000]) {
      now += later_ms;
      await gpus.seat(request(`at ${now}`));
    }
    expect([source, asked]).toEqual([source, asked_times]);
  }
});

test("larger than memory: refused with both figures, and nothing is promised", async () => {
  const { gpus } = open({ ram_bytes: () => 1 * MiB, probe: probing(NO_LIBRARY) });
  await expect(gpus.seat(request("a"))).rejects.toMatchObject({ code: "models.memory", detail: expect.stringMatching(/takes \d+ bytes of memory .* this node has 1048576 for it/) });
  await expect(gpus.seat(request("a", { digest: "e", weights: join(dir, "none.gguf") }))).rejects.toMatchObject({ code: "models.load" });
});

describe.skipIf(withoutCompiler)("with two GPUs", () => {
  test("a process sees the one it was placed on, by a name that no other has; what the driver counts is set against what was promised", async () => {
    const { gpus } = open();
    const seat = await gpus.seat(request("a"));
    expect(seat.plan).toMatchObject({ device: { index: 1, name: "Fake T4" }, layers: 5, env: { CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: "GPU-55555555-6666-7777-8888-999999999999" } });
    seat.started(4242);
    // The driver tells of this process on the other GPU alone.
    expect(gpus.accounts()).toEqual([{ model: "a", gpu: 1, predicted_bytes: seat.plan.vram_bytes, used_bytes: null, error_bytes: null }]);
    const other = open({ probe: fake("MIG") });
    // Cut into instances it has no memory of its own, so only the other is used.
    expect((await other.gpus.seat(request("a"))).plan.device?.index).toBe(1);
    const lone = open({ probe: fake("LOST") });
    const first = await lone.gpus.seat(request("a"));
    first.started(4242);
    expect(lone.gpus.accounts()).toMatchObject([{ gpu: 0, used_bytes: 900 * MiB, error_bytes: 900 * MiB - first.plan.vram_bytes }]);
  });

  test("one that is idle makes room: its place is the other's when its process has ended, and not before", async () => {
    const { gpus } = open({ setting: { vram_bytes_max: Math.floor((await wholeBytes()) * 1.5) } });
    const old = await gpus.seat(request("old"));
    old.begin()();
    const next = gpus.seat(request("new"));
    await Bun.sleep(0);
    expect(await settled(next)).toBe(false);
    expect(old.leave.aborted).toBe(true);
    old.release();
    expect((await next).plan.layers).toBe(5);
  });

  test("one that generates, of lower priority, is waited for and begins nothing more; as high, the newcomer stays here", async () => {
    const { gpus } = open({ setting: { vram_bytes_max: Math.floor((await wholeBytes()) * 1.5) } });
    const old = await gpus.seat(request("old", { priority: 3 }));
    const ended = old.begin();
    expect((await gpus.seat(request("same", { priority: 3 }))).plan).toMatchObject({ device: null, because: "no GPU has room for a layer of it" });
    const next = gpus.seat(request("new"));
    expect(await settled(next)).toBe(false);
    expect([old.leave.aborted, gpus.waiting()]).toEqual([true, 1]);
    // Behind one for whom room is made nobody takes it; who wants none goes on.
    const behind = gpus.seat(request("behind", { priority: 4 }));
    expect((await gpus.seat(request("off", { gpu: false }))).plan.layers).toBe(0);
    ended();
    expect(await settled(next)).toBe(false);
    old.release();
    expect((await next).plan.layers).toBe(5);
    expect((await behind).plan.layers).toBe(0);
  });

  test("attack: two that ask at once never get one place, whoever is first; a place given back twice is given back once", async () => {
    const whole = await wholeBytes();
    const { gpus } = open({ setting: { vram_bytes_max: whole } });
    const seats = await Promise.all(["a", "b", "c"].map((model) => gpus.seat(request(model))));
    expect(seats.map(({ plan }) => plan.layers).sort()).toEqual([0, 0, 5]);
    const placed = seats.find(({ plan }) => plan.layers === 5)!;
    placed.release();
    placed.release();
    const again = await Promise.all(["d", "e"].map((model) => gpus.seat(request(model))));
    expect(again.map(({ plan }) => plan.vram_bytes).reduce((a, b) => a + b)).toBeLessThanOrEqual(whole);
  });

  test("who has gone since the driver was asked is no stranger whose memory is taken; who is a stranger stays one", async () => {
    const whole = await wholeBytes();
    const total_bytes = whole * 2;
    let processes: { pid: number; bytes: number | null }[] | null = [];
    let free_bytes = total_bytes;
    const device = () => ({ index: 0, uuid: null, name: "G", total_bytes, free_bytes, utilisation: null, mig: false, processes });
    let now = 0;
    const probe: Probe = { inventory: async () => ({ source: "nvml", driver: null, devices: [device()], reason: null }), shape: probing(NO_LIBRARY).shape };
    for (const listed of [true, false]) {
      [free_bytes, processes] = [total_bytes, listed ? [] : null];
      now += 60_000;
      const { gpus } = open({ probe, now_ms: () => now }, { vram_spare_bytes: 0 });
      const old = await gpus.seat(request("old", { priority: 1 }));
      old.started(77);
      // From here on the driver counts it, and a stranger beside it that leaves no room for a second.
      [free_bytes, processes] = [total_bytes - whole - 10 * MiB, listed ? [{ pid: 77, bytes: whole }] : null];
      old.begin();
      await gpus.refresh();
      await gpus.refresh();
      const next = gpus.seat(request("new"));
      expect(await settled(next)).toBe(false);
      old.release();
      expect((await next).plan.layers).toBe(5);
      // Of what is left the stranger has 10 MiB.
      expect((await gpus.seat(request("third", { priority: 1 }))).plan.layers).toBe(0);
    }
  });

  test("of two models that wait the one due most is looked at first, and what is said of it may change while it waits", async () => {
    const { gpus } = open({ setting: { vram_bytes_max: await wholeBytes() } });
    const old = await gpus.seat(request("old", { priority: 1 }));
    const order: string[] = [];
    let behind = false;
    const wait = (model: string, standing: GpuRequest["standing"]): Promise<unknown> => gpus.seat(request(model, standing === undefined ? {} : { standing })).then((seat) => (order.push(`${model} ${seat.plan.layers}`), seat.release()));
    const all = [wait("first", undefined), wait("pays", () => ({ behind: false, usd_per_s: 0.01 })), wait("short", () => ({ behind, usd_per_s: 0 }))];
    while (gpus.waiting() < 3) await Bun.sleep(1);
    behind = true;
    old.release();
    await Promise.all(all);
    expect(order[0]).toBe("short 5");
    expect(order.toSorted()).toEqual(["first 0", "pays 0", "short 5"]);
  });

  test("who leaves the line leaves nothing behind; the line has an end", async () => {
    const { gpus } = open({ setting: { vram_bytes_max: await wholeBytes() } }, { line_max: 1 });
    const old = await gpus.seat(request("old", { priority: 1 }));
    const leaving = new AbortController();
    const next = gpus.seat(request("new"), leaving.signal);
    expect(await settled(next)).toBe(false);
    await expect(gpus.seat(request("late"))).rejects.toMatchObject({ code: "models.busy" });
    leaving.abort();
    await expect(next).rejects.toMatchObject({ code: "request.cancelled" });
    expect(gpus.waiting()).toBe(0);
    old.release();
    expect((await gpus.seat(request("after"))).plan.layers).toBe(5);
  });

  test("what was noted, read back, decides the same again", async () => {
    const { gpus, noted } = open({ setting: { vram_bytes_max: Math.floor((await wholeBytes()) * 1.5) } });
    const old = await gpus.seat(request("old", { priority: 2 }));
    const next = gpus.seat(request("new"));
    await settled(next);
    old.release();
    await next;
    expect(noted.map(({ decision }) => decision.kind)).toEqual(["place", "wait", "place"]);
    for (const { state, asking, decision } of JSON.parse(JSON.stringify(noted)) as GpuNote[]) expect(decide(state, asking)).toEqual(decision);
    expect(gpus.notes()).toEqual(noted);
  });
});
