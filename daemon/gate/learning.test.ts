/** Learned policies through the whole gate: real episodes, the real evaluation in check processes, and the evidence it leaves. More in bench/learned-gate.nightly.ts. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { GateResult } from "../../proto/api.ts";
import type { Statement } from "../../proto/attestation.ts";
import type { Bundle } from "../../proto/bundle.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { fromBase64, fromUtf8Lossy, toBase64, utf8 } from "../../proto/encoding.ts";
import { EVALUATION_PREDICATE } from "../../proto/predicates/derived.ts";
import { renderMarkdown } from "../cli/card/markdown.ts";
import { renderTerminal } from "../cli/card/terminal.ts";
import { EVALUATION } from "../verifier/further/evaluation.ts";
import { openManifest } from "../verifier/manifest.ts";
import { hideLeaves, verifyBundle } from "../verifier/index.ts";
import { checkOf, documentOf, rulesOf } from "./testing/formal.ts";
import { BASE, LearnedWorld, PATH, policyFor } from "./testing/learned.ts";

setDefaultTimeout(60_000);

let world: LearnedWorld;
beforeAll(async () => {
  world = await LearnedWorld.open();
  await world.decide(1_600);
});
afterAll(() => world[Symbol.asyncDispose]());

const bytesOf = ({ bundle }: GateResult): Uint8Array => fromBase64(bundle) ?? new Uint8Array(0);
const verified = (bundle: Uint8Array) => verifyBundle(bundle, world.world.core.evidence.trust_bytes, { now: new Date(world.world.clock.now_ms()) });
const gainOf = ({ card }: GateResult) => card.obligations?.find(({ name }) => name === "learning/review/gain");
const saidOf = (result: GateResult) => verified(bytesOf(result)).attestations.filter(({ predicate_type }) => predicate_type === EVALUATION_PREDICATE).map(({ of, says }) => [of, says]);

let promoted: GateResult;

test("a policy that the log bears out is admitted; bound, report and attestation verify, and the card says which arm is another", async () => {
  const result = (promoted = await world.gated({ [PATH]: policyFor("small") }));
  expect([result.verdict, checkOf(result, "learning")?.result, checkOf(result, "learning")?.required]).toEqual(["admit", "pass", true]);
  expect(gainOf(result)).toMatchObject({ result: "pass", kind: "numeric", required: true, min: "0", scale: 9, unit: "reward" });
  expect(Number(gainOf(result)?.value)).toBeGreaterThan(0);
  expect(saidOf(result)).toEqual([["review", "promote"]]);
  const report = documentOf(result, "learning/review.json") ?? "";
  expect([documentOf(result, "learning/review.md")?.split("\n")[0], documentOf(result, "learning/review.svg")?.slice(0, 4)]).toEqual(["# review: promote: it may decide", "<svg"]);
  const [line] = result.card.learned ?? [];
  expect(JSON.parse(report)).toMatchObject({ type: "maestro.evaluation", verdict: "promote", candidate: line?.after });
  expect(line).toMatchObject({ verdict: "promote", path: PATH, cells: 1, changed: 1, mass_ppm: 1_000_000, listed: [{ where: "everywhere", from: "large", to: "small" }], report_sha256: Bun.SHA256.hash(report, "hex") });
  for (const face of [renderTerminal(result.card), renderMarkdown(result.card)]) expect(face.replaceAll(/[\s|`]+/g, " ")).toContain("everywhere: large to small, 100.0 %");
});

test("attack: the evidence of a promotion with another report or another verdict fails, and whoever hides the bound hides what tells of it", () => {
  const result = promoted;
  const bundle = JSON.parse(fromUtf8Lossy(bytesOf(result))) as Bundle;
  const documents = bundle.documents?.map((one) => (one.name === "learning/review.json" ? { ...one, content: toBase64(utf8(fromUtf8Lossy(fromBase64(one.content) ?? new Uint8Array()).replace('"promote"', '"reject"'))) } : one));
  expect(verified(canonicalBytes({ ...bundle, documents })).reasons[0]?.code).toBe("document.mismatch");
  const payload = (text: string) => bundle.attestations.map((one) => {
    const said = fromUtf8Lossy(fromBase64(one.dsseEnvelope.payload) ?? new Uint8Array());
    return said.includes(EVALUATION_PREDICATE) ? { ...one, dsseEnvelope: { ...one.dsseEnvelope, payload: toBase64(utf8(said.replace('"verdict":"promote"', text))) } } : one;
  });
  expect(verified(canonicalBytes({ ...bundle, attestations: payload('"verdict":"reject"') })).reasons[0]?.code).toBe("log.entry");
  // Whoever hides the report or the bound hides what tells of it, and the rest still verifies.
  for (const name of ["learning/review.json", "learning/review/gain"]) {
    const left = verified(hideLeaves(bytesOf(result), [name]));
    expect([left.result, left.attestations.some(({ predicate_type }) => predicate_type === EVALUATION_PREDICATE)]).toEqual(["verified", false]);
  }
});

test("attack: a node's own key signs a verdict, a bound, a report or a router that the leaves do not tell", () => {
  const bundle = JSON.parse(fromUtf8Lossy(bytesOf(promoted))) as Bundle;
  const [first, ...further] = bundle.attestations.map(({ dsseEnvelope: { payload } }) => fromUtf8Lossy(fromBase64(payload) ?? new Uint8Array()));
  const statement = JSON.parse(first ?? "") as Statement;
  const manifest = openManifest(bundle.manifest, statement.predicate);
  if (!manifest.ok) throw new Error(manifest.reason.detail);
  const own = further.find((payload) => payload.includes(EVALUATION_PREDICATE)) ?? "";
  const judged = (payload: string): string => {
    const said = EVALUATION.judge(utf8(payload), { statement, statement_sha256: "0".repeat(64), manifest: manifest.value });
    return said.ok ? said.value.says : said.reason.code;
  };
  expect(judged(own)).toBe("promote");
  const lies = [['"verdict":"promote"', '"verdict":"reject"'], ['"min":"0"', '"min":"1"'], [/"sha256":"[0-9a-f]{64}"/, `"sha256":"${"0".repeat(64)}"`], ['"router":"review"', '"router":"other"']] as const;
  for (const [from, to] of lies) {
    const lie = own.replace(from, to);
    expect([lie === own, judged(lie)]).toEqual([false, "attestation.mismatch"]);
  }
});

test("a harmful policy is refused, one that goes where the log has not been is held; both leave evidence that says so", async () => {
  const harmful = await world.gated({ [PATH]: policyFor("large"), "README.md": "b\n" }, { ...BASE, [PATH]: policyFor("small") });
  expect([harmful.verdict, rulesOf(harmful), gainOf(harmful)?.result, saidOf(harmful)]).toEqual(["refuse", ["learning.rejected refuse"], "fail", [["review", "reject"]]]);
  expect(Number(gainOf(harmful)?.value)).toBeLessThan(0);
  const nowhere = await world.gated({ [PATH]: policyFor("tiny") });
  expect([nowhere.verdict, rulesOf(nowhere), gainOf(nowhere), saidOf(nowhere)]).toMatchObject(["hold", ["learning.insufficient hold"], { result: "unavailable", value: null }, [["review", "insufficient"]]]);
});
