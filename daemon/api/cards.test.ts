/** Rows and context over a real socket, with a real core behind them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { CardsReply, ChangeContextReply } from "../../proto/cards.ts";
import { ContextDesk } from "../gate/context-desk.ts";
import { World } from "../testing/core.ts";
import { cardRoutes } from "./cards.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

let world: World;
let api: ServedApi;
let gate_id: string;
let head: string;
beforeAll(async () => {
  world = await World.open();
  const { core } = world;
  api = await serve({ routes: cardRoutes({ ...core, contexts: new ContextDesk({ ...core, git: core.tools, limits: core.options.host.limits }) }) });
  const source = world.scratch.source();
  const base = await source.commit({ "a.ts": "export const a = 1;\n" });
  head = await source.commit({ "a.ts": "export const a = 1;\nconst evil\u202e = 2;\n" });
  const result = await world.gate(await world.received(source, [base, head]), { target_ref: "refs/heads/main", target: base, head });
  ({ gate_id } = result);
}, 60_000);
afterAll(async () => {
  await api.end();
  await world[Symbol.asyncDispose]();
});

const get = async (path: string): Promise<{ readonly status: number; readonly body: unknown }> => {
  const reply = await api.fetch(path);
  return { status: reply.status, body: await reply.json() };
};

test("the gate that was just decided is the first row, in the form that was promised, and before it there is nothing", async () => {
  const { body } = await get("/v1/cards/newest");
  if (!Value.Check(CardsReply, body)) throw new Error(JSON.stringify(body));
  expect(body.rows.map((row) => [row.gate_id, row.head, row.place])).toEqual([[gate_id, head, 0]]);
  expect([body.next, body.newest]).toEqual([null, 1]);
  expect((await get("/v1/cards/0")).body).toMatchObject({ rows: [], next: null });
});

test("lines around its finding are read by a check process from the change itself", async () => {
  const { body } = await get(`/v1/gates/${gate_id}/context`);
  if (!Value.Check(ChangeContextReply, body)) throw new Error(JSON.stringify(body));
  expect(body.findings.length).toBeGreaterThan(0);
  expect(body.findings[0]).toMatchObject({ path: { u: "a.ts" }, because: null, lines: [{ sign: " ", old_line: 1, new_line: 1, text: "export const a = 1;" }, { sign: "+", new_line: 2, text: "const evil\u202e = 2;" }] });
}, 60_000);

test("attack: a place that is none, and a gate that is none", async () => {
  const codes = await Promise.all(["/v1/cards/-1", "/v1/cards/1e9", "/v1/cards/9999999999999999", "/v1/cards/newest%00", "/v1/gates/ffffffff/context"].map(async (path) => ((await get(path)).body as { readonly code: string }).code));
  expect(codes).toEqual(["request.malformed", "request.malformed", "request.malformed", "request.malformed", "request.not_found"]);
});
