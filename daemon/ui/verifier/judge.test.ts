import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { canonicalBytes, canonicalText } from "../../../proto/canonical.ts";
import { toBase64, utf8 } from "../../../proto/encoding.ts";
import { EVIDENCE_BUNDLE_TYPE } from "../../../proto/evidence-bundle.ts";
import type { Json } from "../../../proto/json.ts";
import { chosenHasher, growTree } from "../../../kernels/merkle/index.ts";
import { describeVerification } from "../../cli/verification.ts";
import { judgeEvidence as judgeWhole } from "../../cli/verified/evidence.ts";
import { judge as judgeByCommandLine } from "../../cli/sigstore/judge.ts";
import { makeBundle, newRing, NOW, type Ring } from "../../testing/evidence.ts";
import { skipWithout } from "../../testing/skip.ts";
import { checkpointText } from "../../verifier/checkpoint.ts";
import { hideLeaves, verifyBundle } from "../../verifier/index.ts";
import { noteKey, signatureLine } from "../../verifier/note.ts";
import { bentCases, fullCases, hostileCounterexamples, plainCases, XSS } from "../testing/cases.ts";
import type { Answer } from "./answer.ts";
import { INPUT_LIMITS, readInput } from "./inputs.ts";
import { judge } from "./judge.ts";
import { questionOf } from "./questions.ts";
import { answer as answerTo } from "./worker.ts";

type Judged = Omit<Answer, "took_ms">;

async function given(now: Date, ...files: readonly (readonly [name: string, content: Uint8Array | string])[]): Promise<Judged> {
  return judge(await Promise.all(files.map(([name, content]) => readInput({ name, blob: new Blob([typeof content === "string" ? content : new Uint8Array(content)]) }))), now);
}
const shown = (bundle: Uint8Array, trust: Uint8Array, ...more: readonly (readonly [string, Uint8Array | string])[]): Promise<Judged> => given(NOW, ["b.json", bundle], ["t.json", trust], ...more);
const stateOf = (answer: Judged, id: string): string | undefined => answer.steps.find((step) => step.id === id)?.state;

const ring = newRing();
const full = await fullCases(ring);

test("hidden numbers, witnesses and further attestations are proved, open or failed as they are", async () => {
  const states: Record<string, string> = {};
  for (const { name, bundle, trust } of full) {
    const answer = await shown(bundle, trust);
    states[name] = answer.verdict === "verified" ? ["ranges", "witnesses", "attestations"].map((id) => stateOf(answer, id)).join(" ") : `${answer.verdict} ${answer.steps[0]?.id}`;
  }
  expect(states).toEqual({
    "hidden numbers": "proved absent absent",
    "hidden numbers against other bounds than the configuration's": "failed ranges",
    "hidden numbers by the signer's own bounds": "not_proved absent absent",
    "two of three witnesses": "absent proved absent",
    "one of three witnesses": "failed witnesses",
    "further attestations": "absent absent proved",
  });
});

test("says of every case what the command line says, word for word", async () => {
  for (const { name, bundle, trust } of [...plainCases(ring), ...full]) {
    const answer = await shown(bundle, trust);
    const verification = verifyBundle(bundle, trust, { now: NOW });
    const [first, ...rest] = describeVerification(verification).split("\n");
    expect([name, answer.verdict, answer.headline, [...answer.reasons, ...answer.remarks]]).toEqual([name, verification.result, first ?? "", rest.map((line) => line.trim())]);
  }
});

test("attack: any one field changed is refused, and the step that names it comes first", async () => {
  // Of each list one; bench/page.accept.ts bends every single one, in two browsers.
  const cases = bentCases(ring, true);
  expect(cases.length).toBeGreaterThan(80);
  for (const { name, bundle, trust, result, code } of cases) {
    const answer = await shown(bundle, trust);
    expect([name, answer.verdict, answer.steps[0]?.state, answer.steps[0]?.id]).toEqual([name, result, result === "failed" ? "failed" : "unknown", questionOf(code ?? "")]);
    expect([name, result]).not.toEqual([name, "verified"]);
    expect([name, answer.steps[0]?.id]).not.toEqual([name, "other"]);
    // What came after the step that stopped was not looked at, and nobody may think it was.
    expect(answer.steps.slice(1).map(({ state }) => state)).not.toContain("proved");
  }
});

test("without a trust file nothing is verified, and a bundle beside a key is not vouched for by it", async () => {
  const bundle = makeBundle(ring);
  expect(await given(NOW)).toMatchObject({ verdict: "waiting", steps: [] });
  expect(await given(NOW, ["b.json", bundle])).toMatchObject({ verdict: "waiting", steps: [] });
  expect((await given(NOW, ["t.json", ring.trust])).verdict).toBe("waiting");
  expect((await given(NOW, ["anything", "hello"], ["t.json", ring.trust])).verdict).toBe("failed");
});

test("hidden leaves, self-made trust and what is not there are said, and not counted as proved", async () => {
  const answer = await shown(hideLeaves(makeBundle(ring), ["document/facts"]), ring.trust);
  expect(answer.verdict).toBe("verified");
  expect(["trust", "hidden", "leaf", "consistency", "witnesses", "ranges", "documents"].map((id) => [id, stateOf(answer, id)])).toEqual([
    ["trust", "not_proved"],
    ["hidden", "not_proved"],
    ["leaf", "absent"],
    ["consistency", "absent"],
    ["witnesses", "absent"],
    ["ranges", "absent"],
    ["documents", "absent"],
  ]);
});

describe("a leaf by itself", () => {
  const bundle = makeBundle(ring);
  const { leaf } = verifyBundle(bundle, ring.trust, { now: NOW, leaf: "document/facts" });
  const hidden = hideLeaves(bundle, ["document/facts"]);

  test("belongs to a bundle that hides it, in either form of the command line's", async () => {
    for (const text of [canonicalText(leaf), `VERIFIED offline  something\n${canonicalText(leaf)}\n`, canonicalText({ leaf, result: "verified" })]) {
      const answer = await shown(hidden, ring.trust, ["leaf.json", text]);
      expect([answer.verdict, stateOf(answer, "leaf")]).toEqual(["verified", "proved"]);
    }
  });

  test("attack: one of another manifest, or with another value, fails and is named", async () => {
    for (const text of [canonicalText(leaf).replace('"outcome":"recorded"', '"outcome":"admit"'), canonicalText({ ...leaf, index: 1 }), canonicalText({ ...leaf, proof: [] })]) {
      const answer = await shown(hidden, ring.trust, ["leaf.json", text]);
      expect([answer.verdict, answer.steps[0]?.id, answer.steps[0]?.state]).toEqual(["failed", "leaf", "failed"]);
    }
    const other = await shown(makeBundle(newRing()), ring.trust, ["leaf.json", canonicalText(leaf)]);
    expect(other.verdict).toBe("unknown_signer");
  });
});

describe("a second checkpoint", () => {
  // The entry is kept as the bundle is made: a signature differs each time, and with it the entry.
  let entry: Uint8Array = new Uint8Array(0);
  const bundle = makeBundle(ring, { envelope: (signed) => ({ ...signed, entry: (entry = signed.entry) }) });
  const neighbours = Array.from({ length: 6 }, (_, i) => utf8(`neighbour ${i}`));
  const tree = growTree(chosenHasher().leafHashes([...neighbours.slice(0, 3), entry, ...neighbours.slice(3), utf8("later")]));
  const signed = (by: Ring, size: number, root: Uint8Array): string => {
    const text = checkpointText({ origin: ring.origin, size, root });
    return `${text}\n${signatureLine(noteKey(ring.origin, by.log.key), by.log.sign(utf8(text)))}`;
  };
  const proof = (by: Ring): string => ["old 7", ...tree.consistencyProof(7).map(toBase64), "", signed(by, 8, tree.root())].join("\n");
  const split = (by: Ring): string => ["old 7", "", signed(by, 7, chosenHasher().sha256(utf8("another tree")))].join("\n");
  const second = (text: string) => shown(bundle, ring.trust, ["checkpoint", text]);

  test("with a proof shows that the log only grew; without one it is said to be open", async () => {
    const proven = await second(proof(ring));
    expect([proven.verdict, stateOf(proven, "consistency")]).toEqual(["verified", "proved"]);
    expect(stateOf(await second(`old 7\n\n${signed(ring, 8, tree.root())}`), "consistency")).toBe("not_proved");
  });

  test("attack: a second tree of the same size is a split view, and fails", async () => {
    const answer = await second(split(ring));
    expect([answer.verdict, answer.steps[0]?.id]).toEqual(["failed", "consistency"]);
    expect(answer.reasons.join()).toContain("two different trees");
  });

  test("attack: a checkpoint by a stranger's key shows nothing", async () => {
    const stranger = newRing();
    expect(stateOf(await second(proof(stranger)), "consistency")).toBe("not_proved");
    expect(stateOf(await second(split(stranger)), "consistency")).toBe("not_proved");
    expect(stateOf(await second("old 7\n\nnonsense"), "consistency")).toBe("not_proved");
  });
});

test("attack: hostile names arrive as visible text, whatever draws them", async () => {
  const answer = await shown(makeBundle(ring, { identity: { repo_id: XSS, target_ref: "refs/heads/\u202emain" } }), ring.trust, ["<b>\u202ename", "x"]);
  expect(answer.headline).toContain("<img/src=x");
  expect(JSON.stringify(answer)).not.toMatch(/[\u202a-\u202e]/);
});

test("too large a file is refused with the limit named, and not read", async () => {
  const blob = { size: INPUT_LIMITS.bytes_max + 1, slice: () => new Blob(['{"attestations":[']), arrayBuffer: () => Promise.reject(new Error("read")), stream: () => new Blob([]).stream() };
  const answer = judge([await readInput({ name: "b.json", blob })], NOW);
  expect([answer.verdict, answer.headline]).toEqual(["failed", `FAILED  b.json has ${INPUT_LIMITS.bytes_max + 1} bytes, limit ${INPUT_LIMITS.bytes_max}`]);
});

test("a file that changed since it was chosen is named, and nothing beside it is verified", async () => {
  const gone = new Blob([]);
  const blob = { size: 100, slice: () => gone, stream: () => gone.stream(), arrayBuffer: () => Promise.reject(new Error("the file changed")) };
  const inputs = await Promise.all([readInput({ name: "old.json", blob }), readInput({ name: "b.json", blob: new Blob([new Uint8Array(makeBundle(ring))]) }), readInput({ name: "t.json", blob: new Blob([new Uint8Array(ring.trust)]) })]);
  expect(judge(inputs, NOW)).toMatchObject({ verdict: "failed", headline: "FAILED  old.json cannot be read any more; give it again", steps: [] });
});

test("attack: a damaged bundle dropped beside a sound one: the verdict is not its own, and the page says so", async () => {
  const bundle = makeBundle(ring);
  const damaged = bundle.slice(20, -20);
  const answer = await shown(bundle, ring.trust, ["second.json", damaged]);
  expect([answer.verdict, answer.remarks.at(-1)]).toEqual(["verified", "not looked at: second.json (no evidence that this page knows)"]);
  const five = await given(NOW, ["t.json", ring.trust], ...[1, 2, 3, 4, 5].map((n) => [`${n}.json`, makeBundle(ring)] as const));
  expect(five.remarks.filter((line) => line.startsWith("not looked at:"))).toEqual([1, 2, 3, 4].map((n) => `not looked at: ${n}.json (one evidence bundle is judged at a time)`));
  const many = await given(NOW, ["t.json", ring.trust], ...Array.from({ length: 20 }, (_, n) => [`${n}.bin`, "x"] as const), ["b.json", bundle]);
  expect([many.remarks.length, many.remarks.at(-1)]).toEqual([9, "not looked at: 12 more files"]);
  const foreign = await shown(bundle, ring.trust, ["s.json", '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'], ["k.pem", "-----BEGIN PUBLIC KEY-----"]);
  expect(foreign.remarks).toEqual(["not looked at: s.json (taken for: Sigstore bundle)"]);
});

test("what an earlier answer spoke of is replaced without a word", async () => {
  const inputs = await Promise.all([readInput({ name: "a.json", blob: new Blob([new Uint8Array(makeBundle(ring))]), known: true }), readInput({ name: "b.json", blob: new Blob([new Uint8Array(makeBundle(ring))]) }), readInput({ name: "t.json", blob: new Blob([new Uint8Array(ring.trust)]) })]);
  expect(judge(inputs, NOW)).toMatchObject({ verdict: "verified", remarks: [] });
});

test("attack: more files than are read: not one of them is judged, and none is dropped in silence", async () => {
  const files = Array.from({ length: INPUT_LIMITS.files_max + 1 }, (_, i) => ({ name: `${i}`, blob: new Blob([i === 0 ? new Uint8Array(ring.trust) : "x"]) }));
  expect((await answerTo({ id: 1, files, now_ms: NOW.getTime() })).answer).toMatchObject({ verdict: "waiting", headline: "NOT VERIFIED  33 files were given, at most 32 are read; start again with fewer", files: [] });
});

test("attack: a trust file or bundle laid out anew, cut or with a byte order mark: the command line's verdict and reason", async () => {
  const bundle = makeBundle(ring);
  const forms: readonly ((text: string) => string)[] = [(text) => JSON.stringify(JSON.parse(text), null, 2), (text) => text.replaceAll(",", ",\r\n"), (text) => `\ufeff${text}`, (text) => text.slice(3), (text) => text.slice(0, -9), (text) => text.slice(9, -9)];
  for (const form of forms) {
    for (const [b, t] of [[utf8(form(new TextDecoder().decode(bundle))), ring.trust], [bundle, utf8(form(new TextDecoder().decode(ring.trust)))]] as const) {
      const [, reason = ""] = describeVerification(verifyBundle(b, t, { now: NOW })).split("\n");
      expect(await shown(b, t)).toMatchObject({ verdict: "failed", reasons: [reason.trim()] });
    }
  }
});

test("a file of everything around a gate gets the command line's verdict; one wrong part, and nothing of it is verified", async () => {
  const bundle = JSON.parse(new TextDecoder().decode(makeBundle(ring))) as Json;
  const whole = (more: Readonly<Record<string, Json>> = {}): Uint8Array =>
    canonicalBytes({ type: EVIDENCE_BUNDLE_TYPE, v: 1, readme: "", trust_sha256: "0".repeat(64), gate: { bundle }, earlier: [], releases: [], provenance: [], files: [], left_out: [{ what: XSS, because: "a\u202eb" }], ...more });
  const sound = await shown(whole(), ring.trust);
  expect([sound.verdict, sound.headline, stateOf(sound, "whole"), sound.files[0]?.kind]).toEqual(["verified", (await shown(makeBundle(ring), ring.trust)).headline, "proved", "evidence bundle"]);
  expect(JSON.stringify(sound)).not.toContain("\u202e");
  const other = JSON.parse(new TextDecoder().decode(makeBundle(ring, { identity: { repo_id: "local:1000:other" } }))) as Json;
  const wrong = [whole({ earlier: [{ bundle: other }] }), whole({ files: [{ name: "a.txt", content: "AAAA" }] }), whole({ gate: { bundle: other }, v: 2 }), whole().slice(0, -3), canonicalBytes({ earlier: [] })];
  for (const bytes of [...wrong, utf8(JSON.stringify(JSON.parse(new TextDecoder().decode(whole())), null, 1))]) {
    const answer = await shown(bytes, ring.trust);
    const { verification } = judgeWhole(bytes, ring.trust, { now: NOW });
    expect([answer.verdict, answer.reasons]).toEqual([verification.result, verification.reasons.map(({ code, detail }) => `${code}: ${detail}`)]);
    expect([answer.verdict, answer.steps.filter(({ state }) => state === "proved")]).toEqual(["failed", []]);
  }
  expect((await shown(whole(), newRing().trust)).verdict).toBe("unknown_signer");
  expect((await shown(whole(), utf8("x"))).reasons[0]).toStartWith("trust.malformed");
});

const VECTORS = new URL("../../../../shared/vectors/sigstore-bundles/test/assets/bundle-verify/", import.meta.url).pathname;
test("a release of an artifact is not judged here, and no word of it is verified; by a key it is anybody's statement", async () => {
  const payload = toBase64(utf8('{"_type":"https://in-toto.io/Statement/v1","predicateType":"urn:maestro:predicate:shipment:v1"}'));
  for (const content of ['{"gates":[],"type":"maestro.shipment-bundle","v":1}', `{"dsseEnvelope":{"payload":"${payload}"}}`]) {
    const answer = await given(NOW, ["r.json", content], ["t.json", ring.trust]);
    expect([answer.verdict, answer.headline]).toEqual(["not_judged", expect.stringContaining("maestro verify FILE")]);
  }
  expect((await given(NOW, ["r.json", `{"dsseEnvelope":{"payload":"${payload}"}}`], ["k.pem", "-----BEGIN PUBLIC KEY-----\n"])).verdict).toBe("failed");
});

const missing = skipWithout(existsSync(VECTORS), "../shared/vectors/sigstore-bundles is not there, so the page was shown no foreign bundle");

test.skipIf(missing)("foreign bundles: with a key the command line's verdict, with a certificate none", async () => {
  const table: string[][] = [];
  for (const { name } of readdirSync(VECTORS, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const read = (file: string) => (existsSync(`${VECTORS}${name}/${file}`) ? readFileSync(`${VECTORS}${name}/${file}`) : null);
    const artifact = read("artifact") ?? readFileSync(`${VECTORS}a.txt`);
    const [bundle, key, root] = [read("bundle.sigstore.json") ?? new Uint8Array(), read("key.pub"), read("trusted_root.json")];
    const files = [["bundle.json", bundle], ["artifact", artifact], ...(key === null ? [] : [["key.pub", key] as const]), ...(root === null ? [] : [["root.json", root] as const])] as const;
    const { verdict, headline } = await given(NOW, ...files);
    if (verdict === "not_judged") expect(headline).toBe("NOT JUDGED HERE  signed with a certificate: not judged here, use maestro verify-bundle");
    const asked = key === null ? null : await judgeByCommandLine({ bundle, trusted_root: root, file_or_digest: `${VECTORS}${existsSync(`${VECTORS}${name}/artifact`) ? `${name}/artifact` : "a.txt"}`, wanted: { key }, predicate_type: null, now: NOW });
    table.push([name, verdict, asked?.result ?? "certificate"]);
  }
  expect(table.filter(([, page, line]) => line !== "certificate" && page !== line)).toEqual([]);
  expect(table.filter(([, page]) => page === "verified").map(([name]) => name)).toEqual(["managed-key-and-trusted-root", "managed-key-happy-path"]);
  expect(table.filter(([, page, line]) => line === "certificate" && page === "not_judged").length).toBeGreaterThan(50);
});

test("cases: the harness itself tells a sound bundle from a bent one", () => {
  expect(plainCases(ring)[0]).toMatchObject({ result: "verified", code: null });
});

test("counterexamples are drawn step by step, as far as a page draws them, and what was never seen to break is not", async () => {
  const bundle = makeBundle(ring, { verdict: "refuse", documents: hostileCounterexamples() });
  const { steps } = await shown(bundle, ring.trust);
  const step = steps.find(({ id }) => id === "counterexamples");
  expect([step?.state, step?.said]).toEqual(["not_proved", "5 counterexamples in the bundle; nothing was run again here."]);
  expect(step?.tables.map(({ columns, rows }) => [columns.length, rows.length, rows[0]?.[1]])).toEqual([[4, 43, "20 earlier steps are left out here"], [2, 2, JSON.stringify(XSS)]]);
  expect(step?.tables[1]?.rows[1]).toEqual(["spent", "9223372036854775807"]);
  expect(step?.rows.map(({ value }) => value).filter((value) => value.startsWith("no counterexample"))).toHaveLength(2);
  // Nothing of them turns the line round, moves the cursor or has no end.
  const cells = step?.tables.flatMap(({ caption, rows }) => [caption, ...rows.flat()]) ?? [];
  expect(cells.filter((cell) => /[\u0000-\u001f\u202e]/.test(cell) || cell.length > 1_000)).toEqual([]);
});

test("attack: a counterexample with a changed byte is not drawn: the bundle is refused", async () => {
  const text = new TextDecoder().decode(makeBundle(ring, { documents: { "counterexample/1.json": hostileCounterexamples()["counterexample/2.json"] ?? "" } }));
  const at = text.indexOf('"content":"') + '"content":"'.length + 40;
  const { verdict, steps } = await shown(utf8(text.slice(0, at) + (text[at] === "a" ? "b" : "a") + text.slice(at + 1)), ring.trust);
  expect([verdict, steps[0]?.id, steps.filter(({ id, state }) => id === "counterexamples" && state !== "absent")]).toEqual(["failed", "documents", []]);
});
