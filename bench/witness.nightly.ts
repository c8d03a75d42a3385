/** At length, with gates: a node whose log three others witness, over sockets and through the egress helper and a proxy, one of them killed. A log that forks: daemon/e2e/witness.test.ts. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openKeys } from "../daemon/evidence/keys/index.ts";
import { parseCosignerKey, type CosignerKey } from "../daemon/verifier/cosignature.ts";
import { parseCheckpoint } from "../daemon/verifier/checkpoint.ts";
import { parseNote, verifierKeyText } from "../daemon/verifier/note.ts";
import type { WitnessPolicy } from "../daemon/verifier/witnesses.ts";
import { socketProxy, type SocketProxy } from "../daemon/witness/testing/proxy.ts";
import type { WitnessesReply } from "../proto/witness.ts";
import { begin, beginAgain, moreOf, quorumOf } from "../daemon/e2e/testing/witnesses.ts";
import { until, World } from "../daemon/e2e/testing/world.ts";

setDefaultTimeout(240_000);

const NAMES = ["a", "b", "c"] as const;
const node = new World();
const peers = NAMES.map(() => new World());
const proxies: SocketProxy[] = [];
afterAll(async () => {
  for (const proxy of proxies) proxy.close();
  await Promise.all([node, ...peers].map((world) => world.dispose()));
});

const said = (world: World): Promise<WitnessesReply> => world.client.witnesses();

let policy: WitnessPolicy;

test("a node's log is cosigned by whoever it names, on this machine and through a proxy; gates wait for nobody", async () => {
  const logs = [verifierKeyText(openKeys({ state_dir: node.state_dir, now: new Date(), trust_domain: null }).log_note)];
  await Promise.all(peers.map((world, i) => begin(world, `witness: { name: witness.example/${NAMES[i]}, logs: ${JSON.stringify(logs)} }\n`)));
  const keys = await Promise.all(peers.map(async (world) => (await said(world)).own?.key ?? ""));
  expect((await peers[0]!.run(["witness", "key"])).stdout.trim()).toBe(keys[0]!);
  policy = { keys: keys.map((key) => ({ key: parseCosignerKey(key) as CosignerKey, from_s: 0, to_s: 4e9 })), quorum: 2 };
  proxies.push(await socketProxy(peers[2]!.socket_path));
  const urls = [`unix:${peers[0]!.socket_path}`, `unix:${peers[1]!.socket_path}:/witness`, proxies[0]!.url];
  await begin(node, `witnesses: ${JSON.stringify(NAMES.map((name, i) => ({ name, url: urls[i], vkey: keys[i] })))}\nlimits: { witness: { cosign_debounce_ms: 20, cosign_backoff_ms: 50 } }\n`);
  const repository = await node.repository({ "a.ts": "export const a = 1;\n" });
  expect((await node.judged(repository)).code).toBe(0);
  await until(async () => (await said(node)).witnesses.every(({ size, because }) => size !== null && because === null));
  await until(async () => (await said(node)).witnessed?.names.length === 3);
  const { witnessed, quorum, log_size, own } = await said(node);
  expect({ quorum, size: witnessed?.size, names: witnessed?.names, own }).toEqual({ quorum: 2, size: log_size, names: NAMES.map((name) => `witness.example/${name}`), own: null });
  const note = readFileSync(join(node.state_dir, "log/checkpoint.witnessed"), "utf8");
  expect(quorumOf(note, policy)).toEqual(NAMES.map((name) => `witness.example/${name}`));
  expect((await said(peers[1]!)).own?.logs[0]).toMatchObject({ origin: parseCheckpoint(parseNote(note)?.text ?? "")?.origin, size: log_size, refused: null });
});

test("with one witness dead the others are enough; it is named with its failures, and catches up when it is back", async () => {
  const [dead] = peers;
  await dead!.stop("SIGKILL");
  const repository = await node.repository({ "b.ts": "export const b = 1;\n" }, "second");
  expect((await node.judged(repository)).code).toBe(0);
  const { log_size: size } = await said(node);
  await until(async () => (await said(node)).witnessed?.size === size);
  const { witnessed, witnesses } = await said(node);
  expect(witnessed?.names).toEqual(["witness.example/b", "witness.example/c"]);
  await until(async () => ((await said(node)).witnesses[0]?.failures ?? 0) > 0);
  expect(witnesses[0]?.size).toBeLessThan(size);
  expect((await node.run(["witness"])).stdout).toMatch(/a +cosigned \d+ of \d+ entries on .*; failed \d+ time\(s\) in a row: unix:.* cannot be reached/);
  await beginAgain(dead!);
  await until(async () => (await said(node)).witnesses[0]?.size === size);
  // Late, but under the same checkpoint.
  await until(async () => (await said(node)).witnessed?.names.length === 3);
});

test("under an operator's trust file that asks for two of three, gates go on and say that the quorum is pending; verify refuses what has none", async () => {
  await node.stop();
  const root = node.path("root.pem");
  const out = node.path("operator.json");
  expect((await node.run(["trust", "init", "--root", root])).code).toBe(0);
  const witnesses = (await Promise.all(peers.map(async (world) => (await said(world)).own?.key ?? ""))).flatMap((key) => ["--witness", key]);
  const sign = (quorum: string) => node.run(["trust", "sign", "--root", root, "--out", out, ...witnesses, "--quorum", quorum, join(node.state_dir, "trust.json")]);
  const half = await sign("1");
  expect([half.code, half.stderr]).toEqual([2, expect.stringContaining("both heads of a forked log")]);
  const signed = await sign("2");
  expect([signed.code, signed.stdout]).toEqual([0, expect.stringContaining("2 of 3 must have cosigned")]);
  await begin(node, `trust_file: ${out}\n${moreOf(node)}`);
  const repository = await node.repository({ "c.ts": "export const c = 1;\n" }, "third");
  const ran = await node.gate(repository);
  expect(ran.code).toBe(0);
  expect(`${ran.stdout}${ran.stderr}`).toContain("witness quorum pending");
  const { bundle } = await node.judged(repository);
  const verified = await node.run(["verify", bundle, "--trust", out]);
  expect([verified.code, verified.stdout]).toEqual([1, expect.stringContaining("log.witnesses")]);
  await until(async () => (await said(node)).witnessed?.size === (await said(node)).log_size);
});
