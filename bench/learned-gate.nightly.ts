/** Learned policies through the whole gate, the longer part: whatever a change does to a declared policy, and a log that grows between two gates. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { GateResult } from "../proto/api.ts";
import { canonicalNumbers } from "../proto/canonical.ts";
import { fromBase64 } from "../proto/encoding.ts";
import { EVALUATION_PREDICATE } from "../proto/predicates/derived.ts";
import { oneDocument, World as CommandLine } from "../daemon/e2e/testing/world.ts";
import { checkOf, documentOf, rulesOf } from "../daemon/gate/testing/formal.ts";
import { BASE, declaring, LearnedWorld, PATH, policyFor } from "../daemon/gate/testing/learned.ts";
import { verifyBundle } from "../daemon/verifier/index.ts";

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

test("too few decisions hold it with about how many more; the same head asked again is judged by what came since, and nobody has to say --rerun", async () => {
  await using young = await LearnedWorld.open();
  await young.decide(40);
  const early = await young.gated({ [PATH]: policyFor("small") });
  expect([early.verdict, rulesOf(early)]).toEqual(["hold", ["learning.insufficient hold"]]);
  expect(early.card.learned?.[0]?.more).toBeGreaterThan(0);
  expect(early.card.reasons[0]?.because).toMatch(/about \d+ more episodes/);
  await young.decide(1_600);
  const later = await early.again();
  expect([later.verdict, later.attempt, later.gate_id]).toEqual(["admit", 2, early.gate_id]);
});

test("attack: deleted, renamed, a link, no policy, two documents in one, another router's, too long: none of them passes in silence", async () => {
  const held = async (head: Readonly<Record<string, string | null>>, rename?: readonly [string, string]) => {
    const result = await world.gated(head, BASE, rename);
    return [result.verdict, ...rulesOf(result).filter((rule) => rule.startsWith("learning."))];
  };
  expect(await held({ [PATH]: null })).toEqual(["hold", "learning.removed hold"]);
  expect(await held({ "README.md": "b\n" }, [PATH, "routing/other.json"])).toEqual(["hold", "learning.removed hold"]);
  for (const text of ["[]\n", `${policyFor("small")}${policyFor("small")}`, policyFor("small", { router: "other" }), `${" ".repeat(705 * 1024)}${policyFor("small")}`]) expect(await held({ [PATH]: text })).toEqual(["refuse", "learning.unreadable refuse"]);
  const source = world.world.scratch.source("linked");
  await source.commit({ ...BASE }, "base");
  const target = source.git("rev-parse", "HEAD");
  source.git("rm", "-q", PATH);
  mkdirSync(dirname(join(source.path, PATH)), { recursive: true });
  symlinkSync("../README.md", join(source.path, PATH));
  const head = await source.commit({ "README.md": policyFor("small") }, "link");
  const linked = await world.world.gate(await world.world.received(source, [target, head], "linked"), { target_ref: "refs/heads/main", target, head });
  expect([linked.verdict, rulesOf(linked)]).toEqual(["refuse", ["learning.unreadable refuse"]]);
});

test("attack: the entry leaves maestro.yaml, or names a second file for its router, and the policy comes along", async () => {
  for (const config of ["version: 1\n", "version: 1\nlearned: [{path: routing/second.json, router: review}]\n", "version: [\n"]) {
    const result = await world.gated({ "maestro.yaml": config, "routing/second.json": policyFor("tiny") });
    expect([result.verdict, rulesOf(result)]).toEqual(["hold", ["learning.removed hold"]]);
  }
});

test("a policy of a router that the host does not have, and one with an arm that it has not, cannot be judged, so they are held", async () => {
  const declared = { ...BASE, "maestro.yaml": declaring().replace("router: review", "router: unknown") };
  const unknown = await world.gated({ [PATH]: policyFor("small", { router: "unknown" }) }, declared);
  expect([unknown.verdict, checkOf(unknown, "learning")?.result, checkOf(unknown, "learning")?.because]).toEqual(["hold", "unavailable", expect.stringContaining("no router unknown")]);
  const arm = await world.gated({ [PATH]: policyFor("small", { baseline: "huge" }) });
  expect([arm.verdict, checkOf(arm, "learning")?.result, checkOf(arm, "learning")?.because]).toEqual(["hold", "unavailable", expect.stringContaining("baseline is huge")]);
});

test("a gain that is hidden stands in no document, card or message, and is proved to be within its bound", async () => {
  const result = await world.gated({ [PATH]: policyFor("small") }, { ...BASE, "maestro.yaml": declaring("    hide: true\n") });
  const shown = verified(bytesOf(result));
  expect([result.verdict, gainOf(result)?.value, gainOf(result)?.hidden, result.card.learned?.[0]?.gain]).toEqual(["admit", null, true, null]);
  expect(shown.ranges?.map(({ obligation, result: proved, min, bounds }) => [obligation, proved, min, bounds])).toEqual([["learning/review/gain", "proved", "0", "configuration"]]);
  expect([documentOf(result, "learning/review.json"), saidOf(result)]).toEqual([null, []]);
});

test("a change of something else asks nothing of the log", async () => {
  const result = await world.gated({ "README.md": "b\n" });
  expect([result.verdict, checkOf(result, "learning")?.result, result.card.learned, result.card.obligations]).toEqual(["admit", "not_applicable", undefined, undefined]);
  expect(canonicalNumbers(result.card)).not.toContain("learning/");
});

test("maestro demo learn, as a newcomer runs it: held, admitted, refused, held, and every step's evidence verifies", async () => {
  const cli = new CommandLine();
  try {
    const document = oneDocument(await cli.run(["demo", "learn", "--json"], { cwd: "/" })) as { readonly as_told: boolean; readonly unexpected: readonly string[]; readonly steps: readonly { readonly command: string; readonly exit: number }[] };
    expect([document.unexpected, document.as_told]).toEqual([[], true]);
    const exits = (part: string): number[] => document.steps.filter(({ command }) => command.includes(part)).map(({ exit }) => exit);
    expect([exits("maestro gate"), exits("maestro verify")]).toEqual([[3, 0, 1, 3], [0, 0, 0, 0, 1]]);
  } finally {
    await cli.dispose();
  }
}, 120_000);
