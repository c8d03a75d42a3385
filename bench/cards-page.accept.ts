/** The list of Decision Cards in real Chromium and real Firefox: ten thousand of them, keyboard, sizes, paper, broken and hostile files, and a daemon whose cards come by themselves. */
import { afterAll, expect } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import type { CardRow } from "../proto/cards.ts";
import { ServedUi } from "../daemon/e2e/testing/served.ts";
import { World } from "../daemon/e2e/testing/world.ts";
import { makeBundle, newRing } from "../daemon/testing/evidence.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { BROWSERS, elsewhere, heard, openBrowser, openPage, type BrowserName, type OpenedPage } from "../daemon/ui/testing/browser.ts";
import { choose, focused, giveCards, listed, searchFor, titles, told, untilListed } from "../daemon/ui/testing/cards-page.ts";
import { XSS } from "../daemon/ui/testing/cases.ts";
import { asLines, manyRows } from "../daemon/ui/testing/rows.ts";
import { leastMs, standstillOf } from "../daemon/ui/testing/standstill.ts";
import { accessibility, sideways, tabOrder } from "../daemon/ui/testing/view.ts";
import { accepts, output } from "./rig/accepts.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-accept-cards-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(work, name), content);
  return join(work, name);
};

const PAGE = file("cards.html", await buildPage("cards"));
const NOW = Date.now();
const SOME = manyRows(300, NOW);
const [PLAIN] = SOME as [CardRow];
/** How long the page may stand still while ten thousand cards are read and listed, on a machine that does other things too. */
const STANDSTILL_MS = 1500;

const hostile: CardRow = { ...PLAIN, gate_id: "gate:hostile", title: `${XSS}\u202e\u0000`, repository: XSS, actor: { class: "agent", name: XSS, agent: XSS }, reasons: [{ rule: "lint.error", check: "command.lint", effect: "refuse", observed: false, because: `${XSS}${"\u0301".repeat(60)}`, path: XSS }], verdict: "refuse" };
const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");

/** A new page for `task`, which afterwards must have asked nobody for anything and complained of nothing. */
async function onPage(name: BrowserName, task: (opened: OpenedPage) => Promise<void>): Promise<void> {
  const browser = await openBrowser(name);
  try {
    const opened = await openPage(browser, PAGE);
    await task(opened);
    expect([opened.complaints, elsewhere(opened.requests)]).toEqual([[], []]);
  } finally {
    await browser.close();
  }
}

const toList = (page: Page): Promise<unknown> => page.evaluate("document.querySelector('#list .row[tabindex=\"0\"]').focus()");
const hidden = (page: Page, id: string): Promise<unknown> => page.evaluate(`document.getElementById(${JSON.stringify(id)}).hidden`);

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: await version(name) };

  accepts(tool, "10,000 cards are listed without a standstill, the 10,001st is told, and every one can be reached by keys", () =>
    onPage(name, async ({ page }) => {
      const rows = manyRows(10_001, NOW);
      const many = file("many.ndjson", asLines(rows));
      const standstill = await leastMs(STANDSTILL_MS, async (again) => {
        if (again) await page.reload();
        return standstillOf(page, () => giveCards(page, [many]));
      });
      expect([await listed(page), await told(page)]).toEqual([10_000, [expect.stringContaining("not read from line 10,001 on, since this page holds 10,000 cards at most")]]);
      expect(standstill).toBeLessThan(STANDSTILL_MS);
      await toList(page);
      for (const [key, line] of [["End", 10_000], ["ArrowUp", 9_999], ["Home", 1], ["ArrowDown", 2]] as const) {
        await page.keyboard.press(key);
        const { line: at, text } = await focused(page);
        expect([key, at, text]).toEqual([key, line, rows[line - 1]?.title ?? ""]);
        expect(await page.evaluate("(({ top, bottom }, list) => top >= list.top - 1 && bottom <= list.bottom + 1)(document.activeElement.getBoundingClientRect(), document.getElementById('list').getBoundingClientRect())")).toBe(true);
      }
      // A page of lines at a time, down and back up, ends where it began; what is drawn stays little.
      for (const key of ["PageDown", "PageDown", "PageDown", "PageUp", "PageUp", "PageUp"] as const) await page.keyboard.press(key);
      expect((await focused(page)).line).toBe(2);
      expect(Number(await page.evaluate("document.querySelectorAll('#list .row').length"))).toBeLessThan(100);
      await searchFor(page, "flaky test rule:taint");
      const fitting = rows.slice(0, 10_000).filter(({ title, reasons }) => title.includes("flaky test") && reasons.some(({ rule }) => rule.includes("taint")));
      await untilListed(page, fitting.length);
      expect((await titles(page)).slice(0, 3)).toEqual(fitting.slice(0, 3).map(({ title }) => title));
      process.stdout.write(`accept: ${name}: 10,000 cards read and listed in ${String(await page.evaluate("document.documentElement.dataset.readMs"))} ms, longest standstill ${standstill.toFixed(0)} ms\n`);
    }),
  );

  accepts(tool, "by keys alone: search with a hint, filter, sort, group, unfold, open, close, mark two and compare", () =>
    onPage(name, async ({ page }) => {
      await giveCards(page, [file("some.ndjson", asLines(SOME))]);
      expect(await tabOrder(page, 11)).toEqual(["giving-summary", "query", "verdict", "since", "actor", "rule", "repository", "sort", "direction", "group", "reset"]);
      await page.keyboard.press("Escape");
      await page.evaluate("document.activeElement.blur()");
      await page.keyboard.press("/");
      await page.keyboard.type("verdict:ref");
      expect(await page.evaluate("(({ attributes }) => attributes['aria-expanded'].value)(document.activeElement)")).toBe("true");
      await page.keyboard.press("ArrowDown");
      expect(await page.evaluate("document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent")).toStartWith("refuse ");
      await page.keyboard.press("Enter");
      await untilListed(page, SOME.filter(({ verdict }) => verdict === "refuse").length);
      await choose(page, "group", "rule");
      await toList(page);
      const rule = (await focused(page)).text;
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowDown");
      const inGroup = await focused(page);
      expect([rule, inGroup.line]).toEqual([expect.stringContaining("."), 2]);
      await page.keyboard.press("Enter");
      expect([await hidden(page, "one"), await page.evaluate("document.activeElement.id")]).toEqual([false, "one"]);
      await page.waitForFunction("document.getElementById('one').textContent.length > 100");
      await page.keyboard.press("Escape");
      expect([await hidden(page, "one"), await focused(page)]).toEqual([true, inGroup]);
      await page.keyboard.press(" ");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press(" ");
      await page.waitForFunction("document.getElementById('one').textContent.includes('compared')");
      expect(await page.evaluate("[...document.querySelectorAll('#list input:checked')].length")).toBe(2);
    }),
  );

  accepts(tool, "from 320 px to 4K, light and dark, empty, listed, grouped, opened and with problems: nothing is cut off, and axe-core finds nothing", () =>
    onPage(name, async ({ page }) => {
      const look = async (title: string): Promise<void> => {
        for (const width of [320, 768, 1280, 3840]) {
          await page.setViewport({ width, height: width === 3840 ? 2160 : 900 });
          expect([title, width, await sideways(page)]).toEqual([title, width, 0]);
          if (width === 768) continue;
          for (const scheme of name === "chromium" ? ["light", "dark"] : ["light"]) {
            if (name === "chromium") await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
            expect([title, width, scheme, await accessibility(page)]).toEqual([title, width, scheme, []]);
          }
        }
      };
      await look("empty");
      await giveCards(page, [file("some.ndjson", asLines([hostile, ...SOME])), file("broken.json", "{")]);
      await look("listed");
      await choose(page, "group", "repository");
      await look("grouped");
      await choose(page, "group", "");
      await searchFor(page, "onerror");
      await untilListed(page, 1);
      await page.evaluate("document.querySelector('#list .row').click()");
      await page.waitForFunction("document.getElementById('one').textContent.includes('onerror')");
      await look("opened");
    }),
  );

  accepts(tool, "on paper: the lines that the filter leaves, without what one filters with, and how many are left out", () =>
    onPage(name, async ({ page }) => {
      await giveCards(page, [file("paper.ndjson", asLines(manyRows(700, NOW)))]);
      if (name === "chromium") await page.emulateMediaType("print");
      await page.evaluate("window.dispatchEvent(new Event('beforeprint'))");
      expect(await page.evaluate("document.querySelectorAll('#list .row').length")).toBe(500);
      expect(await page.evaluate("document.getElementById('printed').textContent")).toBe("On paper: the first 500 of 700 lines.");
      if (name === "chromium") expect(await page.evaluate("[document.getElementById('filters'), document.getElementById('giving')].some((node) => node.checkVisibility())")).toBe(false);
      await page.evaluate("window.dispatchEvent(new Event('afterprint'))");
      expect(Number(await page.evaluate("document.querySelectorAll('#list .row').length"))).toBeLessThan(100);
    }),
  );

  accepts(tool, "a folder with cards, bundles, broken and foreign files: what is a card is listed, everything else is told, and nothing of it runs", () =>
    onPage(name, async ({ page }) => {
      mkdirSync(join(work, `folder-${name}`, "deeper"), { recursive: true });
      const at = (path: string, content: Uint8Array | string): string => file(`folder-${name}/${path}`, content);
      const cards = [at("rows.ndjson", asLines(SOME.slice(0, 5))), at("deeper/bundle.json", makeBundle(newRing())), at("half.json", JSON.stringify({ card: {} }).slice(0, -1)), at("newer.json", JSON.stringify({ ...PLAIN, v: 9 })), at("deeper/<img src=x onerror=hurt=1>.json", JSON.stringify(hostile))];
      at("notes.txt", "not a card");
      // Firefox's protocol hands no folder to a page; its files then come one by one.
      if (name === "chromium") {
        await (await page.$("input#folder"))?.uploadFile(join(work, `folder-${name}`));
        await page.waitForFunction("Number(document.documentElement.dataset.read ?? 0) > 0");
      } else await giveCards(page, cards);
      expect(await listed(page)).toBe(7);
      const passed = name === "chromium" ? [expect.stringContaining("1 file of the folder is no .json")] : [];
      expect((await told(page)).toSorted()).toEqual([...passed, expect.stringContaining("half.json ends in the middle"), expect.stringContaining("newer.json is a row of cards of version 9")].toSorted());
      expect(await page.evaluate("[typeof globalThis.hurt, document.querySelectorAll('img, script').length]")).toEqual(["undefined", 1]);
      expect(await page.evaluate("/[\\u202e\\u0000]/.test(document.body.textContent)")).toBe(false);
    }),
  );

  accepts(tool, "the address keeps how the list is looked at: a reload, Back, and a link to a card that comes later", () =>
    onPage(name, async ({ page }) => {
      const given = [file("some.ndjson", asLines(SOME))];
      await giveCards(page, given);
      await choose(page, "verdict", "hold");
      await choose(page, "sort", "cost");
      const held = SOME.filter(({ verdict }) => verdict === "hold").length;
      await untilListed(page, held);
      const first = (await titles(page))[0] ?? "";
      await page.waitForFunction("location.hash.includes('sort=cost')");
      await page.evaluate("document.querySelector('#list .row').click()");
      await page.waitForFunction("location.hash.includes('card=')");
      await page.reload();
      await giveCards(page, given);
      expect([await listed(page), (await titles(page))[0], await hidden(page, "one")]).toEqual([held, first, false]);
      await page.goBack();
      await page.waitForFunction("document.getElementById('one').hidden");
      expect(await listed(page)).toBe(held);
    }),
  );

  accepts(tool, "a daemon's cards come by themselves, the newest first, and those decided meanwhile; one that stops is told, and what was read stays", async () => {
    const world = new World();
    const browser = await openBrowser(name);
    try {
      const focusedTest = { "test/a.test.ts": `test.only("reads", () => expect(1).toBe(1));\n` };
      const gate = async (message: string, change: Record<string, string>): Promise<void> => void (await world.judged(await world.changed({}, change, message), ["--target", "main"]));
      await gate("the first change", { "src/b.ts": "export const b = 1;\n" });
      await gate("a focused test", focusedTest);
      await using ui = ServedUi.start(world.home);
      const link = await ui.link();
      const page = await browser.browser.newPage();
      const { requests } = heard(page);
      await page.goto(new URL("/cards", link).href + link.hash);
      await untilListed(page, 2);
      expect(await titles(page)).toEqual(["a focused test", "the first change"]);
      await gate("decided meanwhile", { "src/c.ts": "export const c = 1;\n" });
      await untilListed(page, 3);
      expect((await titles(page))[0]).toBe("decided meanwhile");
      expect((await world.run(["stop"])).code).toBe(0);
      await page.waitForFunction("!document.getElementById('problem').hidden");
      expect([await listed(page), (await titles(page)).length]).toEqual([3, 3]);
      await gate("after the stop", { "src/d.ts": "export const d = 1;\n" });
      await page.waitForFunction("document.getElementById('problem').hidden", { timeout: 120_000 });
      await untilListed(page, 4);
      // Files may be given beside them, and are told apart.
      await giveCards(page, [file("beside.ndjson", asLines(SOME.slice(0, 3)))]);
      expect(await listed(page)).toBe(7);
      expect(elsewhere(requests, link.origin)).toEqual([]);
    } finally {
      await browser.close();
      await world.dispose();
    }
  });
}
