/** Laws of releasing, over any reasons and any releases: nothing is lifted that nobody saw, or that this kind may not lift. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Reason } from "../../proto/decision.ts";
import type { Release, ReleaseKind } from "../../proto/release.ts";
import { applyReleases } from "./apply.ts";
import { decides, marksOf, whyNot } from "./marks.ts";
import { NOBODY, standingOf, type RecordedRelease, type Standing } from "./standing.ts";
import { Roster } from "./roster.ts";

const RULES = ["ci.changed", "secret.token", "gate.conflict", "gate.check-unavailable", "gate.config-broken", "obligation.unavailable", "approval.required", "team.own"] as const;
const mark = (n: number): string => String(n).repeat(64).slice(0, 64);
const marks = fc.uniqueArray(fc.integer({ min: 1, max: 5 }).map(mark), { maxLength: 4 });

const anyReason: fc.Arbitrary<Reason> = fc.record({
  rule: fc.constantFrom(...RULES),
  check: fc.constantFrom(null, "ci"),
  effect: fc.constantFrom("refuse" as const, "hold" as const, "note" as const),
  observed: fc.boolean(),
  because: fc.constantFrom("a", "b"),
  ranges: fc.constant([]),
  excerpt: fc.constant(null),
  fingerprints: marks,
});

function recorded(kind: ReleaseKind, person: string, seen: readonly Reason[], index: number): RecordedRelease {
  const release: Release = {
    request: {
      type: "maestro.release-request", v: 1, kind, trust_domain: "d", mode: "local", repo_id: "r", target_ref: "refs/heads/main", head: "1".repeat(40), gate_id: `gate:${"a".repeat(52)}`, attempt: 1,
      reasons: seen.filter(decides).map((reason) => ({ rule: reason.rule, effect: reason.effect === "refuse" ? "refuse" : "hold", fingerprints: [...marksOf(reason)] })),
      person, reason: "x", expires: kind === "override" ? "2026-11-23T00:00:00Z" : null, second_of: null, nonce: "a".repeat(26), answer_until: "2026-11-22T00:00:00Z",
    },
    proof: { by: "uid", uid: 1000 + person.charCodeAt(0) },
    at: "2026-11-22T00:00:00Z",
  };
  return { release, log_index: index, statement_sha256: mark(index) };
}

const anyRelease = fc.tuple(fc.constantFrom<ReleaseKind>("approve", "override"), fc.constantFrom("a", "b", "c"), fc.array(anyReason, { maxLength: 4 }));
const anyStanding: fc.Arbitrary<Standing> = fc.tuple(fc.array(anyRelease, { maxLength: 4 }), fc.integer({ min: 1, max: 2 })).map(([list, persons]) => ({ ...NOBODY, persons, counted: list.map(([kind, person, seen], i) => recorded(kind, person, seen, i + 1)) }));

test("what nobody saw, what is no hold and what cannot be released stays word for word", () => {
  fc.assert(
    fc.property(fc.array(anyReason, { maxLength: 6 }), anyStanding, (reasons, standing) => {
      const after = applyReleases(reasons, standing);
      expect(after).toHaveLength(reasons.length);
      for (const [i, reason] of reasons.entries()) {
        const lifted = decides(reason) && !decides(after[i]!);
        if (!lifted) {
          expect(after[i]!.effect).toBe(reason.effect);
          continue;
        }
        // By a slow count of people: each mark was seen by enough of those whose release may lift it.
        for (const one of marksOf(reason)) {
          const by = (kind: ReleaseKind) => new Set(standing.counted.filter(({ release: { request } }) => request.kind === kind && request.reasons.some((seen) => seen.rule === reason.rule && seen.fingerprints.includes(one) && (seen.effect === "refuse" || reason.effect === "hold"))).map(({ release }) => release.request.person)).size;
          const approved = whyNot(reason, "approve") === null && by("approve") >= 1;
          const overridden = whyNot(reason, "override") === null && by("override") >= standing.persons;
          expect(approved || overridden).toBe(true);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test("approvals alone never lift a refusal, a house rule or a wanted approval; nothing ever lifts a conflict", () => {
  fc.assert(
    fc.property(fc.array(anyReason, { minLength: 1, maxLength: 6 }), (reasons) => {
      const seen_all = ["a", "b", "c"].flatMap((person, i) => [recorded("approve", person, reasons, i + 1)]);
      for (const [i, after] of applyReleases(reasons, { ...NOBODY, counted: seen_all }).entries()) {
        const { rule, effect } = reasons[i]!;
        if (effect === "refuse" || rule.startsWith("gate.") || rule === "obligation.unavailable" || rule === "approval.required") expect(after.effect).toBe(effect);
      }
      const overridden = applyReleases(reasons, { ...NOBODY, counted: seen_all.map(({ release }, i) => recorded("override", release.request.person, reasons, i + 1)) });
      for (const [i, after] of overridden.entries()) if (reasons[i]!.rule === "gate.conflict") expect(after.effect).toBe(reasons[i]!.effect);
    }),
    { numRuns: 1_000 },
  );
});

test("who counts: listed, allowed, still proved, not the author, not over; and one proof is one person", () => {
  const people = ["a", "b"].map((id) => ({ id, uids: [1000 + id.charCodeAt(0)], emails: [`${id}@x.org`], may: ["approve" as const, "override" as const] }));
  const base = { roster: new Roster(people, {}), submission: { authors: { emails: ["z@x.org"], complete: true }, submitters: [7] }, persons: 2, config_owner: 0, now_s: Date.parse("2026-11-22T12:00:00Z") / 1000 };
  const count = (change: Partial<Parameters<typeof standingOf>[0]>, list = [recorded("override", "a", [], 1), recorded("override", "b", [], 2)]) => standingOf({ ...base, recorded: list, ...change }).counted.length;
  expect(count({})).toBe(2);
  expect(count({ now_s: Date.parse("2026-11-23T00:00:00Z") / 1000 })).toBe(0);
  expect(count({ submission: { authors: { emails: ["b@x.org"], complete: true }, submitters: [7] } })).toBe(0);
  expect(count({ submission: { authors: { emails: [], complete: false }, submitters: [7] } })).toBe(0);
  expect(count({ submission: { ...base.submission, submitters: [1000 + "a".charCodeAt(0)] } })).toBe(0);
  expect(count({ config_owner: 7 })).toBe(0);
  expect(count({ submission: { ...base.submission, submitters: [0] } })).toBe(0);
  expect(count({ roster: new Roster(people.slice(0, 1), {}) })).toBe(0);
  const [one] = [recorded("override", "a", [], 1)];
  const renamed = { ...one!, release: { ...one!.release, request: { ...one!.release.request, person: "b" } } };
  const shared = new Roster(people.map((person) => ({ ...person, uids: [1000 + "a".charCodeAt(0)] })), {});
  expect(count({ roster: shared }, [one!, renamed])).toBe(0);
});
