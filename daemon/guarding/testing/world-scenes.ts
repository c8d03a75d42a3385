/** Scenes through a whole daemon without its socket: real git, real check processes. A few seconds each. */
import { MaestroError } from "../../../proto/errors.ts";
import { feedRoutes } from "../../api/feed.ts";
import { askedGuard } from "../../api/route-guard.ts";
import { listedRow } from "../../gate/card-list.ts";
import { recordGate } from "../../gate/record.ts";
import { openLibrary } from "../../models/library/index.ts";
import { openArtifacts } from "../../store/artifacts.ts";
import { openModels } from "../../store/models.ts";
import { openKeptOutcomes } from "../../store/reuse.ts";
import { openUsage } from "../../store/usage.ts";
import { factsDocument } from "../../gate/facts/parts.ts";
import { Reuse } from "../../gate/reusing/reuse.ts";
import { outcome } from "../../gate/testing/decide-input.ts";
import { ALICE, Releasing } from "../../gate/releasing/testing/releasing.ts";
import { gated, source } from "../../integrity/testing/killed.ts";
import { World } from "../../testing/core.ts";
import { recordInput } from "../../testing/evidence.ts";
import { tenant } from "../../testing/tenants.ts";
import { factsOf } from "../../testing/facts.ts";
import { tellDecided } from "../decided.ts";
import { OWN_SPACE } from "../events/table.ts";
import { STORE_LIMITS, type Scene } from "./scene.ts";

const DAY_MS = 86_400_000;

/** A refusal that a person overrides for an hour, and the same head once more when that is over. */
const overridden: Scene = async () => {
  await using one = await Releasing.open({ override: { expires_s_max: 7200 } });
  const { source: work, base, head } = await one.held({ "src/a.test.ts": 'test.only("a", () => {});\n' }, "a change");
  await one.release(head, ALICE, { kind: "override", reason: "production is down", expires_s: 3600 });
  one.world.clock.advance(3_600_000);
  await one.gate(work, base, head);
};

/** Its author asks to override it, and is told no. */
const own_change: Scene = async () => {
  await using one = await Releasing.open({ override: { expires_s_max: 7200 } });
  const { head } = await one.held({ "src/a.test.ts": 'test.only("a", () => {});\n' }, "a change\n\nCo-authored-by: Alice <alice@example.org>");
  await one.release(head, ALICE, { kind: "override", reason: "production is down", expires_s: 3600 }).catch((error: unknown) => {
    if (!(error instanceof MaestroError) || error.code !== "release.denied") throw error;
  });
};

/** A gate that is past its time, and held. */
const held: Scene = async () => {
  await using world = await World.open({ retention: { evidence_days: 30, personal_days: 0, export_days: 0 } });
  const { gate_id } = await gated(world, await source(world), 1);
  world.clock.advance(29 * DAY_MS);
  await world.core.integrity.keeping.sweep();
  await world.core.integrity.keeping.hold(gate_id, "case 7");
  world.clock.advance(2 * DAY_MS);
  // A sweep says what stopped it and goes on with the rest another day.
  await world.core.integrity.keeping.sweep();
  world.clock.advance(DAY_MS);
  await world.core.integrity.keeping.sweep();
  for (const id of world.core.guarding.guards.counts.violations.keys()) throw new MaestroError("invariant.violated", `${id}: in a sweep`);
};

/** A gate whose time is over. */
const expired: Scene = async () => {
  await using world = await World.open({ retention: { evidence_days: 30, personal_days: 0, export_days: 0 } });
  await gated(world, await source(world), 1);
  world.clock.advance(31 * DAY_MS);
  await world.core.integrity.keeping.sweep();
  for (const id of world.core.guarding.guards.counts.violations.keys()) throw new MaestroError("invariant.violated", `${id}: in a sweep`);
  if (world.core.gates.count() > 0) throw new Error("nothing went");
};

const kept: Scene = async ({ store, state_dir }) => {
  const opened = store();
  const table = openKeptOutcomes({ store: opened, usage: openUsage(opened), limits: { reuse_repository_bytes_max: 40_000, reuse_tenant_bytes_max: 60_000, reuse_age_s: DAY_MS } });
  const { blobs } = await openArtifacts({ state_dir, limits: STORE_LIMITS });
  const facts = factsOf([{ path: "src/a.ts", old: "let a;\n", new: "let b;\n" }]);
  const { parts } = factsDocument(facts);
  const reuse = new Reuse({ table, blobs, code: "c", now_s: () => 1_000, age_s: DAY_MS }, { payer: "7", repo_id: "r", mode: "local" }, parts, { thresholds: { size_lines_max: 800, large_binary_bytes_max: 1 }, change_sha256: parts["files"] ?? "" } as ConstructorParameters<typeof Reuse>[3]);
  const keep = await reuse.keeping([{ outcome: outcome("size"), duration_us: 1, reads: ["files"] }, { outcome: outcome("text", { result: "unavailable", because: "died" }), duration_us: 1, reads: ["files"] }]);
  opened.atomic(() => keep({ gate_id: "gate:x", attempt: 1 }));
};

/** A model, another one under its name, and one without its licence: the last two are refused where nothing is wrong with the library. */
const modelled: Scene = async ({ store, state_dir }) => {
  const opened = store();
  const { blobs } = await openArtifacts({ state_dir, limits: STORE_LIMITS });
  const library = openLibrary({ state_dir, models: openModels(opened), blobs, limits: { file_bytes_max: 100, import_idle_ms: 1_000 }, now_s: () => 1_000, requireWritable: () => undefined, forget: () => Promise.resolve() });
  const said = { kind: "text", licence: { id: "MIT", summary: "MIT" }, context_tokens: 64, template: "none", quantisation: "", memory_bytes: 0 } as const;
  const weights = { role: "weights", name: "m.gguf", bytes: 1 } as const;
  const licence = { role: "licence", name: "LICENCE", bytes: 1 } as const;
  for (const [files, text] of [[[weights, licence], "ab"], [[weights, licence], "bb"], [[{ ...weights, name: "n.gguf" }], "a"]] as const) {
    try {
      await library.import({ name: files.length === 1 ? "n" : "m", origin: "file", said, files: [...files] }, (async function* () {
        yield Buffer.from(text);
      })());
    } catch (error) {
      if (!(error instanceof MaestroError) || error.code !== "models.refused") throw error;
    }
  }
};

const HOUR_MS = 3_600_000;
/** Longer than two gates of nothing take; a mutant that forgets whoever waits must not hang its scene. */
const PATIENCE_MS = 5_000;
const asked = (n: number) => ({ target_ref: "refs/heads/main", target: "a".repeat(40), head: String(n).repeat(40) });

/** Two changes and one place: the second is judged once the first has its answer. */
const answered: Scene = async () => {
  await using world = await World.open();
  const { guarding, watching, gates, costs } = world.core;
  const decided = tellDecided({ guards: guarding.guards, rowOf: (...of) => listedRow({ gates, costs }, ...of), warn: () => undefined });
  const { keeper } = world.told({ facts: { empty: true } }, { act: guarding.guards.check, decided, host: { limits: { gate: { gates_max: 1 } } } });
  const both = Promise.allSettled([1, 2].map((n) => world.gate(world.claimed(), asked(n), keeper)));
  await Promise.race([both, Bun.sleep(PATIENCE_MS)]);
  world.clock.advance(2 * HOUR_MS);
  watching.events.tick();
  for (const { invariant, newest } of watching.events.views(OWN_SPACE, true)) if (newest?.verdict === "violated") throw new MaestroError("invariant.violated", `${invariant}: ${newest.message}`);
};

/** Two changes, and the second one asked about again: it has its answer. */
const recalled: Scene = async ({ guards }) => {
  await using world = await World.open();
  const { keeper } = world.told({}, { act: guards.check });
  for (const n of [1, 2, 2]) await world.gate(world.claimed(), asked(n), keeper);
};

const NO_BODY = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };

/** A tenant's gate, asked about by the tenant, by another one, and by a token of the tenant's for another commit. */
const reading: Scene = async () => {
  await using world = await World.open();
  const { core } = world;
  const web = tenant("web", 8, { space: "web" });
  const input = recordInput(core.evidence.trust_domain, 1, { repo_id: "local:web:demo" });
  const { gate_id } = await recordGate(core, { uid: 8, tenant: "web" }, input, () => TIMINGS);
  const readers = [web, tenant("lib", 8, { space: "lib" }), { ...web, bound: { repository: "demo", head: "9".repeat(40), target_ref: "main" } }];
  for (const one of feedRoutes(core)) {
    for (const principal of readers) {
      const call = { id: "1", signal: new AbortController().signal, peer: { uid: principal.uid, gid: 1, groups: [], pid: 1 }, principal };
      try {
        await one.run(call, one.name === "feed" ? { after: "0" } : { id: gate_id }, undefined, NO_BODY, askedGuard(core.guarding.requests, one, "gate", call));
      } catch (error) {
        if (!(error instanceof MaestroError) || error.code !== "request.not_found") throw error;
      }
    }
  }
};

/** Of INV.CHANGE.TOLD. */
const TOLD_MS_MAX = 60_000;

/** An agent's change that waits and is approved, and one that needs nobody: as they are listed and told of. */
const listed: Scene = async () => {
  await using one = await Releasing.open();
  await one.release((await one.held()).head);
  const { source: work, base } = await one.base();
  await one.gate(work, base, await work.commit({ "src/a.ts": "export const a = 2;\n" }, "a plain change"));
  const { guarding, watching } = one.world.core;
  one.world.clock.advance(TOLD_MS_MAX + 1);
  watching.events.tick();
  for (const id of guarding.guards.counts.told.keys()) throw new MaestroError("invariant.violated", `${id}: of a change that was decided`);
  for (const { invariant, newest } of watching.events.views(OWN_SPACE, true)) if (newest?.verdict === "violated") throw new MaestroError("invariant.violated", `${invariant}: ${newest.message}`);
};

export const WORLD_SCENES = { answered, listed, expired, reading, recalled, overridden, own_change, held, kept, modelled } satisfies Record<string, Scene>;
