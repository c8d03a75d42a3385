/** The bill of materials of a change: a leaf of its evidence, kept beside its bundle, and made of the merged tree. */
import { afterAll, beforeAll, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import type { GateResult } from "../../proto/api.ts";
import { fromBase64, fromUtf8Lossy } from "../../proto/encoding.ts";
import { SBOM_DOCUMENT } from "../../proto/sbom.ts";
import { Lane } from "../checking/lane.ts";
import { World } from "../testing/core.ts";
import { verifyBundle } from "../verifier/index.ts";
import { artifactName } from "../store/gates.ts";
import type { Intake } from "./intakes.ts";
import { keepPromises } from "./record.ts";

setDefaultTimeout(60_000);
const never = new AbortController().signal;
const lock = (name: string): string => `{"lockfileVersion": 3, "packages": {"": {"name": "app"}, "node_modules/${name}": {"version": "1.0.0", "integrity": "sha512-${Buffer.alloc(64, 7).toString("base64")}"}}}\n`;

let world: World;
let touched: GateResult;
let plain: GateResult;
let head: string;
let base: string;
let second: Intake;
/** Questions put to check processes for each of the two. */
const asked: string[][] = [];
beforeAll(async () => {
  world = await World.open();
  const source = world.scratch.source("locks");
  base = await source.commit({ "package-lock.json": lock("old"), "other/package-lock.json": lock("beside"), "f.txt": "1\n" }, "base");
  head = await source.commit({ "package-lock.json": lock("young") }, "another package");
  const intake = await world.received(source, [base, head]);
  using run = spyOn(Lane.prototype, "run");
  const questions = (): void => {
    asked.push(run.mock.calls.map(([job]) => job.kind));
    run.mockClear();
  };
  touched = await world.gate(intake, { target_ref: "refs/heads/main", target: base, head });
  questions();
  const text = await source.commit({ "f.txt": "2\n" }, "no package");
  second = await world.received(source, [head, text]);
  plain = await world.gate(second, { target_ref: "refs/heads/main", target: head, head: text });
  questions();
});
afterAll(() => world[Symbol.asyncDispose]());

const leafOf = ({ bundle }: GateResult) => verifyBundle(fromBase64(bundle) ?? new Uint8Array(), world.core.evidence.trust_bytes, { now: new Date(world.clock.now_ms()), leaf: SBOM_DOCUMENT });
const rowOf = ({ gate_id, attempt }: GateResult) => world.core.gates.get(gate_id, attempt) ?? expect.unreachable();
const sha256 = (bytes: Uint8Array): string => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

test("a change that touches a lock file has one of all lock files of its merged tree, which its signed leaf names", async () => {
  const document = await world.core.sboms.ofGate(rowOf(touched));
  const { leaf, result } = leafOf(touched);
  expect([result, leaf?.leaf.kind === "document" ? [leaf.leaf.name, leaf.leaf.source_sha256] : null]).toEqual(["verified", [SBOM_DOCUMENT, sha256(document)]]);
  const { components } = JSON.parse(fromUtf8Lossy(document));
  expect(components.map(({ purl }: { purl: string }) => purl)).toEqual(["pkg:npm/beside@1.0.0", "pkg:npm/young@1.0.0"]);
});

test("one that touches none has none, and is told from one that was lost", async () => {
  expect(leafOf(plain).reasons.map(({ code }) => code)).toEqual(["leaf.unknown"]);
  await expect(world.core.sboms.ofGate(rowOf(plain))).rejects.toMatchObject({ code: "request.not_found", detail: expect.stringContaining("touched no lock file") });
  expect(plain.card.warnings.filter((warning) => warning.includes("bill of materials"))).toEqual([]);
  // Nor does it wait for a check process to say so.
  expect(asked.map((kinds) => kinds.includes("sbom"))).toEqual([true, false]);
});

test("another attempt has the same document and a blob of its own, so that the end of one takes nothing of the other", async () => {
  const { artifacts, sboms } = world.core;
  const again = await world.gate(second, { target_ref: "refs/heads/main", target: base, head, rerun: true });
  const layer = async ({ gate_id, attempt }: GateResult) => (await artifacts.getArtifact(artifactName(gate_id, attempt)))?.manifest.layers[3]?.digest;
  expect(Buffer.compare(await sboms.ofGate(rowOf(again)), await sboms.ofGate(rowOf(touched)))).toBe(0);
  expect([again.attempt, (await layer(again)) === (await layer(touched))]).toEqual([2, false]);
});

test("asked for by commit it is the same document", async () => {
  const source = world.scratch.source("again");
  await source.commit({ "package-lock.json": lock("young"), "other/package-lock.json": lock("beside"), "f.txt": "1\n" }, "the same tree");
  const commit = source.git("rev-parse", "HEAD");
  const intake = await world.received(source, [commit], "demo");
  const made = await world.core.sboms.ofCommit(intake, commit, never);
  expect(made?.sha256).toBe(sha256(await world.core.sboms.ofGate(rowOf(touched))));
});

test("a daemon that was killed between its log entry and its files keeps the promise of it, too", async () => {
  const { artifacts, outbox, store } = world.core;
  const row = rowOf(touched);
  const name = artifactName(touched.gate_id, touched.attempt);
  const before = await artifacts.getArtifact(name);
  const [reply, bundle, kept] = await Promise.all([artifacts.blobs.get(row.reply), artifacts.blobs.get(row.bundle), artifacts.blobs.get(before?.manifest.layers[2]?.digest ?? "")]);
  const sbom = before?.manifest.layers[3];
  store.atomic(() => outbox.hold({ id: row.log_index, name, blobs: [reply ?? new Uint8Array(), bundle ?? new Uint8Array(), kept ?? new Uint8Array(), new TextEncoder().encode(`{"digest":"${sbom?.digest}","size":${sbom?.size}}`)] }));
  await keepPromises(world.core);
  expect((await artifacts.getArtifact(name))?.manifest).toEqual(before?.manifest ?? expect.unreachable());
});
