/** What a look at the work tree leaves behind when its process is ended: nothing, at once or at the next look. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sweepFolders } from "./worktree-folder.ts";

let home: string;
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), "maestro-wf-"))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

const HOUR_MS = 3_600_000;
const SNAPSHOT = join(import.meta.dir, "worktree.ts");

function repository(filter: string): { readonly path: string; readonly tmp: string } {
  const [path, tmp] = [join(home, "repo"), join(home, "tmp")];
  mkdirSync(tmp);
  const git = (...args: string[]) => Bun.spawnSync(["git", "-C", home, ...args], { env: { HOME: home, PATH: "/usr/bin:/bin", GIT_CONFIG_NOSYSTEM: "1" } });
  git("init", "-q", path);
  git("-C", path, "-c", "user.name=a", "-c", "user.email=a@x", "commit", "-q", "--allow-empty", "-m", "first");
  git("-C", path, "config", "filter.slow.clean", filter);
  writeFileSync(join(path, ".gitattributes"), "*.slow filter=slow\n");
  writeFileSync(join(path, "x.slow"), "x\n");
  return { path, tmp };
}

/** A process that looks at the work tree, then waits; `ready` is the file that says how far it is. */
async function signalled(path: string, tmp: string, ready: string, signal: NodeJS.Signals): Promise<{ readonly code: number; readonly signal: number | NodeJS.Signals | null }> {
  const script = `import { snapshotOf } from ${JSON.stringify(SNAPSHOT)}; snapshotOf(${JSON.stringify(path)}); await Bun.write(${JSON.stringify(join(home, "waits"))}, ""); await Bun.sleep(30_000);`;
  const child = Bun.spawn([process.execPath, "-e", script], { env: { HOME: home, PATH: "/usr/bin:/bin", TMPDIR: tmp }, stdout: "ignore", stderr: "ignore" });
  while (!existsSync(join(home, ready)) && child.exitCode === null) await Bun.sleep(5);
  expect(readdirSync(tmp)).toHaveLength(1);
  child.kill(signal);
  const code = await child.exited;
  return { code, signal: child.signalCode };
}

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("attack: %s while the verdict is waited for leaves nothing, and is what the process ends by", async (signal) => {
  const { path, tmp } = repository("cat");
  expect(await signalled(path, tmp, "waits", signal)).toMatchObject({ signal });
  expect(readdirSync(tmp)).toEqual([]);
});

test("attack: SIGTERM in the middle of the snapshot leaves nothing, and no git that goes on writing", async () => {
  const { path, tmp } = repository(`touch ${join(home, "filters")}; sleep 1; cat`);
  expect(await signalled(path, tmp, "filters", "SIGTERM")).toMatchObject({ signal: "SIGTERM" });
  expect(readdirSync(tmp)).toEqual([]);
});

test("what a killed process left goes at a later look: old folders of one's own, nothing else", () => {
  const now_ms = Date.now();
  const make = (name: string, age_ms: number, mode = 0o700): string => {
    const path = join(home, name);
    mkdirSync(join(path, "objects"), { recursive: true });
    chmodSync(path, mode);
    utimesSync(path, (now_ms - age_ms) / 1_000, (now_ms - age_ms) / 1_000);
    return path;
  };
  make("maestro-worktree-old", 7 * HOUR_MS);
  make("maestro-worktree-in-use", 5 * HOUR_MS);
  make("maestro-worktree-open", 7 * HOUR_MS, 0o777);
  make("another", 7 * HOUR_MS);
  symlinkSync(join(home, "another"), join(home, "maestro-worktree-link"));
  if (process.getuid?.() === 0) Bun.spawnSync(["chown", "65534", make("maestro-worktree-foreign", 7 * HOUR_MS)]);
  sweepFolders(home, now_ms);
  expect(readdirSync(home).filter((name) => name !== "maestro-worktree-foreign").sort()).toEqual(["another", "maestro-worktree-in-use", "maestro-worktree-link", "maestro-worktree-open"]);
  expect(existsSync(join(home, "another/objects"))).toBe(true);
  expect(existsSync(join(home, "maestro-worktree-foreign"))).toBe(process.getuid?.() === 0);
});
