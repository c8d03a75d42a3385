/** The routes of gating over a real socket, with a real core behind them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { ConfigReply, GateReply, RulesReply, type GateEvent, type ReplayEvent } from "../../proto/api.ts";
import { JSON_TYPE } from "../../proto/routes.ts";
import { explainConfig } from "../config/explain.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { World } from "../testing/core.ts";
import { gateRoutes } from "./gates.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

let world: World;
let api: ServedApi;
let source: Source;
let base: string;
let head: string;
let expected = 0;
beforeAll(async () => {
  world = await World.open();
  const { core, config } = world;
  const { host, clock } = core.options;
  const routes = gateRoutes({ ...core, rules: [...core.rules], clock, config: () => explainConfig(config, host), limits: host.limits, expectWork: () => void expected++ });
  api = await serve({ routes });
  source = world.scratch.source();
  base = await source.commit({ a: "1\n" });
  head = await source.commit({ b: "2\n" });
});
afterAll(async () => {
  await api.end();
  await world[Symbol.asyncDispose]();
});

const post = (path: string, body: unknown): Promise<Response> => api.fetch(path, { method: "POST", headers: { "content-type": JSON_TYPE }, body: JSON.stringify(body) });
const put = (id: string, body: Uint8Array): Promise<Response> => api.fetch(`/v1/intakes/${id}/pack`, { method: "PUT", body });

async function open(): Promise<string> {
  const reply = await post("/v1/intakes", { repository: "demo", object_format: "sha1", cuts: [], tips: [base, head] });
  const { intake_id } = (await reply.json()) as { intake_id: string };
  return intake_id;
}

async function eventsOf<Event>(reply: Response): Promise<Event[]> {
  const lines = (await reply.text()).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Event);
}

const gate = async (intake_id: string) => eventsOf<GateEvent>(await post("/v1/gates", { intake_id, target_ref: "refs/heads/main", target: head, head }));

test("announce, send, gate, look up: the recorded gate is the one that was answered", async () => {
  const id = await open();
  const sent = await put(id, source.body([base, head], [base, head]));
  expect(await sent.json()).toMatchObject({ warnings: [] });
  const events = await gate(id);
  const result = events.at(-1);
  if (result?.event !== "result") throw new Error(JSON.stringify(result));
  expect(events.slice(0, -1).every(({ event }) => event === "progress")).toBe(true);
  expect(result).toMatchObject({ verdict: "admit", attempt: 1, recorded: false });
  for (const name of [result.gate_id, result.gate_id.slice("gate:".length, 12), head.slice(0, 9)]) {
    const found: unknown = await (await api.fetch(`/v1/gates/${name}`)).json();
    expect(Value.Check(GateReply, found)).toBe(true);
    expect(found).toMatchObject({ gate_id: result.gate_id, attempts: [1], card: result.card, proof: result.proof });
  }
}, 120_000);

test("a gate before its pack arrived, or of an unknown intake, is refused before any event", async () => {
  const id = await open();
  expect(await gate(id)).toMatchObject([{ code: "intake.incomplete", status: 422 }]);
  const unknown = await post("/v1/gates", { intake_id: `intake-${"a".repeat(26)}`, target_ref: "refs/heads/main", target: head, head });
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: "intake.unknown", retry: true }]);
});

test("a pack that git refuses leaves the intake as empty as it was; a sound one may follow", async () => {
  const id = await open();
  const broken = source.body([base, head], [base, head]);
  broken[broken.length - 1]! ^= 1;
  expect(await (await put(id, broken)).json()).toMatchObject({ code: "intake.refused" });
  expect(await gate(id)).toMatchObject([{ code: "intake.incomplete", status: 422 }]);
  expect((await put(id, source.body([base, head], [base, head]))).status).toBe(200);
  expect((await gate(id)).at(-1)).toMatchObject({ event: "result" });
}, 120_000);

test("a replay ends with its count and leaves nothing on record", async () => {
  const id = await open();
  await put(id, source.body([base, head], [base, head]));
  const before = world.kept();
  const reply = await post("/v1/replays", { intake_id: id, target_ref: "refs/heads/main", heads: [base, head] });
  expect(await eventsOf<ReplayEvent>(reply)).toMatchObject([{ event: "change", head: base }, { event: "change", head }, { event: "end", changes: 2 }]);
  expect(world.kept()).toEqual(before);
}, 120_000);

test("rules and settings are in the form that was promised", async () => {
  expect(Value.Check(RulesReply, await (await api.fetch("/v1/rules")).json())).toBe(true);
  const config: unknown = await (await api.fetch("/v1/config")).json();
  expect(Value.Check(ConfigReply, config)).toBe(true);
  expect(JSON.stringify(config)).toContain("limits.gate.gate_deadline_ms");
});

test("a name of no gate is not found, and one that is too short is not understood", async () => {
  const codeOf = async (name: string) => ((await (await api.fetch(`/v1/gates/${name}`)).json()) as { code: string }).code;
  expect([await codeOf("ffffffff"), await codeOf("abc"), await codeOf("..%2f..%2fetc")]).toEqual(["request.not_found", "request.malformed", "request.not_found"]);
});

test("whoever announces, gates or replays has check processes warmed; looking up has not", async () => {
  const before = expected;
  await open();
  expect(expected).toBe(before + 1);
  await api.fetch("/v1/rules");
  await api.fetch("/v1/gates/ffffffff");
  expect(expected).toBe(before + 1);
});
