/** Verdicts in order and the evidence for them: all of them, in pages, and to each reader its own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { gateId } from "../../proto/change.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { BundleReply, FeedReply } from "../../proto/feed.ts";
import { recordGate } from "../gate/record.ts";
import type { Principal } from "../tenants/index.ts";
import { recordInput } from "../testing/evidence.ts";
import { World } from "../testing/core.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import { verifyBundle } from "../verifier/index.ts";
import { feedRoutes } from "./feed.ts";

const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };
const [A, B] = [1001, 1002];
let world: World;
const ids: string[] = [];

beforeAll(async () => {
  world = await World.open();
  for (const [i, uid] of [A, B, A].entries()) {
    const input = recordInput(world.core.evidence.trust_domain, 1);
    const identity = { ...input.identity, repo_id: `local:${uid}:x`, head: String(i + 1).repeat(40) };
    const card = { ...input.card, repository: identity.repo_id, head: identity.head };
    const { gate_id } = await recordGate(world.core, { uid, tenant: `t${uid}` }, { ...input, identity, card: { ...card, gate_id: gateId(identity) } }, () => TIMINGS);
    ids.push(gate_id);
  }
});
afterAll(() => world[Symbol.asyncDispose]());

async function ask(name: "feed" | "gateBundle", principal: Principal, params: Record<string, string>): Promise<unknown> {
  const route = feedRoutes(world.core).find((one) => one.name === name)!;
  const call = { principal, id: "r", peer: { uid: principal.uid, gid: 0, pid: 1, groups: [] }, signal: new AbortController().signal };
  const outcome = await route.run(call, params, undefined, new ReadableStream());
  if (outcome.kind !== "json") throw new Error("no document");
  return outcome.value;
}

async function feed(principal: Principal, after: number): Promise<FeedReply> {
  const reply = await ask("feed", principal, { after: String(after) });
  if (!Value.Check(FeedReply, reply)) throw new Error(JSON.stringify(reply));
  return reply;
}

describe("GET /v1/feed/:after", () => {
  test("from a place on, and nothing twice; at the end the same place again", async () => {
    expect((await feed(ownUser(0), 0)).entries.map(({ place, gate_id }) => [place, gate_id])).toEqual(ids.map((id, i) => [i, id]));
    expect(await feed(ownUser(0), 2)).toMatchObject({ next: 3, more: false, total: 3, entries: [{ place: 2, head: "3".repeat(40) }] });
    expect(await feed(ownUser(0), 3)).toMatchObject({ next: 3, total: 3, entries: [] });
  });

  test("a tenant sees its own, and moves past the others'", async () => {
    const reply = await feed(tenant(`t${B}`, B), 0);
    expect([reply.entries.map(({ gate_id }) => gate_id), reply.next]).toEqual([[ids[1]!], 3]);
  });

  test.each(["-1", "x", "1e3", "9".repeat(16)])("%p is no place", async (after) => {
    await expect(ask("feed", ownUser(0), { after })).rejects.toMatchObject({ code: "request.malformed" });
  });
});

describe("GET /v1/gates/:id/bundle", () => {
  test("the bytes verify; somebody else's gate is as unknown as none", async () => {
    const reply = await ask("gateBundle", tenant(`t${A}`, A), { id: ids[0]! });
    if (!Value.Check(BundleReply, reply)) throw new Error(JSON.stringify(reply));
    expect(verifyBundle(fromBase64(reply.bundle)!, world.core.evidence.trust_bytes, { now: new Date(world.clock.now_ms() + 60_000) })).toMatchObject({ result: "verified", statement: { predicate: { gate_id: ids[0]! } } });
    for (const id of [ids[1]!, "zzzzzzzz"]) await expect(ask("gateBundle", tenant(`t${A}`, A), { id })).rejects.toMatchObject({ code: "request.not_found" });
  });
});
