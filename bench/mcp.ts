/** `maestro mcp` from its start to the answered list of tools, against the official SDK's low-level server with the same list. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bench, median, percentile } from "./figure.ts";
import { installed } from "./rig/installed.ts";

const RUNS = 30;
const WARM_UP = 3;
const START_MS = 100;
const CLI = join(import.meta.dir, "../daemon/cli/main.ts");
const PEER = join(import.meta.dir, "peers/mcp-server.ts");
const MESSAGES = [
  { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } } },
  { jsonrpc: "2.0", method: "notifications/initialized" },
  { jsonrpc: "2.0", id: 2, method: "tools/list" },
];

/** Reads on until a line with that id has come; throws where the server ends before. */
async function answered(chunks: AsyncIterator<Uint8Array>, id: number): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done = false, value } = await chunks.next();
    if (done) throw new Error(`the server ended before answering ${id}: ${text.slice(0, 200)}`);
    text += decoder.decode(value, { stream: true });
    if (text.endsWith("\n") && text.includes(`"id":${id}`)) return;
  }
}

/** Milliseconds from spawn to the list, and of processor time of the whole process. */
class Starts {
  readonly wall_ms: number[] = [];
  readonly cpu_ms: number[] = [];

  constructor(
    private readonly argv: readonly string[],
    private readonly home: string,
  ) {}

  async once(counts: boolean): Promise<void> {
    const started = performance.now();
    const child = Bun.spawn([process.execPath, ...this.argv], { env: { HOME: this.home, PATH: "/usr/bin:/bin" }, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    const chunks = child.stdout[Symbol.asyncIterator]();
    for (const message of MESSAGES) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      await child.stdin.flush();
      if ("id" in message) await answered(chunks, Number(message.id));
    }
    const ms = performance.now() - started;
    await child.stdin.end();
    await child.exited;
    if (!counts) return;
    this.wall_ms.push(ms);
    this.cpu_ms.push(Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000);
  }
}

async function bundledPeer(folder: string): Promise<string> {
  const built = await Bun.build({ entrypoints: [PEER], outdir: folder, target: "bun", minify: true });
  if (!built.success) throw new Error(built.logs.join("\n"));
  return join(folder, "mcp-server.js");
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "mb-"));
  const programs = await installed();
  try {
    const ours = new Starts([programs.maestro, "mcp"], folder);
    const source = new Starts([CLI, "mcp"], folder);
    const theirs = new Starts([await bundledPeer(folder)], folder);
    const loose = new Starts([PEER], folder);
    // In turns, so that a busy moment of the machine falls on all of them.
    for (let run = -WARM_UP; run < RUNS; run++) for (const one of [ours, source, theirs, loose]) await one.once(run >= 0);
    const note = `from source ${median(source.wall_ms).toFixed(1)} ms, ${median(source.cpu_ms).toFixed(1)} of the processor; the SDK without bundling ${median(loose.wall_ms).toFixed(1)} ms, ${median(loose.cpu_ms).toFixed(1)} of the processor`;
    const peer = (read: (starts: Starts) => number) => ({ name: "@modelcontextprotocol/sdk Server, bundled and minified", value: read(theirs) });
    for (const [name, share] of [["p50", 0.5], ["p95", 0.95]] as const) {
      const read = ({ wall_ms }: Starts): number => percentile(wall_ms, share);
      figure({ figure: `maestro mcp, from spawn to tools/list, ${name}`, value: read(ours), unit: "ms", better: "less", peer: peer(read), goal: { value: START_MS }, note });
    }
    const cpu = ({ cpu_ms }: Starts): number => median(cpu_ms);
    figure({ figure: "maestro mcp, processor time from spawn to its end, p50", value: cpu(ours), unit: "ms", better: "less", peer: peer(cpu), goal: { ratio: 1 }, note });
  } finally {
    programs.remove();
    rmSync(folder, { recursive: true, force: true });
  }
};
