/** A file of a hundred megabytes on the page of cards, in real Chromium and real Firefox: the page stays usable while it is read and taken apart, and it can be given up. */
import { afterAll, expect } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { card } from "../daemon/cli/card/testing/card.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { BROWSERS, elsewhere, openBrowser, openPage, PAGE_DEADLINE_MS, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { giveCards, listed, searchFor, told, untilListed } from "../daemon/ui/testing/cards-page.ts";
import { accessibility, sideways } from "../daemon/ui/testing/view.ts";
import { accepts, output } from "./rig/accepts.ts";

const MiB = 1024 * 1024;
const LARGE_BYTES = 100 * MiB;
const work = mkdtempSync(join(tmpdir(), "maestro-accept-large-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const at = (name: string): string => join(work, name);
const written = (name: string, content: string | Uint8Array): string => (writeFileSync(at(name), content), at(name));

/** One card, and beside it so many small values that taking it apart is seconds of work. */
function large(name: string, title: string): string {
  const file = openSync(at(name), "w");
  try {
    const piece = `${'{"a":1,"b":[2,3],"c":"d"},'.repeat(40_000)}\n`;
    let bytes = writeSync(file, `{"card":${JSON.stringify(card({ title }))},"other":[`);
    while (bytes < LARGE_BYTES - piece.length) bytes += writeSync(file, piece);
    writeSync(file, "0]}");
  } finally {
    closeSync(file);
  }
  return at(name);
}

const PAGE = written("cards.html", await buildPage("cards"));
const SMALL = written("small.json", JSON.stringify({ card: card({ gate_id: `gate:${"s".repeat(52)}`, title: "a small one" }) }));
const LARGE = large("large.json", "a large one");
/** Holes take no room on a disk. */
const VAST = written("vast.ndjson", "");
truncateSync(VAST, 1025 * MiB);

/** From here on no answer about a large file comes before `letGo()`, however quick a worker is beside a test that has to wait for its turn. */
const HOLD = `(() => {
  const Own = globalThis.Worker;
  let held = [];
  globalThis.holdLarge = () => void (held ??= []);
  globalThis.letGo = () => { const all = held ?? []; held = null; for (const hear of all) hear(); };
  globalThis.Worker = class extends Own {
    large = new Set();
    addEventListener(type, hear) {
      super.addEventListener(type, (event) => {
        const { id, kind, size_bytes = 0 } = event.data ?? {};
        if (size_bytes >= ${LARGE_BYTES / 2}) this.large.add(id);
        if (kind !== "progress" && held !== null && this.large.has(id)) held.push(() => hear(event));
        else hear(event);
      });
    }
  };
})()`;

const text = (page: Page, selector: string): Promise<string> => page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`) as Promise<string>;
const says = (page: Page, selector: string, what: RegExp): Promise<unknown> => page.waitForFunction(`${String(what)}.test(document.querySelector(${JSON.stringify(selector)})?.innerText ?? "")`, { timeout: PAGE_DEADLINE_MS, polling: 5 });
const open = (page: Page, title: string): Promise<unknown> => page.evaluate(`[...document.querySelectorAll("#list [role=row]")].find((row) => row.textContent.includes(${JSON.stringify(title)})).click()`);
const giveUp = (page: Page, within: string): Promise<unknown> => page.evaluate(`[...document.querySelectorAll("${within} button")].find(({ textContent }) => textContent === "Give up").click()`);
const start = async (page: Page, path: string): Promise<void> => (await page.$("input#given"))?.uploadFile(path) as Promise<void>;
const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  accepts({ name, version: await version(name) }, "a file of 100 MiB is read, opened and given up while the page goes on; one over the limit is not read", async () => {
    const browser = await openBrowser(name);
    try {
      const { page, requests, complaints } = await openPage(browser, PAGE);
      await page.evaluate(HOLD);
      await giveCards(page, [SMALL]);
      // Given up while it is taken apart, which nothing but the page's own free thread can be told of; what is here stays, and the search answers meanwhile.
      await start(page, LARGE);
      await says(page, "#reading", /Reading large\.json: [0-9]+ of 100 MiB|Taking large\.json apart: 100 MiB/);
      await searchFor(page, "small");
      await says(page, "#reading", /Taking large\.json apart: 100 MiB/);
      for (const width of [320, 1280]) {
        await page.setViewport({ width, height: 900 });
        expect([width, await sideways(page)]).toEqual([width, 0]);
      }
      await page.focus("#reading button");
      await page.keyboard.press("Enter");
      await page.waitForFunction("document.documentElement.dataset.read === '2' && document.getElementById('reading').hidden");
      expect([await listed(page), await told(page)]).toEqual([1, ["Reading large.json was given up. What was read before that stays."]]);
      expect(await page.evaluate("document.activeElement !== document.body")).toBe(true);
      await page.evaluate("document.getElementById('told-close').click(); document.getElementById('reset').click()");
      // Another worker reads it to its end.
      await page.evaluate("letGo()");
      await giveCards(page, [LARGE, VAST]);
      await untilListed(page, 2);
      expect(await told(page)).toEqual([expect.stringMatching(/^vast\.ndjson has 1025 MiB, and of a file at most 1024 MiB are read/)]);
      await page.evaluate("holdLarge()");
      // Opened: given up, asked for again, and left for another card.
      await open(page, "a large one");
      await says(page, "#one-reading", /Taking apart: 100 MiB/);
      expect([await accessibility(page), await page.evaluate("document.activeElement !== document.body")]).toEqual([[], true]);
      await giveUp(page, "#one-reading");
      await says(page, "#one-card .missing", /Reading its file was given up/);
      await page.evaluate("[...document.querySelectorAll('#one-card button')].find(({ textContent }) => textContent === 'Try again').click()");
      await says(page, "#one-reading", /Taking apart/);
      await open(page, "a small one");
      await says(page, "#opened-title", /a small one/);
      expect([await page.evaluate("document.getElementById('one-reading').hidden"), await text(page, "#one-card .missing")]).toEqual([true, ""]);
      await open(page, "a large one");
      // The card of before does not stand below it.
      await says(page, "#one-reading", /Reading|Taking/);
      expect(await text(page, "#one-card")).toBe("");
      await page.evaluate("letGo()");
      await says(page, "#opened-title", /a large one/);
      expect(await text(page, "#part-reasons")).toContain(card().reasons[0]?.rule ?? "");
      expect([complaints, elsewhere(requests)]).toEqual([[], []]);
    } finally {
      await browser.close();
    }
  });
}
