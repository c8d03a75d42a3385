/** Which GPUs there are, as a driver says it that is well, ill or absent: the library is a fake, compiled here; its reader is the real one, in its own process. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeclaredGpu } from "../../../proto/gpu.ts";
import { skipWithout } from "../../testing/skip.ts";
import { createProbe, type Drivers } from "./probing.ts";
import { parseSmi } from "./smi.ts";
import { fakeNvml, type Flaw } from "./testing/nvml.ts";
import { ggufFile } from "./testing/gguf-file.ts";

const MiB = 1024 * 1024;
const inventory = (gpus: readonly DeclaredGpu[], drivers: Drivers) => createProbe(gpus, drivers).inventory();
// Compilers and processes of their own.
setDefaultTimeout(60_000);
let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-gpu-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const withoutCompiler = skipWithout(Bun.which("cc") !== null, "the path through NVML: needs cc");
/** Not there, whatever this machine has. */
const NO_SMI = "/nonexistent/nvidia-smi";
const ask = (flaw?: Flaw, deadline_ms?: number) => inventory([], { library: fakeNvml(dir, flaw), smi: NO_SMI, ...(deadline_ms === undefined ? {} : { deadline_ms }) });

describe.skipIf(withoutCompiler)("through NVML", () => {
  test("each device with what it says of itself; what it does not say is unknown, not zero", async () => {
    expect(await ask()).toEqual({
      source: "nvml",
      driver: "575.99.01",
      reason: null,
      devices: [
        { index: 0, uuid: "GPU-00000000-1111-2222-3333-444444444444", name: "Fake A100 80GB", total_bytes: 81_920 * MiB, free_bytes: 79_500 * MiB, utilisation: 37, mig: false, processes: [{ pid: 4242, bytes: 900 * MiB }, { pid: 4243, bytes: null }] },
        { index: 1, uuid: "GPU-55555555-6666-7777-8888-999999999999", name: "Fake T4", total_bytes: 16_384 * MiB, free_bytes: 15_500 * MiB, utilisation: null, mig: false, processes: [] },
      ],
    });
  });

  test("a driver of another age: what it lacks is unknown, and its memory is read as it gives it", async () => {
    const { driver, devices } = await ask("OLD");
    expect(driver).toBeNull();
    expect(devices[0]).toMatchObject({ free_bytes: 80_000 * MiB, utilisation: null, mig: false, processes: null });
  });

  test("a device that is lost leaves the other; one that is cut into instances says so; none is none", async () => {
    const lost = await ask("LOST");
    expect([lost.devices.map(({ index }) => index), lost.reason]).toEqual([[0], "GPU 1 does not answer: nvmlDeviceGetHandleByIndex_v2: GPU is lost (15)"]);
    expect((await ask("MIG")).devices.map(({ mig }) => mig)).toEqual([true, false]);
    expect(await ask("DEVICES=0")).toMatchObject({ source: "nvml", devices: [], reason: "the driver knows of no GPU" });
  });

  test("a driver that is not loaded, or of another version than its library, is told in its words", async () => {
    expect(await ask("INIT=9")).toMatchObject({ source: "none", devices: [], reason: expect.stringContaining("Driver Not Loaded (9)") });
    expect(await ask("INIT=18")).toMatchObject({ source: "none", reason: expect.stringContaining("Driver/library version mismatch (18)") });
  });

  test("attack: garbage is no device: endless counts, names that move a terminal, more free than there is, no words for an error", async () => {
    const { devices, reason } = await ask("GARBAGE");
    expect(devices).toEqual([]);
    expect(reason).toContain("its memory is 1 bytes, of them 18446744073709551615 free");
    expect(reason).toMatch(/^[\x20-\x7e]*$/);
  });

  test("attack: a driver that hangs, or dies, takes the probe and nobody else; what was declared is believed then, and named so", async () => {
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 5);
    expect(await ask("HANG", 1_500)).toEqual({ source: "none", driver: null, devices: [], reason: "the driver did not answer in 1500 ms" });
    clearInterval(ticking);
    // The loop went on all the while.
    expect(ticks).toBeGreaterThan(10);
    const library = fakeNvml(dir, "CRASH");
    const dead = await inventory([{ name: "declared card", memory_bytes: 8_192 * MiB }], { library, smi: NO_SMI });
    expect(dead).toMatchObject({ source: "declared", devices: [{ index: 0, uuid: null, name: "declared card", free_bytes: 8_192 * MiB, processes: null }], reason: expect.stringContaining("SIGABRT") });
    const hung = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return "";
      }
    }).filter((line) => line.includes(join(dir, "libnvidia-ml-HANG.so")));
    expect(hung).toEqual([]);
  }, 120_000);
});

describe("without NVML", () => {
  const smi = (lines: string): string => {
    const path = join(dir, "nvidia-smi");
    writeFileSync(path, `#!/bin/sh\ncat <<'END'\n${lines}\nEND\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const LINE = "0, GPU-00000000-1111-2222-3333-444444444444, 81920, 79000, 5, Disabled, 575.99.01, Fake A100, 80GB";

  test("nvidia-smi is asked, and the answer says that it was; nothing there is nothing, with both reasons", async () => {
    expect(await inventory([], { library: "/nonexistent/lib.so", smi: smi(LINE) })).toMatchObject({ source: "nvidia-smi", driver: "575.99.01", devices: [{ index: 0, name: "Fake A100,80GB", total_bytes: 81_920 * MiB, utilisation: 5, mig: false, processes: null }], reason: "NVML: /nonexistent/lib.so cannot be loaded" });
    expect(await inventory([], { library: "/nonexistent/lib.so", smi: NO_SMI })).toMatchObject({ source: "none", devices: [], reason: expect.stringMatching(/cannot be loaded; nvidia-smi does not answer either$/) });
  });

  test("a list that is half understood is not used", () => {
    expect(parseSmi(LINE)?.devices).toHaveLength(1);
    expect(parseSmi("")).toEqual({ driver: null, devices: [] });
    expect(parseSmi(LINE.replace(", 5, Disabled", ", [N/A], [N/A]"))?.devices[0]).toMatchObject({ utilisation: null, mig: false });
    for (const line of ["No devices were found", LINE.replace("81920", "[N/A]"), LINE.replace("79000", "99999"), LINE.replace(/^0/, "-1"), "0, x, 1", `${LINE}\nError`]) expect(parseSmi(line)).toBeNull();
  });
});

test("a model's file is read in the probe, too: a shape, or a refusal in words", async () => {
  writeFileSync(join(dir, "m.gguf"), ggufFile());
  expect((await createProbe().shape(join(dir, "m.gguf"))).layers).toHaveLength(4);
  writeFileSync(join(dir, "m.gguf"), "GGUF");
  await expect(createProbe().shape(join(dir, "m.gguf"))).rejects.toMatchObject({ code: "models.load", detail: expect.stringContaining("ends inside its head") });
  await expect(createProbe().shape(join(dir, "none.gguf"))).rejects.toMatchObject({ code: "models.load" });
});
