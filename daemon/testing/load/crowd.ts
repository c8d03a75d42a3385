/** A server under load and the crowd before it, each in processes of its own. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerLimits } from "../../../proto/config.ts";
import type { Crowd } from "./flood.ts";

const FLOOD = join(import.meta.dir, "flood.ts");
const SERVER = join(import.meta.dir, "server.ts");
/** USER_HZ of Linux (time(7)). */
const TICKS_PER_S = 100;
const PAGE_BYTES = 4_096;

export interface Loaded extends AsyncDisposable {
  readonly path: string;
  readonly pid: number;
  /** What it logged so far. */
  log(): string;
}

/** Starts `server.ts`; `prefix` is a command it is run under, such as prlimit. */
export async function loaded(limits: Partial<ServerLimits> = {}, prefix: readonly string[] = []): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), "mload-"));
  const path = join(folder, "s");
  const child = Bun.spawn([...prefix, process.execPath, SERVER, path, JSON.stringify(limits)], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stderr) text += new TextDecoder().decode(chunk);
  })();
  const { done } = await child.stdout.getReader().read();
  if (done) throw new Error(`the server did not start: ${text}`);
  return {
    path,
    pid: child.pid,
    log: () => text,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await Promise.all([child.exited, reading]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `processes` crowds of `requests` each at once; fails where one of them does not come to its end. */
export async function crowds(path: string, processes: number, requests: number, patience_ms: number, deadline_ms: number): Promise<Crowd[]> {
  const children = Array.from({ length: processes }, () =>
    // Bun sends 256 requests at once and keeps the rest in line unless it is told otherwise.
    Bun.spawn([process.execPath, FLOOD, path, String(requests), String(patience_ms)], { env: { BUN_CONFIG_MAX_HTTP_REQUESTS: String(requests) }, stdin: "ignore", stdout: "pipe", stderr: "inherit", timeout: deadline_ms, killSignal: "SIGKILL" }),
  );
  const texts = await Promise.all(children.map((child) => child.stdout.text()));
  return texts.map((text) => {
    if (text === "") throw new Error(`a crowd hung for ${deadline_ms} ms`);
    return JSON.parse(text) as Crowd;
  });
}

/** How many requests ended how, over all crowds. */
export function outcomesOf(all: readonly Crowd[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { outcomes } of all) for (const [how, count] of Object.entries(outcomes)) sum[how] = (sum[how] ?? 0) + count;
  return sum;
}

export interface Footprint {
  readonly rss_bytes: number;
  readonly descriptors: number;
  readonly cpu_s: number;
}

/** What a process holds and has used, from /proc. */
export function footprint(pid: number): Footprint {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "").split(" ");
  return {
    rss_bytes: Number(fields[21]) * PAGE_BYTES,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    cpu_s: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S,
  };
}
