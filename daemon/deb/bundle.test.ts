/** A program in one file answers as its source does, from wherever it lies. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { workersOf, World } from "../e2e/testing/world.ts";
import { ROOT } from "../house/sources.ts";
import { bundlePrograms } from "./bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-bundle-"));
/** The source in another place, with a bundle made there. */
const made = join(folder, "made");
/** The same tree after a move, as a package is used elsewhere than it is built. */
const used = join(folder, "used");
const worlds: World[] = [];

function copySource(to: string): void {
  mkdirSync(to);
  for (const name of ["daemon", "proto", "kernels", "policies", "invariants", "package.json", "bunfig.toml"]) cpSync(join(ROOT, name), join(to, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(to, "node_modules"));
}

beforeAll(async () => {
  copySource(made);
  await bundlePrograms(join(made, "run"), made);
  cpSync(made, used, { recursive: true, verbatimSymlinks: true });
  rmSync(made, { recursive: true });
}, 120_000);
afterAll(async () => {
  for (const world of worlds) await world.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const bundle = join(used, "run/maestrod.js");

/** A daemon of `program` in a world of its own. */
async function daemonOf(program: string): Promise<World> {
  const world = new World();
  worlds.push(world);
  const child = world.spawnProgram(program, ["--embedded"]);
  await world.answering(child);
  return world;
}

const WORKER_SOURCE = join(ROOT, "daemon/gate/worker.ts");
const programOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").find((word) => /\/worker\.[jt]s$/.test(word)) ?? "none";

const ask = async (world: World, path: string): Promise<unknown> => (await fetch(`http://maestro${path}`, { unix: world.socket_path })).json();

describe("maestro in one file", () => {
  const ran = (program: string, args: readonly string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, program, ...args], { cwd: "/", env: { PATH: "/usr/bin:/bin", HOME: folder, LANG: "C.UTF-8" } });
    return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  };
  const quick = join(used, "run/maestro.js");

  test.each([[["help"]], [["status", "--help"]], [["status", "--json"]], [["status", "--wrong"]], [["verify", "/none", "--json"]], [["gate", "--help"]], [["nonsense"]], [[]]])("says of %p what the source says, and ends as it does", (args) => {
    expect(ran(quick, args)).toEqual(ran(join(ROOT, "daemon/cli/main.ts"), args));
  });

  test("shows a daemon's status from a file that holds no other command", async () => {
    const world = await daemonOf(bundle);
    const { code, stdout } = ran(quick, ["status", "--state", world.state_dir]);
    expect([code, stdout.split("\n")[0]]).toEqual([0, expect.stringMatching(/^maestrod \S+ {2}ready {2}pid \d+/)]);
    expect(statSync(quick).size).toBeLessThan(100_000);
    expect(statSync(join(used, "run/maestro-all.js")).size).toBeGreaterThan(100_000);
  });
});

describe("maestrod in one file", () => {
  test("says the same help, and holds no path of the folder it was made in", () => {
    const help = (program: string): string => Bun.spawnSync([process.execPath, program, "--help"], { cwd: "/" }).stdout.toString();
    expect(help(bundle)).toBe(help(join(ROOT, "daemon/main.ts")));
    for (const file of [bundle, `${bundle}.jsc`]) expect([file, readFileSync(file).includes(basename(folder))]).toEqual([file, false]);
  });

  test("describes the same interface, and gates a change with the check processes in one file, policy and kernels that lie beside it", async () => {
    const [ours, theirs] = await Promise.all([daemonOf(bundle), daemonOf(join(ROOT, "daemon/main.ts"))]);
    expect(await ask(ours, "/openapi.json")).toEqual(await ask(theirs, "/openapi.json"));
    const verdict = async (world: World) => {
      const repository = await world.changed({}, { "b.ts": "export const b = 1;\n" });
      const { card, verified, code } = await world.judged(repository);
      return { code, verified, reasons: card.reasons.map(({ rule }) => rule) };
    };
    const [one, other] = [await verdict(ours), await verdict(theirs)];
    expect(one).toEqual(other);
    expect(one).toMatchObject({ code: 0, verified: "verified" });
    const checking = async (world: World): Promise<string> => programOf(workersOf((await world.status()).daemon.pid)[0] ?? 0);
    expect(await Promise.all([ours, theirs].map(checking))).toEqual([join(used, "run/worker.js"), WORKER_SOURCE]);
  }, 120_000);
});

test("a file that asks for a place of its own which a bundle cannot answer is no part of one", async () => {
  appendFileSync(join(used, "daemon/cli/quick.ts"), "void import.meta.dir;\n");
  await expect(bundlePrograms(join(used, "again"), used)).rejects.toThrow();
}, 120_000);
