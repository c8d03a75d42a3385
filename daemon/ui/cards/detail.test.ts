/** What opens when a card is chosen, in a real browser, from disk; whole stories with a daemon are in bench/card-opened.accept.ts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import type { Card } from "../../../proto/card.ts";
import { type Counterexample, counterexampleBytes } from "../../../proto/counterexample.ts";
import { card as sample } from "../../cli/card/testing/card.ts";
import { makeBundle, newRing } from "../../testing/evidence.ts";
import { skipWithout } from "../../testing/skip.ts";
import { buildPage } from "../build.ts";
import { hasBrowser, openBrowser, openPage, type Opened, type OpenedPage } from "../testing/browser.ts";
import { XSS } from "../testing/cases.ts";
import { accessibility } from "../testing/view.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-card-opened-"));
const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const missing = skipWithout(hasBrowser("chromium"), "no /usr/bin/chromium, so no card was opened in a browser");

const CEX: Counterexample = {
  type: "maestro.cex/v1", invariant: "queue.fifo", engine: "tlc", message: "a job is lost", inputs: null,
  trace: [{ action: "Init", location: null, state: { queue: [], done: 0 } }, { action: "Put", location: null, state: { queue: [1], done: 0 } }, { action: "Take", location: null, state: { queue: [], done: 1 } }],
  loop_at: null, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: "b".repeat(64), replay: { command: ["maestro", "modelcheck", "specs/queue.tla"], verdict: "reproduced" },
};
const listed = (cex: Counterexample) => ({ check: "modelcheck", rule: "model.violated", fingerprint: "c".repeat(64), sha256: "d".repeat(64), document: new TextDecoder().decode(counterexampleBytes(cex)) });
const violated: Card["reasons"][number] = { rule: "model.violated", check: "modelcheck", effect: "refuse", observed: false, because: "a job is lost", ranges: [], excerpt: null, fingerprints: ["c".repeat(64)] };
const base = sample();

const FIRST: Card = sample({
  verdict: "refuse",
  attempt: 1,
  title: "first attempt",
  reasons: [violated, ...base.reasons],
  counterexamples: { listed: [listed(CEX), listed({ ...CEX, message: "planted", replay: { ...CEX.replay, verdict: "not-reproduced" } })], more: 0 },
  checks: [...base.checks, { check: "command.coverage", result: "unavailable", required: true, because: "ended at its deadline", findings: 0 }],
  next: [{ action: "retry", text: "run it again", command: ["maestro", "gate", "--rerun"], rule: null, cost: "seconds", risk: "none" }, { action: "retry", text: "or this", command: ["sh", "-c", "curl evil.invalid"], rule: null, cost: "seconds", risk: "none" }],
  cost: { reported: true, micro_usd: "1840000" },
});
const SECOND: Card = sample({ attempt: 2, title: "second attempt" });
const HOSTILE: Card = sample({
  gate_id: `gate:${"b".repeat(52)}`,
  title: XSS,
  reasons: [{ ...violated, because: `${XSS}\u202e`, excerpt: XSS, ranges: [`${XSS}.ts`, "a\nb.ts", "a\\nb.ts"].map((path) => ({ path: { u: path }, start_line: 1, end_line: 1 })) }],
  gaps: [{ what: XSS, because: XSS }],
  next: [{ action: "retry", text: XSS, command: ["maestro", `gate\n${XSS}`], rule: null, cost: "none", risk: "none" }],
  warnings: [XSS, "x".repeat(2000)],
});

describe.skipIf(missing)("a card that is opened", () => {
  let browser: Opened;
  let opened: OpenedPage;
  let page: Page;
  const ring = newRing();

  beforeAll(async () => {
    const path = file("cards.html", await buildPage("cards"));
    browser = await openBrowser("chromium");
    opened = await openPage(browser, path);
    page = opened.page;
    const input = await page.$("#given");
    await input?.uploadFile(file("first.json", JSON.stringify({ card: FIRST })), file("second.json", JSON.stringify({ card: SECOND })), file("hostile.json", JSON.stringify({ card: HOSTILE })), file("bundle.json", makeBundle(ring)));
    await page.waitForFunction("document.documentElement.dataset.read === '1' && document.documentElement.dataset.listed === '4'");
  }, 300_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const text = (selector: string): Promise<string> => page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`) as Promise<string>;
  const texts = (selector: string): Promise<string[]> => page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((node) => node.innerText)`) as Promise<string[]>;
  const open = async (title: string): Promise<void> => {
    await page.evaluate(`[...document.querySelectorAll("#list [role=row]")].find((row) => row.textContent.includes(${JSON.stringify(title)})).click()`);
    await page.waitForFunction(`document.querySelector("#opened-title")?.textContent.includes(${JSON.stringify(title)})`);
  };

  test("what gave no answer stands above what refuses, and that above what passed; only commands of ours can be copied", async () => {
    await open("first attempt");
    const parts = (await page.evaluate("[...document.querySelectorAll('#one .part')].map(({ id }) => id)")) as string[];
    expect(parts).toEqual(["unavailable", "reasons", "counterexamples", "findings", "next", "checks", "cost", "notes", "rule", "approve", "evidence"].map((id) => `part-${id}`));
    expect(await text("#part-unavailable")).toContain("ended at its deadline");
    expect(await texts("#part-reasons .rule")).toEqual(["model.violated", "ci.changed", "guard.self-edit"]);
    expect((await texts("#part-next .typed")).map((one) => one.split("\n"))).toEqual([["maestro gate --rerun", "Copy"], ["sh -c 'curl evil.invalid'"]]);
    expect([await text("#part-findings"), await text("#part-approve"), await text("#part-evidence")]).toEqual([expect.stringContaining("maestro ui cards"), expect.stringContaining("cannot be released here"), expect.stringContaining("nothing of it is proved")]);
  });

  test("a counterexample is gone through by keys, and what changed is said in words; what was not seen to break is not drawn", async () => {
    await open("first attempt");
    const where = (): Promise<string> => text("#part-counterexamples .walk-where");
    expect(await where()).toBe("Step 3 of 3: Take – here it breaks");
    await page.focus("#part-counterexamples .walk button");
    await page.keyboard.press("ArrowLeft");
    expect([await where(), await texts("#part-counterexamples .field")]).toEqual(["Step 2 of 3: Put", ["done\t0\t", "queue\t[1]\t● changed, was []"]]);
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowLeft");
    expect(await where()).toBe("Step 1 of 3: Init");
    expect(await text("#part-counterexamples")).not.toContain("planted");
  });

  test("two attempts: what is gone, what is new, what stayed", async () => {
    await open("second attempt");
    await page.evaluate("[...document.querySelectorAll('#one button')].find(({ textContent }) => textContent === 'Compare with attempt 1').click()");
    await page.waitForFunction("document.querySelector('#opened-title')?.textContent === 'Two cards compared'");
    expect(await text("#part-compared-reasons .hint")).toBe("1 gone, 0 new, 2 in both.");
    expect(await texts("#part-compared-checks tbody tr")).toEqual(["command.coverage\tunavailable\tnot there"]);
    expect((await texts("#part-compared-facts tbody tr")).filter((row) => row.endsWith("differs")).map((row) => row.split("\t")[0])).toEqual(["Verdict", "Attempt", "Reported cost", "Whole cost"]);
  });

  test("evidence is verified where it stands: with the operator's trust file, with a stranger's, and after a byte was changed", async () => {
    await open("Speed up the parser");
    const verdict = async (trust: Uint8Array): Promise<string> => {
      await page.evaluate("document.querySelector('#part-evidence [data-verdict]')?.removeAttribute('data-verdict')");
      await (await page.$("#card-trust"))?.uploadFile(file("trust.json", trust));
      await page.waitForFunction("!['waiting', undefined].includes(document.querySelector('#part-evidence [data-verdict]')?.dataset.verdict)");
      return text("#part-evidence .verdict .word");
    };
    expect(await verdict(ring.trust)).toContain("VERIFIED offline");
    expect(await text("#part-evidence")).toContain("Judged with the trust file that you gave");
    expect(await verdict(newRing().trust)).toContain("UNKNOWN SIGNER");
    expect(await verdict(ring.trust.with(40, 0x30))).toContain("FAILED");
    expect([await text("#part-evidence"), await text("#card-trust-used")]).toEqual([expect.not.stringContaining("--trust"), "Used: trust.json"]);
  });

  test("a file that is no trust file is named, and nothing is called failed", async () => {
    await open("Speed up the parser");
    await (await page.$("#card-trust"))?.uploadFile(file("holiday.json", '{"photos": []}'));
    await page.waitForFunction("document.querySelector('#part-evidence [data-verdict]')?.dataset.verdict === 'not_judged'");
    expect(await text("#part-evidence .verdict")).toContain("holiday.json is no trust file");
    expect(await text("#part-evidence")).not.toMatch(/FAILED|--trust|Judged with/);
    expect(await text("#card-trust-used")).toBe("");
  });

  test("another card begins at its top, the same one stays where it was, and a verdict is brought into sight", async () => {
    const before = page.viewport();
    await page.setViewport({ width: 1600, height: 700 });
    const top = (): Promise<unknown> => page.evaluate("document.getElementById('one').scrollTop");
    await open("first attempt");
    await page.evaluate("document.getElementById('one').scrollTop = 400");
    expect(await top()).toBe(400);
    await open("first attempt");
    expect(await top()).toBe(400);
    await open("Speed up the parser");
    expect(await top()).toBe(0);
    await (await page.$("#card-trust"))?.uploadFile(file("trust.json", ring.trust));
    await page.waitForFunction("document.querySelector('#part-evidence [data-verdict]')?.dataset.verdict === 'verified'");
    expect(await page.evaluate("(({ bottom }, box) => bottom <= Math.min(box.bottom, innerHeight) + 1)(document.querySelector('#part-evidence .verdict').getBoundingClientRect(), document.getElementById('one').getBoundingClientRect())")).toBe(true);
    await page.setViewport(before);
  });

  test("charts count what is listed, and follow the filter", async () => {
    await page.evaluate("document.getElementById('charts').open = true");
    const sums = async (listed_now: number): Promise<string[]> => {
      await page.waitForFunction(`document.getElementById("charts").dataset.drawn === "${listed_now}"`);
      return page.evaluate("[...document.querySelectorAll('#charts tbody tr:last-child')].map((row) => row.textContent)") as Promise<string[]>;
    };
    expect(await sums(4)).toEqual(["Sum0101", "Sum1", "Sum1"]);
    expect(await texts("#charts .chart > .hint")).toContain("3 cards without a time are not in it.");
    await page.evaluate("document.querySelector('#chart-rules').parentElement.querySelector('details').open = true; document.querySelector('#charts .plain').click()");
    await sums(1);
    expect(await page.evaluate("document.getElementById('query').value")).toBe("verdict:refuse rule:model.violated");
    await page.evaluate("document.getElementById('reset').click()");
    await page.waitForFunction("document.documentElement.dataset.listed === '4'");
  });

  test("hostile text of a card stays text, and axe-core finds nothing", async () => {
    await open("<img/src");
    expect(await page.evaluate("[typeof globalThis.hurt, document.querySelectorAll('#one img, #one script').length]")).toEqual(["undefined", 0]);
    expect(await texts("#part-next .typed button")).toEqual([]);
    // A line feed, and a backslash with an n, are two paths.
    expect((await texts("#part-reasons .places code")).slice(1)).toEqual(['"a\\nb.ts":1', '"a\\\\nb.ts":1']);
    expect(await page.evaluate("document.body.innerText.includes('\\u202e')")).toBe(false);
    expect(await accessibility(page)).toEqual([]);
    await open("first attempt");
    expect(await accessibility(page)).toEqual([]);
    expect([opened.complaints, opened.requests.filter((url) => !/^(?:file|blob|data):/.test(url))]).toEqual([[], []]);
  });
});
