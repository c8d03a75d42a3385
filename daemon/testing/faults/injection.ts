/** One system call of a run fails, or is the last thing the process does; every call that changes the disk can be chosen. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unhexText, type Call } from "./strace-lines.ts";

/** What changes a disk or makes it durable. */
const WRITES = /^(?:pwrite64|write|writev|pwritev2?|fdatasync|fsync|rename(?:at2?)?|unlink(?:at)?|rmdir|ftruncate|fallocate|mkdir(?:at)?|link(?:at)?|symlink(?:at)?)$/;

export const FAULTS = ["signal=KILL", "error=EIO", "error=ENOSPC"] as const;
export type Fault = (typeof FAULTS)[number];

/** The `occurrence`th such call on that path, counted over all threads. */
export interface Site {
  readonly call: string;
  /** Below the root; empty for the root itself. */
  readonly path: string;
  readonly occurrence: number;
}

export const nameOf = ({ call, path, occurrence }: Site): string => `${call} ${path} #${occurrence}`;

/** The path a call is on: of its descriptor, or the first it names. */
function pathOf({ args }: Call): string {
  for (const arg of args.slice(0, 2)) {
    const path = /^\d+<([^>]*)>/.exec(arg)?.[1] ?? /^"([^"]*)"/.exec(arg)?.[1];
    if (path !== undefined) return unhexText(path).replace(/ \(deleted\)$/, "");
  }
  return "";
}

/** Every place of a recorded run at which the disk was changed, in order. */
export function sitesOf(calls: readonly Call[], root: string): Site[] {
  const counts = new Map<string, number>();
  const sites: Site[] = [];
  for (const call of calls) {
    const creates = call.name === "openat" && call.args.some((arg) => arg.includes("O_CREAT"));
    const path = pathOf(call);
    if ((!creates && !WRITES.test(call.name)) || (path !== root && !path.startsWith(`${root}/`))) continue;
    const key = `${call.name} ${path}`;
    const occurrence = (counts.get(key) ?? 0) + 1;
    counts.set(key, occurrence);
    sites.push({ call: call.name, path: path.slice(root.length + 1), occurrence });
  }
  return sites;
}

export interface Injected {
  /** Where it hit: nowhere if no thread came to so many calls, and an error more than once if several did. */
  readonly hits: readonly Site[];
  readonly exit: number | null;
  readonly stdout: string;
  readonly hung: boolean;
}

const RUN_DEADLINE_MS = 30_000;

/** The strace that makes a call fail. strace counts per thread, so `nth` is a place on some thread; where it hit is read from its log. */
export const injectArgv = (log: string, { call, path }: Site, nth: number, fault: Fault, root: string): string[] => [
  "strace", "-f", "-qq", "-y", "-o", log, "-P", path === "" ? root : join(root, path), "-e", `trace=${call}`, "-e", `inject=${call}:${fault}:when=${nth}`,
];

/** An injected error is marked on the line it ends on; a kill is the last call that began. */
function hitsOf(log: string, site: Site, fault: Fault): Site[] {
  const begun = new RegExp(`^(\\d+)\\s+${site.call}\\(`);
  const open = new Map<string, number>();
  const hits: Site[] = [];
  let count = 0;
  for (const line of log.split("\n")) {
    const thread = /^\d+/.exec(line)?.[0] ?? "";
    if (begun.test(line)) open.set(thread, ++count);
    if (line.includes("(INJECTED)")) hits.push({ ...site, occurrence: open.get(thread) ?? count });
  }
  if (fault === "signal=KILL") return count > 0 && log.includes("killed by SIGKILL") ? [{ ...site, occurrence: count }] : [];
  return hits;
}

/** Runs `argv(root)` with the fault at `nth`, on a copy of `origin` where there is one. `audit` sees the folder afterwards. */
export async function inject<T>(site: Site, nth: number, fault: Fault, run: { readonly argv: (root: string) => readonly string[]; readonly origin?: string }, audit: (root: string, injected: Injected) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), "maestro-inject-"));
  const [root, log] = [join(home, "state"), join(home, "log")];
  try {
    if (run.origin !== undefined) cpSync(run.origin, root, { recursive: true });
    else mkdirSync(root, { mode: 0o700 });
    const child = Bun.spawn([...injectArgv(log, site, nth, fault, root), ...run.argv(root)], { stdin: "ignore", stdout: "pipe", stderr: "ignore", timeout: RUN_DEADLINE_MS, killSignal: "SIGKILL" });
    const started_ms = performance.now();
    const stdout = await new Response(child.stdout).text();
    await child.exited;
    const hung = performance.now() - started_ms >= RUN_DEADLINE_MS;
    return await audit(root, { hits: hitsOf(readFileSync(log, "utf8"), site, fault), exit: child.exitCode, stdout, hung });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
