import { expect, test } from "bun:test";
import type { Draft } from "../../../proto/drafting.ts";
import { MaestroClient } from "../../client/maestro.ts";
import { draftText, explainDraft } from "./explain.ts";

const asked = (gate: string | undefined, ...tasks: readonly string[]): Promise<string> => explainDraft(new MaestroClient("/nowhere/maestrod.sock"), gate, tasks, {}).then(String, (error: Error) => error.message);

test("a branch's name, no name and a task that is spelt otherwise are refused before anybody is asked, with what to type", async () => {
  expect(await asked("main")).toContain('"main" names no gate; give at least 6 characters of its id, of its commit (git rev-parse) or of its bundle');
  expect(await asked(undefined)).toContain("name a gate");
  expect(await asked("abcdef1", "sumary")).toContain("did you mean summary?");
});

test("a model that was asked in vain is named beside its path, as text that does not act", () => {
  const plain: Draft = { task: "summary", path: "rules", text: "two is added", sha256: "0".repeat(64), because: "the model's words were dropped", cost: { usd_micro: 12, cpu_us: 1, gpu_us: 0, tokens: 40 } };
  const draft: Draft = { ...plain, asked: [{ path: "remote", model: "large" }, { path: "local", model: "tiny\u001b[2J" }] };
  expect(draftText(draft).split("\n").slice(1, 3)).toEqual(["   the model's words were dropped", "   asked in vain: large (remote), tiny\\x1b[2J (local)"]);
  expect(draftText(plain)).not.toContain("in vain");
});
