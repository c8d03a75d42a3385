/**
 * Sealed proof: the e2e suite where there is no network interface, other
 * people's tools where there is none but loopback (they talk to servers of
 * their own), and a count of the sockets the core opened meanwhile.
 */
import { afterAll, expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { World } from "../daemon/e2e/testing/world.ts";
import { importsOf } from "../daemon/house/imports.ts";
import { readSources, ROOT } from "../daemon/house/sources.ts";
import { countSockets, readSockets, straceSockets } from "../daemon/testing/sockets.ts";
import { accepts, output, run } from "./rig/accepts.ts";
import { onPath } from "./rig/tools.ts";

const E2E_DEADLINE_MS = 1_800_000;
/** They make a remote, a code host, signing services or a proxy that stand on loopback, for what a sealed node never does: fetch from it, publish to it, have itself certified, be witnessed. */
const SERVERS = ["daemon/testing/remotes.ts", "daemon/egress/keyless/testing/services.ts", "daemon/cli/outputs/comment/testing/fake-host.ts", "daemon/witness/testing/proxy.ts"];
const unshare = await onPath("unshare", "install util-linux");
const strace = await onPath("strace", "install strace");
const bwrap = await onPath("bwrap", "install bubblewrap");
const world = new World();
const report: Record<string, unknown> = {};

afterAll(async () => {
  await world.dispose();
  process.stdout.write(`${JSON.stringify({ report: "sealed", ...report })}\n`);
});

const nothing = (): string[] => [unshare.path(), ...(process.getuid?.() === 0 ? ["-n"] : ["-rn"])];
/** bubblewrap raises loopback in the namespace it makes; there is no way out of it either. */
const loopback = (): string[] => [bwrap.path(), "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent"];

/** The files of the e2e suite, apart by whether anything they import makes a server. */
function e2eFiles(): { readonly sealed: string[]; readonly with_a_server: string[] } {
  const targets = new Map(readSources().map((source) => [source.path, importsOf(source).flatMap(({ target }) => target ?? [])]));
  const serves = (path: string, seen: Set<string>): boolean => SERVERS.includes(path) || (!seen.has(path) && (targets.get(path) ?? []).some((target) => serves(target, seen.add(path))));
  const files = [...targets.keys()].filter((path) => /^daemon\/e2e\/[^/]+\.test\.ts$/.test(path)).map((path) => ({ path: `./${path}`, served: serves(path, new Set()) }));
  return { sealed: files.filter(({ served }) => !served).map(({ path }) => path), with_a_server: files.filter(({ served }) => served).map(({ path }) => path) };
}
const { sealed, with_a_server } = e2eFiles();

/** Addresses a program could use there, as the kernel's routing table has them. */
async function addresses(isolated: readonly string[]): Promise<string[]> {
  const table = await output([...isolated, "cat", "/proc/net/fib_trie"]);
  return [...new Set(table.match(/\b\d+\.\d+\.\d+\.\d+\b/g) ?? [])].filter((address) => address !== "0.0.0.0");
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The closing lines of `bun test`, or of our own runner. */
function countsOf(text: string): Counts {
  const number = (pattern: RegExp): number => Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
  return { passed: number(/^\s*(\d+) pass(?:ed)?\b/gm), failed: number(/(\d+) fail(?:ed)?\b/gm), skipped: number(/(\d+) skip(?:ped)?\b/gm) };
}

/** What Bun said of each test that failed, the lines before its name included. */
const failuresIn = (stderr: string): string => `${(stderr.match(/(?:^(?!\((?:pass|skip)\)).*\n)*?^\(fail\).*$/gm) ?? []).join("\n")}\n`;

accepts(unshare, "the e2e suite, but for the files that make a server, passes where there is no interface at all", async () => {
  expect(await addresses(nothing())).toEqual([]);
  expect(with_a_server).toEqual(expect.arrayContaining(["./daemon/e2e/host-mode.test.ts", "./daemon/e2e/ci.test.ts"]));
  const { code, stdout, stderr } = await run([...nothing(), process.execPath, "test", ...sealed, "--timeout=60000"], { cwd: ROOT, timeout_ms: E2E_DEADLINE_MS });
  const counts = countsOf(`${stdout}\n${stderr}`);
  report["e2e"] = { ...counts, files: sealed.length };
  if (code !== 0) process.stderr.write(failuresIn(stderr));
  expect([code, counts.failed, counts.passed > 50]).toEqual([0, 0, true]);
}, E2E_DEADLINE_MS);

accepts(bwrap, "every other acceptance item, and the tests with a server, pass where there is loopback alone, with the tools that are cached here", async () => {
  expect((await addresses(loopback())).filter((address) => !address.startsWith("127."))).toEqual([]);
  const accepted = readdirSync(import.meta.dir).filter((file) => file.endsWith(".accept.ts")).map((file) => `./bench/${file}`);
  const others = [...accepted, ...with_a_server];
  // Go's cache is its proxy: without one it refuses what it has. What lies there was checked against the checksum database when it came.
  const modules = (await output(["go", "env", "GOMODCACHE"])).trim();
  const env = { GOFLAGS: "-mod=mod", GOPROXY: `file://${modules}/cache/download`, GOSUMDB: "off" };
  const { code, stdout, stderr } = await run([...loopback(), process.execPath, "test", "--timeout=600000", ...others], { cwd: ROOT, env, timeout_ms: E2E_DEADLINE_MS });
  const counts = countsOf(`${stdout}\n${stderr}`);
  report["accept"] = { ...counts, files: others.length };
  if (code !== 0) process.stderr.write(failuresIn(stderr));
  expect([code, counts.failed, counts.skipped, counts.passed >= others.length]).toEqual([0, 0, 0, true]);
}, E2E_DEADLINE_MS);

accepts(strace, "gate, replay, card and verify: the core opens no socket that is not a Unix socket", async () => {
  const record = world.path("sockets");
  const argv = [...nothing(), ...straceSockets(record), process.execPath, join(ROOT, "daemon/main.ts"), "--embedded", "--state", world.state_dir, "--socket", world.socket_path];
  const daemon = Bun.spawn(argv, { cwd: "/", env: { HOME: world.home, PATH: "/usr/local/bin:/usr/bin:/bin" }, stdout: "ignore", stderr: "inherit" });
  for (let tries = 0; tries < 400 && !(await world.client.answers()); tries++) await Bun.sleep(25);
  for (let i = 0; i < 3; i++) {
    const judged = await world.judged(await world.changed({}, { "src/a.ts": `export const a = ${i};\n` }));
    expect(judged.verified).toBe("verified");
  }
  await world.client.stop();
  expect(await daemon.exited).toBe(0);
  const counts = countSockets(readSockets(readFileSync(record, "utf8")));
  const { AF_UNIX: unix = 0, ...other } = counts["maestrod"] ?? {};
  report["sockets"] = counts;
  report["core_sockets_not_unix"] = Object.values(other).reduce((sum, count) => sum + count, 0);
  expect(unix).toBeGreaterThan(1);
  expect(other).toEqual({});
});
