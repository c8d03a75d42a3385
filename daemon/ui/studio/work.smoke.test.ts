/** Keeping and trying in a real browser: edited, reloaded and still there; undone; run over a recording; downloaded as it stands. */
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { hostileCounterexamples, XSS } from "../testing/cases.ts";
import { skipWithout } from "../../testing/skip.ts";
import { buildPage } from "../build.ts";
import { hasBrowser, openBrowser } from "../testing/browser.ts";
import { accessibility, sideways } from "../testing/view.ts";

const missing = skipWithout(hasBrowser("chromium"), "there is no Chromium, so the studio was not opened");
const DEADLINE = { timeout: 60_000 };

const yaml = (page: Page) => page.evaluate("document.getElementById('yaml').value") as Promise<string>;
const text = (page: Page, id: string) => page.evaluate(`document.getElementById(${JSON.stringify(id)}).innerText`) as Promise<string>;
const until = (page: Page, condition: string) => page.waitForFunction(condition, DEADLINE);
const write = (page: Page, content: string) => page.evaluate(`(() => { const y = document.getElementById("yaml"); y.value = ${JSON.stringify(content)}; y.dispatchEvent(new Event("input", { bubbles: true })); })()`);
const press = (page: Page, label: string) => page.evaluate(`[...document.querySelectorAll("button")].find((one) => one.textContent === ${JSON.stringify(label)} && one.offsetParent !== null).click()`);

async function give(page: Page, place: "given" | "recording", ...paths: readonly string[]): Promise<void> {
  const input = await page.$(`input#${place}`);
  if (input === null) throw new Error("there is no place for files");
  await input.uploadFile(...paths);
}

const RULE = `id: TEAM.CALL.CAP
scope: agent_call
owner: platform
when:
  - event: model_call
assert:
  - expr: total_spend_usd * 10 <= budget_usd * 9
    message: '{{agent_id}} has spent {{total_spend_usd}} of {{budget_usd}}'
examples:
  holds: {with: {agent_id: a, total_spend_usd: "$9", budget_usd: "$10"}}
  breaks: {with: {agent_id: a, total_spend_usd: "$9.01", budget_usd: "$10"}}
`;
const CALL = (spent: number, agent = "a") => JSON.stringify({ event: "model_call", at: `${spent}s`, with: { agent_id: agent, total_spend_usd: spent * 1_000_000, budget_usd: "$10" } });

test.skipIf(missing)("what is written is there after a reload, is undone and done again, runs over a recording, and is downloaded as it stands", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-studio-work-"));
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const url = pathToFileURL(file("studio.html", await buildPage("studio"))).href;
  const browser = await openBrowser("chromium");
  try {
    const page = await browser.browser.newPage();
    const [complaints, requests]: [string[], string[]] = [[], []];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(url);
    await until(page, "document.getElementById('download') !== null");
    await press(page, "A cap");
    await until(page, "document.getElementById('examples-count')?.innerText === 'all 3 show what they say'");
    await write(page, RULE);
    await until(page, "document.getElementById('examples-count')?.innerText === 'all 2 show what they say'");
    // A pause, so that what comes is a step of its own.
    await until(page, "document.getElementById('file-state').innerText.startsWith('kept in this browser')");
    const first = await yaml(page);
    expect(await text(page, "examples")).toContain('"a" has spent 9.01 of 10.00');

    // One step for what was typed without a pause; the other side's own undo is not asked.
    await page.focus("#f-owner");
    // The page's clock stands meanwhile: on a loaded machine keys may come later than a pause is long.
    await page.evaluate("(() => { const at = Date.now(); Date.now = () => at; })()");
    await page.keyboard.type(" and more");
    await until(page, "document.getElementById('file-state').innerText.startsWith('kept in this browser')");
    const edited = await yaml(page);
    expect(edited).toBe(first.replace("owner: platform", "owner: platform and more"));
    await page.keyboard.down("Control");
    await page.keyboard.press("z");
    await page.keyboard.up("Control");
    expect(await yaml(page)).toBe(first);
    await press(page, "Redo");
    expect(await yaml(page)).toBe(edited);

    // A reload in the middle of a word, before anything was kept for it.
    await page.focus("#yaml");
    await page.keyboard.type("# unfinished");
    const unfinished = await yaml(page);
    await page.reload();
    await until(page, "document.getElementById('yaml')?.value.includes('# unfinished')");
    expect(await yaml(page)).toBe(unfinished);
    await page.focus("#yaml");
    await write(page, edited);

    await give(page, "recording", file("recorded.ndjson", [CALL(1), CALL(9), CALL(10, XSS), "{half"].join("\n")));
    await until(page, "document.getElementById('run-status').innerText.startsWith('It would have fired once in 3 events, from 1s to 10s')");
    expect(await text(page, "run-result")).toMatch(/1 line is no event and was not asked: line 4: this is no JSON, or half of it[^]*has spent 10\.00 of 10\.00/);
    await press(page, "Steps");
    await until(page, "document.querySelector('.walk-where')?.innerText.includes('model_call')");

    expect(await text(page, "quick-said")).toBe(await text(page, "run-status"));
    await page.evaluate("window.scrollTo(0, 0)");
    await press(page, "See where");
    expect(await page.evaluate("[document.activeElement.innerText.includes('has spent 10.00 of 10.00'), document.activeElement.getBoundingClientRect().top < innerHeight]")).toEqual([true, true]);
    // What an earlier run found is no answer to this one, and what could not be asked is no pass.
    await give(page, "recording", file("none.ndjson", ""));
    await until(page, "document.getElementById('run-status').innerText === 'Nothing could be asked: there is no event in none.ndjson.'");
    expect([await text(page, "run-result"), await text(page, "run-steps")]).toEqual(["", ""]);
    expect(await page.evaluate("document.getElementById('quick-where').hidden")).toBe(true);
    // A name may turn the reading direction round.
    await give(page, "given", file("rtl\u202elmay.bin", "PK"));
    await until(page, "document.getElementById('said').innerText.startsWith('rtl\\\\u{202e}lmay.bin is none of the files')");
    await give(page, "recording", file("rtl\u202enosjdn", ""));
    await until(page, "document.getElementById('run-status').innerText.endsWith('no event in rtl\\\\u{202e}nosjdn.')");

    const [cex = ""] = Object.values(hostileCounterexamples());
    await give(page, "given", file("cex.json", cex));
    await until(page, "document.querySelector('#run-steps .walk')?.innerText.includes('Step 60 of 60')");
    await page.focus("#run-steps .walk button");
    await page.keyboard.press("Home");
    expect(await page.evaluate("document.querySelector('.walk-where').innerText")).toContain("Step 1 of 60");
    expect(await page.evaluate("[typeof globalThis.hurt, document.querySelectorAll('img, script').length]")).toEqual(["undefined", 1]);

    const session = await page.createCDPSession();
    await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, eventsEnabled: true });
    const whole = new Promise<void>((settle) => session.on("Browser.downloadProgress", ({ state }) => void (state === "completed" && settle())));
    await press(page, "Download");
    await whole;
    expect(existsSync(join(folder, "team-call-cap.yaml")) ? readFileSync(join(folder, "team-call-cap.yaml"), "utf8") : "").toBe(edited);

    // Thrown away only when asked twice.
    await page.evaluate("document.getElementById('open-more').open = true");
    await until(page, "document.querySelector('.shelf li') !== null");
    await press(page, "Throw away");
    await press(page, "Yes, throw it away");
    await until(page, "document.querySelector('.shelf li') === null");
    expect(await yaml(page)).toBe(edited);
    await page.setViewport({ width: 320, height: 800 });
    expect(await sideways(page)).toBe(0);
    expect(await accessibility(page)).toEqual([]);
    expect(complaints).toEqual([]);
    expect(requests.filter((one) => !/^(?:file|blob|data):/.test(one))).toEqual([]);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
