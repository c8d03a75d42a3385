/** The list in Chromium, once; Firefox, sizes, ten thousand cards and a daemon are in bench/cards-page.accept.ts. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CardRow } from "../../../proto/cards.ts";
import { skipWithout } from "../../testing/skip.ts";
import { buildPage } from "../build.ts";
import { hasBrowser, openBrowser, openPage } from "../testing/browser.ts";
import { choose, focused, giveCards, listed, searchFor, titles, told, untilListed } from "../testing/cards-page.ts";
import { XSS } from "../testing/cases.ts";
import { asLines, manyRows } from "../testing/rows.ts";
import { accessibility } from "../testing/view.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-cards-list-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const missing = skipWithout(hasBrowser("chromium"), "no /usr/bin/chromium, so the list of cards was not opened in a browser");

test.skipIf(missing)("opened from disk it lists cards, finds the costliest refusal, follows the keyboard, keeps its view over a reload, runs no text and asks nobody", async () => {
  const rows = manyRows(400, Date.now());
  const [plain] = rows as [CardRow];
  const hostile = { ...plain, gate_id: "gate:hostile", title: `${XSS}\u202e`, repository: XSS, reasons: [{ rule: "lint.error", check: "command.lint", effect: "refuse", observed: false, because: XSS, path: XSS }] };
  const files = [file("rows.ndjson", asLines(rows)), file("hostile.json", JSON.stringify(hostile)), file("broken.json", "{\"card\": {"), file("newer.json", JSON.stringify({ ...plain, v: 2 }))];
  const path = file("page.html", await buildPage("cards"));
  const opened = await openBrowser("chromium");
  try {
    const { page, requests, complaints } = await openPage(opened, path);
    await giveCards(page, files);
    expect(await listed(page)).toBe(401);
    expect(await told(page)).toEqual(["broken.json ends in the middle: the file was half written or half copied.", expect.stringContaining("newer.json is a row of cards of version 2")]);
    // Only what can be seen is drawn, and how many there are is said.
    expect(Number(await page.evaluate("document.querySelectorAll('#list .row').length"))).toBeLessThan(60);
    expect(await page.evaluate("document.getElementById('list').getAttribute('aria-rowcount')")).toBe("402");
    // The costliest refused change of the week, found by three choices.
    await choose(page, "verdict", "refuse");
    await choose(page, "since", "7d");
    await choose(page, "sort", "cost");
    const week = rows.filter(({ verdict, at }) => verdict === "refuse" && Date.parse(at) > Date.now() - 7 * 86_400_000);
    const costliest = week.toSorted((a, b) => Number(b.cost.whole_micro_usd ?? -1) - Number(a.cost.whole_micro_usd ?? -1))[0];
    expect((await titles(page))[0]).toBe(costliest?.title ?? "");
    await page.click("#reset");
    await untilListed(page, 401);
    // The keyboard: to the last line and back, a card opened and closed, the focus where it was.
    await page.evaluate("document.querySelector('#list .row[tabindex=\"0\"]').focus()");
    await page.keyboard.press("End");
    expect((await focused(page)).line).toBe(401);
    await page.keyboard.press("ArrowUp");
    const there = await focused(page);
    expect(there.line).toBe(400);
    // Scrolled out of sight it still has the focus, and is still one line of many.
    await page.evaluate("document.getElementById('list').scrollTop = 0");
    await page.waitForFunction("document.querySelector('#list .row[aria-rowindex=\"2\"]') !== null");
    expect(await focused(page)).toEqual(there);
    await page.keyboard.press("Enter");
    expect(await page.evaluate("[document.activeElement.id, document.getElementById('one').hidden]")).toEqual(["one", false]);
    await page.keyboard.press("Escape");
    expect([await focused(page), await page.evaluate("document.getElementById('one').hidden")]).toEqual([there, true]);
    // A hint taken by keys alone.
    await page.keyboard.press("/");
    await page.keyboard.type("rule:lint");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.getElementById('query').value")).toBe("rule:lint.error ");
    const found = await listed(page);
    expect(found).toBe([...rows, hostile].filter(({ reasons }) => reasons.some(({ rule }) => rule === "lint.error")).length);
    await choose(page, "group", "rule");
    expect(await page.evaluate("[document.getElementById('list').getAttribute('role'), document.querySelector('#list .row').getAttribute('aria-expanded')]")).toEqual(["treegrid", "false"]);
    expect(await accessibility(page)).toEqual([]);
    await choose(page, "group", "");
    // Hostile text is text: nothing of it ran, and no element came of it.
    await searchFor(page, "onerror");
    await untilListed(page, 1);
    expect((await titles(page))[0]).toBe(`${XSS}\\u{202e}`);
    await page.evaluate("document.querySelector('#list .row').click()");
    await page.waitForFunction("document.getElementById('one').textContent.includes('onerror')");
    expect(await page.evaluate("[typeof globalThis.hurt, document.querySelectorAll('img, script').length]")).toEqual(["undefined", 1]);
    // A reload keeps how the list was looked at; the files themselves a browser gives to no page a second time.
    await page.waitForFunction("location.hash.includes('onerror')");
    await page.reload();
    await giveCards(page, files);
    expect([await listed(page), await page.evaluate("document.getElementById('query').value")]).toEqual([1, "onerror"]);
    // A search that leaves nothing says so, and Clear filters brings all back.
    await searchFor(page, "nothing-has-this");
    await untilListed(page, 0);
    expect(await page.evaluate("[document.getElementById('nothing').innerText.split('\\n')[0], document.getElementById('list').checkVisibility()]")).toEqual(["No card fits. 401 cards are left out by search and filters.", false]);
    expect(await accessibility(page)).toEqual([]);
    await page.click("#reset");
    await untilListed(page, 401);
    // What was given is not thrown away unasked.
    await page.click("#clear");
    expect(await page.evaluate("[document.getElementById('removing').open, document.activeElement.id, document.getElementById('removing-what').textContent.slice(0, 39)]")).toEqual([true, "removing-no", "401 cards of files would be gone from t"]);
    expect(await accessibility(page)).toEqual([]);
    await page.keyboard.press("Enter");
    expect(await listed(page)).toBe(401);
    await page.click("#clear");
    await page.click("#removing-yes");
    await untilListed(page, 0);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !/^(?:file|blob|data):/.test(url))).toEqual([]);
  } finally {
    await opened.close();
  }
}, 300_000);

test.skipIf(missing)("however often the list comes anew, a line that stays is the same one, has the focus, and tells how old it is now", async () => {
  const [row] = manyRows(1, Date.now()) as [CardRow];
  const path = file("page.html", await buildPage("cards"));
  const opened = await openBrowser("chromium");
  try {
    const { page, complaints } = await openPage(opened, path);
    await giveCards(page, [file("one.ndjson", asLines([row]))]);
    await page.evaluate(`(() => { globalThis.clock = ${Date.parse(row.at) + 30_000}; Date.now = () => globalThis.clock; })()`);
    await choose(page, "since", "30d");
    expect(await page.evaluate("document.querySelector('#list .row time').textContent")).toBe("just now");
    await page.evaluate("(globalThis.line = document.querySelector('#list .row')).focus()");
    // As a daemon is asked every ten seconds.
    for (let i = 0; i < 10; i++) {
      await page.evaluate("globalThis.clock += 10_000");
      await choose(page, "since", i % 2 === 0 ? "7d" : "30d");
    }
    await page.waitForFunction("document.querySelector('#list .row time').textContent === '2 min ago'");
    expect(await page.evaluate("[globalThis.line.isConnected, document.activeElement === globalThis.line]")).toEqual([true, true]);
    expect(complaints).toEqual([]);
  } finally {
    await opened.close();
  }
}, 300_000);
