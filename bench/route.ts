/** `POST /v1/route` over the socket of a whole daemon: each answer is an episode that is on disk before it leaves. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net, { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../proto/config.ts";
import { openStore } from "../daemon/store/db.ts";
import { Type } from "@sinclair/typebox";
import { type Bench, median, percentile } from "./figure.ts";
import { drive } from "./socket.ts";

const ROUNDS = 5;
const REQUESTS = 400;
const WARM_UP = 1_500;
const READY_MS = 20_000;
const GOAL_US = 1_000;

const CONFIG = `version: 1
trust_domain: bench
modes: [local]
limits: {server: {requests_per_connection_max: 1000000}, learning: {episodes_max: 1000000}}
routers:
- id: models
  context: [{name: kind, type: choice, values: [code, chat]}, {name: tokens, type: number}]
  baseline: large
  reward: {name: solved, version: 1, min: 0, max: 1}
  value_usd_micro: 20000
  exploration: {epsilon: 0.1, floor: 0.02}
  arms:
  - {id: local, reversible: true, reward: 0.55, usage: [{resource: gpu_us, per: {tokens: 600}}]}
  - {id: mid, reversible: true, reward: 0.75, usage: [{resource: usd_micro, per: {tokens: 1}}]}
  - {id: large, reversible: true, reward: 1, usage: [{resource: usd_micro, per: {tokens: 10}}]}
`;
const requestOf = (path: string, body: object | null): string => {
  const text = body === null ? "" : JSON.stringify(body);
  const typed = body === null ? "" : `content-type: application/json\r\ncontent-length: ${text.length}\r\n`;
  return `${body === null ? "GET" : "POST"} ${path} HTTP/1.1\r\nhost: d\r\nmaestro-api: 1\r\n${typed}\r\n${text}`;
};
const ROUTE = requestOf("/v1/route", { router: "models", context: { kind: "code", tokens: 1200.5 } });
const TEXT = Type.String();
const VERSION = requestOf("/v1/version", null);

async function connected(path: string): Promise<Socket> {
  for (const deadline = performance.now() + READY_MS; ; await Bun.sleep(20)) {
    const socket = await new Promise<Socket | null>((resolve) => {
      const opening = net.connect(path, () => resolve(opening)).once("error", () => resolve(null));
    });
    if (socket !== null) return socket;
    if (performance.now() > deadline) throw new Error(`nobody listens on ${path}`);
  }
}

/** What one durable transaction of this machine's disk costs by itself: no answer that is kept can be faster. */
async function diskUs(folder: string): Promise<number> {
  mkdirSync(folder);
  const store = openStore({ state_dir: folder, limits: Value.Create(StoreLimits), fatal: () => undefined });
  const table = store.table<number, typeof TEXT>("floors", TEXT);
  const waits: number[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const start = performance.now();
    store.atomic(() => table.put(i, "x".repeat(600)));
    waits.push((performance.now() - start) * 1000);
  }
  await store.close();
  return median(waits);
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "ms-route-"));
  writeFileSync(join(folder, "host.yaml"), CONFIG, { mode: 0o600 });
  const path = join(folder, "s");
  const daemon = Bun.spawn([process.execPath, join(import.meta.dir, "../daemon/main.ts"), "--config", join(folder, "host.yaml"), "--state", join(folder, "state"), "--socket", path], { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  try {
    const socket = await connected(path);
    await drive(socket, ROUTE, WARM_UP);
    const rounds = { route: [] as number[], far: [] as number[], version: [] as number[] };
    for (let i = 0; i < ROUNDS; i++) {
      const waits = [...(await drive(socket, ROUTE, REQUESTS))];
      rounds.route.push(median(waits));
      rounds.far.push(percentile(waits, 0.99));
      rounds.version.push(median([...(await drive(socket, VERSION, REQUESTS))]));
    }
    socket.destroy();
    const disk = await diskUs(join(folder, "disk"));
    const note = `best of ${ROUNDS} rounds of ${REQUESTS}, one request at a time; a request that keeps nothing takes ${Math.min(...rounds.version).toFixed(0)} us here, one durable transaction of this disk ${disk.toFixed(0)} us`;
    figure({ figure: "POST /v1/route, recorded and durable, p50", value: Math.min(...rounds.route), unit: "us", better: "less", goal: { value: GOAL_US }, note });
    figure({ figure: "POST /v1/route, recorded and durable, p99", value: Math.min(...rounds.far), unit: "us", better: "less", note });
  } finally {
    daemon.kill("SIGKILL");
    await daemon.exited;
    rmSync(folder, { recursive: true, force: true });
  }
};
