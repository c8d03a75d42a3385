import { describe, expect, test } from "bun:test";
import { fromUtf8 } from "../../proto/encoding.ts";
import { makeBundle, newRing, NOW } from "../testing/evidence.ts";
import { verifyBundle } from "./bundle.ts";
import { hideLeaves } from "./hide.ts";

const ring = newRing();
const bundle = makeBundle(ring);
const verify = (bytes: Uint8Array, leaf?: string) => verifyBundle(bytes, ring.trust, { now: NOW, ...(leaf === undefined ? {} : { leaf }) });

describe("hiding", () => {
  test("a leaf takes its value away and leaves the signature whole", () => {
    const hidden = hideLeaves(bundle, ["numeric/coverage"]);
    expect(fromUtf8(bundle)).toContain('"8125"');
    expect(fromUtf8(hidden)).not.toContain('"8125"');
    const answer = verify(hidden);
    expect({ result: answer.result, hidden: answer.hidden_leaves, statement: answer.statement }).toEqual({ result: "verified", hidden: 1, statement: verify(bundle).statement });
  });
  test("the card's leaf takes the card with it", () => {
    const hidden = hideLeaves(bundle, ["document/card"]);
    expect(fromUtf8(hidden)).not.toContain("Speed up the parser");
    expect(fromUtf8(hidden)).toContain('"card":null');
    expect(verify(hidden).result).toBe("verified");
  });
  test("several, and again from what is left, in any order gives the same bytes", () => {
    const once = hideLeaves(bundle, ["check/secrets", "check/ci", "document/facts"]);
    const twice = hideLeaves(hideLeaves(bundle, ["document/facts"]), ["ci", "checks/check/secrets"]);
    expect(twice).toEqual(once);
    expect(verify(once)).toMatchObject({ result: "verified", hidden_leaves: 3 });
  });
  test("identity, unknown names and hidden leaves are refused", () => {
    expect(() => hideLeaves(bundle, ["identity"])).toThrow("stays");
    expect(() => hideLeaves(bundle, ["check/nothing"])).toThrow("check/nothing");
    expect(() => hideLeaves(hideLeaves(bundle, ["ci"]), ["ci"])).toThrow("ci");
    expect(() => hideLeaves(bundle.slice(1), ["ci"])).toThrow("not a Maestro evidence bundle");
  });
});

describe("one leaf by name", () => {
  test("comes with a proof for the signed root", () => {
    const { leaf, statement } = verify(bundle, "check/secrets");
    expect(leaf?.leaf).toMatchObject({ kind: "check", name: "secrets", outcome: "pass" });
    expect(leaf?.size).toBe(statement?.predicate.manifest.size ?? 0);
    expect(leaf?.proof.length).toBe(4);
  });
  test("works by full coordinates, by kind and name, by name alone, and for leaf 0", () => {
    for (const name of ["checks/check/secrets", "check/secrets", "secrets"]) expect(verify(bundle, name).leaf?.index).toBe(verify(bundle, "check/secrets").leaf?.index ?? -1);
    expect(verify(bundle, "identity").leaf?.index).toBe(0);
  });
  test("that is hidden or unknown fails the whole answer", () => {
    expect(verify(hideLeaves(bundle, ["secrets"]), "secrets")).toMatchObject({ result: "failed", statement: null, reasons: [{ code: "leaf.unknown" }] });
    expect(verify(bundle, "nothing").result).toBe("failed");
  });
});
