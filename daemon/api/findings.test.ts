/** The route of findings over a real socket: what is kept, what was kept before there were findings, whose they are. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { canonicalBytes, parseCanonical } from "../../proto/canonical.ts";
import { FindingsReply } from "../../proto/findings.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { recordGate } from "../gate/record.ts";
import { StoredReply } from "../gate/reply.ts";
import { recordInput } from "../testing/evidence.ts";
import { World } from "../testing/core.ts";
import { findingsRoute } from "./findings.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };
const FINDING: Finding = { rule: "text.bidi-control", message: "a bidi control", range: { path: { b64: "/w==" }, start_line: 3, end_line: 3 }, severity: "error", fingerprint: "7".repeat(64), baseline: "not_compared", tags: [], excerpt: "\u202e", counterexample: null, fix: null };
const OUTCOME: Outcome = { check: "text", result: "fail", because: null, observer: "daemon", findings: [FINDING], findings_cut: 3, gaps: [] };
const LIMITS = { bytes_max: 1024 * 1024, depth_max: 16 };

let world: World;
let api: ServedApi;
let gate_id: string;
let old = false;

/** The reply as a daemon wrote it that did not keep findings. */
function asBefore(bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined || !old) return bytes;
  const value: unknown = parseCanonical(bytes, LIMITS);
  if (!Value.Check(StoredReply, value)) return bytes;
  const { findings: _, ...rest } = value;
  return canonicalBytes(rest);
}

beforeAll(async () => {
  world = await World.open();
  const { core } = world;
  const input = { ...recordInput(core.evidence.trust_domain, 1), outcomes: [OUTCOME] };
  ({ gate_id } = await recordGate(core, { uid: process.getuid?.() ?? 0, tenant: null }, input, () => TIMINGS));
  const { blobs } = core.artifacts;
  api = await serve({ routes: [findingsRoute({ gates: core.gates, artifacts: { ...core.artifacts, blobs: { ...blobs, get: async (digest) => asBefore(await blobs.get(digest)) } } })] });
});
afterAll(async () => {
  await api.end();
  await world[Symbol.asyncDispose]();
});

test("the findings of a gate, by the start of its id", async () => {
  const reply: unknown = await (await api.fetch(`/v1/gates/${gate_id}/findings`)).json();
  if (!Value.Check(FindingsReply, reply)) throw new Error(JSON.stringify(reply));
  expect(reply).toEqual({ gate_id, attempt: 1, cut: 3, findings: [{ check: "text", finding: FINDING }] });
});

test("attack: a gate from before findings were kept does not read as one without findings", async () => {
  old = true;
  const reply = await api.fetch(`/v1/gates/${gate_id}/findings`);
  old = false;
  expect(reply.status).toBe(404);
  expect(await reply.json()).toMatchObject({ code: "request.not_found", detail: expect.stringContaining("--rerun") });
});

test("what nobody recorded has no findings to ask for", async () => {
  expect((await api.fetch("/v1/gates/aaaaaaaaaaaa/findings")).status).toBe(404);
});
