/** The door of the socket, and the route that asks the same rules about other people's events: a real socket, the rules that ship. */
import { afterEach, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { HealthReply } from "../../proto/api.ts";
import { GUARD_QUESTIONS_MAX } from "../../proto/guard.ts";
import { GuardDesk } from "../guarding/desk.ts";
import { Guards, type Violation } from "../guarding/guards.ts";
import { RequestGuard } from "../guarding/requests.ts";
import { shippedDocuments } from "../guarding/shipped.ts";
import { readEvents } from "../invariants/document/fields.ts";
import { guardRoutes } from "./guards.ts";
import { route, type Route } from "./route.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

let api: ServedApi | null = null;
afterEach(async () => {
  await api?.end();
  api = null;
});

const said: Violation[] = [];
const guards = new Guards({ ...shippedDocuments(), violated: (_, violation) => void said.push(violation) });
const desk = new GuardDesk(guards);
const post = async (body: unknown): Promise<{ status: number; json: Record<string, unknown> }> => {
  const response = await api!.fetch("/v1/guard", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
};
const asking = async () => void (api = await serve({ routes: guardRoutes({ desk, body_bytes_max: 1_000_000 }), guard: new RequestGuard(guards, {}) }));

test("an event's rules are asked: money may be written as dollars, a missing field is a violation, and what is tainted is not repeated", async () => {
  await asking();
  const reply = await post({ questions: [
    { event: "model_call", with: { total_spend_usd: 1_500_000, budget_usd: "$5", prompt: "hunter2" } },
    { event: "model_call", with: { total_spend_usd: "$6", budget_usd: "$5" } },
    { invariant: "INV.BUDGET.CAP", with: { total_spend_usd: "$1" } },
    { invariant: "INV.LOG.APPEND_ONLY", with: { origin: "o", size: 7, tree: "aa" }, old: { origin: "o", size: 8, tree: "ab" } },
  ] });
  expect(reply.status).toBe(200);
  expect(reply.json).toMatchObject({
    ok: false,
    answers: [
      { ok: true, violations: [] },
      { ok: false, violations: [{ id: "INV.BUDGET.CAP", severity: "critical", because: "false", message: "Budget exceeded: spent 6.00 > 5.00" }] },
      { ok: false, rules: ["INV.BUDGET.CAP"], violations: [{ because: "missing" }] },
      { ok: false, violations: [{ id: "INV.LOG.APPEND_ONLY" }] },
    ],
  });
  expect(JSON.stringify(reply.json)).not.toContain("hunter2");
  // Questions of others are no violations of this daemon.
  expect([guards.counts.violations.size, said, desk.counts]).toEqual([0, [], { held: 1, violated: 3 }]);
});

test("attack: a hundred questions that use up all the steps of a rule keep everybody else waiting", async () => {
  const events = readEvents({ events: { listed: { fields: { xs: "list<int>" } } } }, () => undefined);
  const slow = new Guards({ documents: [{ id: "T.SLOW", scope: "t", when: [{ event: "listed" }], assert: [{ expr: "xs.all(x, xs.all(y, xs.all(z, x + y + z >= 0)))", message: "no" }] }], events });
  api = await serve({ routes: guardRoutes({ desk: new GuardDesk(slow), body_bytes_max: 1_000_000 }) });
  const xs = Array.from({ length: 60 }, (_, i) => i);
  const servedMeanwhile = async (): Promise<number> => {
    let answered = false;
    const asked = post({ questions: Array.from({ length: 100 }, () => ({ event: "listed", with: { xs } })) }).then((reply) => ((answered = true), reply));
    let meanwhile = 0;
    while (!answered) {
      await api!.fetch("/v1/version");
      if (!answered) meanwhile += 1;
    }
    expect((await asked).json["answers"]).toHaveLength(100);
    return meanwhile;
  };
  // There are six turns for others, and how many this test is in time for is the machine's business; of a desk that gives none it is never one.
  let most = 0;
  for (let times = 0; times < 5 && most < 3; times++) most = Math.max(most, await servedMeanwhile());
  expect(most).toBeGreaterThanOrEqual(3);
});

test("attack: an event or field that nobody declared, a rule that is not there, a temporal one, both or neither, or too many, and the answer is ok", async () => {
  await asking();
  const one = { event: "model_call", with: {} };
  const cases: readonly (readonly [unknown, number, string])[] = [
    [{ event: "model_cal", with: {} }, 404, "did you mean model_call?"],
    [{ event: "model_call", with: { totl_spend_usd: 1 } }, 400, "did you mean total_spend_usd?"],
    [{ event: "constructor", with: {} }, 404, "there is no event constructor"],
    [{ invariant: "INV.BUDGET.CAB", with: {} }, 404, "did you mean INV.BUDGET.CAP?"],
    [{ invariant: "INV.GATE.DECIDED", with: {} }, 400, "POST /v1/events"],
    [{ ...one, invariant: "INV.BUDGET.CAP" }, 400, "one of them"],
    [{ with: {} }, 400, "one of them"],
  ];
  for (const [question, status, words] of cases) {
    const reply = await post({ questions: [question] });
    expect([reply.status, String(reply.json["detail"]).includes(words)]).toEqual([status, true]);
  }
  expect((await post({ questions: [] })).status).toBe(400);
  expect((await post({ questions: Array.from({ length: GUARD_QUESTIONS_MAX + 1 }, () => one) })).status).toBe(400);
  expect((await post({ questions: Array.from({ length: GUARD_QUESTIONS_MAX }, () => one) })).json["ok"]).toBe(false);
});

/** A route of the operator's that forgot to say so, as a mistake in access would leave it. */
const handled = { count: 0 };
const stopping = (answer: unknown = { status: "ok" }): Route =>
  route("rotateLog", { access: "open", summary: "s", params: {}, request: Type.Any(), reply: Type.Any(), body_bytes_max: 100, handle: () => ((handled.count += 1), answer as never) });

/** Says of every request that it came to another socket than it did. */
const lying = new RequestGuard(guards, {});
const asWitness = { before: (request: Parameters<typeof lying.before>[0]) => lying.before({ ...request, role: "witness", access: "gate" }), after: () => undefined };

test("attack: a request that no rule allows reaches its handler; it is refused before, by the id of the rule, and counted", async () => {
  api = await serve({ routes: [stopping()], guard: asWitness });
  said.length = 0;
  const response = await api.fetch("/v1/log/rotate", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  const problem = (await response.json()) as Record<string, unknown>;
  expect([response.status, problem["code"], handled.count]).toEqual([500, "invariant.violated", 0]);
  expect([String(problem["detail"]), said.map(({ id }) => id), guards.counts.violations.get("INV.ACCESS.SOCKET")]).toEqual([expect.stringMatching(/^INV\.ACCESS\.SOCKET: .*witness/), ["INV.ACCESS.SOCKET"], 1]);
  expect(api.book.lines.filter(({ level, fields }) => level === "warn" && fields["code"] === "invariant.violated").length).toBe(1);
});

test("attack: the log as files, which is no route, is asked for by whom no rule allows it", async () => {
  const log_files = { file: () => ({ bytes: new Uint8Array([1]), type: "bytes", immutable: false }) as const };
  for (const guard of [asWitness, undefined]) {
    api = await serve({ log_files, ...(guard === undefined ? {} : { guard }) });
    const response = await api.fetch("/log/checkpoint");
    expect([response.status, (await response.text()).includes("INV.ACCESS.SOCKET")]).toEqual(guard === undefined ? [200, false] : [500, true]);
    await api.end();
    api = null;
  }
});

test("without a guard the same request is served: it is the guard that refuses it", async () => {
  api = await serve({ routes: [stopping()] });
  handled.count = 0;
  expect([(await api.fetch("/v1/log/rotate", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).status, handled.count]).toEqual([200, 1]);
});

test("attack: an answer, or one event of a stream, that breaks a rule leaves", async () => {
  const refuses = new Guards({ documents: [{ id: "T.ANSWER", scope: "t", when: [{ event: "answered" }], assert: [{ expr: "n < 2", message: "n is {{n}}" }] }], events: readEvents({ events: { answered: { fields: { n: "int" } } } }, () => undefined) });
  const after = { event: "answered", fields: (_: unknown, answer: unknown) => ({ n: (answer as { readonly n?: number }).n }) };
  async function* three() {
    for (const n of [0, 1, 2]) yield { n } as never;
  }
  const health = route("health", { access: "open", summary: "s", params: {}, request: null, reply: HealthReply, body_bytes_max: 0, handle: () => ({ n: 7 }) as never });
  const gate = route("fsck", { access: "open", summary: "s", params: {}, request: null, reply: Type.Any(), body_bytes_max: 0, handle: three });
  api = await serve({ routes: [gate], guard: new RequestGuard(refuses, { fsck: { after }, health: { after } }) });
  const lines = (await (await api.fetch("/v1/fsck", { method: "POST" })).text()).trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  expect([lines.length, lines[0], lines[1], lines[2]?.["event"]]).toEqual([3, { n: 0 }, { n: 1 }, "failure"]);
  expect(JSON.stringify(lines[2])).toContain("T.ANSWER: n is 2");
  await expect(health.run({} as never, {}, undefined, new ReadableStream(), { before: () => undefined, after: () => { throw new RangeError("refused"); } })).rejects.toThrow("refused");
});
