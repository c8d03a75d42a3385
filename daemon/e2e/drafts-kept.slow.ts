/** What is signed about drafts, beside the gate it is about: looked after, and gone with it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { EvidenceVerification } from "../../proto/evidence-bundle.ts";
import { DraftSigning } from "../gate/draft-signing.ts";
import { keepPromises } from "../gate/record.ts";
import { fsckReport } from "../integrity/fsck.ts";
import { repairedCopy } from "../integrity/testing/repaired-copy.ts";
import { DRAFT_MEDIA_TYPE, draftNames, readDrafts } from "../store/draft-statements.ts";
import { artifactName } from "../store/gates.ts";
import type { World } from "../testing/core.ts";
import { mayMountTiny, tinyDisk } from "../testing/faults/mounts.ts";
import { skipWithout } from "../testing/skip.ts";
import { codeOf, SignedDrafts } from "./testing/signed-drafts.ts";
import { World as Machine } from "./testing/world.ts";

setDefaultTimeout(120_000);
const DISK_BYTES = 24 * 1024 * 1024;
const never = new AbortController().signal;
let one: SignedDrafts;
let world: World;
beforeAll(async () => {
  one = await SignedDrafts.open();
  world = one.world;
});
afterAll(() => one[Symbol.asyncDispose]());

const damage = async (): Promise<string[]> => (await fsckReport(world.core.integrity.steps(), () => 0)).damage.map(({ area, what }) => `${area}: ${what}`);
const blob = (name: string): Promise<string> => world.core.artifacts.getArtifact(name).then((found) => join(world.state_dir, "oci/blobs/sha256", found?.manifest.layers[0]?.digest.slice(7) ?? ""));

describe("kept", () => {
  test("whoever pays for the gate pays for its bytes; a daemon that was killed before it named one names it at its next start", async () => {
    const row = await one.row();
    const { artifacts, outbox, store, usage } = world.core;
    const before = usage.evidence.get("7")?.bytes ?? 0;
    const { log_index } = await one.sign(row, "killed");
    const [{ name, bundle } = expect.unreachable()] = await readDrafts(artifacts, row.gate_id, 1);
    expect((usage.evidence.get("7")?.bytes ?? 0) - before).toBe(bundle?.length ?? -1);
    await artifacts.removeNames([name]);
    store.atomic(() => outbox.hold({ id: log_index, name, blobs: [bundle ?? new Uint8Array()] }));
    // Its name is given to no other meanwhile.
    await one.sign(row, "beside it");
    expect([await keepPromises(world.core) > 0, (await readDrafts(artifacts, row.gate_id, 1)).map((each) => each.name)]).toEqual([true, draftNames(row.gate_id, 1).slice(0, 2)]);
  });

  test("fsck says what is bent, gone, of another gate and of a gate that is not here; a bent one keeps nobody from the gate's evidence", async () => {
    const [row, other] = [await one.row(), await one.row()];
    await one.sign(row, "bent");
    await one.sign(other, "strays");
    expect(await damage()).toEqual([]);
    const { artifacts } = world.core;
    const [[name = ""], [, second = ""], [own = ""]] = [draftNames(row.gate_id, 1), draftNames(row.gate_id, 1), draftNames(other.gate_id, 1)];
    const path = await blob(name);
    const bytes = await Bun.file(path).bytes();
    writeFileSync(path, bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)));
    expect(await damage()).toEqual(expect.arrayContaining([expect.stringMatching(/^blobs: /), "artifacts: it holds no statement about drafts"]));
    const { left_out, drafts } = await one.bundled(row);
    expect([left_out, drafts]).toEqual([[{ what: "drafts 1", because: "it is damaged or gone; maestro fsck says which" }], undefined]);
    rmSync(path);
    expect(await damage()).toEqual([expect.stringMatching(/^artifacts: blob sha256:[0-9a-f]{64} is missing$/)]);
    writeFileSync(path, bytes);
    const { descriptor } = (await artifacts.getArtifact(own)) ?? expect.unreachable();
    await artifacts.restoreName(second, descriptor.digest);
    expect(await damage()).toEqual([`artifacts: its statement is about attempt 1 of ${other.gate_id}`]);
    await artifacts.removeNames([second]);
    const nowhere = draftNames(`gate:${"a".repeat(52)}`, 1)[0] ?? "";
    await artifacts.restoreName(nowhere, descriptor.digest);
    expect(await damage()).toEqual(["artifacts: the gate that it is about is not on record"]);
    await artifacts.removeNames([nowhere]);
    expect(await damage()).toEqual([]);
  });

  test("a repair says that a statement is lost whose bytes are, and keeps no empty name for it", async () => {
    const gone = await one.row();
    await one.sign(gone, "bytes that nobody has");
    const path = await blob(draftNames(gone.gate_id, 1)[0] ?? "");
    const bytes = await Bun.file(path).bytes();
    rmSync(path);
    const { state_dir, damage: left } = await repairedCopy(world, "no such type");
    writeFileSync(path, bytes);
    const index = await Bun.file(join(state_dir, "oci/index.json")).text();
    rmSync(state_dir, { recursive: true });
    expect([left, index]).toEqual([0, expect.not.stringContaining(draftNames(gone.gate_id, 1)[0] ?? "")]);
  });

  test("a repair finds names anew whose index was lost", async () => {
    const row = await one.row();
    await one.sign(row, "found again");
    const { state_dir, damage: left } = await repairedCopy(world, DRAFT_MEDIA_TYPE);
    expect(left).toBe(0);
    const index = await Bun.file(join(state_dir, "oci/index.json")).text();
    for (const name of [draftNames(row.gate_id, 1)[0]]) expect(index).toContain(name ?? "?");
    expect(index).not.toContain("recovered-");
  });
});

describe("gone", () => {
  test("what was signed about drafts goes with its gate and stays while that is held; nothing of it is damage", async () => {
    const row = await one.row();
    await one.sign(row, "goes along");
    const [name = ""] = draftNames(row.gate_id, 1);
    const path = await blob(name);
    const { keeping } = world.core.integrity;
    await keeping.hold(row.gate_id, "case 7");
    expect(await codeOf(keeping.forget(row.gate_id))).toBe("retention.refused");
    // A hold keeps what is there, and does not keep anybody from saying more.
    await one.sign(row, "said of a held gate");
    await keeping.hold(row.gate_id, null);
    const before = world.core.usage.evidence.get("7")?.bytes ?? 0;
    await keeping.forget(row.gate_id);
    expect([world.core.artifacts.names().filter((each) => each.includes(artifactName(row.gate_id, 1))), await Bun.file(path).exists(), (world.core.usage.evidence.get("7")?.bytes ?? 0) < before]).toEqual([[], false, true]);
    expect(await damage()).toEqual([]);
  });

  test("attack: a gate is forgotten while drafts of it are written: nothing is signed of what is gone, and nothing of it comes back", async () => {
    const row = await one.row();
    const { keeping } = world.core.integrity;
    const desk = await world.core.drafted.desk();
    const size = world.core.evidence.logState().size;
    const forgetting = desk.draft(row, { tasks: ["summary"], path: "rules", sign: true }, { arms: [], because: "" }, "uid:7", never, async (_worst, paid) => {
      const written = await paid(() => undefined);
      await keeping.forget(row.gate_id);
      return written;
    });
    expect([await codeOf(forgetting), world.core.evidence.logState().size]).toEqual(["record.expired", size]);
    // Between the entry in the log and the file: then the entry stays, as every entry does, and the file does not.
    const late = await one.row();
    const artifacts = { ...world.core.artifacts, putArtifact: async (...args: Parameters<typeof world.core.artifacts.putArtifact>) => {
      await keeping.forget(late.gate_id);
      return world.core.artifacts.putArtifact(...args);
    } };
    expect(await codeOf(one.sign(late, "late", { signing: new DraftSigning({ ...world.core, artifacts }) }))).toBe("record.expired");
    expect([world.core.artifacts.names().filter((name) => name.startsWith("draft-of-") && name.includes(artifactName(late.gate_id, 1))), await damage()]).toEqual([[], []]);
  });

  test("attack: whoever asked is gone: nothing is signed, and what was set aside for it is given back", async () => {
    const row = await one.row();
    const { tenants, evidence } = world.core;
    const desk = await world.core.drafted.desk();
    const gone = new AbortController();
    const payer = { accounts: [{ key: "tenant:gone", budget: { cpu_us: 1e12 }, window_s: 3_600 }] };
    const size = evidence.logState().size;
    const asked = desk.draft(row, { tasks: ["summary"], path: "rules", sign: true }, { arms: [], because: "" }, "uid:7", gone.signal, (worst, paid) => tenants.pay(payer, worst, async (spent) => {
      gone.abort();
      return paid(spent);
    }));
    expect([await codeOf(asked), evidence.logState().size, tenants.ledger.account("tenant:gone")?.reserved.cpu_us]).toEqual(["request.cancelled", size, 0]);
    // Gone after the last text and before the signature: the words are nobody's any more.
    const last = new AbortController();
    const later = desk.draft(row, { tasks: ["summary"], path: "rules", sign: true }, { arms: [], because: "" }, "uid:7", last.signal, async (_worst, paid) => {
      const written = await paid(() => undefined);
      last.abort();
      return written;
    });
    expect([await codeOf(later), evidence.logState().size]).toEqual(["request.cancelled", size]);
  });
});

describe.skipIf(skipWithout(mayMountTiny(), "this user may not mount a tmpfs, so no state folder was filled"))("a full disk", () => {
  test("drafts are written as before, since they are kept nowhere; what would be signed is refused whole, and signed once there is room", async () => {
    const machine = new Machine();
    try {
      using _disk = tinyDisk(machine.state_dir, DISK_BYTES);
      await machine.daemon();
      const gate = await machine.judged(await machine.changed({}, { "src/b.ts": "export const b = 1;\n" }), ["--target", "main"]);
      const ballast = join(machine.state_dir, "ballast");
      writeFileSync(ballast, new Uint8Array(14 * 1024 * 1024));
      const { log: { size } } = await machine.status();
      const explain = (...args: readonly string[]) => machine.run(["explain", gate.gate_id, "--draft", "summary", "--json", ...args]);
      const out = machine.path("statement.json");
      expect(JSON.parse((await explain()).stdout)).toMatchObject({ drafts: [{ task: "summary", text: expect.stringContaining("src/b.ts") }] });
      const full = await explain("--out", out);
      expect([full.code, JSON.parse(full.stdout), existsSync(out), (await machine.status()).log.size]).toEqual([69, expect.objectContaining({ code: "store.no_space" }), false, size]);
      rmSync(ballast);
      expect([(await explain("--out", out)).code, existsSync(out), (await machine.status()).log.size]).toEqual([0, true, size + 1]);
    } finally {
      await machine.dispose();
    }
  });

  test("where the file of a statement finds no room, its entry stands and the next start writes it", async () => {
    const row = await one.row();
    const artifacts = { ...world.core.artifacts, putArtifact: () => Promise.reject(new MaestroError("store.no_space", "full")) };
    expect(await codeOf(one.sign(row, "no room", { signing: new DraftSigning({ ...world.core, artifacts }) }))).toBe("store.no_space");
    expect(await readDrafts(world.core.artifacts, row.gate_id, 1)).toEqual([]);
    await world.stop();
    await world.start();
    expect((await readDrafts(world.core.artifacts, row.gate_id, 1)).map(({ name }) => name)).toEqual(draftNames(row.gate_id, 1).slice(0, 1));
    expect(await damage()).toEqual([]);
  });
});

test("a backup has them: the node that it becomes shows auditors what was signed before, and signs on under its own log", async () => {
  const machine = new Machine();
  try {
    await machine.daemon();
    const gate = await machine.judged(await machine.changed({}, { "src/b.ts": "export const b = 1;\n" }), ["--target", "main"]);
    const explain = (...args: readonly string[]) => machine.run(["explain", gate.gate_id, "--draft", ...args]);
    expect((await explain("summary", "--out", machine.path("one.json"))).code).toBe(0);
    expect((await machine.run(["backup", machine.path("backup")])).code).toBe(0);
    // What came after the backup is its caller's alone.
    expect((await explain("changelog", "--out", machine.path("two.json"))).code).toBe(0);
    expect((await machine.run(["stop"])).code).toBe(0);
    const state = ["--state", machine.path("restored")];
    expect((await machine.run(["restore", machine.path("backup"), ...state])).code).toBe(0);
    expect((await explain("triage", "--out", machine.path("three.json"), ...state)).code).toBe(0);
    const trust = machine.path("restored/trust.json");
    expect((await machine.run(["bundle", gate.gate_id, "--out", machine.path("evidence.json"), ...state])).code).toBe(0);
    const judged = JSON.parse((await machine.run(["verify", machine.path("evidence.json"), "--trust", trust, "--json"])).stdout) as EvidenceVerification;
    expect([judged.result, judged.drafts.map(({ wrote }) => wrote.map(({ task }) => task).join())]).toEqual(["verified", ["summary", "triage"]]);
    expect((await machine.run(["verify", machine.path("two.json"), "--trust", trust])).code).toBe(0);
    expect((await machine.run(["fsck", ...state])).code).toBe(0);
    await machine.run(["stop", ...state]);
  } finally {
    await machine.dispose();
  }
});
