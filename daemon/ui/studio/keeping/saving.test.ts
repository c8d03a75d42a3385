import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { INVARIANT_NAME } from "../../../../proto/ui.ts";
import { makeBundle, newRing } from "../../../testing/evidence.ts";
import { HEAD_BYTES, kindOf } from "./dropped.ts";
import { nameFor, standing } from "./saving.ts";

const FOLDER = join(import.meta.dir, "../../../../invariants");
const disk = (text: string) => ({ name: "a.yaml", text, sha256: text.repeat(64).slice(0, 64) });
const base = (text: string) => disk(text);

describe("what saving would do", () => {
  test("only a file that is as it was when the text began, or none for a new rule, is written without asking who else wrote", () => {
    expect(standing("a.yaml", "c", base("b"), disk("b"))).toEqual({ is: "changes", disk: disk("b") });
    expect(standing("a.yaml", "c", null, null)).toEqual({ is: "new" });
    expect(standing("a.yaml", "b", base("a"), disk("b"))).toEqual({ is: "same", disk: disk("b") });
    expect(standing("a.yaml", "c", base("a"), disk("b"))).toEqual({ is: "conflict", began: "a", disk: disk("b") });
    expect(standing("a.yaml", "c", base("a"), null)).toEqual({ is: "conflict", began: "a", disk: null });
    expect(standing("a.yaml", "c", null, disk("b"))).toEqual({ is: "conflict", began: null, disk: disk("b") });
    // Saved under another name: what it began as says nothing of that file.
    expect(standing("b.yaml", "c", base("a"), { ...disk("a"), name: "b.yaml" })).toEqual({ is: "conflict", began: null, disk: { ...disk("a"), name: "b.yaml" } });
    expect(standing("b.yaml", "c", base("a"), null)).toEqual({ is: "new" });
  });

  test("whatever a rule is called, its file's name is one that a folder takes", () => {
    expect([nameFor("TEAM.CALL.CAP"), nameFor(""), nameFor(undefined)]).toEqual(["team-call-cap.yaml", "invariant.yaml", "invariant.yaml"]);
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 120 }).map((points) => String.fromCodePoint(...points)), (id) => INVARIANT_NAME.test(nameFor(id))), { numRuns: 100 });
  });
});

test("files are told apart by what is in them", () => {
  const head = (text: string): string => text.slice(0, HEAD_BYTES);
  for (const name of readdirSync(FOLDER).filter((one) => one.endsWith(".yaml") && one !== "targets.yaml")) expect([name, kindOf("dropped", head(readFileSync(join(FOLDER, name), "utf8")), 100)]).toEqual([name, name === "events.yaml" ? "catalogue" : "invariant"]);
  expect(kindOf("b", head(new TextDecoder().decode(makeBundle(newRing()))), 100)).toBe("bundle");
  for (const line of ['{"event":"a","with":{}}', '{"at": "10m"}', '{"v":1,"place":4,"gate_id":"x"}\n{"v', `{"actor":{},"gate_id":"${"x".repeat(100)}`]) expect([line, kindOf("x.txt", line, 100)]).toEqual([line, "events"]);
  for (const cex of ['{"engine":"tlc","inputs":null', '{ "type": "maestro.cex/v1"}']) expect(kindOf("x", cex, 100)).toBe("counterexample");
  expect([kindOf("x.yaml", "half: ", 100), kindOf("x.ndjson", "{", 100), kindOf("x", "PK\u0003", 100), kindOf("x", "id: A", 10_000_000)]).toEqual(["invariant", "events", "unknown", "too large"]);
});
