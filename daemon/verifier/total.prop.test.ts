import { expect, test } from "bun:test";
import fc from "fast-check";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Json } from "../../proto/json.ts";
import { equalBytes, fromUtf8 } from "../../proto/encoding.ts";
import { makeBundle, newRing, NOW, SAMPLE_OUTCOMES } from "../testing/evidence.ts";
import { verifyBundle } from "./bundle.ts";
import { parseNote } from "./note.ts";
import { parseTlogProof } from "./tlog-proof.ts";
import { times } from "../testing/scale.ts";

const ring = newRing();
const bundle = makeBundle(ring, { outcomes: SAMPLE_OUTCOMES.slice(0, 2) });
const documents = [bundle, ring.trust].map((bytes) => JSON.parse(fromUtf8(bytes) ?? "") as Json);

const anyJson = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((n) => n + 0),
    fc.string({ maxLength: 12 }),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 6 }), tie("json"), { maxKeys: 3 }),
  ),
})).json;

/** The document with the value at the `at`-th place, counted depth first, replaced, dropped or doubled. */
function edited(document: Json, at: number, change: "replace" | "drop" | "double", value: Json): Json {
  let left = at;
  const visit = (node: Json): Json => {
    if (left-- === 0) return value;
    if (node === null || typeof node !== "object") return node;
    if (node instanceof Array) {
      const items = node.flatMap((item: Json) => (left === 0 && change !== "replace" ? (left--, change === "drop" ? [] : [item, item]) : [visit(item)]));
      return items;
    }
    const kept = Object.entries(node).flatMap(([key, item]): [string, Json][] => (left === 0 && change === "drop" ? (left--, []) : [[key, visit(item)]]));
    return Object.fromEntries(kept);
  };
  return visit(document);
}

function places(node: Json): number {
  if (node === null || typeof node !== "object") return 1;
  return Object.values(node).reduce<number>((sum, item: Json) => sum + places(item), 1);
}

test("any value anywhere in a bundle or a trust file put in another's place, dropped or doubled: no throw, and never verified", () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 1), fc.nat(), fc.constantFrom("replace" as const, "drop" as const, "double" as const), anyJson, (which, at, change, value) => {
      const document = documents[which] ?? null;
      const mutant = canonicalBytes(edited(document, at % places(document), change, value));
      fc.pre(!equalBytes(mutant, canonicalBytes(document)));
      const answer = which === 0 ? verifyBundle(mutant, ring.trust, { now: NOW }) : verifyBundle(bundle, mutant, { now: NOW });
      expect(answer.result).not.toBe("verified");
      expect(answer.statement).toBeNull();
    }),
    { numRuns: times(400) },
  );
});

test("any bytes as bundle and trust file: no throw, and never verified", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) => {
      expect(verifyBundle(a, b, { now: NOW }).result).toBe("failed");
      expect(verifyBundle(a, ring.trust, { now: NOW }).result).toBe("failed");
    }),
    { numRuns: times(50) },
  );
});

test("any text as a note or a receipt: read whole or not at all", () => {
  const line = fc.constantFrom("", "— a.example AAAAAAAAAA==", "— a.example AAAA", "index 1", "c2sp.org/tlog-proof@v1", "text", "\u0085", "extra AA==");
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n")), (text) => {
      const note = parseNote(text);
      expect(note === null || text.startsWith(`${note.text}\n— `)).toBe(true);
      const proof = parseTlogProof(text);
      expect(proof === null || text.endsWith(`\n\n${proof.checkpoint}`)).toBe(true);
    }),
    { numRuns: times(500) },
  );
});
