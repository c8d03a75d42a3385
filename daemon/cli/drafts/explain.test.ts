import { expect, test } from "bun:test";
import { MaestroClient } from "../../client/maestro.ts";
import { explainDraft } from "./explain.ts";

const asked = (gate: string | undefined, ...tasks: readonly string[]): Promise<string> => explainDraft(new MaestroClient("/nowhere/maestrod.sock"), gate, tasks, {}).then(String, (error: Error) => error.message);

test("a branch's name, no name and a task that is spelt otherwise are refused before anybody is asked, with what to type", async () => {
  expect(await asked("main")).toContain('"main" names no gate; give at least 6 characters of its id, of its commit (git rev-parse) or of its bundle');
  expect(await asked(undefined)).toContain("name a gate");
  expect(await asked("abcdef1", "sumary")).toContain("did you mean summary?");
});
