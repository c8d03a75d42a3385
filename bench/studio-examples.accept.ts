/** Examples of the Invariant Studio's form in real Chromium and real Firefox: which fields stand there, what is under the lid, and what somebody sees while the rule changes. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { buildPage } from "../daemon/ui/build.ts";
import { BROWSERS, heard, openBrowser, PAGE_DEADLINE_MS, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { accessibility, sideways } from "../daemon/ui/testing/view.ts";
import { accepts, output } from "./rig/accepts.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-accept-examples-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const PAGE = join(work, "studio.html");
writeFileSync(PAGE, await buildPage("studio"));

const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");
const until = (page: Page, condition: string) => page.waitForFunction(condition, { timeout: PAGE_DEADLINE_MS });
const yaml = (page: Page) => page.evaluate("document.getElementById('yaml').value") as Promise<string>;
const write = (page: Page, text: string) => page.evaluate(`(() => { const y = document.getElementById("yaml"); y.value = ${JSON.stringify(text)}; y.dispatchEvent(new Event("input", { bubbles: true })); })()`);
const press = (page: Page, label: string) => page.evaluate(`[...document.querySelectorAll("button")].find((one) => one.textContent === ${JSON.stringify(label)} && one.checkVisibility()).click()`);
/** Labels of the fields that are to be seen in an example, and what its lid says. */
const seen = (page: Page, title: string) => page.evaluate(`(() => { const group = document.querySelector('[role="group"][aria-label=${JSON.stringify(title)}]'); return [[...group.querySelectorAll(".field label")].filter((one) => one.checkVisibility()).map((one) => one.textContent).join(" "), [...group.querySelectorAll("summary")].filter((one) => one.checkVisibility()).map((one) => one.textContent).join(" ")]; })()`);
const focus = (page: Page, id: string) => page.evaluate(`document.getElementById(${JSON.stringify(id)}).focus()`);
const undo = async (page: Page): Promise<void> => {
  await page.keyboard.down("Control");
  await page.keyboard.press("z");
  await page.keyboard.up("Control");
};

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  accepts({ name, version: await version(name) }, "an example shows the fields that the rule reads and those it has, and the others when they are asked for", async () => {
    const { browser, close } = await openBrowser(name);
    try {
      const page = await browser.newPage();
      const { complaints } = heard(page);
      await page.goto(pathToFileURL(PAGE).href);
      await until(page, "document.getElementById('open-more') !== null");
      await press(page, "A cap");
      await until(page, "document.getElementById('f-examples-breaks-with-cost') !== null && document.getElementById('problems-count').textContent.startsWith('No mistake')");
      const first = await yaml(page);
      const [fields, lid] = (await seen(page, "Breaks 1")) as [string, string];
      const rest = Number(/^More fields \(([0-9]+)\)$/.exec(lid)?.[1]);
      expect([fields.split(" ").sort(), rest > 20]).toEqual([["cost", "gate_id"], true]);
      expect(await seen(page, "Holds 2")).toEqual([fields, lid]);

      // A condition that is being written: what it reads stands there at once, also while it is no condition, and the YAML is what was typed.
      await focus(page, "f-assert-0-expr");
      await page.keyboard.press("End");
      await page.keyboard.type(" || files <");
      await page.keyboard.press("Escape");
      expect((await seen(page, "Breaks 1") as string[])[0]?.split(" ").sort()).toEqual(["cost", "files", "gate_id"]);
      expect(await yaml(page)).toBe(first.replace("cost <= 5.00'", "cost <= 5.00 || files <'"));

      // With keys alone: the lid is opened, a field under it filled in, and nothing goes from under the cursor.
      await focus(page, "f-examples-breaks-with-more");
      await page.keyboard.press("Enter");
      await until(page, "document.getElementById('f-examples-breaks-with-removed_lines')?.checkVisibility() === true");
      const opened = await yaml(page);
      await focus(page, "f-examples-breaks-with-removed_lines");
      await page.keyboard.type("7");
      expect(await page.evaluate("[document.activeElement.id, document.activeElement.value, document.activeElement.closest('details') !== null]")).toEqual(["f-examples-breaks-with-removed_lines", "7", true]);
      await focus(page, "f-owner");
      await page.keyboard.type("s");
      expect(await page.evaluate("document.getElementById('f-examples-breaks-with-removed_lines').closest('details')")).toBeNull();
      expect((await seen(page, "Holds 1") as string[])[0]).not.toContain("removed_lines");
      await page.keyboard.press("Backspace");
      expect(await yaml(page)).toBe(opened.replace('cost: "$5.01"}', "cost: '$5.01', removed_lines: 7}"));

      // Undone it is a field like the others again; what an undo brings back is shown though somebody stands in the example.
      for (let i = 0; i < 20 && (await yaml(page)) !== opened; i++) await undo(page);
      expect(await yaml(page)).toBe(opened);
      expect(await page.evaluate("document.getElementById('f-examples-breaks-with-removed_lines').closest('details') !== null")).toBe(true);
      await focus(page, "f-examples-breaks-with-more");
      await page.keyboard.press("Enter");
      await until(page, "document.getElementById('f-examples-breaks-with-removed_lines')?.checkVisibility() !== true");
      await focus(page, "f-examples-breaks-with-cost");
      await press(page, "Redo");
      for (let i = 0; i < 20 && !(await yaml(page)).includes("removed_lines"); i++) await press(page, "Redo");
      await until(page, "document.getElementById('f-examples-breaks-with-removed_lines')?.checkVisibility() === true");
      expect(await page.evaluate("document.getElementById('f-examples-breaks-with-removed_lines').value")).toBe("7");

      // The other side: what the text gives an example stands in the form, also what is no field; comments stay.
      await write(page, first.replace('{gate_id: g1}}', '{gate_id: g1, nonesuch: 1, title: T}} # mine'));
      await until(page, "document.getElementById('f-examples-holds-1-with-nonesuch')?.value === '1'");
      expect((await seen(page, "Holds 2") as string[])[0]?.split(" ").sort()).toEqual(["cost", "gate_id", "nonesuch", "title"]);

      // A lid that is open stays so where the form is built anew, and is closed in another document.
      await focus(page, "f-examples-holds-0-with-more");
      await page.keyboard.press("Enter");
      await until(page, "document.getElementById('f-examples-holds-0-with-title')?.checkVisibility() === true");
      await focus(page, "f-post-add");
      await page.keyboard.press("Enter");
      await until(page, "document.getElementById('f-examples-holds-0-old-cost') !== null");
      expect([await seen(page, "Holds 1, before"), (await seen(page, "Holds 1") as string[])[0]?.includes("title")]).toEqual([[fields, lid], true]);
      for (const width of [320, 1280]) {
        await page.setViewport({ width, height: 900 });
        expect([width, await sideways(page), await accessibility(page)]).toEqual([width, 0, []]);
      }
      await page.evaluate("document.getElementById('open-more').open = true");
      await press(page, "A forbidden value");
      await until(page, "document.getElementById('f-id').value === 'TEAM.CHANGE.NO_OVERRIDE'");
      expect(((await seen(page, "Holds 1")) as string[])[0]?.split(" ").sort()).toEqual(["decision", "gate_id", "overridden", "target"]);

      // Where the rule reads nothing yet nobody can say what it will be about.
      await write(page, "id: A.B\nscope: s\nwhen:\n  - event: change_decided\nexamples:\n  holds: {with: {}}\n");
      await until(page, "document.getElementById('f-examples-holds-with-title')?.checkVisibility() === true");
      expect(await seen(page, "Holds 1")).toEqual([expect.stringContaining("gate_id"), ""]);

      // From nothing: no text, an empty form, nothing kept; an undo does not bring back the rule before, which is a draft of its own.
      await until(page, "document.getElementById('file-state').innerText.startsWith('kept in this browser')");
      await page.evaluate("document.getElementById('open-more').open = true");
      await press(page, "Blank rule");
      await until(page, "document.getElementById('f-id').value === '' && document.getElementById('f-when-0-event') === null");
      expect([await yaml(page), await page.evaluate("[document.getElementById('said').innerText, document.getElementById('file-state').innerText, document.getElementById('form-fields').hasAttribute('inert')]")]).toEqual(["", ["Blank rule: a new rule. Give it an id first; the file is called after it.", "nothing to keep yet", false]]);
      await focus(page, "f-id");
      await page.keyboard.type("A.B");
      await focus(page, "f-when-add");
      await page.keyboard.press("Enter");
      await page.keyboard.type("mine");
      expect(await yaml(page)).toBe("# yaml-language-server: $schema=./invariant.schema.json\nid: A.B\nwhen:\n  - event: mine\n");
      expect([await sideways(page), await accessibility(page)]).toEqual([0, []]);
      expect(complaints).toEqual([]);
    } finally {
      await close();
    }
  });
}
