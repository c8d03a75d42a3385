/** Who may have a statement signed once more, and what is handed over for it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import type { Bundle } from "../../proto/bundle.ts";
import { fromBase64, toBase64 } from "../../proto/encoding.ts";
import { KeylessSigned } from "../../proto/keyless.ts";
import { recordGate } from "../gate/record.ts";
import { readReply } from "../gate/reply.ts";
import { recordInput } from "../testing/evidence.ts";
import { World } from "../testing/core.ts";
import { ownUser } from "../testing/tenants.ts";
import { keylessRoutes } from "./keyless.ts";

const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };
let world: World;
beforeAll(async () => void (world = await World.open()));
afterAll(() => world[Symbol.asyncDispose]());

const routeWith = (keyless: Parameters<typeof keylessRoutes>[0]["keyless"]) => keylessRoutes({ ...world.core, keyless }).find(({ name }) => name === "keyless")!;
const ask = (route: ReturnType<typeof routeWith>, id: string) =>
  route.run({ principal: ownUser(0), id: "r", peer: { uid: 0, gid: 0, pid: 1, groups: [] }, signal: new AbortController().signal }, { id }, undefined, new ReadableStream());

test("POST /v1/gates/:id/keyless is the operator's, hands over the recorded statement byte for byte, and leaves the evidence as it was", async () => {
  const input = recordInput(world.core.evidence.trust_domain, 1);
  const { gate_id } = await recordGate(world.core, { uid: 0, tenant: "local" }, input, () => TIMINGS);
  const row = world.core.gates.attempts(gate_id)[0]!;
  const before = (await readReply(world.core.artifacts, row))!.bundle;
  const handed: Uint8Array[] = [];
  const route = routeWith({ sign: (payload) => (handed.push(payload), Promise.resolve({ bundle: "{}\n", identity: "me", issuer: "https://issuer.example.org" })) });
  expect(route.access).toBe("operator");
  const outcome = await ask(route, gate_id);
  const reply = outcome.kind === "json" ? outcome.value : null;
  if (!Value.Check(KeylessSigned, reply)) throw new Error(JSON.stringify(reply));
  expect({ ...reply, bundle: Buffer.from(fromBase64(reply.bundle)!).toString() }).toEqual({ gate_id, attempt: 1, bundle: "{}\n", identity: "me", issuer: "https://issuer.example.org" });
  const { attestations } = JSON.parse(Buffer.from(before).toString()) as Bundle;
  expect(handed.map(toBase64)).toEqual([attestations[0]!.dsseEnvelope.payload]);
  expect((await readReply(world.core.artifacts, row))!.bundle).toEqual(before);
});

test("a daemon whose operator configured nothing says so, and so does a gate that is not there", async () => {
  await expect(ask(routeWith(world.core.keyless), "zzzzzzzz")).rejects.toMatchObject({ code: "request.not_found", detail: expect.not.stringContaining("keyless") });
  await expect(world.core.keyless.sign(new Uint8Array())).rejects.toMatchObject({ code: "request.not_found", detail: expect.stringContaining("names no keyless services") });
});
