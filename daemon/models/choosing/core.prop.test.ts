/** Which arm answers. */
import { describe, expect, test } from "bun:test";
import { assert as holds, array, boolean, constantFrom, integer, option, property, record, subarray } from "fast-check";
import type { ModelsSetting } from "../../../proto/models-config.ts";
import type { GenerateJob } from "../../../proto/model-work.ts";
import { redact } from "../../checking/redact.ts";
import { candidatesOf, choose, type Surroundings, usdMicroOf, type Wanted } from "./core.ts";
import { remoteAsker } from "./remote.ts";

const REMOTE = { id: "large", base_url: "https://models.example/v1", model: "large-2", usd_micro_per_1k: { prompt: 150, completion: 600 }, context_tokens: 32_768, capabilities: ["code", "summary"] };
const SETTING: ModelsSetting = { text: [{ name: "small", capabilities: ["summary"] }, { name: "second", context_tokens: 512 }], remote: [{ ...REMOTE, id: "dear", usd_micro_per_1k: { prompt: 1_500, completion: 6_000 } }, REMOTE] };
const CANDIDATES = candidatesOf(SETTING, 4_096);
const WANTED: Wanted = { require: [], prompt_tokens: 200, max_tokens: 100 };
const AROUND: Surroundings = { sealed: false, tenant: null };
const ids = (wanted: Partial<Wanted>, around: Partial<Surroundings> = {}) => choose(CANDIDATES, { ...WANTED, ...wanted }, { ...AROUND, ...around }).arms.map(({ candidate }) => candidate.id);
const why = (id: string, wanted: Partial<Wanted>, around: Partial<Surroundings> = {}) => choose(CANDIDATES, { ...WANTED, ...wanted }, { ...AROUND, ...around }).out.find((out) => out.id === id)?.because;

describe("order", () => {
  test("this node's as configured, the cheapest elsewhere, rules behind all", () => {
    expect(ids({})).toEqual(["small", "second", "large", "dear", "rules"]);
  });
});

describe("who is out says why", () => {
  test.each([
    ["small", { require: ["code"] }, {}, "code is not there"],
    ["second", { max_tokens: 400 }, {}, "may have 600 tokens, its context has 512"],
    ["large", {}, { sealed: true }, "sealed"],
    ["small", { path: "rules" }, {}, "rules was asked for"],
    ["small", { model: "large" }, {}, "the model large was asked for"],
  ] as const)("%s %p %p", (id, wanted, around, words) => {
    expect(why(id, wanted, around)).toContain(words);
    expect(ids(wanted, around)).not.toContain(id);
  });

  test("an entry that names nothing it can do is tried, and so are rules", () => {
    expect(ids({ require: ["code"] })).toEqual(["second", "large", "dear", "rules"]);
  });

  test("an arm of one tenant is nobody else's; the daemon's own user asks all", () => {
    const candidates = [{ ...CANDIDATES[0]!, tenants: ["acme"] }];
    const arms = (tenant: string | null) => choose(candidates, WANTED, { ...AROUND, tenant }).arms.length;
    expect([arms("acme"), arms("globex"), arms(null)]).toEqual([1, 0, 1]);
  });

  test("no call is free because it is short", () => {
    expect(usdMicroOf({ usd_micro_per_1k: { prompt: 1, completion: 0 } }, { prompt: 1, completion: 5 })).toBe(1);
    expect(usdMicroOf({}, { prompt: 1e6, completion: 1e6 })).toBe(0);
  });
});

const wanted = record({ require: subarray(["code", "summary"]), prompt_tokens: integer({ min: 0, max: 40_000 }), max_tokens: integer({ min: 1, max: 8_000 }), path: option(constantFrom("rules", "local", "remote"), { nil: undefined }), model: option(constantFrom("small", "large", "rules"), { nil: undefined }) });
const around = record({ sealed: boolean(), tenant: option(constantFrom("acme"), { nil: null }) });

describe("laws", () => {
  test("attack: sealed, no remote arm, whatever else is asked", () => {
    holds(property(wanted, around, (asked, state) => {
      const { arms } = choose(CANDIDATES, asked, { ...state, sealed: true });
      expect(arms.filter(({ candidate }) => candidate.path === "remote")).toEqual([]);
    }), { numRuns: 500 });
  });

  test("each arm is in or out, once; none is too small, and none of two behind a dearer one", () => {
    holds(property(wanted, around, (asked, state) => {
      const { arms, out } = choose(CANDIDATES, asked, state);
      expect([...arms.map(({ candidate }) => candidate.id), ...out.map(({ id }) => id)].sort()).toEqual(CANDIDATES.map(({ id }) => id).sort());
      for (const { candidate } of arms) expect(asked.prompt_tokens + asked.max_tokens).toBeLessThanOrEqual(candidate.context_tokens ?? Infinity);
      const paid = arms.filter(({ candidate }) => candidate.path === "remote").map(({ usd_micro }) => usd_micro);
      expect(paid).toEqual([...paid].sort((a, b) => a - b));
    }), { numRuns: 500 });
  });
});

describe("what is asked elsewhere", () => {
  const JOB: GenerateJob = { model: "large", prompt: { text: `deploy with ghp_${"aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5"}` }, space: { tenant: null, task: "chat" }, max_tokens: 8, temperature: 0 };
  const reply = { kind: "chat" as const, text: "ok", finish: "stop" as const, prompt_tokens: 1, completion_tokens: 1, tokens_by: "reported" as const, answered_by: "x" };

  test("redacted, and redacted once is redacted for good, so that the helper, which looks again, lets it pass", async () => {
    const said: string[] = [];
    const ask = remoteAsker({ ask: async ({ messages }) => (said.push(...messages.map(({ content }) => content)), reply), deadline_ms: 1_000 });
    await ask(REMOTE, JOB);
    expect(said).toEqual(["deploy with ghp_…(40)"]);
    holds(property(array(constantFrom("ghp_", "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5", "://u:p@h/", "sk-", "\n", " ", "=", "AKIA", "IOSFODNN7EXAMPLE", "Zm9vYmFyQmF6MTIz"), { maxLength: 12 }), (parts) => {
      const once = redact(parts.join(""));
      expect(redact(once)).toBe(once);
    }), { numRuns: 1_000 });
  });

  test("what the API has no field for is refused by its name; sealed, nothing is asked", async () => {
    const never = remoteAsker({ ask: () => Promise.reject(new Error("asked")), deadline_ms: 1_000 });
    for (const more of [{ top_k: 5 }, { min_p: 0.1 }, { adapters: [{ name: "a", scale: 1 }] }, { max_tokens: 0 }]) await expect(never(REMOTE, { ...JOB, ...more })).rejects.toMatchObject({ code: "models.request", detail: expect.stringContaining(Object.keys(more)[0]!) });
    await expect(remoteAsker({ ask: null, deadline_ms: 1_000 })(REMOTE, JOB)).rejects.toMatchObject({ code: "models.denied" });
  });
});
