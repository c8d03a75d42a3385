/** What is signed about drafts, beside the gate it is about: handed to auditors, traced and bounded. How it is looked after is in drafts-kept.slow.ts. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { canonicalBytes } from "../../proto/canonical.ts";
import { DRAFT_STATEMENTS_MAX } from "../../proto/drafting.ts";
import type { EvidenceBundle } from "../../proto/evidence-bundle.ts";
import { MaestroError } from "../../proto/errors.ts";
import { evidenceBundleBytes } from "../bundling/index.ts";
import { STATEMENTS_BEYOND_MAX, STATEMENTS_FLOOR } from "../gate/draft-floors.ts";
import { DraftSigning } from "../gate/draft-signing.ts";
import { createLineage } from "../lineage/index.ts";
import { readDrafts } from "../store/draft-statements.ts";
import type { GateRow } from "../store/gates.ts";
import type { World } from "../testing/core.ts";
import { wholeStep } from "../ui/verifier/steps/whole.ts";
import { isEvidenceBundle, verifyEvidenceBundle } from "../verifier/whole/index.ts";
import { codeOf, sha256, SignedDrafts } from "./testing/signed-drafts.ts";

setDefaultTimeout(120_000);
const never = new AbortController().signal;
let one: SignedDrafts;
let world: World;
beforeAll(async () => {
  one = await SignedDrafts.open();
  world = one.world;
});
afterAll(() => one[Symbol.asyncDispose]());

const judged = (bundle: EvidenceBundle) => verifyEvidenceBundle(evidenceBundleBytes(bundle), world.core.evidence.trust, "", { now: new Date(world.clock.now_ms()) });

describe("in the file for an auditor", () => {
  let row: GateRow;
  let other: GateRow;
  let plain: EvidenceBundle;
  let made: EvidenceBundle;
  beforeAll(async () => {
    [row, other] = [await one.row(), await one.row()];
    plain = await one.bundled(row);
    const desk = await world.core.drafted.desk();
    await desk.draft(row, { tasks: ["triage", "summary"], path: "rules", sign: true }, { arms: [], because: "" }, "uid:7", never);
    await one.sign(other, "of another gate");
    made = await one.bundled(row);
  });

  test("every statement about this attempt's drafts, verified with everything else; without any the file is as it was before there were any", async () => {
    expect([Object.hasOwn(plain, "drafts"), isEvidenceBundle(evidenceBundleBytes(plain)), judged(plain).result]).toEqual([false, true, "verified"]);
    expect(isEvidenceBundle(evidenceBundleBytes(made))).toBe(true);
    const { result, drafts, reasons } = judged(made);
    expect([result, reasons, drafts.map(({ wrote }) => wrote)]).toEqual(["verified", [], [[{ task: "triage", path: "rules" }, { task: "summary", path: "rules" }]]]);
    expect(made.gate).toEqual(plain.gate);
  });

  test("attack: a statement about another gate's drafts, one twice, one that was changed, and the gate's own statement in its place", async () => {
    const [own] = made.drafts ?? expect.unreachable();
    const [stray] = (await one.bundled(other)).drafts ?? expect.unreachable();
    const first = (bundle: EvidenceBundle): string => judged(bundle).reasons.map(({ code, detail }) => `${code}: ${detail}`)[0] ?? "verified";
    expect(first({ ...made, drafts: [own!, stray!] })).toBe("attestation.mismatch: drafts 2 are of another attempt or gate than this one");
    expect(first({ ...made, drafts: [own!, own!] })).toBe("attestation.mismatch: drafts 2 stand there twice");
    const { dsseEnvelope } = own!.bundle;
    const payload = Buffer.from(Buffer.from(dsseEnvelope.payload, "base64").toString().replace('"rules"', '"local"')).toString("base64");
    expect(first({ ...made, drafts: [{ bundle: { ...own!.bundle, dsseEnvelope: { ...dsseEnvelope, payload } } }] })).toMatch(/^(?:log|statement|signature)\.[a-z]+: drafts 1/);
    expect(first({ ...made, drafts: [{ bundle: made.gate.bundle.attestations[0]! }] })).toStartWith("statement.malformed: drafts 1");
  });

  test("the verifier page counts it among the parts and draws it as a table", () => {
    const { said, tables } = wholeStep(judged(made));
    const { verificationMaterial: { tlogEntries: [entry] } } = made.drafts![0]!.bundle;
    expect(said).toStartWith(`${made.files.length + 1} parts `);
    expect(JSON.stringify(tables.find(({ caption }) => caption.startsWith("Drafts about it")))).toContain(JSON.stringify(["triage by rules, summary by rules", entry!.logIndex]).slice(1, -1));
  });

  test("lineage shows who wrote which, with its place in the log", async () => {
    const { core } = world;
    const lineage = createLineage({ ...core, holdsRules: () => Promise.resolve(true), hasCommit: () => Promise.resolve(true), log_origin: () => core.evidence.logState().origin });
    const { nodes } = await lineage.of(row, () => true);
    const at = nodes.findIndex(({ kind }) => kind === "drafts");
    const [kept] = await readDrafts(core.artifacts, row.gate_id, 1);
    const { dsseEnvelope, verificationMaterial } = made.drafts![0]!.bundle;
    expect(sha256(kept!.bundle!)).toBe(sha256(canonicalBytes(made.drafts![0]!.bundle)));
    expect(nodes[at]).toMatchObject({ stage: "evidence", name: "triage by rules, summary by rules", digest: `sha256:${sha256(Buffer.from(dsseEnvelope.payload, "base64"))}`, class: "evidence", state: "kept" });
    expect(nodes[at + 1]).toMatchObject({ kind: "log entry", name: `${core.evidence.logState().origin} #${verificationMaterial.tlogEntries[0]!.logIndex}` });
  });
});

describe("how many", () => {
  test("attack: the same drafts signed again and again fill no log: one statement, whatever each time took; two at once are one too", async () => {
    const row = await one.row();
    const first = await one.sign(row, "the same");
    const size = world.core.evidence.logState().size;
    expect([await one.sign(row, "the same", { cpu_us: 999 }), world.core.evidence.logState().size]).toEqual([first, size]);
    const signing = new DraftSigning(world.core);
    const [first_of, second_of] = await Promise.all([one.sign(row, "at once", { signing }), one.sign(row, "at once", { signing })]);
    expect([second_of, world.core.evidence.logState().size]).toEqual([first_of!, size + 1]);
  });

  test("attack: a caller who asks for one after the other gets no more than there may be of one attempt, and is refused before a check process reads the change", async () => {
    const row = await one.row();
    for (let n = 0; n < DRAFT_STATEMENTS_MAX; n += 1) await one.sign(row, `text ${n}`);
    const size = world.core.evidence.logState().size;
    expect(await codeOf(one.sign(row, "one more"))).toBe("draft.statements");
    const desk = await world.core.drafted.desk();
    const asked = (signed: boolean) => desk.draft(row, { tasks: ["summary"], path: "rules", sign: signed }, { arms: [], because: "" }, "uid:7", never, () => Promise.reject(new Error("somebody paid")));
    expect(await codeOf(asked(true))).toBe("draft.statements");
    expect([world.core.evidence.logState().size, judged(await one.bundled(row)).drafts.length]).toEqual([size, DRAFT_STATEMENTS_MAX]);
    // Without a signature it is drafted as before.
    expect(await codeOf(asked(false))).toEqual(new Error("somebody paid"));
  });

  test("attack: one tenant that asks for statements about a shared repository's gate leaves the gate's own tenant and others theirs; who asked is kept with each, and in none that is handed out", async () => {
    const shared = { ...(await one.row()), repo_id: "acme/shop", owner_tenant: "red" };
    const ask = (tenant: string, n: number) => codeOf(one.sign(shared, `${tenant} ${n}`, { lane: `tenant:${tenant}` }).then(() => null));
    const flood = [];
    for (let n = 0; n < DRAFT_STATEMENTS_MAX; n += 1) flood.push(await ask("blue", n));
    expect(flood.filter((code) => code === null)).toHaveLength(STATEMENTS_FLOOR + STATEMENTS_BEYOND_MAX);
    expect(flood.at(-1)).toBe("draft.statements");
    for (const tenant of ["green", "red"]) for (let n = 0; n < STATEMENTS_FLOOR; n += 1) expect(await ask(tenant, n)).toBe(null);
    const kept = await readDrafts(world.core.artifacts, shared.gate_id, 1);
    expect(Map.groupBy(kept, ({ asked_by }) => asked_by).get("tenant:red")).toHaveLength(STATEMENTS_FLOOR);
    const handed = (await one.bundled(shared)).drafts ?? [];
    expect(handed).toHaveLength(kept.length);
    expect(handed.map(({ bundle }) => JSON.stringify(bundle) + Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()).join()).not.toContain("tenant:");
  });

  test("attack: the same while no file of a statement finds room: what is promised is its asker's as what is kept is", async () => {
    const shared = { ...(await one.row()), repo_id: "acme/shop", owner_tenant: "red" };
    const artifacts = { ...world.core.artifacts, putArtifact: () => Promise.reject(new MaestroError("store.no_space", "full")) };
    const flood = [];
    for (let n = 0; n < DRAFT_STATEMENTS_MAX; n += 1) flood.push(await codeOf(one.sign(shared, `blue ${n}`, { lane: "tenant:blue", signing: new DraftSigning({ ...world.core, artifacts }) })));
    const places = STATEMENTS_FLOOR + STATEMENTS_BEYOND_MAX;
    expect(flood).toEqual([...flood.keys()].map((n) => (n < places ? "store.no_space" : "draft.statements")));
    expect(await codeOf(one.sign(shared, "red", { lane: "tenant:red" }).then(() => null))).toBe(null);
  });
});
