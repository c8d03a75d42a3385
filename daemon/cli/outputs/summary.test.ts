import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderMarkdown } from "../card/markdown.ts";
import { card, hostileCard } from "../card/testing/card.ts";
import { activeCharacters } from "../card/testing/hostile.ts";
import { render } from "../card/testing/rendered.ts";
import { appendSummary, cutLines, SUMMARY_BYTES_MAX } from "./summary.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-summary-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the card is added to what earlier lines of the step wrote", () => {
  const path = join(folder, "a.md");
  writeFileSync(path, "# mine\n");
  expect(appendSummary(path, renderMarkdown(card()))).toBeNull();
  expect(readFileSync(path, "utf8")).toStartWith("# mine\n### HOLD");
});

test("attack: a card that would burst the summary is cut at a line, within 1 MiB with what stands there already", async () => {
  const path = join(folder, "b.md");
  writeFileSync(path, "x".repeat(300_000));
  const reasons = Array.from({ length: 4_000 }, () => hostileCard("<b>`@octocat".repeat(40)).reasons[0]!);
  const long = Array.from({ length: 20 }, () => renderMarkdown(card({ reasons }))).join("\n");
  expect(long.length).toBeGreaterThan(SUMMARY_BYTES_MAX);
  expect(appendSummary(path, long)).toBeNull();
  const written = readFileSync(path, "utf8");
  expect(Buffer.byteLength(written)).toBeLessThanOrEqual(SUMMARY_BYTES_MAX);
  expect(written).toContain("more lines do not fit here");
  const { outside, tags } = await render(written.slice(300_000));
  expect([outside.includes("@"), tags.includes("b")]).toEqual([false, false]);
});

test("a hostile card in the summary is inert", async () => {
  const path = join(folder, "c.md");
  appendSummary(path, renderMarkdown(hostileCard("\u202e@octocat <img src=x>\n::error::x")));
  const { tags, outside } = await render(readFileSync(path, "utf8"));
  expect([tags.includes("img"), outside.includes("@")]).toEqual([false, false]);
  expect(activeCharacters(readFileSync(path, "utf8"))).toEqual([]);
});

test("no room, no path: said, and never thrown", () => {
  expect(appendSummary(join(folder, "no/such/folder"), "x")).toContain("cannot be written");
  expect(cutLines("one\ntwo\n", 3)).toBe("");
  expect(cutLines("one\ntwo\n", 8)).toBe("one\ntwo\n");
});
