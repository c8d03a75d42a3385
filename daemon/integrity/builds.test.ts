/** What is kept of builds: under their names after a repair, safe from garbage collection, gone when their time is over. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import type { BuildFailed, Built } from "../../proto/build-api.ts";
import { BUILD_MEDIA_TYPE } from "../../proto/build.ts";
import { StoreLimits } from "../../proto/config.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { recordId } from "../../proto/record.ts";
import { openArtifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import { readBuild } from "../store/builds.ts";
import { openStore } from "../store/db.ts";
import { artifactName, openGates, type GateRow } from "../store/gates.ts";
import { openUsage } from "../store/usage.ts";
import { keepPromises } from "../gate/record.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";
import { collectGarbage } from "./gc.ts";
import { leavingBuilds } from "./build-blobs.ts";
import { repairedCopy } from "./testing/repaired-copy.ts";

setDefaultTimeout(60_000);
const LIMITS = { ...Value.Create(StoreLimits), free_bytes_min: 1 };
const sandboxed = skipWithout(Bun.which("bwrap") !== null, "what is kept of builds: needs bubblewrap");

describe.skipIf(sandboxed)("builds that are kept", () => {
  let world: World;
  let built: Built;
  /** A row that no gate of this node ever came to. */
  let forged: GateRow;
  let gate_bytes: number;
  const usageOf = () => world.core.usage.evidence.get("7")?.bytes ?? 0;

  beforeAll(async () => {
    world = await World.open();
    const source = world.scratch.source("kept");
    const base = await source.commit({ "maestro.yaml": "version: 1\nbuilds:\n  app: {run: [sh, -c, 'cp in.txt /scratch/out; cp row manifest /scratch'], outputs: [out, row, manifest]}\n", "in.txt": "kept\n" });
    const { gate_id, attempt } = await world.gate(await world.received(source, [base]), { target_ref: "refs/heads/main", target: base, head: base });
    gate_bytes = usageOf();
    const name = artifactName(gate_id, attempt);
    const { manifest } = (await world.core.artifacts.getArtifact(name)) ?? expect.unreachable();
    forged = { ...(world.core.gates.get(gate_id, attempt) ?? expect.unreachable()), gate_id: recordId("gate", 1, "no change"), verdict: "admit" };
    const row = canonicalBytes(forged);
    const layers = manifest.layers.map((layer, at) => (at === 2 ? { ...layer, digest: sha256Digest(row), size: row.length } : layer));
    const head = await source.commit({ row, manifest: canonicalBytes({ ...manifest, layers }) });
    const run = async (): Promise<Built | BuildFailed> => {
      const intake = await world.received(source, [head]);
      return world.core.desk.submit(intake, { intake_id: intake.id, target_ref: "refs/heads/main", target: head, commit: head, name: "app" }, () => undefined, new AbortController().signal, (_worst, work) => work(() => undefined));
    };
    const first = await run();
    if (first.event !== "built") throw new Error(first.because);
    built = first;
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const age = (): void => {
    for (const name of readdirSync(join(world.state_dir, "oci/blobs/sha256"))) utimesSync(join(world.state_dir, "oci/blobs/sha256", name), 1, 1);
  };

  test("a daemon that was killed before it named one names it at its next start, and whoever pays is charged for its bytes", async () => {
    const { artifacts, outbox, store } = world.core;
    const kept = await readBuild(artifacts, built.row.build_id);
    const row = (await artifacts.blobs.get((await artifacts.getArtifact(built.row.build_id))?.manifest.layers[1]?.digest ?? "")) ?? expect.unreachable();
    await artifacts.removeNames([built.row.build_id]);
    store.atomic(() => outbox.hold({ id: built.row.log_index, name: built.row.build_id, blobs: [kept?.provenance ?? new Uint8Array(), row] }));
    expect(await keepPromises(world.core)).toBe(1);
    expect([await readBuild(artifacts, built.row.build_id), await artifacts.checkArtifact(built.row.build_id)]).toEqual([kept, null]);
    expect(usageOf()).toBeGreaterThan(row.length + "kept\n".length);
  });

  test("garbage collection leaves all of it, however old", async () => {
    const { artifacts, gates } = world.core;
    age();
    const before = readdirSync(join(world.state_dir, "oci/blobs/sha256")).sort();
    await collectGarbage({ state_dir: world.state_dir, artifacts, gates, kept: () => [], age_ms: 1, now_ms: Date.now(), in_use: new Set(), apply: true });
    const left = readdirSync(join(world.state_dir, "oci/blobs/sha256")).sort();
    const layers = (await artifacts.getArtifact(built.row.build_id))?.manifest.layers ?? [];
    expect([layers.length, before.length >= left.length, layers.filter(({ digest }) => !left.includes(digest.slice(7)))]).toEqual([6, true, []]);
  });

  test("with database and index gone, a repair finds name, log entry and weight again; attack: outputs that are a gate's row and its manifest become a gate that was admitted", async () => {
    const { state_dir, damage } = await repairedCopy(world, BUILD_MEDIA_TYPE);
    const artifacts = await openArtifacts({ state_dir, limits: LIMITS });
    const store = openStore({ state_dir, limits: LIMITS, fatal: (reason) => { throw reason; } });
    const weight = openUsage(store).evidence.get("7")?.bytes;
    const rows = [...openGates(store).all()].map(({ gate_id }) => gate_id);
    await store.close();
    expect([damage, artifacts.names().includes(built.row.build_id), weight]).toEqual([0, true, usageOf()]);
    expect([rows.length, rows.includes(forged.gate_id)]).toEqual([1, false]);
  });

  test("one whose time is over goes with its bytes; bytes that another artifact holds, or that were written anew, stay", async () => {
    const { artifacts, usage, evidence, store } = world.core;
    const [output = "", ...others] = built.row.files.map(({ blob }) => blob);
    await artifacts.putArtifact("somebody-elses", "application/vnd.test.v1", [{ mediaType: "text/plain", stored: { digest: output, size: 21 } }]);
    age();
    const now_s = evidence.now_s();
    expect((await leavingBuilds({ artifacts, usage, now_s, cutoff_s: 0 }, evidence.trust)).burials).toEqual([]);
    const { burials, rest } = await leavingBuilds({ artifacts, usage, now_s, cutoff_s: now_s }, evidence.trust);
    const [burial] = burials;
    expect([burials.length, burial?.tombstone.name, burial?.erasures.filter(({ kind }) => kind === "blob").length, burial?.erasures.some(({ of }) => of === output)]).toEqual([1, built.row.build_id, 3, false]);
    store.atomic(() => burial?.take());
    await artifacts.removeNames([built.row.build_id]);
    await rest();
    expect([usageOf(), await artifacts.blobs.has(output), ...(await Promise.all([...others, built.row.log.digest].map((digest) => artifacts.blobs.has(digest))))]).toEqual([gate_bytes, true, false, false, false]);
    await artifacts.removeNames(["somebody-elses"]);
    await rest();
    expect(await artifacts.blobs.has(output)).toBe(false);
  });
});
