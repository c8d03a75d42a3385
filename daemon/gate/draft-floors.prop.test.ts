/** Places for statements about drafts: laws that hold whoever asks in whatever order. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DRAFT_STATEMENTS_MAX } from "../../proto/drafting.ts";
import { mayHavePlace, STATEMENTS_BEYOND_MAX, STATEMENTS_FLOOR } from "./draft-floors.ts";
import { tenantOf } from "./intakes.ts";

const OWNER = "red";
const SHARED = { owner_tenant: OWNER, owner_uid: 1_000, repo_id: "acme/shop" };
const lane = (tenant: string): string => tenantOf({ tenant, uid: 1_000 });
const tenant = fc.constantFrom(OWNER, "blue", "green", "grey", "pink", "teal");
const asks = fc.array(tenant, { maxLength: 60 });

/** Who holds a place when these have asked one after the other. */
function after(asked: readonly string[], held: readonly string[] = []): string[] {
  const places = [...held];
  for (const one of asked) if (mayHavePlace(places, lane(one), SHARED)) places.push(lane(one));
  return places;
}
const countOf = (held: readonly string[], name: string): number => held.filter((one) => one === lane(name)).length;

describe("places of one attempt in a shared repository", () => {
  test("never more than there are", () => {
    fc.assert(fc.property(asks, (asked) => void expect(after(asked).length).toBeLessThanOrEqual(DRAFT_STATEMENTS_MAX)));
  });

  test("attack: whatever the others asked for, the gate's own tenant comes to its floor", () => {
    fc.assert(fc.property(asks, (asked) => void expect(countOf(after([OWNER, OWNER], after(asked)), OWNER)).toBeGreaterThanOrEqual(STATEMENTS_FLOOR)));
  });

  test("attack: one tenant that asks without end leaves the gate's own and two others their floors", () => {
    const flood = (one: string): string[] => Array.from({ length: 40 }, () => one);
    fc.assert(
      fc.property(tenant, fc.uniqueArray(tenant.filter((one) => one !== OWNER), { minLength: 2, maxLength: 2 }), (greedy, two) => {
        const others = [OWNER, ...two].filter((one) => one !== greedy);
        const held = after(others.flatMap((one) => [one, one]), after(flood(greedy)));
        expect(countOf(held, greedy)).toBe(STATEMENTS_FLOOR + STATEMENTS_BEYOND_MAX);
        for (const one of others) expect(countOf(held, one)).toBeGreaterThanOrEqual(STATEMENTS_FLOOR);
      }),
    );
  });

  test("who was refused is refused later too: no place comes back by asking on", () => {
    fc.assert(
      fc.property(asks, tenant, (asked, last) => {
        const held = after(asked);
        const refused = !mayHavePlace(held, lane(last), SHARED);
        const later = after(asked, held);
        expect(refused && mayHavePlace(later, lane(last), SHARED)).toBe(false);
      }),
    );
  });

  test("who shares with nobody has all of them: the daemon's own user, and a tenant in its own repository", () => {
    const own = { owner_uid: 7, repo_id: "local:7:shop" };
    const full = (asker: string, row: Parameters<typeof mayHavePlace>[2]): number => {
      const held: string[] = [];
      while (mayHavePlace(held, asker, row)) held.push(asker);
      return held.length;
    };
    expect([full("uid:7", own), full("uid:7", SHARED), full(lane(OWNER), { ...SHARED, repo_id: "local:red:shop" })]).toEqual([DRAFT_STATEMENTS_MAX, DRAFT_STATEMENTS_MAX, DRAFT_STATEMENTS_MAX]);
    expect(full(lane(OWNER), SHARED)).toBe(STATEMENTS_FLOOR + STATEMENTS_BEYOND_MAX);
  });
});
