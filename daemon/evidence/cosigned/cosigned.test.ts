/** The node's own log before its witnesses: a real log and real witnesses, joined by a function in place of the network. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { systemRandom } from "../../platform/random.ts";
import { openStore, type Store } from "../../store/db.ts";
import { makeBundle, newRing, NOW, trustWith } from "../../testing/evidence.ts";
import { asking, cosigned as cosignedBy, newWitness } from "../../testing/witnesses.ts";
import { verifyBundle } from "../../verifier/bundle.ts";
import { cosignatureLine, cosignedBytes, cosignerKeyText } from "../../verifier/cosignature.ts";
import { noteKey, parseNote } from "../../verifier/note.ts";
import { verifyTlogProof } from "../../verifier/tlog-proof.ts";
import { openTrust, type Trust } from "../../verifier/trust.ts";
import type { SignedEnvelope } from "../attest/index.ts";
import { openLog, type Log } from "../log/index.ts";
import { openCosigned, type Cosigned, type CosignedDeps } from "./index.ts";
import type { Asked } from "./peer.ts";

const root = mkdtempSync(join(tmpdir(), "maestro-cosigned-"));
const ring = newRing();
const note = noteKey(ring.origin, ring.log.key);
const three = ["a", "b", "c"].map((name) => newWitness(`witness.example/${name}`));
const NOW_S = NOW.getTime() / 1000;
const closing: (() => Promise<void>)[] = [];
let serial = 0;
afterEach(async () => void (await Promise.all(closing.splice(0).map((close) => close()))));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** How a witness of a test behaves; it need not be honest. */
type Behaviour = (body: string, call: number) => Asked | Promise<Asked>;

const checkpointIn = (body: string): string => body.slice(body.indexOf("\n\n") + 2);
const sizeIn = (body: string): number => Number(checkpointIn(body).split("\n")[1]);
const oldIn = (body: string): number => Number(body.slice(4, body.indexOf("\n")));

/** Cosigns whatever goes on from what it cosigned before; a real witness checks the proof too. */
function honest(who: (typeof three)[number], known = 0, time_s = NOW_S): Behaviour {
  let size = known;
  return (body) => {
    if (oldIn(body) !== size) return { status: 409, type: "text/x.tlog.size", text: `${size}\n` };
    size = sizeIn(body);
    const checkpoint = checkpointIn(body);
    return { status: 200, type: "text/plain", text: cosignedBy(checkpoint, who, time_s).slice(checkpoint.length) };
  };
}
const down: Behaviour = () => Promise.reject(new MaestroError("egress.failed", "unix:/x cannot be reached"));

interface Node {
  readonly log: Log;
  readonly store: Store;
  readonly cosigned: Cosigned;
  readonly state_dir: string;
  readonly calls: string[];
  readonly warnings: string[];
  append(entry?: Uint8Array): Promise<void>;
}

const trustOf = (bytes: Uint8Array): Trust => {
  const opened = openTrust(bytes);
  if (!opened.ok) throw new Error(opened.reason.detail);
  return opened.value;
};

async function start(behave: readonly Behaviour[], { state_dir = join(root, String(serial++)), trust = ring.trust, backoff_ms = 1, full = (): boolean => false } = {}): Promise<Node> {
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: () => undefined });
  let nudge = (): void => undefined;
  const log = await openLog({ store, state_dir, key: note, sign: ring.log.sign, projection_failed: () => undefined, appended: () => nudge() });
  const calls: string[] = [];
  const warnings: string[] = [];
  const atomic: Store["atomic"] = (work) => {
    if (full()) throw new MaestroError("store.no_space", "a full disk");
    return store.atomic(work);
  };
  const deps: CosignedDeps = {
    store: { table: (name, schema) => store.table(name, schema), atomic }, state_dir, log, trust: () => trustOf(trust), random: systemRandom, now_s: () => NOW_S, monotonic_ms: () => performance.now(),
    witnesses: behave.map((_, i) => ({ name: "abc"[i]!, url: "unix:/x", vkey: cosignerKeyText(three[i]!.key) })),
    limits: { cosign_debounce_ms: 1, cosign_backoff_ms: backoff_ms, cosign_backoff_ms_max: Math.max(50, backoff_ms) },
    ask: async ({ name }, body) => behave["abc".indexOf(name)]!(body, calls.push(name)),
    warn: (what) => warnings.push(what),
  };
  const cosigned = openCosigned(deps);
  nudge = () => cosigned.nudge();
  closing.push(async () => {
    cosigned.stop();
    await log.published();
    await store.close();
  });
  let entry_number = 0;
  return { log, store, cosigned, state_dir, calls, warnings, append: (entry = utf8(`entry ${entry_number++}`)) => log.append([entry], NOW_S, () => undefined) };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(1);
}
const namesOf = ({ cosigned }: Node): readonly string[] => cosigned.witnessed()?.lines.map(({ name }) => name.slice(-1)) ?? [];

test("the newest checkpoint with a quorum is kept with all its cosignatures, and lies beside the log's files", async () => {
  const node = await start(three.map((who) => honest(who)));
  for (let i = 0; i < 5; i++) await node.append();
  await until(() => node.cosigned.witnessed()?.size === 5 && namesOf(node).length === 3);
  const file = readFileSync(join(node.state_dir, "log/checkpoint.witnessed"), "utf8");
  expect(parseNote(file)?.signatures.map(({ name }) => name)).toEqual([ring.origin, "witness.example/a", "witness.example/b", "witness.example/c"]);
  expect(verifyTlogProof(node.cosigned.receiptText(2) ?? "", utf8("entry 2"), note)).toMatchObject({ ok: true, index: 2 });
  expect(node.cosigned.states().map(({ size, failures, because }) => ({ size, failures, because }))).toEqual(Array.from({ length: 3 }, () => ({ size: 5, failures: 0, because: null })));
  expect(node.warnings).toEqual([]);
});

test("what is appended while they are asked is shown together, one question to each at a time", async () => {
  let open = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  const slow = (inner: Behaviour): Behaviour => async (body, call) => {
    most = Math.max(most, ++open);
    await gate.promise;
    open--;
    return inner(body, call);
  };
  const node = await start([slow(honest(three[0]!))]);
  await node.append();
  await until(() => open === 1);
  for (let i = 0; i < 20; i++) await node.append();
  gate.resolve();
  await until(() => node.cosigned.witnessed()?.size === 21);
  expect({ most, calls: node.calls.length }).toEqual({ most: 1, calls: 2 });
});

test("two of three are enough while one is down, which is tried again and joins late", async () => {
  let up = false;
  const third = honest(three[2]!);
  const node = await start([honest(three[0]!), honest(three[1]!), (body, call) => (up ? third(body, call) : down(body, call))]);
  await node.append();
  await until(() => namesOf(node).join() === "a,b");
  await until(() => (node.cosigned.states()[2]?.failures ?? 0) > 2);
  expect(node.cosigned.states()[2]).toMatchObject({ size: null, because: "unix:/x cannot be reached" });
  // Said once, however often it is tried.
  expect(node.warnings).toEqual(["witness c did not cosign"]);
  up = true;
  await until(() => namesOf(node).join() === "a,b,c");
  expect(node.cosigned.states()[2]).toMatchObject({ size: 1, failures: 0, because: null });
});

test("attack: fewer than a quorum never make a witnessed checkpoint", async () => {
  const node = await start([honest(three[0]!), down, down]);
  await node.append();
  await until(() => node.cosigned.states()[0]?.size === 1 && node.cosigned.states().every(({ size, failures }) => size === 1 || failures > 2));
  expect(node.cosigned.witnessed()).toBeNull();
  expect(existsSync(join(node.state_dir, "log/checkpoint.witnessed"))).toBe(false);
});

test("attack: witnesses that the trust file does not know make no quorum that it asks for, however many cosign", async () => {
  const [known, other] = [three[0]!, newWitness("witness.example/elsewhere")];
  const node = await start(three.map((who) => honest(who)), { trust: trustWith(ring, asking(2, [known, other])) });
  await node.append();
  await until(() => node.cosigned.states().every(({ size }) => size === 1));
  await Bun.sleep(20);
  expect(node.cosigned.witnessed()).toBeNull();
});

test("a failing witness puts nobody off: the others are asked for what comes next without waiting for its turn", async () => {
  const node = await start([honest(three[0]!), honest(three[1]!), down], { backoff_ms: 60_000 });
  for (let i = 1; i <= 5; i++) {
    await node.append();
    await until(() => node.cosigned.witnessed()?.size === i);
  }
  expect(namesOf(node)).toEqual(["a", "b"]);
});

describe("409", () => {
  test("a witness that knows an earlier tree of ours is taken on from there", async () => {
    const node = await start([honest(three[0]!, 3)]);
    for (let i = 0; i < 6; i++) await node.append();
    await until(() => node.cosigned.witnessed()?.size === 6);
    expect(node.warnings).toEqual([]);
  });
  test("attack: one that claims a larger tree is not followed, and it is said what that means", async () => {
    const node = await start([() => ({ status: 409, type: "text/x.tlog.size", text: "900\n" })]);
    await node.append();
    await until(() => (node.cosigned.states()[0]?.failures ?? 0) > 0);
    expect(node.cosigned.states()[0]?.because).toContain("a tree of 900 entries, and this log has 1");
    expect(node.cosigned.witnessed()).toBeNull();
  });
  test("attack: one that was shown another history of the same size says so as the specification has it, and is not asked a third time at once", async () => {
    const node = await start([(body) => ({ status: 409, type: "text/x.tlog.size", text: `${sizeIn(body)}\n` })], { backoff_ms: 60_000 });
    await node.append();
    await until(() => node.cosigned.states()[0]?.failures === 1);
    expect(node.cosigned.states()[0]?.because).toContain("another tree of 1 entries");
    expect(node.calls).toHaveLength(2);
  });
  test("attack: one whose state was put back is said to have forgotten", async () => {
    const first = honest(three[0]!);
    const second = honest(three[0]!);
    let forgot = false;
    const node = await start([(body, call) => (forgot ? second : first)(body, call)]);
    await node.append();
    await until(() => node.cosigned.witnessed()?.size === 1);
    forgot = true;
    await node.append();
    await until(() => node.cosigned.witnessed()?.size === 2);
    expect(node.warnings).toEqual(["witness a had forgotten what it cosigned before"]);
  });
});

describe("attack: an answer that is no cosignature is not counted", () => {
  const line = (make: (checkpoint: string) => string): Behaviour => (body) => ({ status: 200, type: "text/plain", text: make(checkpointIn(body)) });
  const [who, other] = [three[0]!, three[1]!];
  const text = (checkpoint: string): string => parseNote(checkpoint)?.text ?? "";
  test.each<[string, Behaviour]>([
    ["nothing", line(() => "")],
    ["another witness's line", line((checkpoint) => cosignedBy(checkpoint, other, NOW_S).slice(checkpoint.length))],
    ["a line over another checkpoint", line(() => cosignatureLine(who.key, NOW_S, who.signer.sign(cosignedBytes("other\n1\nAAAA\n", NOW_S))))],
    ["zeroes", line(() => cosignatureLine(who.key, NOW_S, new Uint8Array(64)))],
    ["a time ahead of ours", line((checkpoint) => cosignatureLine(who.key, NOW_S + 4_000, who.signer.sign(cosignedBytes(text(checkpoint), NOW_S + 4_000))))],
    ["a refusal", () => ({ status: 422, type: "text/plain", text: "the proof does not lead there\u001b[2J" })],
    ["a size of another type", () => ({ status: 409, type: "text/html", text: "0\n" })],
  ])("%s", async (_, behaviour) => {
    const node = await start([behaviour]);
    await node.append();
    await until(() => (node.cosigned.states()[0]?.failures ?? 0) > 0);
    expect(node.cosigned.witnessed()).toBeNull();
    expect(node.cosigned.states()[0]?.because).not.toContain("\u001b");
    expect(existsSync(join(node.state_dir, "log/checkpoint.witnessed"))).toBe(false);
  });
  test("other lines around the right one are ignored, as the specification says", async () => {
    const node = await start([line((checkpoint) => `${cosignedBy(checkpoint, other, NOW_S).slice(checkpoint.length)}${cosignedBy(checkpoint, who, NOW_S).slice(checkpoint.length)}nonsense\n`)]);
    await node.append();
    await until(() => namesOf(node).join() === "a");
    expect(namesOf(node)).toEqual(["a"]);
  });
});

test("a full disk ends nothing: what was cosigned meanwhile is kept once there is room", async () => {
  let full = true;
  const node = await start(three.map((who) => honest(who)), { full: () => full });
  await node.append();
  await until(() => node.cosigned.states().every(({ failures }) => failures > 1));
  expect(node.cosigned.states()[0]?.because).toBe("a full disk");
  full = false;
  await until(() => namesOf(node).length === 3);
  // Between a witness's line and the quorum's, too.
  let calls = 0;
  const late = await start([honest(three[0]!)], { full: () => ++calls === 2 });
  await late.append();
  await until(() => namesOf(late).join() === "a");
  expect(late.warnings).toEqual(["what witnesses cosigned could not be kept"]);
});

test("a restart keeps what was witnessed, and asks nobody for what they have signed", async () => {
  const first = await start(three.map((who) => honest(who)));
  await first.append();
  await until(() => namesOf(first).length === 3);
  for (const close of closing.splice(0)) await close();
  const again = await start([down, down, down], { state_dir: first.state_dir });
  expect({ size: again.cosigned.witnessed()?.size, names: namesOf(again) }).toEqual({ size: 1, names: ["a", "b", "c"] });
  await Bun.sleep(10);
  expect(again.calls).toEqual([]);
});

test("a bundle whose receipt was made under the witnessed checkpoint satisfies a trust file that asks for witnesses, as the first one does not", async () => {
  const trust = trustWith(ring, asking(2, three.slice(0, 2)));
  let signed: SignedEnvelope | undefined;
  makeBundle(ring, { envelope: (made) => (signed = made) });
  const node = await start(three.map((who) => honest(who)), { trust });
  await node.append();
  await node.append(signed?.entry);
  const early = node.log.receipt(1);
  for (let i = 0; i < 3; i++) await node.append();
  await until(() => node.cosigned.witnessed()?.size === 5 && namesOf(node).length === 3);
  const late = node.cosigned.receipt(1);
  // The third witness's line stands in the file for everybody, and not in a container whose trust file does not know it.
  expect(late?.cosigners).toEqual(["witness.example/a", "witness.example/b"]);
  const verdict = (receipt: typeof early) => verifyBundle(makeBundle(ring, { envelope: () => signed!, receipt: () => receipt }), trust, { now: NOW });
  expect(verdict(late!)).toMatchObject({ result: "verified", witnesses: { quorum: 2, of: 2, pending: false } });
  expect(verdict(early).reasons[0]?.code).toBe("log.witnesses");
  expect(node.cosigned.receipt(5)).toBeNull();
  expect(node.cosigned.receiptText(99)).toBeNull();
});
