/** How a repository writes, from an admitted change to a model's prompt: real git, check processes, store and vectors; the model that embeds is a small fake in its own process. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { StoredModel } from "../proto/model-store.ts";
import type { Arm } from "./drafting/arm.ts";
import { type Exampled, openExampled } from "./exampled.ts";
import type { Intake } from "./gate/intakes.ts";
import { findGate } from "./gate/lookup.ts";
import { createEmbedder, type Embedder } from "./models/embedding/index.ts";
import { fakeModel, fakeTransformers } from "./models/embedding/testing/fake-transformers.ts";
import { UID, World } from "./testing/core.ts";
import { ownUser } from "./testing/tenants.ts";

const never = new AbortController().signal;
const code = (name: string): string => Array.from({ length: 4 }, (_, place) => `export const ${name}_${place} = compute(${place}, "${name}");`).join("\n") + "\n";
const OWN = ownUser(UID);
let world: World;
let embedder: Embedder;
let started = 0;
let forget: (digest: string) => Promise<void> = () => Promise.reject(new Error("nobody asked to be told"));
/** Of the embedding model; null where it is not stored. */
let record: StoredModel | null = null;
let exampled: Exampled;
let [intake, target, head]: [Intake | null, string, string] = [null, "", ""];
const received = (): Intake => intake!;

beforeAll(async () => {
  world = await World.open();
  const source = world.scratch.source();
  const first = await source.commit({ "README.md": "first\n" });
  target = await source.commit({ "src/own.ts": code("own"), "src/hidden.ts": code("hidden"), ".env": code("env") });
  head = await source.commit({ "src/change.ts": "export const change = 1;\n" });
  // The tip before, as the daemon has it of the gate before.
  intake = await world.received(source, [first, target, head]);
  const { host } = world.core.options;
  const { folder: _, ...model } = fakeModel(world.scratch.root);
  embedder = createEmbedder({ model: () => ({ ...model, folder: _ }), engine_folder: fakeTransformers(world.scratch.root), limits: { ...host.limits.worker, ...host.limits.inference }, threads: () => 1 });
  record = { name: "fake", kind: "embedding", digest: model.digest, licence_id: "MIT", files: [], context_tokens: 12, template: "none", quantisation: "none", memory_bytes: 1, dimensions: 4, origin: "file", imported_at: "2026-01-01T00:00:00Z" };
  exampled = openExampled({
    host: { ...host, models: { embedding: "fake", examples_hidden: ["src/hidden.ts"] } },
    modelled: { ...world.core.modelled, embedder: () => ((started += 1), Promise.resolve(embedder)), stored: () => Promise.resolve(record), onForgotten: (told) => void (forget = told), engine_folder: () => Promise.resolve("/nowhere") },
    state: world.core, state_dir: world.state_dir, git: world.core.tools, pool: world.core.pool, repositories: world.core.repositories,
    warn: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
}, 60_000);
afterAll(async () => {
  await exampled.close();
  await embedder.close();
  await world[Symbol.asyncDispose]();
});

const near = async (who = OWN, repository = received().repo_id): Promise<string[]> => (await exampled.nearest(who, repository, "own", never)).map(({ text }) => text);

test("nothing is read while a gate runs, nothing behind a change that was not admitted, and no model is started to find nothing", async () => {
  exampled.gateBegins();
  exampled.gateBegins();
  exampled.gateEnded(received(), target);
  await exampled.settled();
  expect([await near(), started]).toEqual([[], 0]);
  exampled.gateEnded(received(), null);
  await exampled.settled();
  expect(await near()).toEqual([code("own").trimEnd()]);
}, 120_000);

test("attack: another user or another repository asks for the very text and is shown nothing of it", async () => {
  expect(await near(ownUser(UID + 1))).toEqual([]);
  expect(await near({ ...OWN, tenant: "blue" })).toEqual([]);
  expect(await near(OWN, "another")).toEqual([]);
});

test("a model that phrases a draft is shown the pieces, and the draft names their digests; rules are shown none", async () => {
  const { gate_id } = await world.gate(received(), { target_ref: "refs/heads/main", target, head });
  const shown: string[] = [];
  const arm: Arm = { path: "local", model: "tiny", because: "a test", run: (prompt) => (shown.push("user" in prompt ? prompt.user : prompt.text), Promise.resolve({ text: JSON.stringify({ sentences: ["A constant change is added to change."] }), cpu_us: 1, gpu_us: 0, tokens: 2, usd_micro: 0, model_digest: "d".repeat(64), engine: "none" })) };
  const desk = await world.core.drafted.desk();
  const ask = (arms: readonly Arm[]) => desk.draft(findGate(world.core.gates, OWN, gate_id), { tasks: ["summary"] }, { arms, because: "", examples: (text, signal) => exampled.nearest(OWN, received().repo_id, text, signal) }, "uid:7", never);
  const [draft] = (await ask([arm])).drafts;
  const [piece] = await exampled.nearest(OWN, received().repo_id, "own", never);
  expect(shown.join()).toContain("own_0");
  expect([draft?.path, draft?.exemplars]).toEqual(["local", [piece!.sha256]]);
  expect((await ask([])).drafts[0]?.exemplars).toBeUndefined();
}, 120_000);

test("what is older than caches are kept goes, text and vector", async () => {
  await exampled.expire(world.core.evidence.now_s() + 1);
  expect(await near()).toEqual([]);
  expect(["exemplars.texts", "vectors.rows"].map((table) => world.core.store.scanner.count(table))).toEqual([0, 0]);
});

test("attack: the model that embeds is removed while a repository is read with it: of texts and vectors nothing is left, whenever that comes", async () => {
  const stored = record;
  const left = (): number[] => ["exemplars.texts", "vectors.rows", "vectors.spaces"].map((table) => world.core.store.scanner.count(table));
  let [embeds, release]: [(() => void) | null, () => void] = [null, () => undefined];
  const [embedding, held] = [new Promise<void>((resolve) => (embeds = resolve)), new Promise<void>((resolve) => (release = resolve))];
  const { embed } = embedder;
  // The process has answered, and what it said is about to be kept: as soon as somebody stops the reading, or else when the model is gone.
  embedder.embed = async (texts, options = {}) => {
    const made = await embed(texts, options);
    options.signal?.addEventListener("abort", () => release());
    embeds?.();
    await held;
    return made;
  };
  // Any model that goes has repositories read anew.
  await forget("e".repeat(64));
  exampled.gateBegins();
  exampled.gateEnded(received(), target);
  await embedding;
  record = null;
  const gone = forget("d".repeat(64));
  await gone;
  release();
  await exampled.settled();
  embedder.embed = embed;
  expect(left()).toEqual([0, 0, 0]);
  // The next model that comes, though it were the same, finds it read anew.
  record = stored;
  exampled.gateBegins();
  exampled.gateEnded(received(), target);
  await exampled.settled();
  expect(await near()).toEqual([code("own").trimEnd()]);
}, 120_000);
