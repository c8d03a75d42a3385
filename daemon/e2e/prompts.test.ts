/** Each sentence of the conductors' prompts has a row in docs/prompts.md, and each test named there exists. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DRAFT_TASKS } from "../../proto/drafting.ts";
import { conductorPrompts, continuedPromptFor, promptFor } from "../drafting/phrasing/prompts.ts";

const ROOT = join(import.meta.dir, "../..");
const rows = readFileSync(join(ROOT, "docs/prompts.md"), "utf8").split("\n").filter((line) => line.startsWith("| conductor-")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

test("the duties of a prompt, one after the other, are the prompt", () => {
  for (const { ref, text } of conductorPrompts()) {
    const duties = rows.filter(([prompt]) => prompt === ref.name).map(([, duty]) => duty);
    expect(duties.length).toBeGreaterThan(5);
    expect(text.replace(/^You are [^.]*\.\d\. /, "")).toBe(duties.join(" "));
  }
});

test("each test that a duty names exists; a duty without one says that it is not built yet", () => {
  for (const [, duty, kept = "", named = ""] of rows) {
    const place = /^`(?<file>[^`]+)`: (?<name>.+)$/.exec(named)?.groups;
    if (place === undefined) {
      expect([duty, named, kept.startsWith("not built yet")]).toEqual([duty, "none", true]);
      continue;
    }
    expect(readFileSync(join(ROOT, place["file"]!), "utf8")).toContain(`test("${place["name"]}"`);
  }
});

test("each working prompt is known by its task's name; patches and tests have none", () => {
  expect(DRAFT_TASKS.map((task) => promptFor(task)?.ref.name ?? null)).toEqual(["triage", "summary", "commit-message", "reviewer-note", "changelog", null, null]);
  const continued = DRAFT_TASKS.map(continuedPromptFor);
  expect(continued.map((prompt) => prompt?.ref.name ?? null)).toEqual(["triage-continued", "summary-continued", null, "reviewer-note-continued", null, null, null]);
  // The facts come last, and nothing but the answer behind them.
  for (const prompt of continued) expect(prompt?.text ?? "Facts:\n{facts}\nAnswer:").toEndWith("Facts:\n{facts}\nAnswer:");
});
