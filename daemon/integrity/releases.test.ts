/** A database that is gone, and what log and blobs still know: whoever was released stays released, and reports count what they counted. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import type { GateResult } from "../../proto/api.ts";
import type { RepairReport } from "../../proto/integrity.ts";
import { Releasing, type Held } from "../gate/releasing/testing/releasing.ts";
import { openStore } from "../store/db.ts";
import { openGates } from "../store/gates.ts";
import { openReleases, RELEASE_MEDIA_TYPE, type ReleasePlace } from "../store/releases.ts";
import type { GateSummary } from "../store/summaries.ts";
import { openUsage } from "../store/usage.ts";

setDefaultTimeout(60_000);
const OFFLINE = join(import.meta.dir, "../offline.ts");
let one: Releasing;
let held: Held;
let released: GateResult;
let place: ReleasePlace;
let before: ReturnType<typeof kept>;

beforeAll(async () => {
  one = await Releasing.open();
  held = await one.held();
  released = await one.release(held.result.gate_id);
  const { repository: repo_id, target_ref, head } = released.card;
  place = { repo_id, target_ref, head };
  await one.world.stop();
  before = kept(one.world.state_dir);
});
afterAll(() => one[Symbol.asyncDispose]());

/** What the tables say, without what only a moment says. */
function kept(state_dir: string) {
  const store = openStore({ state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
  const gates = openGates(store);
  const summaries: GateSummary[] = [...gates.all()].flatMap((row) => gates.summaries.get(row) ?? []);
  const found = { releases: openReleases(store).of(place), summaries, evidence: [...openUsage(store).evidence.entries()].map(({ key, value }) => [key, value.bytes]) };
  void store.close();
  return found;
}

function copy(name: string): string {
  const state_dir = join(one.world.scratch.root, name);
  cpSync(one.world.state_dir, state_dir, { recursive: true });
  truncateSync(join(state_dir, "db/data.mdb"), 30_000);
  return state_dir;
}

async function repaired(state_dir: string): Promise<RepairReport> {
  const child = Bun.spawn([process.execPath, OFFLINE, "repair", "--state", state_dir], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return JSON.parse(text.trim().split("\n").at(-1) ?? "").report;
}

test("rows of releases and summaries are there again, each as it was; the report says how many", async () => {
  expect([released.verdict, before.releases.length, before.summaries.length]).toEqual(["admit", 1, 2]);
  expect(before.summaries[1]?.releases).toHaveLength(1);
  const state_dir = copy("cut");
  const { rebuilt, after } = await repaired(state_dir);
  expect([rebuilt, after.damage_total]).toEqual([expect.arrayContaining(["gates: 2 rows from their artifacts", "gates: 2 summaries from their replies", "releases: 1 rows from their bundles"]), 0]);
  expect(kept(state_dir)).toEqual(before);
});

test("the repaired node still knows who was released: the same head is admitted, and not once more held", async () => {
  const state_dir = copy("again");
  // Its name among the artifacts is gone too: nobody may collect as garbage what a row refers to.
  const index = JSON.parse(readFileSync(join(state_dir, "oci/index.json"), "utf8"));
  const names = (): string[] => JSON.parse(readFileSync(join(state_dir, "oci/index.json"), "utf8")).manifests.map(({ annotations }: { annotations: Record<string, string> }) => annotations["org.opencontainers.image.ref.name"]).sort();
  const all = names();
  index.manifests = index.manifests.filter(({ artifactType }: { artifactType?: string }) => artifactType !== RELEASE_MEDIA_TYPE);
  writeFileSync(join(state_dir, "oci/index.json"), JSON.stringify(index));
  expect(names()).toHaveLength(all.length - 1);
  await repaired(state_dir);
  expect(names().filter((name) => !name.startsWith("log-ended"))).toEqual(expect.arrayContaining(all));
  rmSync(one.world.state_dir, { recursive: true });
  cpSync(state_dir, one.world.state_dir, { recursive: true });
  await one.world.start();
  const result = await one.gate(held.source, held.base, held.head);
  expect([result.verdict, result.card.releases?.map(({ person, counts }) => [person, counts])]).toEqual(["admit", [["alice", true]]]);
});

test("attack: a release that nobody of this node signed lies among the blobs: it releases nothing", async () => {
  const state_dir = copy("planted");
  const folder = join(state_dir, "oci/blobs/sha256");
  const name = readdirSync(folder).find((blob) => readFileSync(join(folder, blob), "utf8").startsWith('{"dsseEnvelope":')) ?? "";
  const bundle = JSON.parse(readFileSync(join(folder, name), "utf8"));
  const statement = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString().replaceAll("alice", "alicf");
  bundle.dsseEnvelope.payload = Buffer.from(statement).toString("base64");
  const bytes = JSON.stringify(bundle);
  rmSync(join(folder, name));
  writeFileSync(join(folder, new Bun.CryptoHasher("sha256").update(bytes).digest("hex")), bytes);
  const { rebuilt } = await repaired(state_dir);
  expect(rebuilt.filter((line) => line.startsWith("releases:"))).toEqual([]);
  expect(kept(state_dir).releases).toEqual([]);
});
