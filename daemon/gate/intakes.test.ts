import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { IntakeId } from "../../proto/api.ts";
import { IntakeLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { FakeClock } from "../testing/clock.ts";
import { SeededRandom } from "../testing/random.ts";
import { Intakes } from "./intakes.ts";
import { ownUser, tenant } from "../testing/tenants.ts";

const limits = { ...Value.Create(IntakeLimits), intakes_max: 3, intake_idle_ttl_ms: 1000 };
const request = { repository: "demo", object_format: "sha1" as const, cuts: ["c".repeat(40)], tips: ["a".repeat(40)] };

function fresh() {
  const clock = new FakeClock();
  return { clock, intakes: new Intakes(limits, clock, new SeededRandom("intakes")) };
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
  return "none";
}

test("an intake is what was announced, under an id of the route's form that nobody guesses", () => {
  const { intakes } = fresh();
  const first = intakes.open(ownUser(7), request);
  const second = intakes.open(ownUser(7), request);
  expect(first).toMatchObject({ uid: 7, object_format: "sha1", cuts: request.cuts, tips: request.tips, received: false });
  expect(Value.Check(IntakeId, first.id)).toBe(true);
  expect(second.id).not.toBe(first.id);
  expect(intakes.get(ownUser(7), first.id)).toBe(first);
});

test("attack: another user's intake is unknown in the same words as one that never was", () => {
  const { intakes } = fresh();
  const { id } = intakes.open(ownUser(7), request);
  const message = (call: () => unknown) => expect(call).toThrow(new MaestroError("intake.unknown", id));
  message(() => intakes.get(ownUser(8), id));
  message(() => intakes.get(ownUser(0), id));
  message(() => new Intakes(limits, new FakeClock(), new SeededRandom("other")).get(ownUser(7), id));
  expect(intakes.get(ownUser(7), id).uid).toBe(7);
});

test("attack: the same user in a tenant's name does not take over what it opened in its own", () => {
  const { intakes } = fresh();
  const { id } = intakes.open(ownUser(7), request);
  expect(codeOf(() => intakes.get(tenant("web", 7), id))).toBe("intake.unknown");
  expect(intakes.get(ownUser(7), id).id).toBe(id);
});

test("attack: a repository that the tenant may not name is refused before anything is opened", () => {
  const { intakes } = fresh();
  const narrow = tenant("web", 8, { repositories: [["acme/*"]] });
  expect(codeOf(() => intakes.open(narrow, { ...request, repository: "other/app" }))).toBe("auth.denied");
  expect(intakes.open(narrow, { ...request, repository: "acme/app" }).repo_id).toBe("local:8:acme/app");
});

test("attack: the same name from two users, or a name made to look like another user's, is never one repository", () => {
  const { intakes } = fresh();
  const ids = [intakes.open(ownUser(7), request), intakes.open(ownUser(8), request), intakes.open(ownUser(7), { ...request, repository: "8:demo" })].map(({ repo_id }) => repo_id);
  expect(new Set(ids).size).toBe(3);
});

test("an intake nobody uses is forgotten, and each use keeps it", () => {
  const { clock, intakes } = fresh();
  const [used, unused] = [intakes.open(ownUser(7), request), intakes.open(ownUser(7), request)];
  clock.advance(700);
  intakes.get(ownUser(7), used.id);
  clock.advance(700);
  expect(intakes.get(ownUser(7), used.id).id).toBe(used.id);
  expect(codeOf(() => intakes.get(ownUser(7), unused.id))).toBe("intake.unknown");
  clock.setWall(0);
  expect(intakes.get(ownUser(7), used.id).id).toBe(used.id);
});

test("asking for another user's intake does not keep it alive", () => {
  const { clock, intakes } = fresh();
  const { id } = intakes.open(ownUser(7), request);
  clock.advance(900);
  expect(codeOf(() => intakes.get(ownUser(8), id))).toBe("intake.unknown");
  clock.advance(900);
  expect(codeOf(() => intakes.get(ownUser(7), id))).toBe("intake.unknown");
});

test("past intakes_max the next one is refused as busy, until an old one is forgotten", () => {
  const { clock, intakes } = fresh();
  for (let i = 0; i < limits.intakes_max; i++) intakes.open(ownUser(7), request);
  expect(codeOf(() => intakes.open(ownUser(7), request))).toBe("request.busy");
  clock.advance(1001);
  expect(intakes.open(ownUser(7), request).uid).toBe(7);
});

test("a hundred gates in a row: what has arrived makes room, the oldest first", () => {
  const { clock, intakes } = fresh();
  const ids: string[] = [];
  for (let i = 0; i < 100; i++) {
    const intake = intakes.open(ownUser(7), request);
    intake.received = true;
    ids.push(intake.id);
    clock.advance(1);
  }
  expect(codeOf(() => intakes.get(ownUser(7), ids[96] ?? ""))).toBe("intake.unknown");
  expect(ids.slice(97).map((id) => intakes.get(ownUser(7), id).id)).toEqual(ids.slice(97));
});

test("attack: one user's announcements keep no other user out, and take nothing of theirs", () => {
  const { intakes } = fresh();
  for (let i = 0; i < limits.intakes_max; i++) intakes.open(ownUser(666), request);
  const mine = intakes.open(ownUser(7), request);
  for (let i = 0; i < 10; i++) codeOf(() => intakes.open(ownUser(666), request));
  expect(intakes.get(ownUser(7), mine.id)).toBe(mine);
  expect(codeOf(() => intakes.open(ownUser(666), request))).toBe("request.busy");
});
