import { describe, expect, test } from "bun:test";
import type { Commit, Trailer } from "../../../proto/facts.ts";
import { actorOf, type AuthoredCommit } from "./actor.ts";

const human = { name: "Ada Lovelace", email: "ada@example.org" };

function commit(parts: { author?: Commit["author"]; committer?: Commit["committer"]; trailers?: [string, string][]; message?: string }): AuthoredCommit {
  const trailers: Trailer[] = (parts.trailers ?? []).map(([key, value]) => ({ key, value }));
  const author = parts.author ?? human;
  return {
    commit: { oid: "a".repeat(40), parents: [], author, committer: parts.committer ?? author, subject: "s", trailers, signed: false },
    message: parts.message ?? "s",
  };
}

describe("actor class", () => {
  test.each<[string, Parameters<typeof commit>[0], string, string | null]>([
    ["a person", {}, "human", null],
    ["Claude by co-author", { trailers: [["Co-Authored-By", "Claude Opus 5 <noreply@anthropic.com>"]] }, "agent", "Claude Opus 5"],
    ["co-author key in lower case", { trailers: [["co-authored-by", "Codex <noreply@openai.com>"]] }, "agent", "Codex"],
    ["a human co-author", { trailers: [["Co-authored-by", "Bob <bob@example.org>"]] }, "human", null],
    ["a run's name is nobody's name", { trailers: [["Maestro-Run", "run-2026-11-22-0007"]] }, "agent", null],
    ["a run beside a name", { trailers: [["Maestro-Run", "run-2026-11-22-0007"], ["Co-Authored-By", "Claude Opus 5 <noreply@anthropic.com>"]] }, "agent", "Claude Opus 5"],
    ["assisted-by", { trailers: [["Assisted-by", "some-model"]] }, "agent", "some-model"],
    ["aider's rewritten author", { author: { name: "Ada Lovelace (aider)", email: "ada@example.org" } }, "agent", "aider"],
    ["aider's rewritten committer", { committer: { name: "Ada (aider)", email: "ada@example.org" } }, "agent", "aider"],
    ["an agent app", { author: { name: "copilot-swe-agent[bot]", email: "198982749+Copilot@users.noreply.github.com" } }, "agent", "Copilot"],
    ["a line in the message", { message: "fix\n\n🤖 Generated with [Claude Code](https://claude.ai/code)\n" }, "agent", "Claude Code"],
    ["a dependency bot", { author: { name: "dependabot[bot]", email: "49699333+dependabot[bot]@users.noreply.github.com" } }, "bot", null],
    ["web-flow committer", { committer: { name: "GitHub", email: "noreply@github.com" } }, "human", null],
  ])("%s", (_, parts, cls, agent) => {
    const actor = actorOf([commit(parts)], "job");
    expect(actor.class).toBe(cls as typeof actor.class);
    expect(actor.agent).toBe(agent);
    expect(actor.authenticated).toBe(false);
  });

  test("a bot's trailer never lowers a person's or an agent's change", () => {
    const bot: [string, string] = ["Co-authored-by", "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>"];
    expect(actorOf([commit({ trailers: [bot] })], "job").class).toBe("human");
    expect(actorOf([commit({ trailers: [bot, ["Co-authored-by", "Claude <noreply@anthropic.com>"]] })], "job").class).toBe("agent");
  });

  test("one commit by a person among a bot's makes it a person's", () => {
    const bot = commit({ author: { name: "renovate[bot]", email: "bot@renovateapp.com" } });
    expect(actorOf([bot, bot], "job").class).toBe("bot");
    expect(actorOf([bot, commit({})], "job").class).toBe("human");
  });

  test("one agent commit hidden among many makes the change an agent's", () => {
    const many = Array.from({ length: 50 }, () => commit({}));
    many.splice(31, 0, commit({ trailers: [["Claude-Session", "x"]] }));
    expect(actorOf(many, "job").class).toBe("agent");
  });

  test("no commits are unknown, not human", () => {
    expect(actorOf([], "job").class).toBe("unknown");
  });

  test("signs are bounded and say who observed them", () => {
    const trailers = Array.from({ length: 60 }, (_, i): [string, string] => ["Assisted-by", `model-${i}`]);
    const actor = actorOf([commit({ trailers }), commit({ trailers: trailers.map(([k, v]) => [k, `${v}b`]) })], "job");
    expect(actor.signs.length).toBe(64);
    expect(new Set(actor.signs.map((sign) => sign.observer))).toEqual(new Set(["job"]));
  });
});
