/** The page of cards with ten thousand of them in Chromium: when the first lines stand there, and how long a key takes from press to drawn list. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "puppeteer-core";
import { buildPage } from "../daemon/ui/build.ts";
import { hasBrowser, openBrowser, openPage } from "../daemon/ui/testing/browser.ts";
import { giveCards } from "../daemon/ui/testing/cards-page.ts";
import { asLines, manyRows } from "../daemon/ui/testing/rows.ts";
import { type Bench, median, percentile } from "./figure.ts";

const CARDS = 10_000;
const RUNS = 5;
const FIRST_PAINT_MS = 1_000;
const KEY_MS = 50;
/** Words as somebody types them, key by key; each begins with nothing searched for. */
const TYPED = ["speed up the parser", "rule:secrets", "actor:agent invoice", "src/part7/unit2", "\"flaky test\" verdict:hold"];

/** Milliseconds from the file being chosen to the first line on the screen. */
async function firstPaint(page: Page, path: string): Promise<number> {
  await page.evaluate(`(() => {
    const input = document.getElementById("given");
    globalThis.painted = new Promise((settle) => input.addEventListener("change", () => {
      const start = performance.now();
      const look = () => document.querySelector("#list .row") === null ? requestAnimationFrame(look) : requestAnimationFrame(() => setTimeout(() => settle(performance.now() - start), 0));
      look();
    }, { capture: true, once: true }));
  })()`);
  await giveCards(page, [path]);
  return (await page.evaluate("globalThis.painted")) as number;
}

/** What each key of `TYPED` takes until the browser has drawn what it leaves. */
async function keys(page: Page): Promise<number[]> {
  return (await page.evaluate(`(async () => {
    const input = document.getElementById("query");
    const drawn = () => new Promise((settle) => requestAnimationFrame(() => setTimeout(settle, 0)));
    const times = [];
    const press = async (text) => {
      await drawn();
      const start = performance.now();
      input.value = text;
      input.dispatchEvent(new Event("input"));
      // The list is there; reading a height makes the browser lay it out now.
      document.getElementById("list").offsetHeight;
      times.push(performance.now() - start);
    };
    for (const text of ${JSON.stringify(TYPED)}) for (let end = 0; end <= text.length; end++) await press(text.slice(0, end));
    return times;
  })()`)) as number[];
}

export const bench: Bench = async (figure) => {
  const bytes = await buildPage("cards");
  figure({ figure: "the page of cards, one file", value: bytes.length / 1024, unit: "KiB", better: "less", note: `${(gzipSync(bytes).length / 1024).toFixed(0)} KiB in gzip` });
  if (!hasBrowser("chromium")) throw new Error("no /usr/bin/chromium, so nothing was measured");
  const work = mkdtempSync(join(tmpdir(), "maestro-bench-cards-"));
  try {
    const files = { page: join(work, "page.html"), rows: join(work, "rows.ndjson") };
    writeFileSync(files.page, bytes);
    writeFileSync(files.rows, asLines(manyRows(CARDS, Date.now())));
    const paints: number[] = [];
    const whole: number[] = [];
    const pressed: number[] = [];
    const opened = await openBrowser("chromium");
    try {
      // The first one compiles and is left out.
      for (let run = 0; run <= RUNS; run++) {
        const { page } = await openPage(opened, files.page);
        const paint = await firstPaint(page, files.rows);
        const times = await keys(page);
        if (run > 0) {
          paints.push(paint);
          whole.push(Number(await page.evaluate("document.documentElement.dataset.readMs")));
          pressed.push(...times);
        }
        await page.close();
      }
    } finally {
      await opened.close();
    }
    figure({ figure: `${CARDS} cards in chromium, from the file to the first lines drawn, p50`, value: median(paints), unit: "ms", better: "less", goal: { value: FIRST_PAINT_MS }, hard: true, note: "rows of maestro cards, read in the page's worker" });
    figure({ figure: `${CARDS} cards in chromium, from the file to all of them listed, p50`, value: median(whole), unit: "ms", better: "less", peer: { name: "the first lines", value: median(paints) } });
    figure({ figure: `${CARDS} cards in chromium, one key of a search to the list it leaves, p50`, value: median(pressed), unit: "ms", better: "less", goal: { value: KEY_MS }, hard: true });
    figure({ figure: `${CARDS} cards in chromium, one key of a search to the list it leaves, p95`, value: percentile(pressed, 0.95), unit: "ms", better: "less", goal: { value: KEY_MS }, note: `${pressed.length} keys; layout in it, paint not` });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
