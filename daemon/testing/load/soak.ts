/** Request after request, over kept and over fresh connections, sound and not, and what the server holds along the way. */
import { get, exchange } from "../../platform/socket/testing/raw.ts";
import { SocketClient } from "../../client/socket.ts";
import { type Footprint, footprint, type Loaded } from "./crowd.ts";

const AT_ONCE = 16;
/** One in so many comes on a connection of its own, and one in so many is refused. */
const FRESH_EVERY = 50;
const REFUSED_EVERY = 97;
const BODY = { repository: "soak", object_format: "sha1" as const, cuts: [], tips: ["a".repeat(40)] };

export interface Soaked {
  readonly requests: number;
  readonly seconds: number;
  /** After the first tenth, when caches and compiled code are there, and at the end. */
  readonly warm: Footprint;
  readonly end: Footprint;
}

/** Sends `requests` and fails on the first answer that is not the expected one. */
export async function soak({ path, pid }: Loaded, requests: number): Promise<Soaked> {
  const client = new SocketClient(path);
  const began_ms = performance.now();
  let sent = 0;
  let warm = footprint(pid);
  const one = async (n: number): Promise<void> => {
    if (n % FRESH_EVERY === 0) await expectStatus(path, get("/v1/version", "connection: close\r\n"), "200");
    else if (n % REFUSED_EVERY === 0) await expectStatus(path, get("/nowhere", "connection: close\r\n"), "404");
    else if (n % 2 === 0) await client.request("openIntake", { body: BODY });
    else await client.request("version", {});
  };
  const lane = async (): Promise<void> => {
    for (let n = sent++; n < requests; n = sent++) {
      await one(n);
      if (n === Math.floor(requests / 10)) warm = footprint(pid);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const seconds = (performance.now() - began_ms) / 1000;
  await Bun.sleep(500);
  return { requests, seconds, warm, end: footprint(pid) };
}

async function expectStatus(path: string, request: string, status: string): Promise<void> {
  const { text } = await exchange(path, request);
  if (!text.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`expected ${status}: ${text.slice(0, 200)}`);
}
