/** The page of cards in each of its states, from disk and over a daemon's history, in real Chromium and real Firefox: what is cut off, what keys reach, where the focus goes, colours, paper, strangers' text. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CDPSession, Page } from "puppeteer-core";
import type { Card } from "../proto/card.ts";
import { hostileCard } from "../daemon/cli/card/testing/card.ts";
import { CiHost } from "../daemon/e2e/testing/ci-host.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { BROWSERS, elsewhere, heard, openBrowser, openPage, type BrowserName, type OpenedPage } from "../daemon/ui/testing/browser.ts";
import { giveCards, listed, searchFor, told, untilListed } from "../daemon/ui/testing/cards-page.ts";
import { accessibility, sideways } from "../daemon/ui/testing/view.ts";
import { cutOff, focusedName, keptFrom, walked, watchPolicy } from "../daemon/ui/testing/whole-page.ts";
import { accepts, output } from "./rig/accepts.ts";
import { diskFiles, diskStates, servedStates, type State } from "./rig/cards-states.ts";
import { decide } from "./rig/decided.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-accept-states-"));
const host = new CiHost();
beforeAll(async () => {
  await host.start();
  await decide(host);
}, 300_000);
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
}, 120_000);

const file = (name: string, content: string): string => {
  writeFileSync(join(work, name), content);
  return join(work, name);
};
const PAGE = join(work, "cards.html");
writeFileSync(PAGE, await buildPage("cards"));
const FILES = diskFiles(work, Date.now());
const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");

const COLOURS = ["light", "dark", "forced"] as const;
type Colours = (typeof COLOURS)[number];
/** Firefox takes its colours from its preferences, when it starts. */
const PREFERENCES: Readonly<Record<Colours, Readonly<Record<string, number>>>> = { light: { "ui.systemUsesDarkTheme": 0 }, dark: { "ui.systemUsesDarkTheme": 1 }, forced: { "browser.display.document_color_use": 2 } };

/** Chromium's; they hold as long as the session does. Firefox has none, and the colours that it was started with. */
async function colour(page: Page, media: CDPSession | null, colours: Colours): Promise<void> {
  await media?.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: colours === "dark" ? "dark" : "light" }, { name: "forced-colors", value: colours === "forced" ? "active" : "none" }] });
  const seen = await page.evaluate("[matchMedia('(prefers-color-scheme: dark)').matches, matchMedia('(forced-colors: active)').matches]");
  expect([colours, seen]).toEqual([colours, [colours === "dark", colours === "forced"]]);
}

/** What is wrong with the page as it stands, at every width. */
async function faults(page: Page, colours: readonly Colours[], media: CDPSession | null): Promise<string[]> {
  const found: string[] = [];
  for (const width of [320, 768, 1024, 1280, 3840]) {
    await page.setViewport({ width, height: width === 3840 ? 2160 : 900 });
    const over = await sideways(page);
    for (const fault of [...(over === 0 ? [] : [`scrolls sideways by ${over} px`]), ...(await cutOff(page))]) found.push(`${width} px: ${fault}`);
    if (width === 768 || width === 1024) continue;
    for (const of of colours) {
      await colour(page, media, of);
      found.push(...(await accessibility(page)).map((fault) => `${width} px, ${of}: ${fault}`));
    }
  }
  await page.setViewport({ width: 1280, height: 900 });
  return found;
}

const WALKED = new Set(["told", "grouped", "charts and their tables", "opened with a counterexample", "compared", "evidence verified", "a card that is nowhere", "files to be removed", "a release offered"]);

async function through(page: Page, states: readonly State[], colours: readonly Colours[], emulated: boolean): Promise<void> {
  await page.setViewport({ width: 1280, height: 900 });
  const media = emulated ? await page.createCDPSession() : null;
  const found: string[] = [];
  for (const { name, enter } of states) {
    await enter();
    found.push(...(await faults(page, colours, media)).map((fault) => `${name}: ${fault}`));
    if (!WALKED.has(name)) continue;
    const { stops, missed, unseen } = await walked(page);
    expect([name, stops > 1]).toEqual([name, true]);
    found.push(...missed.map((one) => `${name}: no key reaches ${one}`), ...unseen.map((one) => `${name}: the focus is not seen on ${one}`));
  }
  expect(found).toEqual([]);
}

async function fromDisk(name: BrowserName, task: (opened: OpenedPage) => Promise<void>, preferences: Readonly<Record<string, number>> = {}): Promise<void> {
  const browser = await openBrowser(name, preferences);
  try {
    const opened = await openPage(browser, PAGE);
    await watchPolicy(opened.page);
    await opened.page.reload();
    await task(opened);
    expect([opened.complaints, await keptFrom(opened.page), elsewhere(opened.requests)]).toEqual([[], [], []]);
  } finally {
    await browser.close();
  }
}

const pressed = async (page: Page, selector: string): Promise<string> => {
  await page.focus(selector);
  await page.keyboard.press("Enter");
  return focusedName(page);
};

/** What a stranger may write where a card has text. */
const STRANGERS: Readonly<Record<string, string>> = {
  markup: "<img src=x onerror=\"globalThis.hurt=1\"><script>globalThis.hurt=1</script></style>{{7*7}}",
  directions: "\u202egnp.exe\u2066\u202d\u2067 abc",
  unseen: "a\u200bb\u200dc\ufeffd\u2060e\u00adf",
  terminal: "\u001b[31mred\u001b]8;;https://evil.invalid\u0007link\u001b]8;;\u0007\r\b\u0000\u009b2J",
  address: "javascript:globalThis.hurt=1",
  endless: "W".repeat(1990),
  stacked: `a${"\u0301".repeat(1900)}`,
};

/** Names of repositories, branches and units have a form that git and the daemon hold them to. */
const stranger = (text: string): Card => ({ ...hostileCard(text), repository: "git.example.org/a/b", target_ref: "refs/heads/main", obligations: hostileCard(text).obligations?.map((one) => ({ ...one, unit: "percent" })) ?? [] });

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: await version(name) };

  for (const colours of name === "chromium" ? [COLOURS] : COLOURS.map((one) => [one] as const)) {
    accepts(tool, `each state from disk, ${colours.join(", ")}: nothing is cut off from 320 px to 4K, axe-core finds nothing, and keys reach everything`, () =>
      fromDisk(name, ({ page }) => through(page, diskStates(page, FILES), colours, name === "chromium"), name === "firefox" ? PREFERENCES[colours[0]] : {}));
  }

  accepts(tool, "what takes itself away hands the focus on", () =>
    fromDisk(name, async ({ page }) => {
      // Files are chosen by keyboard, and the part that holds the field closes.
      await page.focus("#given");
      await giveCards(page, [FILES.rows, ...FILES.cards, FILES.broken]);
      expect(["files given", await focusedName(page)]).toEqual(["files given", "giving-summary"]);
      expect(["told, dismissed", await pressed(page, "#told-close")]).toEqual(["told, dismissed", "query"]);
      // The head of the list stays where the list comes anew, and where it is sorted by it.
      await page.setViewport({ width: 1280, height: 900 });
      for (const act of [() => page.keyboard.press("Enter"), () => page.keyboard.press("Enter"), () => giveCards(page, [FILES.rows])]) {
        await page.focus("#list [data-sort=cost]");
        await act();
        expect(await page.evaluate("document.activeElement.dataset.sort ?? document.activeElement.tagName")).toBe("cost");
      }
      await page.evaluate("document.getElementById('reset').click()");
      await searchFor(page, "colour:none");
      await untilListed(page, 0);
      expect(["nothing fits, cleared", await pressed(page, "#nothing button")]).toEqual(["nothing fits, cleared", "query"]);
      await page.evaluate("document.getElementById('charts').open = true");
      await page.waitForFunction("document.querySelector('#charts .plain') !== null");
      await page.evaluate("for (const one of document.querySelectorAll('#charts details')) one.open = true");
      await pressed(page, "#charts .plain");
      await page.waitForFunction("document.getElementById('query').value.startsWith('verdict:refuse rule:') && document.querySelector('#charts').dataset.drawn === document.documentElement.dataset.listed");
      expect(["narrowed by a chart", await focusedName(page)]).toEqual(["narrowed by a chart", "query"]);
      await page.evaluate("document.getElementById('reset').click()");
      await page.evaluate(`location.hash = "#?card=gate:${"z".repeat(52)}"`);
      await page.waitForFunction("!document.getElementById('absent').hidden");
      expect(["not looked for", await pressed(page, "#absent button")]).toEqual(["not looked for", "query"]);
      // A line that is filtered out while it has the focus leaves it to the line at its place.
      await searchFor(page, "\"again after a timeout\"");
      await untilListed(page, 2);
      await pressed(page, "#list .row[tabindex='0']");
      await page.waitForFunction("document.querySelector('#one button:not(#one-close)') !== null");
      await page.focus("#one article button");
      await page.keyboard.press("Enter");
      await page.waitForFunction("document.querySelector('#opened-title').textContent === 'Two cards compared'");
      expect(["compared", await focusedName(page)]).toEqual(["compared", expect.stringMatching(/^(?:one|opened-title)$/)]);
      await page.focus("#one article button");
      await page.keyboard.press("Enter");
      expect(["swapped", await focusedName(page)]).toEqual(["swapped", "opened-title"]);
      await page.keyboard.press("Escape");
      expect(["closed", await focusedName(page)]).toEqual(["closed", expect.stringContaining("DIV.row")]);
      await pressed(page, "#clear");
      expect(["removal, kept", await pressed(page, "#removing-no")]).toEqual(["removal, kept", "clear"]);
      await pressed(page, "#clear");
      expect(["removal, removed", await pressed(page, "#removing-yes")]).toEqual(["removal, removed", "given"]);
    }));

  accepts(tool, "a stranger's text in every place of a card is text, of one direction, and breaks no line of the page", () =>
    fromDisk(name, async ({ page }) => {
      const given = Object.entries(STRANGERS).map(([what, text], i) => file(`${what}.json`, JSON.stringify({ card: { ...stranger(text), gate_id: `gate:${String.fromCharCode(97 + i).repeat(52)}` } })));
      await giveCards(page, given);
      expect([await listed(page), await told(page)]).toEqual([given.length, []]);
      for (let i = 0; i < given.length; i++) {
        const before = (await page.evaluate("document.querySelector('[data-opened]')?.dataset.opened ?? ''")) as string;
        await page.focus("#list .row[tabindex='0']");
        for (const key of ["Home", ...Array.from({ length: i }, () => "ArrowDown"), "Enter"] as const) await page.keyboard.press(key as "Home");
        await page.waitForFunction(`document.querySelector('[data-opened]')?.dataset.opened !== ${JSON.stringify(before)} && document.querySelector('#part-checks') !== null`);
        expect([i, await faults(page, ["light"], null)]).toEqual([i, []]);
        // What is not seen, what turns the direction and what a terminal would obey is escaped wherever it stands.
        expect([i, await page.evaluate("/[\\u202a-\\u202e\\u2066-\\u2069\\u200b\\u2060\\ufeff\\u0000-\\u0008\\u001b\\u009b]/.test(document.body.innerText)")]).toEqual([i, false]);
      }
      expect(await page.evaluate("[typeof globalThis.hurt, document.querySelectorAll('img, iframe, a[href], [style]').length, document.querySelectorAll('script').length]")).toEqual(["undefined", 0, 1]);
      // A megabyte where a title belongs is told, by the name of its file, and everything else stays.
      await giveCards(page, [file("large.json", JSON.stringify({ card: { ...stranger("x"), title: "x".repeat(2 ** 20) } })), file("later.json", JSON.stringify({ card: { ...stranger("x"), v: 2 } }))]);
      expect([await listed(page), (await told(page)).map((one) => one.length < 600)]).toEqual([given.length, [true, true]]);
      expect((await told(page)).toSorted()).toEqual([expect.stringContaining("large.json"), expect.stringContaining("later.json")]);
      expect(await faults(page, ["light"], null)).toEqual([]);
    }));

  accepts(tool, "each state over a daemon's history: nothing is cut off, axe-core finds nothing, keys reach everything, one origin is asked, and the daemon that stops is told", async () => {
    if (!(await host.world.client.answers())) await host.start();
    await using ui = host.ui();
    const { browser, close } = await openBrowser(name);
    try {
      const page = await browser.newPage();
      const { requests, complaints } = heard(page);
      await watchPolicy(page);
      const link = await ui.link();
      await page.goto(link.href);
      await through(page, servedStates(page, host), name === "chromium" ? COLOURS : ["light"], name === "chromium");
      // The words stay, a failed question says so, and the focus is where one goes on.
      expect(await page.evaluate("document.getElementById('release-reason').value")).toBe("looked at it");
      await page.evaluate("[...document.querySelectorAll('#part-approve button')].find(({ textContent }) => textContent === 'Do not').focus()");
      await page.keyboard.press("Enter");
      expect(["declined", await page.evaluate("document.activeElement.textContent")]).toEqual(["declined", "Show what would be signed"]);
      await page.keyboard.press("Enter");
      await page.waitForFunction("document.querySelector('#part-approve').innerText.includes('Nothing was signed.')");
      expect(["refused", await page.evaluate("document.activeElement.textContent")]).toEqual(["refused", "Show what would be signed"]);
      expect([complaints, await keptFrom(page), elsewhere(requests, link.origin)]).toEqual([[], [], []]);
    } finally {
      await close();
    }
  });
}

accepts({ name: "chromium", version: await version("chromium") }, "on paper an open card is whole: no control, no scrolled part, nothing beyond the sheet", () =>
  fromDisk("chromium", async ({ page }) => {
    await giveCards(page, [FILES.rows, ...FILES.cards]);
    await searchFor(page, "\"again after a timeout\" verdict:refuse");
    await untilListed(page, 1);
    await page.focus("#list .row");
    await page.keyboard.press("Enter");
    await page.waitForFunction("document.querySelector('#part-counterexamples .walk') !== null");
    await page.emulateMediaType("print");
    // A4 and A3 across, at 96 px an inch, without margins of 10 mm.
    for (const width of [718, 1511]) {
      await page.setViewport({ width, height: 1000 });
      await page.evaluate("window.dispatchEvent(new Event('beforeprint'))");
      expect([width, await sideways(page), await cutOff(page)]).toEqual([width, 0, []]);
      expect([width, await page.evaluate("[...document.querySelectorAll('.one-card, .one-card .excerpt, .diff-box, .told ul')].filter((node) => node.scrollHeight > node.clientHeight + 2 || node.scrollWidth > node.clientWidth + 1).map(({ className }) => className)")]).toEqual([width, []]);
      expect([width, await page.evaluate("[...document.querySelectorAll('button, input, select, textarea')].filter((node) => node.checkVisibility()).map((node) => node.id || node.textContent)")]).toEqual([width, []]);
      // The card alone: the list it was chosen from is another print.
      expect([width, await page.evaluate("[document.getElementById('list').checkVisibility(), document.getElementById('opened-title').checkVisibility()]")]).toEqual([width, [false, true]]);
      await page.evaluate("window.dispatchEvent(new Event('afterprint'))");
    }
  }));
