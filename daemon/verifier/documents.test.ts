import { describe, expect, test } from "bun:test";
import { Bundle } from "../../proto/bundle.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { documentMediaType, type TravellingDocument } from "../../proto/document.ts";
import { fromUtf8, toBase64, utf8 } from "../../proto/encoding.ts";
import type { Verification } from "../../proto/verification.ts";
import { makeBundle, newRing, NOW } from "../testing/evidence.ts";
import { verifyBundle } from "./bundle.ts";
import { hideLeaves } from "./hide.ts";
import { BUNDLE_LIMITS } from "./limits.ts";
import { readDocument } from "./schema.ts";

const ring = newRing();
const DOCUMENTS = { "sbom/change.cdx.json": '{"bomFormat":"CycloneDX"}', "policy/host.rego": "package maestro", "notes.txt": "a" };
const good = makeBundle(ring, { documents: DOCUMENTS });
const verify = (bytes: Uint8Array): Verification => verifyBundle(bytes, ring.trust, { now: NOW });
const codeOf = (carried: (documents: TravellingDocument[]) => TravellingDocument[]): string | undefined => verify(makeBundle(ring, { documents: DOCUMENTS, carried })).reasons[0]?.code;

/** As `bundleBytes` would never write it. */
function rewritten(change: (documents: TravellingDocument[]) => TravellingDocument[]): Uint8Array {
  const document = readDocument(Bundle, good, BUNDLE_LIMITS);
  if ("because" in document) throw new Error(document.because);
  return canonicalBytes({ ...document.value, documents: change(structuredClone(document.value.documents ?? [])) });
}

test("documents travel in the order of their names, each said with its digest and what it is", () => {
  const { result, documents } = verify(good);
  expect(result).toBe("verified");
  expect(documents.map(({ name, media_type, bytes }) => [name, media_type, bytes])).toEqual([
    ["notes.txt", "text/plain", 1],
    ["policy/host.rego", "text/x-rego", 15],
    ["sbom/change.cdx.json", "application/vnd.cyclonedx+json", 25],
  ]);
  expect(documents[0]?.sha256).toBe(Bun.SHA256.hash("a", "hex"));
});

test("a bundle without documents has no such field, as those from before", () => {
  expect(fromUtf8(makeBundle(ring))).not.toContain('"documents":[');
  expect(verify(makeBundle(ring)).documents).toEqual([]);
});

test("a document may be left out, which takes nothing from the rest", () => {
  expect(verify(makeBundle(ring, { documents: DOCUMENTS, carried: (documents) => documents.slice(1) })).documents).toHaveLength(2);
});

test("the ending of a name says what it is, the longest first; any other name cannot travel", () => {
  expect([documentMediaType("a.cdx.json"), documentMediaType("a.json"), documentMediaType("a"), documentMediaType("a.html")]).toEqual(["application/vnd.cyclonedx+json", "application/json", null, null]);
  expect(verify(makeBundle(ring, { documents: { "page.html": "<script>" }, carried: (documents) => documents.map((one) => ({ ...one, media_type: "text/html" })) })).reasons[0]?.code).toBe("document.mismatch");
});

describe("refused", () => {
  test("changed bytes of a document", () => {
    expect(codeOf((documents) => documents.map((one) => ({ ...one, content: toBase64(utf8("something else")) })))).toBe("document.mismatch");
  });
  test("a document under another one's name", () => {
    expect(codeOf((documents) => documents.map((one) => ({ ...one, name: one.name.replace("host", "base") })))).toBe("document.mismatch");
  });
  test("a media type that the signed name does not give", () => {
    expect(codeOf((documents) => documents.map((one) => ({ ...one, media_type: "application/json" })))).toBe("document.mismatch");
  });
  test("a document added that no leaf knows", () => {
    expect(codeOf((documents) => [...documents, { name: "added.txt", media_type: "text/plain", content: "" }])).toBe("document.mismatch");
  });
  test("the same document twice, and documents out of order", () => {
    expect(verify(rewritten((documents) => [...documents, ...documents])).reasons[0]?.code).toBe("document.mismatch");
    expect(verify(rewritten((documents) => documents.toReversed())).reasons[0]?.code).toBe("document.mismatch");
    expect(verify(rewritten((documents) => documents)).result).toBe("verified");
  });
  test("the card as a document, and a list that is empty", () => {
    expect(verify(rewritten((documents) => documents.map((one) => ({ ...one, name: "card" })))).reasons[0]?.code).toBe("document.mismatch");
    expect(verify(rewritten(() => [])).reasons[0]?.code).toBe("bundle.malformed");
  });
  test("a document whose leaf is hidden; hiding the leaf takes the document along", () => {
    const hidden = hideLeaves(good, ["document/sbom/change.cdx.json"]);
    expect(fromUtf8(hidden)).not.toContain("sbom/change");
    expect(verify(hidden)).toMatchObject({ result: "verified", hidden_leaves: 1, documents: [{ name: "notes.txt" }, { name: "policy/host.rego" }] });
    const parsed = JSON.parse(fromUtf8(hidden) ?? "") as Bundle;
    const smuggled = JSON.parse(fromUtf8(good) ?? "") as Bundle;
    expect(verify(canonicalBytes({ ...parsed, documents: smuggled.documents })).reasons[0]?.code).toBe("document.mismatch");
    expect(fromUtf8(hideLeaves(good, Object.keys(DOCUMENTS)))).not.toContain('"documents":[');
  });
});
