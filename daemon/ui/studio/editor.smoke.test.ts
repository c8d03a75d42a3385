/** The editor in a real browser, by keyboard alone: a rule written from nothing, with completion, a mistake at its column, and both sides in step. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { skipWithout } from "../../testing/skip.ts";
import { buildPage } from "../build.ts";
import { hasBrowser, openBrowser } from "../testing/browser.ts";
import { accessibility, sideways } from "../testing/view.ts";

const missing = skipWithout(hasBrowser("chromium"), "there is no Chromium, so the studio's editor was not opened");

const yaml = (page: Page) => page.evaluate("document.getElementById('yaml').value") as Promise<string>;
const wrong = (page: Page, id: string) => page.evaluate(`document.getElementById(${JSON.stringify(id)} + "-wrong")?.innerText ?? null`) as Promise<string | null>;
const focused = (page: Page) => page.evaluate("document.activeElement.id") as Promise<string>;
/** Waits until the page has looked at the text as it now stands. */
const settled = (page: Page, condition: string) => page.waitForFunction(condition, { timeout: 30_000 });

async function typeInto(page: Page, id: string, text: string): Promise<void> {
  await page.focus(`#${id}`);
  await page.keyboard.type(text);
}

test.skipIf(missing)("a rule is written by keyboard, its mistake stands under its column, and form and YAML change each other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-studio-"));
  const file = join(folder, "studio.html");
  writeFileSync(file, await buildPage("studio"));
  const browser = await openBrowser("chromium");
  try {
    const page = await browser.browser.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await settled(page, "Number(document.documentElement.dataset.looked ?? 0) > 0 && document.getElementById('f-id') !== null");
    await page.evaluate("(() => { const y = document.getElementById('yaml'); y.value = ''; y.dispatchEvent(new Event('input', { bubbles: true })); })()");
    await typeInto(page, "f-id", "MY.CAP");
    await typeInto(page, "f-scope", "agent_call");
    await page.focus("#f-when-add");
    await page.keyboard.press("Enter");
    expect(await focused(page)).toBe("f-when-0-event");
    await page.keyboard.type("model_c");
    expect(await page.evaluate("document.activeElement.getAttribute('aria-expanded')")).toBe("true");
    await page.keyboard.press("Enter");
    await settled(page, "document.querySelector('.carried tbody')?.textContent.includes('total_spend_usd')");
    await page.focus("#f-assert-add");
    await page.keyboard.press("Enter");
    expect(await focused(page)).toBe("f-assert-0-expr");
    await page.keyboard.type("tot");
    await page.keyboard.press("Enter");
    await page.keyboard.type(" <= budge");
    await page.keyboard.press("Escape");
    await settled(page, "document.getElementById('f-assert-0-expr').getAttribute('aria-invalid') === 'true' && document.getElementById('f-assert-0-expr-wrong').textContent.includes('no field budge')");
    // The mark stands under the character at which the unknown name begins.
    expect(((await wrong(page, "f-assert-0-expr")) ?? "").split("\n").slice(0, 2)).toEqual(["total_spend_usd <= budge", `${" ".repeat(19)}^^^^^`]);
    expect(await page.evaluate("document.getElementById('f-assert-0-expr').getAttribute('aria-describedby')")).toBe("f-assert-0-expr-wrong");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await settled(page, "document.getElementById('f-assert-0-expr').getAttribute('aria-invalid') === null && document.getElementById('preview').textContent.includes('now.total_spend_usd <= now.budget_usd')");
    await page.keyboard.press("Tab");
    await page.keyboard.type("spent {{tot");
    await page.keyboard.press("Enter");
    expect(await yaml(page)).toContain("assert:\n  - expr: total_spend_usd <= budget_usd\n    message: 'spent {{total_spend_usd}}'\n");

    // The other way: a comment typed into the text stays, and the form follows.
    await page.evaluate("(() => { const y = document.getElementById('yaml'); y.value = y.value.replace('id: MY.CAP', 'id: MY.CAP # mine').replace('<= budget_usd', '< budget_usd'); y.dispatchEvent(new Event('input', { bubbles: true })); })()");
    expect(await page.evaluate("document.getElementById('f-assert-0-expr').value")).toBe("total_spend_usd < budget_usd");
    await typeInto(page, "f-owner", "gate");
    expect(await yaml(page)).toMatch(/id: MY\.CAP # mine\nscope: agent_call\nowner: gate\n/);

    // What cannot be read keeps what was typed, says where, and closes the form.
    await page.evaluate("(() => { const y = document.getElementById('yaml'); y.value = y.value + 'when: ['; y.dispatchEvent(new Event('input', { bubbles: true })); })()");
    await settled(page, "document.getElementById('form-fields').hasAttribute('inert')");
    expect(await page.evaluate("document.getElementById('form-closed').innerText")).toContain("The form waits");
    expect(await yaml(page)).toEndWith("when: [");
    await page.evaluate("(() => { const y = document.getElementById('yaml'); y.value = y.value.slice(0, -7); y.dispatchEvent(new Event('input', { bubbles: true })); })()");
    await settled(page, "!document.getElementById('form-fields').hasAttribute('inert')");

    // Leaving a name for a button builds the form anew under the finger; the click counts all the same.
    await page.evaluate("(() => { const y = document.getElementById('yaml'); y.value = 'id: A.B\\nscope: s\\nwhen:\\n  - event: mine\\n'; y.dispatchEvent(new Event('input', { bubbles: true })); })()");
    await settled(page, "document.getElementById('f-fields-add') !== null && document.getElementById('problems').textContent.includes('the event mine')");
    const known = (await page.evaluate("Number(document.documentElement.dataset.looked)")) as number;
    await page.click("#f-fields-add");
    await settled(page, "document.activeElement.id === 'f-fields-name-0'");
    await page.evaluate("document.activeElement.select()");
    await page.keyboard.type("spent");
    // What is said of the new field may move the button, so it is there before the button's place is measured.
    await settled(page, `Number(document.documentElement.dataset.looked) > ${known}`);
    const box = await (await page.$("#f-fields-add"))?.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 5, (box?.y ?? 0) + 5);
    await page.mouse.down();
    await page.mouse.up();
    await settled(page, "document.getElementById('f-fields-name-1') !== null");
    expect(await yaml(page)).toContain("fields:\n  spent: int\n  field1: int\n");

    // What is found out about the text while a name stands half typed builds the form anew once the name is left, not under it.
    await page.evaluate("(() => { const f = document.getElementById('f-fields-name-1'); f.focus(); f.select(); })()");
    await page.keyboard.type("bud");
    const looked = (await page.evaluate("Number(document.documentElement.dataset.looked)")) as number;
    await page.evaluate("(() => { const y = document.getElementById('yaml'); y.value = y.value.replace('fields:\\n', 'fields:\\n  other: int\\n'); y.dispatchEvent(new Event('input', { bubbles: true })); })()");
    await settled(page, `Number(document.documentElement.dataset.looked) > ${looked}`);
    expect(await yaml(page)).toContain("fields:\n  other: int\n  spent: int\n  field1: int\n");
    await page.keyboard.type("get");
    await page.keyboard.press("Tab");
    expect(await yaml(page)).toContain("fields:\n  other: int\n  spent: int\n  budget: int\n");
    await settled(page, "document.getElementById('f-fields-name-2').value === 'budget'");

    for (const width of [320, 1280]) {
      await page.setViewport({ width, height: 900 });
      expect([width, await sideways(page)]).toEqual([width, 0]);
    }
    expect(await accessibility(page)).toEqual([]);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !/^(?:file|blob|data):/.test(url))).toEqual([]);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
