/** Every model of `specs/` through `maestro modelcheck`, and specifications that cheat, never end or eat everything: the real TLC in the real sandbox. */
import { afterAll, expect } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { ModelReport } from "../proto/model.ts";
import { model, modelRig, modelsHere, type Rig } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { TLC_VERSION } from "../daemon/analysis/modelcheck/release.ts";
import { accepts, run } from "./rig/accepts.ts";
import { found, missing } from "./rig/built.ts";

const ROOT = join(import.meta.dir, "..");
const CLI = join(ROOT, "daemon/cli/main.ts");
/** Every model one after the other; each has a limit of its own. */
const SPECS_MS_MAX = 500_000;
const SHIM = join(ROOT, "daemon/bootstrap/tla2tools.mjs");

const { toolchain, because } = await modelsHere();
const tlc = toolchain === null ? missing("TLC", because) : found("TLC", TLC_VERSION, toolchain.jar);
const work = mkdtempSync(join(tmpdir(), "maestro-accept-model-"));
const rig: Rig | null = toolchain === null ? null : modelRig(toolchain);
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});
const ours = (): Rig => {
  if (rig === null) throw new Error(because);
  return rig;
};
const said = async (...parts: Parameters<Rig["run"]>): Promise<string> => {
  const { outcome } = await ours().run(...parts);
  return outcome.result === "unavailable" ? outcome.because : outcome.result;
};

/** Rows of a table of specs/README.md: the name, and its third cell. */
function tableOf(page: string): ReadonlyMap<string, string> {
  return new Map([...page.matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]+) \|/gm)].map(([, name = "", cell = ""]) => [name, cell.trim()]));
}

accepts(tlc, "every model holds with the states its page names, and every twin is refused as it says", async () => {
  const { code, stdout, stderr } = await run([process.execPath, CLI, "modelcheck", "--no-cache", "--json", "--folder", join(ROOT, "specs")], { timeout_ms: SPECS_MS_MAX });
  expect([code, stderr]).toEqual([0, ""]);
  const report: unknown = JSON.parse(stdout);
  if (!Value.Check(ModelReport, report)) throw new Error(stdout);
  const table = tableOf(readFileSync(join(ROOT, "specs/README.md"), "utf8"));
  const plain = (n: number): string => n.toLocaleString("en-US");
  const told = report.rows.map(({ name, outcome }) => [name, outcome.result === "pass" ? `${plain(outcome.counts.distinct)} of ${plain(outcome.counts.generated)}` : outcome.result === "fail" ? `${outcome.violation.exit}, \`${outcome.violation.name}\`` : outcome.because]);
  expect(told).toEqual(readdirSync(join(ROOT, "specs")).filter((file) => file.endsWith(".cfg")).sort().map((file) => [file.slice(0, -4), table.get(file.slice(0, -4)) ?? "no row"]));
});

const COUNTING = "EXTENDS Naturals\nVARIABLE x\nInit == x = 0\nNext == x' = x + 1\nSpec == Init /\\ [][Next]_x\nSmall == x < 3";
writeFileSync(join(work, "Counting.tla"), `---- MODULE Counting ----\n${COUNTING}\n====\n`);
writeFileSync(join(work, "Counting.cfg"), "SPECIFICATION Spec\nINVARIANT Small\n");

const ENDLESS = model("Endless", "EXTENDS Naturals\nVARIABLE x\nInit == x = 0\nNext == x' = x + 1\nSpec == Init /\\ [][Next]_x", "SPECIFICATION Spec\n");
const GREEDY = model("Greedy", "EXTENDS Naturals, Sequences\nVARIABLE x\nInit == x = <<0>>\nNext == x' = x \\o x \\o <<Len(x)>>\nSpec == Init /\\ [][Next]_x", "SPECIFICATION Spec\n");
const LOUD = model("Loud", 'EXTENDS Naturals, TLC\nVARIABLE x\nInit == x = 0\nNext == x\' = x + 1 /\\ PrintT([n \\in 1..400 |-> "loud"])\nSpec == Init /\\ [][Next]_x', "SPECIFICATION Spec\n");

accepts(tlc, "attack: one that never ends is ended by its time, the processor's or the wall's", async () => {
  expect(await said(ENDLESS, { wall_ms: 4_000 })).toContain("it passed wall_ms (4000)");
  expect(await said(ENDLESS, { cpu_s: 3 })).toContain("passed cpu_s");
});

accepts(tlc, "attack: one that eats memory ends at its heap", async () => {
  expect(await said(GREEDY, { heap_mib: 64, wall_ms: 50_000 })).toMatch(/heap was too small|it passed memory_bytes_max/);
});

accepts(tlc, "attack: one that prints without end ends at a limit, and what it printed is not read", async () => {
  expect(await said(LOUD, { output_bytes_max: 100_000, scratch_bytes_max: 8 * 1024 * 1024, wall_ms: 20_000 })).toMatch(/it passed|not to be had|TLC ended with|ended by/);
});

accepts(tlc, "attack: a standard module beside it is refused before anything is run; in the temporary folder of all, it is not seen", async () => {
  const lying = "---- MODULE Naturals ----\na + b == a\na < b == TRUE\na .. b == {a}\n====\n";
  expect(await said(model("Counting", COUNTING, "SPECIFICATION Spec\nINVARIANT Small\n", { Naturals: lying }))).toContain("Naturals.tla stands beside");
  const planted = join(work, "tmp");
  mkdirSync(planted);
  writeFileSync(join(planted, "Naturals.tla"), lying);
  const { code, stdout } = await run(["env", "-C", work, `TMPDIR=${planted}`, "node", SHIM, "-tool", "-config", "Counting.cfg", "Counting"]);
  expect([code, /Invariant Small is violated/.test(stdout)]).toEqual([12, true]);
  expect(stdout).not.toContain(`${planted}/Naturals.tla`);
});

/** Processes that have the folder in their command line. */
const namingIt = (folder: string): number[] => readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder) ? [Number(pid)] : [];
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
});

for (const killed of ["node", "bun"] as const) {
  accepts(tlc, `attack: ${killed} of tla2tools is killed with signal 9, and TLC ends with it and leaves no folder behind`, async () => {
    const tmp = join(work, `killed-${killed}`);
    mkdirSync(tmp);
    writeFileSync(join(work, "Long.tla"), "---- MODULE Long ----\nEXTENDS Naturals\nVARIABLE x\nInit == x = 0\nNext == x' = x + 1\nSpec == Init /\\ [][Next]_x\n====\n");
    writeFileSync(join(work, "Long.cfg"), "SPECIFICATION Spec\n");
    const shim = Bun.spawn(["node", SHIM, "-config", "Long.cfg", "Long"], { cwd: work, env: { ...process.env, TMPDIR: tmp }, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    try {
      // The guard is started last; its command line names the folder as TLC's does.
      while (namingIt(`${tmp}/tla2tools-`).length < 2) await Bun.sleep(20);
      const bun = Number(readFileSync(`/proc/${shim.pid}/task/${shim.pid}/children`, "utf8").trim());
      process.kill(killed === "node" ? shim.pid : bun, "SIGKILL");
      const left = () => [namingIt(`${tmp}/tla2tools-`).length, readdirSync(tmp).length];
      const until = performance.now() + 10_000;
      while (left().some((count) => count > 0) && performance.now() < until) await Bun.sleep(20);
      expect(left()).toEqual([0, 0]);
    } finally {
      for (const pid of namingIt(`${tmp}/tla2tools-`)) process.kill(pid, "SIGKILL");
      shim.kill("SIGKILL");
    }
  });
}

accepts(tlc, "tla2tools has TLC's exit codes, leaves nothing behind, and takes no word of the environment", async () => {
  const tmp = join(work, "own");
  mkdirSync(tmp);
  writeFileSync(join(work, "Fine.tla"), "---- MODULE Fine ----\nVARIABLE x\nInit == x = 0\nNext == x' = 1 - x\nSpec == Init /\\ [][Next]_x\n====\n".replace("VARIABLE", "EXTENDS Integers\nVARIABLE"));
  writeFileSync(join(work, "Fine.cfg"), "SPECIFICATION Spec\n");
  const shim = (...args: readonly string[]) => run(["env", "-C", work, `TMPDIR=${tmp}`, "JAVA_TOOL_OPTIONS=-XX:NoSuchOption", "CLASSPATH=/nowhere", "node", SHIM, ...args]);
  const codes = [(await shim("-config", "Fine.cfg", "Fine")).code, (await shim("-config", "Fine.cfg", "Absent")).code, (await shim("-config", "Counting.cfg", "Counting")).code];
  expect(codes).toEqual([0, 150, 12]);
  expect([readdirSync(tmp), existsSync(join(work, "states"))]).toEqual([[], false]);
  const bunx = await run([process.execPath, "x", "--no-install", "tla2tools", "-config", "ReporterBroken.cfg", "ReporterBroken"], { cwd: join(ROOT, "specs") });
  expect([bunx.code, existsSync(join(ROOT, "specs/states"))]).toEqual([12, false]);
  const without = await run(["env", "-C", work, "JAVA_HOME=/nowhere", "node", SHIM, "Fine"]);
  expect([without.code, without.stderr]).toEqual([69, expect.stringContaining("or name its folder in JAVA_HOME")]);
});
