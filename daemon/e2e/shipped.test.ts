/** A release in one file: packed, judged offline beside its artifact, taken apart again; and what each of them refuses. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { LineageReply } from "../../proto/lineage.ts";
import type { ReportReply } from "../../proto/report-kpi.ts";
import type { ShipmentBundle, ShippedVerification } from "../../proto/shipment-bundle.ts";
import { MaestroClient } from "../client/maestro.ts";
import { bundleShipment } from "../cli/shipped/bundle.ts";
import { besideRelease } from "../cli/shipped/beside.ts";
import { shippedScreen } from "../cli/shipped/screen.ts";
import { readBundleFile } from "../cli/verification.ts";
import { newSigner } from "../testing/evidence.ts";
import { openTrust } from "../verifier/index.ts";
import { judgeShipped, notShipped, verifyShipmentBundle } from "../verifier/shipped/index.ts";
import type { Trust } from "../verifier/trust.ts";
import { unfolded, World, type GateDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);

interface Released {
  readonly shipment_id: string;
  readonly artifact: { readonly sha256: string };
  readonly files: { readonly shipment: string; readonly release: string; readonly evidence: string };
}

const world = new World();
const artifact = world.path("app.tar");
const trust_path = world.path("operator-trust.json");
const file = world.path("release.json");
let now: Date;
let gates: GateDocument[];
let released: Released;
let trust: Trust;

beforeAll(async () => {
  const source = await world.repository({ "a.ts": "export const a = 1;\n" });
  const [from, main] = [source.git("rev-parse", "HEAD"), source.git("rev-parse", "--abbrev-ref", "HEAD")];
  gates = [];
  for (const name of ["one", "two"]) {
    source.git("checkout", "-q", "-b", name);
    await source.commit({ [`${name}.ts`]: `export const ${name} = 1;\n` }, name);
    gates.push(await world.judged(source, ["--target", main]));
    source.git("checkout", "-q", main);
    source.git("merge", "-q", "--ff-only", name);
  }
  writeFileSync(artifact, "what was built");
  const release = (range: string) => world.run(["release", artifact, "--changes", range, "--repo", source.path, "--target", main, "--embedded", "--json"]);
  released = JSON.parse((await release(`${from}..${main}`)).stdout) as Released;
  await source.commit({ "c.ts": "export const c = 1;\n" }, "nobody gated this");
  expect((await release(`${from}..${main}`)).code).toBe(1);
  copyFileSync((await world.status()).trust_path, trust_path);
  const opened = openTrust(readFileSync(trust_path));
  trust = opened.ok ? opened.value : expect.unreachable();
  expect(await world.run(["bundle", artifact, "--out", file])).toMatchObject({ code: 0, stdout: expect.stringContaining(released.shipment_id) });
  now = new Date(Date.now() + 60_000);
});
afterAll(() => world.dispose());

const codes = ({ result, reasons }: ShippedVerification): string[] => [result, ...reasons.map(({ code }) => code)];
const judged = (bytes: Uint8Array, artifact_sha256: string | null = null, by = trust): ShippedVerification => verifyShipmentBundle(bytes, by, "", { now, artifact_sha256 });
const beside = async (path: string, named?: string): Promise<ShippedVerification> => {
  const found = await besideRelease(path, readBundleFile(path), named);
  return "parts" in found ? judgeShipped(found.parts, trust, { now, artifact_sha256: found.artifact_sha256 }) : notShipped(found);
};

describe("one file", () => {
  test("verify says on one screen what is proved, by which key and role, and what is not", async () => {
    const said = await world.run(["verify", file, "--trust", trust_path, "--artifact", artifact]);
    expect([said.code, said.stdout.trimEnd().split("\n").length < 24, said.stdout.split("\n").every((line) => line.length <= 80 || /sha256|SHA256/.test(line))]).toEqual([0, true, true]);
    for (const words of ["VERIFIED offline release of app.tar", "2 of 2 admitted", "role gate (this machine's own self-made key)", "the one you have is the released one", "what the file was made of: the release names no provenance"]) expect(unfolded(said).stdout).toContain(words);
    const { result, changes, artifact_compared, missing, package_release } = judged(readBundleFile(file));
    expect([result, changes.map(({ gate_id }) => gate_id), artifact_compared, missing, package_release?.predicate.purl]).toEqual(["verified", gates.map(({ gate_id }) => gate_id), false, [], expect.stringContaining("pkg:generic/app.tar@")]);
  });

  test("it is the same by the file's digest and by the release's id, and fits what --extract wrote", async () => {
    const taken = world.path("taken-apart");
    for (const name of [`sha256:${released.artifact.sha256}`, released.shipment_id]) expect((await world.run(["bundle", name, "--out", world.path("again.json")])).code).toBe(0);
    expect(readBundleFile(world.path("again.json"))).toEqual(readBundleFile(file));
    expect((await world.run(["verify", file, "--trust", trust_path, "--extract", taken])).code).toBe(0);
    copyFileSync(artifact, `${taken}/app.tar`);
    expect(await beside(`${taken}/app.tar.shipment.sigstore.json`)).toMatchObject({ result: "verified", artifact_compared: true, left_out: [] });
  });

  test("what the node has no more is brought along, and without it nothing is written", async () => {
    const bundle = JSON.parse(readFileSync(file, "utf8")) as ShipmentBundle;
    const lacking = { shipment_id: released.shipment_id, content: Buffer.from(canonicalBytes({ ...bundle, gates: bundle.gates.slice(1) })).toString("base64") };
    const client = new MaestroClient(world.socket_path);
    const out = world.path("brought.json");
    await expect(bundleShipment(client, lacking, { out, json: true }, [])).rejects.toMatchObject({ code: "bundle.malformed", detail: expect.stringContaining("nothing was written: release.incomplete") });
    expect(existsSync(out)).toBe(false);
    const brought = readdirSync(released.files.evidence).map((name) => `${released.files.evidence}/${name}`);
    expect([await bundleShipment(client, lacking, { out, json: true }, brought), codes(judged(readBundleFile(out)))]).toEqual([0, ["verified"]]);
  });

  test("attack: gates are taken out, exchanged, doubled or laid beside; another file, another trust file", () => {
    const bundle = JSON.parse(readFileSync(file, "utf8")) as ShipmentBundle;
    const of = (change: Partial<ShipmentBundle>): string[] => codes(judged(canonicalBytes({ ...bundle, ...change })));
    const [first, second] = bundle.gates;
    if (first === undefined || second === undefined) throw new Error("two gates were released");
    expect(of({})).toEqual(["verified"]);
    for (const left of [[], [first], [second]]) expect(of({ gates: left })).toEqual(["failed", "release.incomplete"]);
    for (const others of [[second, first], [first, second, second], [first, first, second]]) expect(of({ gates: others })).toEqual(["failed", "release.mismatch"]);
    expect(of({ gates: [{ ...first, bundle: { ...first.bundle, card: null } }, second] })).toEqual(["failed", "card.mismatch"]);
    expect(of({ shipment: { bundle: first.bundle.attestations[0]! } })).toEqual(["failed", "statement.malformed"]);
    expect(of({ package_release: bundle.shipment })).toEqual(["failed", "statement.malformed"]);
    expect(of({ provenance: bundle.shipment })).toEqual(["failed", "attestation.mismatch"]);
    expect(of({ sbom: "e30=" })).toEqual(["failed", "document.mismatch"]);
    expect(of({ gates: [{ ...first, releases: [bundle.shipment] }, second] })[0]).toBe("failed");
    expect(codes(judged(readBundleFile(file), "00".repeat(32)))).toEqual(["failed", "statement.subject"]);
    const strange: Trust = { ...trust, entries: trust.entries.map((one) => ({ ...one, entry: { ...one.entry, fingerprint: newSigner("ecdsa-p256-sha256").key.fingerprint } })) };
    expect(judged(readBundleFile(file), null, strange).result).toBe("unknown_signer");
    // The words of a file that fails say so, whatever stands all the same.
    expect(shippedScreen(judged(canonicalBytes({ ...bundle, gates: [first] })))).toMatch(/^FAILED .*is signed, and not all of it is verified\n {2}release\.incomplete: /);
  });
});

test("a release's own bundle verifies beside its evidence and its file, and is no verdict without them", async () => {
  const { shipment, release, evidence } = released.files;
  for (const path of [shipment, release]) expect(await beside(path)).toMatchObject({ result: "verified", artifact_compared: true });
  writeFileSync(artifact, "swapped");
  expect(codes(await beside(shipment))).toEqual(["failed", "statement.subject"]);
  writeFileSync(artifact, "what was built");
  renameSync(evidence, `${evidence}.gone`);
  const said = await world.run(["verify", shipment, "--trust", trust_path]);
  expect(said).toMatchObject({ code: 1, stdout: expect.stringMatching(/^FAILED .*\n {2}release\.incomplete: .*the evidence of 2 of the changes/) });
  expect(codes(await beside(release))).toEqual(["failed", "release.incomplete"]);
  renameSync(`${evidence}.gone`, evidence);
  mkdirSync(world.path("alone"));
  copyFileSync(release, world.path("alone/app.tar.release.sigstore.json"));
  expect(codes(await beside(world.path("alone/app.tar.release.sigstore.json")))).toEqual(["failed", "release.incomplete"]);
});

test("lineage goes from a gate to the file and back, and the report counts what was released and what was refused", async () => {
  const lineage = async (id: string): Promise<LineageReply> => JSON.parse((await world.run(["lineage", id, "--json"])).stdout) as LineageReply;
  const shipped = ({ nodes }: LineageReply): unknown[] => nodes.filter(({ stage }) => stage === "shipment").map(({ kind, name, digest }) => [kind, name, kind === "artifact" ? digest : null]);
  const ends = [["shipment", released.shipment_id, null], ["artifact", "app.tar", `sha256:${released.artifact.sha256}`]];
  const ofGate = await lineage(gates[0]?.gate_id ?? "");
  expect(shipped(ofGate)).toEqual(ends);
  // Configuration and policy stand in the full reply, and go with it.
  expect(ofGate.nodes.filter(({ kind }) => kind === "configuration" || kind === "policy").map(({ class: of, state }) => [of, state])).toEqual([["personal", "kept"], ["personal", "kept"]]);
  const ofFile = await lineage(`sha256:${released.artifact.sha256}`);
  expect([ofFile.name, shipped(ofFile), ofFile.nodes.filter(({ kind }) => kind === "gate").map(({ state }) => state)]).toEqual([released.shipment_id, ends, ["kept", "kept"]]);
  expect((await world.run(["lineage", released.shipment_id])).stdout).toMatch(/^shipment\n {2}shipment +shipment-[0-9a-f]{32}.*\n {2}artifact +app\.tar/m);
  const { kpis } = JSON.parse((await world.run(["report", "--window", "1d", "--json"])).stdout) as ReportReply;
  const figure = (id: string) => kpis.find((one) => one.id === id);
  expect(figure("artifacts.released")).toMatchObject({ n: 2, value: "1" });
  expect(figure("artifacts.refused")).toMatchObject({ n: 2, value: "50000", parts: [{ name: "commits.uncovered", value: "1" }] });
  expect((await world.run(["report", "--window", "1d"])).stdout).toMatch(/Releases refused +50 %/);
});
