/** The Invariant Studio in Chromium: from a key in a condition to the preview that says it, in a document of 50 conditions; and its first paint. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildPage } from "../daemon/ui/build.ts";
import { openBrowser } from "../daemon/ui/testing/browser.ts";
import type { Bench } from "./figure.ts";

const CLAUSES = 50;
const KEYS = 60;
const GOAL_MS = 100;
const PAINT_GOAL_MS = 1000;

const document = (): string =>
  [
    "id: BENCH.CAP", "scope: bench", "when:", "  - event: model_call", "assert:",
    ...Array.from({ length: CLAUSES }, (_, i) => `  - expr: total_spend_usd * ${i + 1} <= budget_usd * ${i + 2} || agent_id == 'a${i}'\n    message: 'spent {{total_spend_usd}} of {{budget_usd}} (${i})'`),
    "examples:", "  holds: {with: {agent_id: z, total_spend_usd: 1, budget_usd: 1000}}", "  breaks: {with: {agent_id: z, total_spend_usd: 1000, budget_usd: 1}}", "",
  ].join("\n");

const quantile = (values: readonly number[], q: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

/** In the page: types one character after the other into the middle condition, each once the one before is drawn, and says how long each took. */
const TYPING = `(async () => {
  const field = document.getElementById("f-assert-25-expr");
  const preview = document.getElementById("preview");
  field.focus();
  const took = [];
  for (let i = 0; i < ${KEYS}; i++) {
    const digits = String(100 + i);
    field.value = field.value.replace(/ \\|\\| .*/, " || agent_id == 'k" + digits + "'");
    const start = performance.now();
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    while (!preview.textContent.includes("k" + digits)) await new Promise((settle) => requestAnimationFrame(settle));
    took.push(performance.now() - start);
  }
  return took;
})()`;

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-bench-studio-"));
  const file = join(folder, "studio.html");
  writeFileSync(file, await buildPage("studio"));
  const opened = await openBrowser("chromium");
  try {
    const page = await opened.browser.newPage();
    await page.goto(pathToFileURL(file).href);
    await page.waitForFunction("Number(document.documentElement.dataset.looked ?? 0) > 0");
    const paint = Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"));
    await page.evaluate(`(() => { const y = document.getElementById("yaml"); y.value = ${JSON.stringify(document())}; y.dispatchEvent(new InputEvent("input", { bubbles: true })); })()`);
    await page.waitForFunction("document.getElementById('f-assert-49-expr') !== null && document.getElementById('preview').textContent.includes('assert[49]')");
    const took = (await page.evaluate(TYPING)) as number[];
    const warm = took.slice(10);
    figure({ figure: "studio: first paint, from disk", value: paint, unit: "ms", better: "less", goal: { value: PAINT_GOAL_MS } });
    figure({ figure: `studio: key to preview, ${CLAUSES} conditions, median of ${warm.length}`, value: quantile(warm, 0.5), unit: "ms", better: "less", goal: { value: GOAL_MS } });
    figure({ figure: `studio: key to preview, ${CLAUSES} conditions, 95 of 100`, value: quantile(warm, 0.95), unit: "ms", better: "less", goal: { value: GOAL_MS } });
  } finally {
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
