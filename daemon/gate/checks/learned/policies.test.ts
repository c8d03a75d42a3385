import { describe, expect, test } from "bun:test";
import { toBase64, utf8 } from "../../../../proto/encoding.ts";
import type { Facts, RunnerFile } from "../../../../proto/facts.ts";
import type { RoutingPolicy } from "../../../../proto/routing-policy.ts";
import { outcomeOf } from "../../../testing/checks.ts";
import { policyFor } from "../../testing/learned.ts";
import learning from "../learning.ts";
import { policyDelta } from "./delta.ts";
import { policyDocument, type PolicyDocument } from "./document.ts";

const PATH = "routing/review.json";
const ENTRY = { path: PATH, router: "review" };
const OLD = policyFor("large");
const base64 = (text: string): string => toBase64(utf8(text));

function documentOf(text: string): PolicyDocument {
  const document = policyDocument(utf8(text), "review");
  if ("problem" in document) throw new Error(document.problem);
  return document;
}

const report = (verdict: string, candidate = documentOf(policyFor("small")).digest): string => JSON.stringify({ verdict, reasons: [], gain: { lower: -0.1, upper: 0.1, needed: 0 }, more: 7, constraints: [], router: "review", candidate });

async function judged(file: Partial<RunnerFile>, learned: Partial<Facts["learned"]> = {}, evaluated: string | undefined = report("promote")) {
  const { result, findings, because } = await outcomeOf(learning, [{ path: PATH, old: OLD, new: "x" }], { learned: { entries: [ENTRY], files: [{ path: PATH, old: base64(OLD), new: base64(policyFor("small")), unread: null, ...file }], ...learned }, evaluated });
  return [result, findings.map(({ rule }) => rule), because];
}

describe("whatever a change does to a declared policy, it does not pass in silence", () => {
  test.each([
    ["deleted or renamed away", { new: null }, "learning.removed"],
    ["a link, or too long", { new: null, unread: "a link stands there" }, "learning.unreadable"],
    ["no policy", { new: base64("[]") }, "learning.unreadable"],
    ["no JSON", { new: base64("{") }, "learning.unreadable"],
    ["two documents in one", { new: base64(policyFor("small") + policyFor("small")) }, "learning.unreadable"],
    ["a key that stands there twice", { new: base64(policyFor("small").replace('"v":1', '"v":1,"v":1')) }, "learning.unreadable"],
    ["of another router", { new: base64(policyFor("small", { router: "other" })) }, "learning.unreadable"],
  ] as const)("%s", async (_, file, rule) => {
    expect(await judged(file)).toEqual(["fail", [rule], null]);
  });

  test("what is wrong at the base is no fault of the change that mends it", async () => {
    expect(await judged({ old: null, unread: "a link stands there" })).toEqual(["pass", [], null]);
  });

  test("the policy of the base laid out otherwise is the policy of the base: nobody is asked, and nobody is told that it does harm", async () => {
    const spread = JSON.stringify(JSON.parse(OLD), null, 2);
    expect([spread === OLD, await judged({ new: base64(spread) }, {}, report("reject", documentOf(OLD).digest))]).toEqual([false, ["pass", [], null]]);
    expect(await judged({ old: base64("[]"), new: base64(OLD) }, {}, report("reject", documentOf(OLD).digest))).toEqual(["fail", ["learning.rejected"], null]);
  });

  test("attack: what a finding says of a policy whose numbers are hidden", async () => {
    const messages = async (hide: boolean): Promise<string[]> => (await outcomeOf(learning, [{ path: PATH, old: OLD, new: "x" }], { learned: { entries: [{ ...ENTRY, hide }], files: [{ path: PATH, old: base64(OLD), new: base64(policyFor("small")), unread: null }] }, evaluated: report("insufficient") })).findings.map(({ message }) => message);
    expect([(await messages(false))[0], (await messages(true))[0]]).toEqual([expect.stringContaining("about 7 more"), expect.not.stringContaining("7 more")]);
  });

  test("attack: the entry goes, names another router or a second file, or maestro.yaml cannot be read", async () => {
    for (const after of [{ entries: [] }, { entries: [{ path: PATH, router: "other" }] }, { entries: [{ path: "second.json", router: "review" }] }, { broken: "no YAML" }]) {
      expect(await judged({}, { files: [], after })).toEqual(["fail", ["learning.removed"], null]);
    }
    expect(await judged({}, { after: { entries: [{ ...ENTRY }, { path: "b.json", router: "b" }] } })).toEqual(["pass", [], null]);
  });

  test("attack: a report of another candidate, no report, and no log at all vouch for nothing", async () => {
    expect(await judged({}, {}, report("promote", "0".repeat(64)))).toEqual(["unavailable", [], `${PATH}: the report is of another candidate`]);
    const { result, because } = await outcomeOf(learning, [{ path: PATH, old: OLD, new: "x" }], { learned: { entries: [ENTRY], files: [{ path: PATH, old: base64(OLD), new: base64(policyFor("small")), unread: null }] } });
    expect([result, because]).toEqual(["unavailable", `${PATH} was not held against the log of review`]);
  });
});

describe("which cells have another arm", () => {
  const seen = (arm: string, mean: number, count = 100) => ({ arm, mean, count });
  const policy = (cells: RoutingPolicy["cells"], edges = [10]): PolicyDocument => documentOf(policyFor("large", { buckets: [{ field: "size", edges }], cells }));
  const place = { router: "review", path: PATH };
  const small = [seen("large", 0.4), seen("small", 0.6)];
  const large = [seen("large", 0.7), seen("small", 0.6)];

  test("the heaviest first, by share of what was counted, in words", () => {
    const delta = policyDelta(place, policy([{ at: [0], seen: large }, { at: [1], seen: large }]), policy([{ at: [0], seen: small }, { at: [1], seen: large }]));
    expect(delta).toMatchObject({ cells: 2, changed: 1, mass_ppm: 500_000, listed: [{ where: "size below 10", from: "large", to: "small", mass_ppm: 500_000 }] });
  });

  test("too few seen, or a baseline that was not, is the baseline; a cell that is gone is, too", () => {
    const after = policy([{ at: [0], seen: [seen("large", 0.1), seen("small", 0.9, 29)] }, { at: [1], seen: [seen("small", 0.9)] }]);
    expect(policyDelta(place, null, after)).toMatchObject({ before: null, changed: 0, mass_ppm: 0, listed: [] });
    expect(policyDelta(place, policy([{ at: [0], seen: small }]), policy([]))).toMatchObject({ cells: 1, changed: 1, mass_ppm: 1_000_000, listed: [{ from: "small", to: "large" }] });
  });

  test("against other buckets it is held against the baseline, and no cell of theirs counts for one of its", () => {
    expect(policyDelta(place, policy([{ at: [0], seen: small }], [5]), policy([{ at: [0], seen: small }]))).toMatchObject({ cells: 1, changed: 1, listed: [{ from: "large", to: "small" }] });
  });
});
