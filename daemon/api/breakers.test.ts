/** Breakers before routes, and the person's word that closes one before its time. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { BreakerAction, BreakerResetRequest } from "../../proto/breaker.ts";
import { BREAKER_RESET_NAMESPACE } from "../../proto/breaker.ts";
import { canonicalText } from "../../proto/canonical.ts";
import { fromBase64, fromUtf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { resetBreaker, type BreakerResetDeps } from "../gate/releasing/breaker-reset.ts";
import { World } from "../testing/core.ts";
import { FakeSecurityKey } from "../testing/ssh.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import { breaking } from "./breakers.ts";
import type { Outcome, Route } from "./route.ts";

const ALICE = 2001;
const key = new FakeSecurityKey();
let world: World;

beforeAll(async () => {
  const people = [
    { id: "alice", uids: [ALICE], may: ["approve" as const, "override" as const] },
    { id: "bob", uids: [2002], may: ["approve" as const] },
    { id: "carol", ssh_keys: [key.line], may: ["approve" as const, "override" as const] },
  ];
  world = await World.open({ people, limits: { breaker: { failures_max: 2, open_ms: 600_000 } } });
});
afterAll(() => world[Symbol.asyncDispose]());

const broke = new MaestroError("sandbox.failed", "it broke");
const peer = (uid: number) => ({ uid, gid: uid, groups: [], pid: 1 });
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "none", (error: unknown) => (error instanceof MaestroError ? error.code : String(error)));

async function trip(action: BreakerAction, party: string): Promise<BreakerResetRequest> {
  const { breakers } = world.core.watching;
  for (let i = 0; i < 2; i++) await codeOf(breakers.run(action, party, () => Promise.reject(broke)));
  const view = breakers.views(party).find((one) => one.action === action)!;
  return { type: "maestro.breaker-reset", v: 1, trust_domain: world.core.evidence.trust_domain, action, party, trips: view.trips, opened: view.opened!, reason: "the disk was full, it is not any more" };
}

const deps = (): BreakerResetDeps => ({ ...world.core, breakers: world.core.watching.breakers, roster: () => world.core.shelf.roster, config_owner: () => 0, own_uid: 7, inTenant: () => false });
const signed = (request: BreakerResetRequest, namespace = BREAKER_RESET_NAMESPACE) => ({ request, public_key: key.line, signature: key.sign(canonicalText(request), { namespace }) });
const state = (party: string): string => world.core.watching.breakers.views(party)[0]?.state ?? "closed";

test("a person's signature closes it: the entry is in the log before it takes effect, and good once", async () => {
  const request = await trip("build", "web");
  const size = world.core.evidence.logState().size;
  const reply = await resetBreaker(deps(), peer(7), signed(request));
  expect([reply, state("web"), world.core.evidence.logState().size]).toEqual([{ person: "carol", log_index: size }, "closed", size + 1]);
  const again = await trip("build", "web");
  // The clock of this test stands still, so the two openings have one time.
  expect([again.opened, again.trips]).toEqual([request.opened, request.trips + 1]);
  expect(await codeOf(resetBreaker(deps(), peer(7), signed(request)))).toBe("release.stale");
  expect(state("web")).toBe("open");
});

test("what is logged names the person, the breaker and the reason", async () => {
  const request = await trip("keyless", "web");
  const kept: Uint8Array[] = [];
  const evidence = { ...world.core.evidence, resetBreaker: (...given: Parameters<typeof world.core.evidence.resetBreaker>) => world.core.evidence.resetBreaker(given[0], (bytes) => (kept.push(bytes), given[1](bytes)), given[2]) };
  await resetBreaker({ ...deps(), evidence }, peer(ALICE), { request });
  const { payload } = JSON.parse(fromUtf8(kept[0]!) ?? "{}") as { payload: string };
  expect(JSON.parse(fromUtf8(fromBase64(payload)!) ?? "{}")).toMatchObject({ predicateType: "urn:maestro:predicate:breaker-reset:v1", predicate: { person: "alice", proof: { by: "uid", uid: ALICE }, request } });
});

test("attacks: another breaker's signature, another namespace's, somebody who may not override, one's own breaker, nobody at all", async () => {
  const request = await trip("ship", "lib");
  const other = await trip("ship", "docs");
  const stolen = { ...signed(other), request };
  const tried = [stolen, signed(request, "maestro-release"), { request, public_key: key.line }];
  for (const ask of tried) expect(await codeOf(resetBreaker(deps(), peer(7), ask))).toBe("release.denied");
  for (const uid of [2002, 9999]) expect(await codeOf(resetBreaker(deps(), peer(uid), { request }))).toBe("release.denied");
  expect(await codeOf(resetBreaker({ ...deps(), inTenant: () => true }, peer(ALICE), { request }))).toBe("release.denied");
  expect(await codeOf(resetBreaker(deps(), peer(7), signed({ ...request, reason: "what you looked at" })))).toBe("request.malformed");
  const own = await trip("override", String(ALICE));
  expect(await codeOf(resetBreaker(deps(), peer(ALICE), { request: own }))).toBe("release.denied");
  expect([state("lib"), state(String(ALICE))]).toEqual(["open", "open"]);
});

test("an entry that cannot be logged closes nothing", async () => {
  const request = await trip("rotate", "lib");
  const evidence = { ...world.core.evidence, resetBreaker: () => Promise.reject(new MaestroError("evidence.log", "full")) };
  expect(await codeOf(resetBreaker({ ...deps(), evidence }, peer(7), signed(request)))).toBe("evidence.log");
  expect(world.core.watching.breakers.views("lib").find(({ action }) => action === "rotate")?.state).toBe("open");
});

/** A route that answers as it is told. */
function routeOf(name: Route["name"], run: () => Promise<Outcome>): Route {
  const inner: Pick<Route, "name" | "run"> = { name, run };
  const [wrapped] = breaking([{ ...inner, shape: { method: "POST", path: "/x", body: "json", reply: "json" }, summary: "", access: "any", params: {}, request: null, reply: {} as Route["reply"], body_bytes_max: 0 }], world.core.watching.breakers);
  return wrapped!;
}
const call = (who: ReturnType<typeof tenant>) => ({ principal: who, id: "r", peer: peer(who.uid), signal: new AbortController().signal });
const NOTHING = new ReadableStream<Uint8Array>();

test("a route that reaches far stops being asked after its failures, for that party; one that does not never does", async () => {
  const failing = () => Promise.reject(broke);
  const rotate = routeOf("rotateLog", failing);
  const codes = [];
  for (let i = 0; i < 4; i++) codes.push(await codeOf(rotate.run(call(ownUser(0)), {}, {}, NOTHING)));
  expect(codes).toEqual(["sandbox.failed", "sandbox.failed", "breaker.open", "breaker.open"]);
  expect(await codeOf(rotate.run(call(tenant("elsewhere", 3000)), {}, {}, NOTHING))).toBe("sandbox.failed");
  const status = routeOf("status", failing);
  for (let i = 0; i < 4; i++) expect(await codeOf(status.run(call(ownUser(0)), {}, {}, NOTHING))).toBe("sandbox.failed");
});

test("attack: an agent that tries to override again and again is cut off, and approvals go on", async () => {
  const ask = routeOf("askRelease", () => Promise.reject(new MaestroError("release.denied", "an agent")));
  const kinds = ["override", "override", "override", "approve"];
  const codes = [];
  for (const kind of kinds) codes.push(await codeOf(ask.run(call(tenant("agents", 4000)), {}, { kind }, NOTHING)));
  expect(codes).toEqual(["release.denied", "release.denied", "breaker.open", "release.denied"]);
});

test("a reply of events counts by its end: a failure in the middle is one, a reader that leaves is none", async () => {
  const events = (fail: boolean) => async function* (): AsyncGenerator<unknown, void> {
    yield await Promise.resolve({ event: "one" });
    if (fail) throw broke;
    yield { event: "two" };
  };
  const read = async (fail: boolean, count: number): Promise<void> => {
    const outcome = await routeOf("build", () => Promise.resolve({ kind: "events", events: events(fail)() })).run(call(tenant("streams", 5000)), {}, {}, NOTHING);
    if (outcome.kind !== "events") throw new Error("no events");
    for (let i = 0; i < count; i++) if ((await outcome.events.next()).done === true) return;
    await outcome.events.return();
  };
  for (let i = 0; i < 3; i++) await read(false, 1);
  expect(state("streams")).toBe("closed");
  for (let i = 0; i < 2; i++) expect(await codeOf(read(true, 9))).toBe("sandbox.failed");
  expect(await codeOf(read(false, 9))).toBe("breaker.open");
});
