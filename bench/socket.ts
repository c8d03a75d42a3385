/**
 * One request after another over the Unix socket, through the daemon's whole
 * HTTP stack with peer credentials, against Go's net/http doing the least it
 * can. The same client drives both in turns, so that a noisy moment hits both.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net, { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, PrintFigure } from "./figure.ts";

const ROUNDS = 7;
const REQUESTS = 3_000;
/** Until the JIT has compiled what runs. */
const WARM_UP = 10_000;
/** USER_HZ of Linux (time(7)). */
const TICK_US = 10_000;

const ANSWER = JSON.stringify({ version: "0.1.0", api: "1", bun: Bun.version, git: "2.39.5" });
const BODY = JSON.stringify({ repository: "bench", object_format: "sha1", cuts: [], tips: ["a".repeat(40)] });
const REQUEST = {
  "GET, no body": "GET /v1/version HTTP/1.1\r\nhost: d\r\nmaestro-api: 1\r\n\r\n",
  "POST of 120 bytes of JSON, strictly read and checked against its schema": `POST /v1/intakes HTTP/1.1\r\nhost: d\r\nmaestro-api: 1\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
};

interface Round {
  readonly p50_us: number;
  readonly p99_us: number;
  readonly per_s: number;
  readonly cpu_us: number;
}

interface Server {
  readonly pid: number;
  readonly path: string;
  stop(): Promise<void>;
}

async function start(command: string[], path: string): Promise<Server> {
  const child = Bun.spawn([...command, path, ANSWER], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const { done } = await child.stdout.getReader().read();
  if (done) throw new Error(`${command.join(" ")} did not start`);
  return {
    pid: child.pid,
    path,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

function buildEcho(folder: string): string | null {
  if (Bun.which("go") === null) {
    process.stderr.write("SKIPPED: Go is not on the PATH, so there is no peer to compare with\n");
    return null;
  }
  copyFileSync(join(import.meta.dir, "peers/echo.go"), join(folder, "main.go"));
  writeFileSync(join(folder, "go.mod"), "module echo\n\ngo 1.21\n");
  const build = Bun.spawnSync(["go", "build", "-o", "echo", "."], { cwd: folder });
  if (build.exitCode === 0) return join(folder, "echo");
  process.stderr.write(`SKIPPED: go build failed: ${build.stderr.toString().trim()}\n`);
  return null;
}

const cpuUs = (pid: number): number => {
  // Fields 14 and 15 of proc_pid_stat(5), counted after the name, which may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
};

/** Sends `request` `count` times, each when the answer to the last is whole; returns each wait in microseconds. */
export function drive(socket: Socket, request: string, count: number): Promise<Float64Array> {
  const waits = new Float64Array(count);
  return new Promise((resolve, reject) => {
    let done = 0;
    let sent = performance.now();
    let text = "";
    const answered = (bytes: Buffer): void => {
      text += bytes.toString("latin1");
      const head = text.indexOf("\r\n\r\n");
      if (head < 0 || text.length < head + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1])) return;
      if (!text.startsWith("HTTP/1.1 200")) return reject(new Error(text));
      const now = performance.now();
      waits[done] = (now - sent) * 1000;
      text = "";
      done += 1;
      if (done === count) {
        socket.off("data", answered);
        return resolve(waits);
      }
      sent = now;
      socket.write(request);
    };
    socket.on("data", answered);
    socket.write(request);
  });
}

async function round(server: Server, request: string, warm_up: number): Promise<Round> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = net.connect(server.path, () => resolve(opening)).once("error", reject);
  });
  if (warm_up > 0) await drive(socket, request, warm_up);
  const cpu_before = cpuUs(server.pid);
  const start_ms = performance.now();
  const waits = (await drive(socket, request, REQUESTS)).sort();
  const seconds = (performance.now() - start_ms) / 1000;
  socket.destroy();
  return { p50_us: waits[REQUESTS >> 1] ?? NaN, p99_us: waits[Math.floor(REQUESTS * 0.99)] ?? NaN, per_s: REQUESTS / seconds, cpu_us: (cpuUs(server.pid) - cpu_before) / REQUESTS };
}

/** Whatever else runs on the machine only ever makes a round worse. */
const best = (rounds: readonly Round[], better: "less" | "more", pick: (round: Round) => number): number => (better === "less" ? Math.min : Math.max)(...rounds.map(pick));

async function compare(figure: PrintFigure, name: string, request: string, ours: Server, peer: Server | null): Promise<void> {
  const mine: Round[] = [];
  const theirs: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    mine.push(await round(ours, request, i === 0 ? WARM_UP : 0));
    if (peer !== null) theirs.push(await round(peer, request, i === 0 ? WARM_UP : 0));
  }
  const line = (what: string, unit: string, better: "less" | "more", pick: (round: Round) => number, value: number | null, note?: string): void =>
    figure({
      figure: `${what}, one request at a time: ${name}`,
      value: best(mine, better, pick),
      unit,
      better,
      ...(value === null ? {} : { goal: { value } }),
      ...(peer === null ? {} : { peer: { name: "Go net/http echo", value: best(theirs, better, pick) } }),
      ...(note === undefined ? {} : { note }),
    });
  line("p50", "us", "less", (r) => r.p50_us, 50, "best of the rounds for both; both include the client, a Bun socket");
  line("p99", "us", "less", (r) => r.p99_us, 250);
  line("requests", "per s", "more", (r) => r.per_s, 15_000);
  line("server processor time", "us per request", "less", (r) => r.cpu_us, null, "the echo asks for no credentials, checks no limit, writes no log line");
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "ms-bench-"));
  const servers: Server[] = [];
  try {
    const ours = await start([process.execPath, join(import.meta.dir, "peers/api-server.ts")], join(folder, "a"));
    servers.push(ours);
    const echo = buildEcho(folder);
    const peer = echo === null ? null : await start([echo], join(folder, "g"));
    if (peer !== null) servers.push(peer);
    for (const [name, request] of Object.entries(REQUEST)) await compare(figure, name, request, ours, peer);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
};
