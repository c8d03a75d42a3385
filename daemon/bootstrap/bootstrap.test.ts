import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json";
import { ERRORS, EXIT } from "../../proto/errors.ts";
import { skipWithout } from "../testing/skip.ts";

interface Machine {
  readonly os: string;
  readonly arch: string;
  readonly libc: "glibc" | "musl";
  readonly avx2: boolean;
}
interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const load = (file: string) => import(join(import.meta.dir, file));
const release: { BUN_VERSION: string; BUN_PACKAGES: Record<string, string>; bunPackage(machine: Machine): string | null } = await load("release.mjs");
const steps: { EXIT: Record<string, number>; INSTALL_FAILED: string } = await load("steps.mjs");
const tests: { readTotals(xml: string): Counts | null; judge(totals: Counts | null, code: number): Counts; countLine(counts: Counts): string } = await load("tests.mjs");
const tools: { TOOLS: readonly { apt: string; brings: string }[]; missingTools(present: (program: string) => boolean): { apt: string }[] } = await load("tools.mjs");

const node = Bun.which("node");
const noNode = skipWithout(node !== null, "node is not on the PATH, so the bootstrap was not run");
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro bootstrap's "));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A project whose installation is done and whose Bun is `script`. */
function installedProject(script: string): string {
  const root = join(dir, "clone");
  mkdirSync(join(root, ".toolchain", "bin"), { recursive: true });
  mkdirSync(join(root, "node_modules"));
  cpSync(import.meta.dir, join(root, "daemon", "bootstrap"), { recursive: true });
  const hash = createHash("sha256").update(release.BUN_VERSION);
  for (const file of ["package.json", "bun.lock"]) {
    writeFileSync(join(root, file), "{}");
    hash.update("{}");
  }
  for (const name of ["bun", "maestro"]) {
    writeFileSync(join(root, ".toolchain", "bin", name), script);
    chmodSync(join(root, ".toolchain", "bin", name), 0o755);
  }
  const stamp = { bun: release.BUN_VERSION, digest: hash.digest("hex"), mode: "full" };
  writeFileSync(join(root, ".toolchain", "installed.json"), JSON.stringify(stamp));
  return root;
}

describe("which Bun", () => {
  test("the pinned version is the one the types are of, and each package has an integrity", () => {
    expect(release.BUN_VERSION).toBe(packageJson.devDependencies["bun-types"]);
    for (const integrity of Object.values(release.BUN_PACKAGES)) expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
  });

  test("each machine gets its build, and an unknown one none", () => {
    const pick = (os: string, arch: string, libc: Machine["libc"], avx2: boolean) => release.bunPackage({ os, arch, libc, avx2 });
    expect(pick("linux", "x64", "glibc", true)).toBe("@oven/bun-linux-x64");
    expect(pick("linux", "x64", "glibc", false)).toBe("@oven/bun-linux-x64-baseline");
    expect(pick("linux", "x64", "musl", false)).toBe("@oven/bun-linux-x64-musl-baseline");
    expect(pick("linux", "arm64", "musl", false)).toBe("@oven/bun-linux-aarch64-musl");
    expect(pick("darwin", "arm64", "glibc", false)).toBe("@oven/bun-darwin-aarch64");
    expect(pick("win32", "x64", "glibc", true)).toBeNull();
    expect(pick("linux", "riscv64", "glibc", false)).toBeNull();
  });

  test("what it says and how it ends is what the daemon's table says", () => {
    expect(steps.INSTALL_FAILED).toBe(ERRORS["install.failed"].sentence);
    expect(steps.EXIT).toEqual({ failed: 1, usage: EXIT.usage, unavailable: EXIT.unavailable });
    expect(ERRORS["install.failed"].exit).toBe(EXIT.unavailable);
  });
});

describe("counting", () => {
  test("totals come from the report's root", () => {
    expect(tests.readTotals('<?xml version="1.0"?>\n<testsuites name="bun test" tests="7" assertions="9" failures="2" skipped="1" time="0.1">\n<testsuite tests="99">')).toEqual({ passed: 4, failed: 2, skipped: 1 });
    expect(tests.readTotals("")).toBeNull();
    expect(tests.readTotals('<testsuites tests="x">')).toBeNull();
  });

  test("a run without tests, without a report or with a bad exit is a failure", () => {
    expect(tests.judge({ passed: 3, failed: 0, skipped: 1 }, 0)).toEqual({ passed: 3, failed: 0, skipped: 1 });
    expect(tests.judge({ passed: 3, failed: 0, skipped: 0 }, 1).failed).toBe(1);
    expect(tests.judge({ passed: 0, failed: 0, skipped: 4 }, 0).failed).toBe(1);
    expect(tests.judge(null, 0).failed).toBe(1);
    expect(tests.judge({ passed: 3, failed: 2, skipped: 0 }, 1).failed).toBe(2);
  });

  test("the last line has its one form", () => {
    expect(tests.countLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
    expect(tests.countLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
  });
});

describe.skipIf(noNode)("the shim", () => {
  const shim = (root: string) => join(root, "daemon", "bootstrap", "maestro.mjs");

  test("through a link it finds its clone, hands over arguments as they are and passes the exit code on", () => {
    const root = installedProject('#!/bin/sh\nfor arg in "$@"; do printf "<%s>" "$arg"; done\nexit 3\n');
    const link = join(dir, "maestro");
    symlinkSync(shim(root), link);
    const run = Bun.spawnSync([node!, link, "gate", "a b", "", "--target=$HOME"], { cwd: "/" });
    expect(run.stdout.toString()).toBe(`<${join(root, "daemon/cli/main.ts")}><gate><a b><><--target=$HOME>`);
    expect([run.exitCode, run.stderr.toString()]).toEqual([3, ""]);
  });

  test("a signal reaches the child and its death is seen outside", async () => {
    const root = installedProject("#!/bin/sh\ntrap 'echo stopped; exit 5' TERM\necho ready\nwhile :; do sleep 0.05; done\n");
    const run = Bun.spawn([node!, shim(root)], { stdout: "pipe", stdin: "ignore" });
    const reader = run.stdout.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("ready\n");
    run.kill("SIGTERM");
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("stopped\n");
    expect(await run.exited).toBe(5);
    const killed = Bun.spawnSync([node!, shim(installedKiller(root))]);
    expect(killed.exitCode).toBe(128 + 9);
  });

  function installedKiller(root: string): string {
    writeFileSync(join(root, ".toolchain", "bin", "bun"), "#!/bin/sh\nkill -9 $$\n");
    return root;
  }
});

describe.skipIf(noNode)("installing", () => {
  test("a registry that does not answer is said, with what npm said, and leaves nothing half installed", () => {
    const root = installedProject("");
    rmSync(join(root, ".toolchain"), { recursive: true });
    const env = { ...Bun.env, npm_config_registry: "http://127.0.0.1:1/", npm_config_cache: join(dir, "cache"), npm_config_fetch_retries: "0" };
    const run = Bun.spawnSync([node!, join(root, "daemon/bootstrap/run.mjs"), "start"], { env });
    expect(run.exitCode).toBe(EXIT.unavailable);
    expect(run.stderr.toString()).toContain(ERRORS["install.failed"].sentence);
    expect(run.stderr.toString()).toContain("ECONNREFUSED");
    expect([...new Bun.Glob("**").scanSync({ cwd: join(root, ".toolchain"), onlyFiles: true })]).toEqual([]);
  }, 120_000);

  test("Bun starts in the clone, never where the user stands: that folder's bunfig.toml would name programs to run", () => {
    const root = installedProject('#!/bin/sh\nprintf "%s|%s" "$PWD" "$MAESTRO_CWD"\n');
    const hostile = join(dir, "it's hostile");
    mkdirSync(hostile);
    rmSync(join(root, ".toolchain/bin/maestro"));
    for (const argv of [[node!, join(root, "daemon/bootstrap/maestro.mjs")], [join(root, ".toolchain/bin/maestro")]]) {
      const run = Bun.spawnSync([...argv, "status"], { cwd: hostile });
      expect([run.stdout.toString(), run.exitCode]).toEqual([`${root}|${hostile}`, 0]);
    }
  });

  test("a launcher of another version is replaced", () => {
    const root = installedProject("#!/bin/sh\n");
    const launcher = join(root, ".toolchain/bin/maestro");
    writeFileSync(launcher, "#!/bin/sh\nexec bun old.ts\n");
    Bun.spawnSync([node!, join(root, "daemon/bootstrap/maestro.mjs"), "status"]);
    expect(readFileSync(launcher, "utf8")).toContain("MAESTRO_CWD");
  });

  test("where the system's packages cannot be installed, the tools that are missing are named with what they show", () => {
    const run = Bun.spawnSync([node!, join(import.meta.dir, "run.mjs"), "tools"], { env: { PATH: join(dir, "empty") } });
    expect(run.exitCode).toBe(EXIT.unavailable);
    expect(run.stderr.toString()).toMatch(/install bubblewrap, .*strace.* tests are skipped: the sandbox;/);
  });

  test("tools that are there are left alone", () => {
    const bin = mkdtempSync(join(dir, "tools-"));
    for (const { brings } of tools.TOOLS) writeFileSync(join(bin, brings), "#!/bin/sh\n", { mode: 0o755 });
    expect(tools.missingTools((program) => program !== "strace").map(({ apt }) => apt)).toEqual(["strace"]);
    // This Maven brings nothing, and that is all there is to say.
    const run = Bun.spawnSync([node!, join(import.meta.dir, "run.mjs"), "tools"], { env: { PATH: bin, MAESTRO_TLA_DIR: join(bin, "tla") } });
    expect([run.exitCode, run.stderr.toString()]).toEqual([69, ""]);
    expect(run.stdout.toString()).toMatch(/^maestro: without a model checker: [^\n]+\n(?:maestro: without a native z3: [^\n]+\n)?$/);
  });

  test("the native z3: one that is there is left alone, and where it cannot be had the reason is said; a program that is not the pinned one is not taken", async () => {
    const { installZ3 }: { installZ3(root: string, options: { platform?: string; present(program: string): boolean }): Promise<string | null> } = await load("z3.mjs");
    const root = mkdtempSync(join(dir, "z3-"));
    expect(await installZ3(root, { present: (program) => program === "z3" })).toBeNull();
    expect(await installZ3(root, { platform: "plan9-mips", present: () => false })).toContain("plan9-mips");
    expect(await installZ3(root, { platform: "linux-x64", present: () => false })).toContain("python3");
    const bin = mkdtempSync(join(dir, "pip-"));
    // A pip that brings another program under that name.
    writeFileSync(join(bin, "python3"), '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = --target ] && { mkdir -p "$2/bin"; echo evil > "$2/bin/z3"; }; shift; done\n', { mode: 0o755 });
    const path = process.env["PATH"];
    process.env["PATH"] = `${bin}:${path}`;
    try {
      expect(await installZ3(root, { platform: "linux-x64", present: (program) => program === "python3" })).toContain("not the one that is pinned");
    } finally {
      process.env["PATH"] = path;
    }
    expect(existsSync(join(root, ".toolchain"))).toBe(false);
  });

  test("an unknown command is a usage error that names the known ones", () => {
    const run = Bun.spawnSync([node!, join(import.meta.dir, "run.mjs"), "tset"]);
    expect(run.exitCode).toBe(EXIT.usage);
    expect(run.stderr.toString()).toContain("test");
  });

  test("the launcher without Node passes arguments and exit code on", () => {
    const root = installedProject('#!/bin/sh\nprintf "%s|" "$@"\nexit 4\n');
    rmSync(join(root, ".toolchain/bin/maestro"));
    expect(Bun.spawnSync([node!, join(root, "daemon/bootstrap/maestro.mjs"), "status"]).exitCode).toBe(4);
    const run = Bun.spawnSync([join(root, ".toolchain/bin/maestro"), "a b"]);
    expect([run.stdout.toString(), run.exitCode]).toEqual([`${join(root, "daemon/cli/main.ts")}|a b|`, 4]);
    // And the daemon beside it, which the pages and the demos start by that name.
    expect(Bun.spawnSync([join(root, ".toolchain/bin/maestrod"), "--help"]).stdout.toString()).toBe(`${join(root, "daemon/main.ts")}|--help|`);
    expect(readFileSync(join(root, ".toolchain/installed.json"), "utf8")).toContain('"mode":"full"');
  });
});
