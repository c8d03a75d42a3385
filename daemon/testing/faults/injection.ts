/** One system call of a run fails, or is the last thing its process does; every call that changes the disk can be chosen. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InjectorOrder, InjectorReport } from "./injector.ts";
import type { Fault, Site } from "./site.ts";

const INJECTOR = join(import.meta.dir, "injector.ts");
const RUN_DEADLINE_MS = 60_000;
/** What the injector itself takes at most, beside the run. */
const INJECTOR_DEADLINE_MS = 20_000;

export interface Injected extends InjectorReport {
  readonly stdout: string;
}

/** A program that is given its folder. */
export interface Subject {
  readonly argv: (root: string) => readonly string[];
  /** What the folder holds when it starts. */
  readonly origin?: string;
}

/** Whether this kernel and user may watch calls as `inject` does: tried on a program that does nothing. */
export function mayInject(): boolean {
  const home = mkdtempSync(join(tmpdir(), "maestro-inject-"));
  try {
    const order: InjectorOrder = { argv: [Bun.which("true") ?? "/bin/true"], root: home, report: join(home, "report"), at: null, deadline_ms: INJECTOR_DEADLINE_MS };
    const { exitCode } = Bun.spawnSync([process.execPath, INJECTOR, JSON.stringify(order)], { stdio: ["ignore", "ignore", "ignore"], timeout: RUN_DEADLINE_MS });
    return exitCode === 0;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Runs `argv(root)` with a fault at one call, or with none, on a copy of `origin` where there is one. `audit` sees the folder afterwards. */
export async function inject<T>(run: Subject, at: { readonly site: Site; readonly fault: Fault } | null, audit: (root: string, injected: Injected) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), "maestro-inject-"));
  const [root, report] = [join(home, "state"), join(home, "report")];
  try {
    if (run.origin !== undefined) cpSync(run.origin, root, { recursive: true });
    else mkdirSync(root, { mode: 0o700 });
    const order: InjectorOrder = { argv: run.argv(root), root, report, at, deadline_ms: RUN_DEADLINE_MS };
    const child = Bun.spawn([process.execPath, INJECTOR, JSON.stringify(order)], { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: RUN_DEADLINE_MS + INJECTOR_DEADLINE_MS, killSignal: "SIGKILL" });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    if (!existsSync(report)) throw new Error(`the injector ended with ${child.signalCode ?? child.exitCode}: ${stderr}`);
    return await audit(root, { ...(JSON.parse(readFileSync(report, "utf8")) as InjectorReport), stdout });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Every call of a run without a fault that changes the disk, in order. Throws where the run does not end well by itself, or did not do all its work. */
export async function sitesOf(run: Subject, did_all: (stdout: string) => boolean = () => true): Promise<readonly Site[]> {
  return inject(run, null, async (_, { sites, exit, hung, stdout }) => {
    if (exit !== 0 || hung || sites.length === 0 || !did_all(stdout)) throw new Error(`the program ended with ${exit} after ${sites.length} calls, nothing having been done to it: ${stdout}`);
    return sites;
  });
}
