/** `maestro demo` as a newcomer runs it: in their own repository, outside of any, and with the scratch folder kept. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { oneDocument, World } from "./testing/world.ts";

interface DemoDocument {
  readonly scenario: string;
  readonly as_told: boolean;
  readonly unexpected: readonly string[];
  readonly steps: readonly { readonly command: string; readonly exit: number }[];
  readonly kept: string | null;
}

const CLI = join(import.meta.dir, "../cli/main.ts");
const DEADLINE_MS = 120_000;

let world: World;
beforeAll(() => {
  world = new World();
  mkdirSync(world.path("tmp"));
});
afterAll(() => world.dispose());

/** A folder for scratch of its own, so that what is left behind is seen. */
function scratch(name: string): { readonly env: Record<string, string>; readonly left: () => string[] } {
  const folder = world.path(`tmp/${name}`);
  mkdirSync(folder);
  return { env: { TMPDIR: folder }, left: () => readdirSync(folder) };
}

/** Programs that were started with a path below `folder`. */
function runningBelow(folder: string): string[] {
  const said = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name)).map(said).filter((line) => line.includes(`${folder}/`));
}

/** Every byte of a folder, and when it was written. */
function printOf(folder: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
    const path = join(folder, name);
    const { mtimeMs, mode } = statSync(path);
    hash.update(`${name} ${mtimeMs} ${mode}\n`);
    if (statSync(path).isFile()) hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}

describe("maestro demo", () => {
  test("in a repository of one's own: refused, mended by its finding, admitted, verified; nothing of the repository is touched and nothing is left", async () => {
    const source = await world.repository({ "src/a.ts": "export const a = 1;\n", ".gitignore": "maestro-demo/\n*.test.ts\n" }, "own one");
    // What a user may have: hooks that stop every commit, and work that is not committed yet.
    mkdirSync(join(source.path, ".git/hooks"), { recursive: true });
    writeFileSync(join(source.path, ".git/hooks/pre-commit"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    writeFileSync(join(source.path, "src/a.ts"), "unfinished");
    const before = printOf(source.path);
    const { env, left } = scratch("own");
    const { code, stdout, stderr } = await world.run(["demo"], { cwd: source.path, env: { ...env, CI: "true", MAESTRO_SOCKET: "/nonexistent/a.sock", GIT_DIR: "/nonexistent" } });
    expect([code, stderr]).toEqual([0, ""]);
    const told = ["REFUSE  ", "test.focused", '- test.only("greets"', '+ test("greets"', "ADMIT  ", "VERIFIED offline  ADMIT", "FAILED  this is not evidence", "does not prove", "All as told"];
    expect(told.map((text) => stdout.indexOf(text)).map((at, i, all) => at > (all[i - 1] ?? -1))).toEqual(told.map(() => true));
    expect([printOf(source.path), left()]).toEqual([before, []]);
  }, DEADLINE_MS);

  test("outside of any repository a sample is made; a hold is no refusal; one document with every command", async () => {
    const { env, left } = scratch("none");
    const document = oneDocument(await world.run(["demo", "workflow", "--json"], { cwd: "/", env })) as DemoDocument;
    expect(document).toMatchObject({ scenario: "workflow", as_told: true, unexpected: [], kept: null });
    expect(document.steps.filter(({ command }) => command.startsWith("maestro gate")).map(({ exit }) => exit)).toEqual([3, 0]);
    expect(document.steps.filter(({ command }) => command.includes("maestro verify")).map(({ exit }) => exit)).toEqual([0, 1]);
    expect(left()).toEqual([]);
  }, DEADLINE_MS);

  test("--keep leaves what the shown commands can be typed in, and no daemon; the key is in no commit that is left to be merged", async () => {
    const { env, left } = scratch("kept");
    const { code, stdout } = await world.run(["demo", "secret", "--keep"], { cwd: world.home, env });
    const [name = ""] = left();
    const folder = join(env["TMPDIR"] ?? "", name);
    expect([code, stdout.includes(`Kept: ${folder}`), existsSync(join(folder, "state/maestrod.sock"))]).toEqual([0, true, false]);
    const shown = stdout.split("\n").find((line) => line.startsWith("$ env -i") && line.includes("admitted.json"))?.slice(2) ?? "exit 99";
    mkdirSync(world.path("bin"));
    writeFileSync(world.path("bin/maestro"), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, { mode: 0o755 });
    const typed = Bun.spawnSync(["sh", "-c", shown], { cwd: join(folder, "elsewhere"), env: { PATH: `${world.path("bin")}:/usr/bin:/bin` } });
    expect([typed.exitCode, typed.stdout.toString()]).toEqual([0, expect.stringContaining("VERIFIED offline  ADMIT")]);
    const log = Bun.spawnSync(["git", "log", "-p", "maestro-demo-base..maestro-demo-change"], { cwd: join(folder, "clone") });
    expect([log.exitCode, log.stdout.toString().includes("PRIVATE KEY")]).toEqual([0, false]);
  }, DEADLINE_MS);

  test.each([["before its daemon has said a word", (log: string) => existsSync(log)], ["while its daemon starts", (log: string) => existsSync(log) && readFileSync(log, "utf8").includes('"pid":')]])("stopped %s it takes daemon and folder along", async (when, reached) => {
    const { env, left } = scratch(when);
    const running = world.start(["demo"], { cwd: world.home, env });
    const logs = (): string[] => left().map((name) => join(env["TMPDIR"] ?? "", name, "state/maestrod.log"));
    while (!logs().some(reached) && running.child.exitCode === null) await Bun.sleep(5);
    running.child.kill("SIGINT");
    expect([(await running.done).code, left(), runningBelow(env["TMPDIR"] ?? "")]).toEqual([130, [], []]);
  }, DEADLINE_MS);

  test("a base that asks for more is said, never told as a success", async () => {
    const source = await world.repository({ "maestro.yaml": "version: 1\nthresholds: { size_lines_max: 1 }\nrules: { size.unreviewable: { human: refuse, agent: refuse } }\ncommands: { t: { run: [nothing-of-that-name] } }\nobligations: { n: { from: { command: t, file: a.json }, format: json, pointer: /a, unit: n, max: \"0\" } }\n" });
    const { env, left } = scratch("strict");
    const document = await world.run(["demo", "--json"], { cwd: source.path, env });
    expect([document.code, (oneDocument(document) as DemoDocument).as_told, left()]).toEqual([1, false, []]);
  }, DEADLINE_MS);

  test("list, a name that is none, and a folder that is none", async () => {
    const list = await world.run(["demo", "list"]);
    expect([list.code, list.stdout.split("\n").filter((line) => line !== "").map((line) => line.split(" ")[0])]).toEqual([0, ["focused-test", "secret", "workflow", "invariant", "learn"]]);
    expect((await world.run(["demo", "focussed-test"])).stderr).toContain("did you mean focused-test?");
    expect((await world.run(["demo", "secret", "/nonexistent"])).code).toBe(2);
  }, DEADLINE_MS);
});
