/** What a node says of a learned policy, in the hands of other people's verifiers; and what `maestro verify --extract` writes out of its report. */
import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LearnedWorld, PATH, policyFor } from "../daemon/gate/testing/learned.ts";
import { ROOT } from "../daemon/house/sources.ts";
import { newSigner } from "../daemon/testing/evidence.ts";
import { fromBase64 } from "../proto/encoding.ts";
import { EVALUATION_PREDICATE, SVR_PREDICATE } from "../proto/predicates/derived.ts";
import type { EvaluationStatement } from "../proto/predicates/evaluation.ts";
import { accepts, output, run, type Ended } from "./rig/accepts.ts";
import { cosign } from "./rig/tools.ts";

setDefaultTimeout(120_000);

const tool = await cosign();
const NAME = "evaluation-review";
const folder = mkdtempSync(join(tmpdir(), "maestro-learned-"));
const at = (name: string): string => join(folder, name);
const CLI = [process.execPath, join(ROOT, "daemon/cli/main.ts")];
let gate_key = "";
let statement: EvaluationStatement;

beforeAll(async () => {
  await using world = await LearnedWorld.open();
  const { clock, core } = world.world;
  // Other people's verifiers ask the machine what time it is.
  clock.advance(Date.now() - clock.now_ms());
  await world.decide(1_600);
  const { verdict, bundle } = await world.gated({ [PATH]: policyFor("small") });
  expect(verdict).toBe("admit");
  writeFileSync(at("bundle.json"), fromBase64(bundle) ?? new Uint8Array(0));
  writeFileSync(at("trust.json"), core.evidence.trust_bytes);
  await output([...CLI, "trust", "export", "--out", at("trusted"), at("trust.json")]);
  await output([...CLI, "verify", at("bundle.json"), "--trust", at("trust.json"), "--extract", at("evidence")]);
  gate_key = join(at("trusted"), readdirSync(at("trusted")).find((file) => /^gate-.*\.pem$/.test(file)) ?? "");
  statement = JSON.parse(Buffer.from(bundled().dsseEnvelope.payload, "base64").toString()) as EvaluationStatement;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundled = () => JSON.parse(readFileSync(join(at("evidence"), `${NAME}.sigstore.json`), "utf8")) as { dsseEnvelope: { payload: string } };
const subject = (): string => statement.subject.map(({ digest }) => digest["sha256"]).find((digest) => digest !== undefined) ?? "";
const judged = ({ key = gate_key, type = EVALUATION_PREDICATE, digest = subject(), bundle = `${NAME}.sigstore.json` } = {}): Promise<Ended> =>
  run([tool.path(), "verify-blob-attestation", "--key", key, "--trusted-root", join(at("trusted"), "trusted_root.json"), "--bundle", join(at("evidence"), bundle), "--type", type, "--digest", digest, "--digestAlg", "sha256"]);

accepts(tool, "cosign verifies the statement on a learned policy, by our key and our log", async () => {
  expect(statement.predicate.verdict).toBe("promote");
  expect(await judged()).toMatchObject({ code: 0, stderr: expect.stringContaining("Verified OK") });
});

accepts(tool, "cosign refuses another key, another type, another tree, and a verdict that was turned round", async () => {
  const stranger = newSigner("ecdsa-p256-sha256");
  writeFileSync(at("stranger.pem"), `-----BEGIN PUBLIC KEY-----\n${Buffer.from(stranger.key.spki).toString("base64")}\n-----END PUBLIC KEY-----\n`);
  const whole = bundled();
  whole.dsseEnvelope.payload = Buffer.from(Buffer.from(whole.dsseEnvelope.payload, "base64").toString().replace('"promote"', '"reject"')).toString("base64");
  writeFileSync(join(at("evidence"), "turned.sigstore.json"), JSON.stringify(whole));
  const ends = await Promise.all([judged({ key: at("stranger.pem") }), judged({ type: SVR_PREDICATE }), judged({ digest: "0".repeat(64) }), judged({ bundle: "turned.sigstore.json" })]);
  expect(ends.map(({ code }) => code === 0)).toEqual([false, false, false, false]);
});

accepts(tool, "the report comes out of the bundle as JSON whose digest the statement names, as text and as a picture", () => {
  const files = readdirSync(at("evidence"), { recursive: true }).map(String).filter((file) => /review\.(?:json|md|svg)$/.test(file));
  expect(files.length).toBe(3);
  const json = files.find((file) => file.endsWith(".json")) ?? "";
  expect(Bun.SHA256.hash(readFileSync(join(at("evidence"), json)), "hex")).toBe(statement.predicate.report.digest.sha256);
});
