/** The served page in Chromium, once, before somebody who answers as `maestro ui` does and at times has no daemon; the real one is in bench/card-opened.accept.ts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { card as sample } from "../../cli/card/testing/card.ts";
import { skipWithout } from "../../testing/skip.ts";
import { buildPage } from "../build.ts";
import { hasBrowser, openBrowser, type Opened } from "../testing/browser.ts";
import { giveCards, untilListed } from "../testing/cards-page.ts";
import { asLines, manyRows } from "../testing/rows.ts";
import { accessibility } from "../testing/view.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-cards-served-"));
const missing = skipWithout(hasBrowser("chromium"), "no /usr/bin/chromium, so the served page of cards was not opened in a browser");

const ROWS = manyRows(12, Date.now());
/** Decided while the page is looked at: as many as are told. */
const MORE = ROWS.slice(0, 2).map((row, i) => ({ ...row, gate_id: `gate:${"yz"[i]?.repeat(52)}`, place: ROWS.length + 1 + i }));
let told = 0;
const TOKEN = "t".repeat(43);
const ABOUT = { version: "0", folder: "invariants", folder_there: true, signer: "user" };

/** Whether there is a daemon behind it, and whether it shows this user a list. */
const daemon = { answers: true, refuses: false };
const REFUSED = { code: "auth.denied", title: "This user may not do that; ask the operator of the build host.", detail: "uid 7 is a person's proof of releases and belongs to no tenant: release with maestro approve COMMIT --reason TEXT" };

function answer(path: string): Response {
  if (path === "/session") return Response.json({ key: TOKEN, about: ABOUT });
  if (!daemon.answers) return Response.json({ code: "daemon.unreachable", title: "No daemon answers.", detail: "" }, { status: 503 });
  if (daemon.refuses) return Response.json(REFUSED, { status: 403 });
  if (path.startsWith("/api/v1/cards/")) return Response.json({ rows: [...MORE.slice(0, told), ...ROWS], next: null, newest: ROWS.length + 1 });
  const row = ROWS.find(({ gate_id }) => path === `/api/v1/gates/${encodeURIComponent(gate_id)}`);
  if (row === undefined) return Response.json({ code: "request.not_found", title: "There is nothing under that name.", detail: "" }, { status: 404 });
  return Response.json({ card: sample({ gate_id: row.gate_id, attempt: row.attempt, head: row.head, title: `whole: ${row.title}` }), attempts: [row.attempt] });
}

describe.skipIf(missing)("a served page", () => {
  let opened: Opened;
  let page: Page;
  let server: ReturnType<typeof Bun.serve>;
  beforeAll(async () => {
    const html = await buildPage("cards", "self");
    server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/cards") return new Response(html as Uint8Array<ArrayBuffer>, { headers: { "content-type": "text/html" } });
        return pathname === "/studio" ? new Response("<!doctype html><title>studio</title>", { headers: { "content-type": "text/html" } }) : answer(pathname);
      },
    });
    opened = await openBrowser("chromium");
    page = await opened.browser.newPage();
    // The list asks every ten seconds; here, ten times as often.
    await page.evaluateOnNewDocument("const later = globalThis.setTimeout; globalThis.setTimeout = (act, ms) => later(act, ms >= 10_000 ? ms / 10 : ms)");
  }, 300_000);
  afterAll(async () => {
    await opened.close();
    await server.stop(true);
    rmSync(folder, { recursive: true, force: true });
  });

  const text = (selector: string): Promise<string> => page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`) as Promise<string>;
  const says = (selector: string, words: string): Promise<unknown> => page.waitForFunction(`(document.querySelector(${JSON.stringify(selector)})?.innerText ?? "").includes(${JSON.stringify(words)})`, { timeout: 120_000 });
  const press = (label: string): Promise<unknown> => page.evaluate(`[...document.querySelectorAll("button")].find(({ textContent, offsetParent }) => textContent === ${JSON.stringify(label)} && offsetParent !== null).click()`);
  const fresh = async (fragment: string): Promise<void> => {
    daemon.answers = true;
    await page.goto(`http://127.0.0.1:${server.port}/cards#${TOKEN}`);
    await untilListed(page, ROWS.length);
    await page.goto(`http://127.0.0.1:${server.port}/cards${fragment}`);
    await page.reload();
    await untilListed(page, ROWS.length);
  };
  const [row] = ROWS;
  const gate = row?.gate_id ?? "";

  test("whoever is shown no list is told why and what to do, and the page waits for nothing: files can be opened", async () => {
    daemon.refuses = true;
    await page.goto(`http://127.0.0.1:${server.port}/cards#${TOKEN}`);
    await says("#problem", "release with maestro approve COMMIT --reason TEXT");
    expect([await text("#from"), await page.evaluate("document.getElementById('giving').open")]).toEqual(["The daemon gives this page no list; cards in files can be opened.", true]);
    const path = join(folder, "refused.ndjson");
    writeFileSync(path, asLines(ROWS.slice(0, 3)));
    await giveCards(page, [path]);
    await untilListed(page, 3);
    daemon.refuses = false;
    await page.goto("about:blank");
  });

  test("where no daemon answers from the start, the page does not say that it reads, nor that what is shown stays", async () => {
    daemon.answers = false;
    await page.goto(`http://127.0.0.1:${server.port}/cards#${TOKEN}`);
    await says("#problem", "No daemon answers.");
    expect([await text("#from"), await text("#problem")]).toEqual(["Nothing of the daemon could be read yet; this page asks again by itself.", "No daemon answers."]);
    daemon.answers = true;
    await untilListed(page, ROWS.length);
    await says("#from", "Decisions of the daemon behind maestro ui");
    daemon.answers = false;
    await says("#problem", "What is shown here stays.");
    await page.goto("about:blank");
  }, 300_000);

  test("a page leads to the others in its tab, and says which one it is", async () => {
    await fresh("");
    expect(await page.evaluate("[...document.querySelectorAll('nav a')].map((a) => [a.textContent, a.getAttribute('href'), a.target, a.getAttribute('aria-current')])")).toEqual([["Cards", "/cards", "", "page"], ["Studio", "/studio", "", null], ["Verifier", "/verifier", "", null]]);
    await page.evaluate("document.querySelector('nav a[href=\"/studio\"]').click()");
    await page.waitForFunction("location.pathname === '/studio'");
    expect(await page.evaluate("sessionStorage.getItem('maestro.session')")).toBe(TOKEN);
  }, 300_000);

  test("a reason that was begun for another card is said to be kept, and leads back", async () => {
    const held = ROWS.filter(({ verdict }) => verdict !== "admit");
    expect(held.length).toBeGreaterThan(1);
    const [one, other] = held;
    await fresh(`#?card=${encodeURIComponent(one?.gate_id ?? "")}`);
    await says("#opened-title", "whole: ");
    await page.focus("#release-reason");
    await page.keyboard.type("half a thought");
    await page.evaluate(`[...document.querySelectorAll("#list .row")].find((row) => row.textContent.includes(${JSON.stringify(other?.title)})).click()`);
    await says("#opened-title", `whole: ${other?.title}`);
    await says("#one .kept", "is kept");
    await press("Open that card");
    await says("#opened-title", `whole: ${one?.title}`);
    expect([await page.evaluate("document.getElementById('release-reason').value"), await text("#one .kept")]).toEqual(["half a thought", ""]);
  }, 300_000);

  test("the list comes anew every few seconds, and whoever is at something beside it stays there", async () => {
    told = 0;
    await fresh("");
    const comesAnew = async (): Promise<void> => {
      const before = Number(await page.evaluate("document.documentElement.dataset.drawn"));
      await page.waitForFunction(`Number(document.documentElement.dataset.drawn) >= ${before + 2}`, { timeout: 120_000 });
    };
    /** Then another card is there. */
    const grows = async (): Promise<void> => {
      told += 1;
      await page.waitForFunction(`document.getElementById("count").textContent.includes("${ROWS.length + told}")`, { timeout: 120_000 });
    };
    const hold = (): Promise<unknown> => page.evaluate("globalThis.held = document.activeElement; 0");
    const kept = (): Promise<unknown> => page.evaluate("document.activeElement === globalThis.held");
    const name = (): Promise<unknown> => page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");

    await page.evaluate("document.getElementById('charts').open = true");
    await page.waitForFunction("document.querySelector('#charts .plain') !== null");
    await page.evaluate("for (const one of document.querySelectorAll('#charts .chart details')) one.open = true");
    await page.evaluate("document.querySelector('#charts .plain').focus()");
    const open = (): Promise<unknown> => page.evaluate("[...document.querySelectorAll('#charts .chart details')].map((one) => one.open)");
    const [tables, label] = [await open(), await name()];
    await page.evaluate("globalThis.option = document.querySelector('#rule option:nth-child(2)'); 0");
    await hold();
    await comesAnew();
    expect([await kept(), await open(), await page.evaluate("globalThis.option.isConnected")]).toEqual([true, tables, true]);
    await grows();
    await page.waitForFunction(`document.getElementById('charts').dataset.drawn === "${ROWS.length + told}"`);
    // Counts are others now; what was unfolded is, and the focus is on the same rule.
    expect([await name(), await open()]).toEqual([label, tables]);
    expect(tables).toContain(true);

    await page.focus("#query");
    await page.keyboard.type("nothing-has-this");
    await untilListed(page, 0);
    await page.focus("#nothing button");
    await hold();
    await comesAnew();
    expect(await kept()).toBe(true);
    told += 1;
    await says("#nothing", `${ROWS.length + told} cards are left out`);
    expect(await name()).toBe("Clear filters");
    told = 0;
    await page.goto("about:blank");
  }, 300_000);

  test("an address that names a gate opens its card; one that names no card of the list says so, and can be let go", async () => {
    await fresh(`#?card=${encodeURIComponent(gate)}`);
    await says("#opened-title", row?.title ?? "");
    await fresh("#?card=gate%3Anosuchgate");
    await says("#absent", "This card is not in the list: gate:nosuchgate");
    expect(await accessibility(page)).toEqual([]);
    await press("Do not look for it");
    await page.waitForFunction("document.getElementById('absent').hidden && !location.hash.includes('nosuch')");
  }, 300_000);

  test("a card that was opened while no daemon answered is asked for again: when pressed, when its line is, and by itself once a daemon answers", async () => {
    await fresh("");
    const line = "document.querySelector('#list .row').click()";
    daemon.answers = false;
    await page.evaluate(line);
    await says("#one .missing", "No daemon answers.");
    daemon.answers = true;
    await page.evaluate("[...document.querySelectorAll('#one button')].find(({ textContent }) => textContent === 'Try again').focus()");
    await page.keyboard.press("Enter");
    await says("#opened-title", "whole: ");
    expect(await page.evaluate("document.activeElement.id")).toBe("opened-title");
    await press("Close");
    daemon.answers = false;
    await page.evaluate(line);
    await says("#one .missing", "No daemon answers.");
    daemon.answers = true;
    await page.evaluate(line);
    await says("#opened-title", "whole: ");
    await press("Close");
    daemon.answers = false;
    await page.evaluate(line);
    await says("#one .missing", "No daemon answers.");
    // Nobody presses anything: the list asks again.
    daemon.answers = true;
    await says("#opened-title", "whole: ");
  }, 300_000);

  test("the daemon's rows out of a file are listed once; two cards beside each other outlive a reload", async () => {
    await fresh("");
    const file = join(folder, "rows.ndjson");
    writeFileSync(file, asLines(ROWS));
    await giveCards(page, [file]);
    expect([Number(await page.evaluate("document.documentElement.dataset.listed")), await text("#count")]).toEqual([ROWS.length, expect.stringMatching(new RegExp(`^${ROWS.length} cards: .*\\. ${ROWS.length} out of files are on the daemon's list too, and listed once\\.$`))]);
    await page.evaluate("document.querySelectorAll('#list .row input')[0].click()");
    await page.evaluate("document.querySelectorAll('#list .row input')[1].click()");
    await says("#opened-title", "Two cards compared");
    await page.waitForFunction("location.hash.includes('compare=')");
    await page.reload();
    await says("#opened-title", "Two cards compared");
    expect(await page.evaluate("[...document.querySelectorAll('#list .row input')].filter(({ checked }) => checked).length")).toBe(2);
    await page.goBack();
    await page.waitForFunction("document.getElementById('one').hidden");
  }, 300_000);

  test("a card goes to the Studio in the same tab, with the session; Back shows it again", async () => {
    await fresh(`#?card=${encodeURIComponent(gate)}`);
    await says("#opened-title", "whole: ");
    await press("Write a rule that would have caught it");
    await page.waitForFunction("location.pathname === '/studio'");
    const kept = (await page.evaluate("[sessionStorage.getItem('maestro.session'), sessionStorage.getItem('maestro.handed-over')]")) as [string, string];
    expect([kept[0], JSON.parse(kept[1])]).toEqual([TOKEN, row]);
    await page.goBack();
    await says("#opened-title", "whole: ");
  }, 300_000);
});
