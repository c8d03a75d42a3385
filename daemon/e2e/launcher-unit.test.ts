/** Commands of a repository on a host where the launcher is a unit of its own: the core makes no namespace, and a launcher that was taken over opens no key. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Behind } from "../platform/sandbox/testing/behind.ts";
import { skipWithout } from "../testing/skip.ts";
import { until, World } from "./testing/world.ts";

setDefaultTimeout(120_000);
let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

const has = (...programs: readonly string[]): boolean => programs.every((name) => Bun.which(name) !== null);
const HOST = "version: 1\ntrust_domain: build.example\nmodes: [local]\n";
const BASE = { "maestro.yaml": 'version: 1\ncommands:\n  tool: {run: [sh, -c, "grep -q good f"]}\n', f: "good\n" };

describe.skipIf(skipWithout(has("bwrap", "systemd-socket-activate", "strace"), "needs bubblewrap, systemd-socket-activate and strace, so no core was traced"))("a command through maestro-sandbox.socket", () => {
  /** Verdicts of a change that keeps what the command wants and of one that breaks it, and calls of the core and all it started that make or enter a namespace. */
  async function traced(more: string): Promise<{ readonly verdicts: readonly string[]; readonly results: readonly (string | undefined)[]; readonly namespaces: readonly string[] }> {
    const [config, trace] = [world.path("host.yaml"), world.path("trace")];
    writeFileSync(config, HOST + more);
    const daemon = [process.execPath, join(import.meta.dir, "../main.ts"), "--config", config, "--state", world.state_dir, "--socket", world.socket_path];
    const strace = Bun.spawn(["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=clone,clone3,unshare,setns,fork,vfork", "-o", trace, ...daemon], { cwd: "/", env: { HOME: world.home, PATH: "/usr/local/bin:/usr/bin:/bin" }, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    await until(() => world.client.answers());
    const judged = [];
    for (const text of ["very good\n", "bad\n"]) judged.push(await world.judged(await world.changed(BASE, { f: text })));
    process.kill((await world.status()).daemon.pid, "SIGTERM");
    await strace.exited;
    const calls = readFileSync(trace, "utf8").split("\n");
    // The trace itself works: check processes are started.
    expect(calls.some((line) => /clone|fork/.test(line))).toBe(true);
    return { verdicts: judged.map(({ verdict }) => verdict), results: judged.map(({ card }) => card.checks.find(({ check }) => check === "command.tool")?.result), namespaces: calls.filter((line) => /CLONE_NEW|unshare\(|setns\(/.test(line)) };
  }

  test("is judged as without, and neither the core nor anything it started made a namespace", async () => {
    const socket = world.path("sandbox.sock");
    await using _behind = await Behind.listen(socket);
    const unit = await traced(`sandbox_socket: ${socket}\n`);
    expect(unit).toEqual({ verdicts: ["admit", "refuse"], results: ["pass", "fail"], namespaces: [] });
    expect(readdirSync(join(world.state_dir, "trees"))).toEqual([]);
  });

  test("canary: without the socket the same trace shows the namespaces of a jail", async () => {
    const { results, namespaces } = await traced("");
    expect(results).toEqual(["pass", "fail"]);
    expect(namespaces.join("\n")).toContain("CLONE_NEWUSER");
  });
});

const UNIT = readFileSync(join(import.meta.dir, "../../systemd/maestro-sandbox@.service"), "utf8");
const setting = (key: string): string[] => [...UNIT.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].flatMap((match) => (match[1] ?? "").split(" "));
/** Stands for `maestro` and for `maestro-sandbox`. */
const [CORE, LAUNCHER] = ["65533", "65532"];
const asUser = (uid: string): string[] => ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"];

type Layer = "user" | "view" | "user-namespace";

/** What the unit's own lines make of a process, with the state folder of this test in place of the installation's. bubblewrap stands in for systemd. */
function unitWithout(without: readonly Layer[], state_dir: string): string[] {
  const here = (path: string): string => path.replace(/^-/, "").replace("/var/lib/maestro", state_dir);
  const inState = (key: string): string[] => setting(key).map((path) => path.replace(/:.*$/, "")).filter((path) => /^-?\/var\/lib\/maestro(?:\/|$)/.test(path)).map(here);
  const view = without.includes("view") ? [] : [
    ...inState("TemporaryFileSystem").flatMap((path) => ["--perms", "0755", "--tmpfs", path]),
    ...inState("InaccessiblePaths").flatMap((path) => ["--perms", "0000", "--tmpfs", path]),
    ...inState("BindReadOnlyPaths").flatMap((path) => ["--ro-bind", path, path]),
  ];
  const own = setting("User").join() !== "maestro" && !without.includes("user");
  const mapped = setting("PrivateUsers").includes("yes") && !without.includes("user-namespace");
  return ["bwrap", "--dev-bind", "/", "/", ...view, "--unshare-net", "--unshare-ipc", "--cap-add", "ALL", "--", ...asUser(own ? LAUNCHER : CORE), ...(mapped ? ["unshare", "--user", "--map-current-user", "--"] : [])];
}

const emulated = process.getuid?.() === 0 && has("bwrap", "setpriv", "unshare");

describe.skipIf(skipWithout(emulated, "needs root, bubblewrap, setpriv and unshare, so nothing was tried in the unit's place"))("attack: a launcher that was taken over", () => {
  const TREE = "trees/gate-x/f";
  let world: World;
  let core: Bun.Subprocess;
  let files: string[];

  beforeAll(async () => {
    world = new World();
    const daemon = await world.daemon(["--embedded"]);
    daemon.kill();
    await daemon.exited;
    mkdirSync(join(world.state_dir, "trees/gate-x"));
    writeFileSync(join(world.state_dir, TREE), "merged\n", { mode: 0o644 });
    Bun.spawnSync(["chown", "-R", `${CORE}:${CORE}`, world.home]);
    // As /var/lib is: only the state folder itself is closed.
    for (const path of [world.home, join(world.home, "state")]) chmodSync(path, 0o755);
    files = readdirSync(world.state_dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => relative(world.state_dir, join(entry.parentPath, entry.name)));
    core = Bun.spawn([...asUser(CORE), "sleep", "300"], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    await until(() => readFileSync(`/proc/${core.pid}/cmdline`, "latin1").startsWith("sleep"));
  });
  afterAll(async () => {
    core.kill("SIGKILL");
    await world.dispose();
  });

  /** What it could open by its path, through the core's view of the files, and after taking every mount off that it could; and whether it could end the core. */
  function opened(...without: readonly Layer[]): { readonly files: readonly string[]; readonly killed: boolean } {
    const script = `cd /; try() { for f in "$@"; do head -c 1 "$f" >/dev/null 2>&1 && echo "$f"; done; }
      try ${files.map((file) => join(world.state_dir, file)).join(" ")}
      try ${files.map((file) => `/proc/${core.pid}/root${join(world.state_dir, file)}`).join(" ")}
      unshare --user --map-root-user --mount sh -c 'umount -l ${world.state_dir}; umount -l ${world.state_dir}; ${files.map((file) => `head -c 1 ${join(world.state_dir, file)} >/dev/null && echo ${join(world.state_dir, file)}`).join("; ")}' 2>/dev/null
      kill -0 ${core.pid} 2>/dev/null && echo KILLED; true`;
    const ran = Bun.spawnSync([...unitWithout(without, world.state_dir), "sh", "-c", script], { env: { PATH: "/usr/bin:/bin" }, cwd: "/" });
    expect([ran.exitCode, ran.stderr.toString()]).toEqual([0, ""]);
    const lines = ran.stdout.toString().trim().split("\n");
    return { files: [...new Set(lines.filter((line) => line.startsWith("/")).map((line) => relative(world.state_dir, line.replace(/^\/proc\/\d+\/root/, ""))))].sort(), killed: lines.includes("KILLED") };
  }

  test("sees the merged trees and nothing else of the state folder, and cannot end the core", () => {
    expect(files.some((file) => file.startsWith("keys/")) && files.some((file) => file.startsWith("db/"))).toBe(true);
    expect(opened()).toEqual({ files: [TREE], killed: false });
  });

  test("as the core's own user it would still open nothing, but could end the core", () => {
    expect(opened("user")).toEqual({ files: [TREE], killed: true });
  });

  test("with the whole state folder in view it would still open nothing, not even a tree", () => {
    expect(opened("view")).toEqual({ files: [], killed: false });
  });

  test("canary: as the core's user, with everything in view, it opens every key", () => {
    expect(opened("user", "view").files).toEqual([...files].sort());
    expect(opened("user", "user-namespace").files).toEqual([...files].sort());
  });
});
