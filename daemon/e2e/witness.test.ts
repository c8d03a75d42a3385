/** Three real witnesses, a node whose log they cosign, and a log that forks before their eyes. With gates and at length: bench/witness.nightly.ts. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { composeCore, type Core } from "../compose.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../config/host.ts";
import { openKeys } from "../evidence/keys/index.ts";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import { recordInput } from "../testing/evidence.ts";
import { parseCosignerKey, type CosignerKey } from "../verifier/cosignature.ts";
import { verifierKeyText } from "../verifier/note.ts";
import type { WitnessPolicy } from "../verifier/witnesses.ts";
import { ForkedLog } from "../witness/testing/forest.ts";
import { socketProxy, type SocketProxy } from "../witness/testing/proxy.ts";
import { begin, beginAgain, quorumOf } from "./testing/witnesses.ts";
import { until, World } from "./testing/world.ts";

setDefaultTimeout(240_000);

const NAMES = ["a", "b", "c"] as const;
const node = new World();
const peers = NAMES.map(() => new World());
const forked = new ForkedLog("forked.example").branch("main", 30).branch("fork", 30, 11);
const proxies: SocketProxy[] = [];
const failures: unknown[] = [];
let core: Core | undefined;
afterAll(async () => {
  for (const proxy of proxies) proxy.close();
  await core?.close();
  await Promise.all([node, ...peers].map((world) => world.dispose()));
});

async function offer(world: World, body: Uint8Array): Promise<{ status: number; type: string; text: string }> {
  const response = await fetch("http://witness/witness/add-checkpoint", { method: "POST", body, unix: world.socket_path });
  return { status: response.status, type: response.headers.get("content-type") ?? "", text: await response.text() };
}

let policy: WitnessPolicy;

test("a node's log is cosigned by three processes, over sockets and through the egress helper and a proxy; one that is killed is enough of a loss for nobody", async () => {
  const state_dir = node.state_dir;
  const logs = [openKeys({ state_dir, now: new Date(), trust_domain: null }).log_note, forked.key].map((key) => verifierKeyText(key));
  await Promise.all(peers.map((world, i) => begin(world, `witness: { name: witness.example/${NAMES[i]}, logs: ${JSON.stringify(logs)} }\n`)));
  const keys = await Promise.all(peers.map(async (world) => (await world.client.witnesses()).own?.key ?? ""));
  expect((await peers[0]!.run(["witness", "key"])).stdout.trim()).toBe(keys[0]!);
  policy = { keys: keys.map((key) => ({ key: parseCosignerKey(key) as CosignerKey, from_s: 0, to_s: 4e9 })), quorum: 2 };
  proxies.push(await socketProxy(peers[2]!.socket_path));
  const urls = [`unix:${peers[0]!.socket_path}`, `unix:${peers[1]!.socket_path}:/witness`, proxies[0]!.url];
  const witnesses = NAMES.map((name, i) => ({ name, url: urls[i]!, vkey: keys[i]! }));
  const host = resolveHost({ ...EMBEDDED_CONFIG, witnesses, limits: { witness: { cosign_debounce_ms: 5, cosign_backoff_ms: 20 } } });
  // Without its own socket, so that nothing but the log's side of it is started.
  core = await composeCore({ state_dir, host, clock: systemClock, random: systemRandom, fatal: (reason) => failures.push(reason), warn: (what) => failures.push(what) });
  const { evidence, witnessing } = core;
  const append = (attempt: number) => evidence.record(recordInput(evidence.trust_domain, attempt), () => undefined);
  await append(1);
  await until(() => witnessing.said().witnessed?.names.length === 3);
  expect(witnessing.said()).toMatchObject({ quorum: 2, own: null, witnessed: { size: evidence.logState().size } });
  const note = readFileSync(join(state_dir, "log/checkpoint.witnessed"), "utf8");
  expect(quorumOf(note, policy)).toEqual(NAMES.map((name) => `witness.example/${name}`));
  expect((await peers[1]!.client.witnesses()).own?.logs[0]).toMatchObject({ origin: evidence.logState().origin, size: evidence.logState().size, refused: null });
  expect(failures).toEqual([]);
  await peers[0]!.stop("SIGKILL");
  await append(2);
  await until(() => witnessing.said().witnessed?.size === evidence.logState().size);
  expect(witnessing.said().witnessed?.names).toEqual(["witness.example/b", "witness.example/c"]);
  await until(() => (witnessing.said().witnesses[0]?.failures ?? 0) > 0);
  await beginAgain(peers[0]!);
  // Late, but under the same checkpoint.
  await until(() => witnessing.said().witnessed?.names.length === 3);
});

test("attack: one log key signs two histories and offers both heads to three witnesses, one of them killed and started again: never a quorum for both", async () => {
  const heads = { main: new Set<string>(), fork: new Set<string>() };
  const show = async (branch: "main" | "fork", old: number, size: number): Promise<number[]> => {
    const answers = await Promise.all(peers.map((world) => offer(world, forked.body(branch, old, size))));
    for (const { status, text } of answers) if (status === 200) heads[branch].add(text);
    return answers.map(({ status }) => status);
  };
  // All see the common beginning, then each head reaches whoever hears it first.
  expect(await show("main", 0, 11)).toEqual([200, 200, 200]);
  heads.main.clear();
  // Other people's clients compare the type letter for letter.
  expect(await offer(peers[0]!, forked.body("main", 0, 20))).toEqual({ status: 409, type: "text/x.tlog.size", text: "11\n" });
  expect((await offer(peers[0]!, new Uint8Array(65 * 1024))).status).toBe(413);
  await Promise.all([offer(peers[0]!, forked.body("fork", 11, 20)), offer(peers[1]!, forked.body("main", 11, 20))]).then(([fork, main]) => {
    heads.fork.add(fork.text);
    heads.main.add(main.text);
  });
  await Promise.all([show("main", 11, 20), show("fork", 11, 20)]);
  await peers[0]!.stop("SIGKILL");
  await beginAgain(peers[0]!);
  for (const old of [0, 11, 20]) {
    expect(await show("fork", old, 20)).not.toContain(500);
    expect(await show("main", old, 20)).not.toContain(500);
  }
  const lines = (branch: "main" | "fork"): string => [...new Map([...heads[branch]].map((line) => [line.split(" ")[1], line])).values()].join("");
  const quorums = (["main", "fork"] as const).filter((branch) => quorumOf(forked.checkpoint(branch, 20) + lines(branch), policy).length > 0);
  expect(quorums).toHaveLength(1);
});
