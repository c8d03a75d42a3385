/** The Invariant Studio's form while it changes under somebody's hands, in real Chromium and real Firefox: keys that come at once or late, beside a worker that answers late. Nothing that is being written is lost by it. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import type { InvariantDocument } from "../proto/invariant.ts";
import { readYaml, written } from "../daemon/invariants/index.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { author } from "../daemon/ui/testing/author.ts";
import { BROWSERS, heard, openBrowser, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { accepts, output } from "./rig/accepts.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-accept-typing-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const PAGE = join(work, "studio.html");
writeFileSync(PAGE, await buildPage("studio"));

const SEED = 20_261_123;
/** Keys mostly follow each other at once; some come late, so that whatever the page does of itself comes between two of them. */
const PAUSES_MS = [0, 0, 0, 0, 0, 0, 0, 0, 60, 400] as const;
const LATE_MS = 600;

function chance(seed: number): () => number {
  let at = seed;
  return () => (at = (at * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

/** In the page, before its own script: answers of each worker come late, each as late as chance has it, and in their order. */
const LATE = `(() => {
  const Own = globalThis.Worker;
  let at = ${SEED};
  const chance = () => (at = (at * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  globalThis.Worker = class extends Own {
    due = 0;
    set onmessage(hear) {
      super.onmessage = (event) => {
        this.due = Math.max(this.due, performance.now() + chance() * ${LATE_MS});
        setTimeout(() => hear(event), this.due - performance.now());
      };
    }
  };
})()`;
/** Answers of each worker wait from `holdAnswers()` on until `letGo()`. */
const HELD = `(() => {
  const Own = globalThis.Worker;
  let held = null;
  globalThis.holdAnswers = () => void (held = []);
  globalThis.letGo = () => { const all = held; held = null; for (const hear of all) hear(); };
  globalThis.Worker = class extends Own {
    set onmessage(hear) {
      super.onmessage = (event) => void (held === null ? hear(event) : held.push(() => hear(event)));
    }
  };
})()`;
/** A worker that ends at its first question. */
const ENDS = `(() => { const Own = globalThis.Worker; globalThis.Worker = class extends Own { postMessage() { this.terminate(); setTimeout(() => this.onerror?.(new Event("error")), 0); } }; })()`;

/** Texts that change which parts the form has while they are typed: a list, fields behind the first word, what a field is. */
const RULE: InvariantDocument = {
  id: "SHOP.PAID", scope: "order",
  when: [{ event: "paid" }, { event: "sent" }],
  fields: { order: "string", parts: { type: "list<int>", about: "numbers of parts" }, note: { type: "string", tainted: true } },
  per: "order", keys_max: 1000,
  assert: [{ expr: "size(parts) < 3", message: "{{order}} has more" }],
  temporal: [{ formula: "always !sent || once paid in 24h" }],
  examples: { holds: [{ with: { order: "a", parts: [1, 2] } }, { trace: [{ at: "0s", event: "paid", with: { order: "a" } }, { at: "1h", event: "sent", with: { order: "a" } }] }], breaks: { with: { order: "b", parts: [1, 2, 3] } } },
};

const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");
const yaml = (page: Page) => page.evaluate("document.getElementById('yaml').value") as Promise<string>;
const write = (page: Page, text: string) => page.evaluate(`(() => { const y = document.getElementById("yaml"); y.value = ${JSON.stringify(text)}; y.dispatchEvent(new Event("input", { bubbles: true })); })()`);
const looked = (page: Page) => page.evaluate("Number(document.documentElement.dataset.looked)") as Promise<number>;
const focused = (page: Page) => page.evaluate("document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName") as Promise<string>;
const field = (page: Page, id: string) => page.evaluate(`document.getElementById(${JSON.stringify(id)}).value`) as Promise<string>;
/** The page's clock stands: however slowly a loaded machine hands keys over, nobody paused between them. */
const noPause = (page: Page) => page.evaluate("(() => { const at = Date.now(); Date.now = () => at; })()");
/** The element itself is marked, and whatever takes its place is not. */
const mark = (page: Page) => page.evaluate("document.activeElement.marked = true");
const marked = (page: Page) => page.evaluate("document.activeElement.marked === true") as Promise<boolean>;

/** Changes the document under the form, and waits until what is found out about it is shown. */
async function beside(page: Page, text: string): Promise<void> {
  const before = await looked(page);
  await write(page, text);
  await page.waitForFunction(`Number(document.documentElement.dataset.looked) > ${before}`);
}

async function onPage(name: BrowserName, before: string | null, task: (page: Page) => Promise<void>): Promise<void> {
  const { browser, close } = await openBrowser(name);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    const { complaints } = heard(page);
    if (before !== null) await page.evaluateOnNewDocument(before);
    await page.goto(pathToFileURL(PAGE).href);
    await page.waitForFunction("Number(document.documentElement.dataset.looked ?? 0) > 0");
    await task(page);
    expect(complaints).toEqual([]);
  } finally {
    await close();
  }
}

const BASE = written({ id: "A.B", scope: "s", when: [{ event: "paid" }], fields: { total: "int" }, assert: [{ expr: "total > 1" }], examples: { holds: { with: { total: 2 } }, breaks: { with: { total: 1 } } } });
const long = (conditions: number): string => BASE.replace("  - expr: total > 1\n", Array.from({ length: conditions }, (_, i) => `  - expr: total > ${i}\n`).join(""));
/** Another event, and with it another part of the form above what somebody is in. */
const LONGER = BASE.replace("  - event: paid\n", "  - event: paid\n  - event: sent\n  - event: seen\n");

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: await version(name) };

  accepts(tool, "keys that come at once or after a while, beside a worker that answers late, write the rule whole", () =>
    onPage(name, LATE, async (page) => {
      const next = chance(SEED);
      await author(page, RULE, async (text) => {
        for (const character of text) {
          await page.keyboard.type(character);
          const pause_ms = PAUSES_MS[Math.floor(next() * PAUSES_MS.length)] ?? 0;
          if (pause_ms > 0) await Bun.sleep(pause_ms);
        }
      });
      const text = await yaml(page);
      const read = readYaml(text);
      expect("value" in read ? read.value : read.problem).toEqual(RULE);
      expect(text).toBe(written(RULE));
      await page.waitForFunction("document.getElementById('problems-count').textContent.startsWith('No mistake')");
    }),
  );

  accepts(tool, "what the page does of itself takes no field from under the cursor, closes no list, and moves nothing that is in sight", () =>
    onPage(name, null, async (page) => {
      await beside(page, BASE);
      // The first letter makes another form of the document's part: a map where a text stood.
      await page.focus("#f-fields-total-about");
      await mark(page);
      await page.keyboard.type("whole");
      await beside(page, (await yaml(page)).replace("paid\n", "paid\n  - event: sent\n"));
      await page.keyboard.type(" euros");
      expect([await marked(page), await field(page, "f-fields-total-about"), await yaml(page)]).toEqual([true, "whole euros", expect.stringContaining("about: whole euros")]);
      await page.keyboard.press("Tab");
      await page.waitForFunction("document.getElementById('f-when-1-event') !== null && document.activeElement.id === 'f-fields-total-on'");

      await beside(page, BASE.replace("total > 1", "total > 1 && "));
      await page.focus("#f-assert-0-expr");
      await page.keyboard.press("End");
      await page.keyboard.down("Control");
      await page.keyboard.press(" ");
      await page.keyboard.up("Control");
      const [list, top] = ["document.getElementById('f-assert-0-expr-list').hidden", "document.activeElement.getBoundingClientRect().top"];
      expect(await page.evaluate(list)).toBe(false);
      await beside(page, LONGER);
      expect([await page.evaluate(list), await focused(page)]).toEqual([false, "f-assert-0-expr"]);
      await page.keyboard.press("Tab");
      await page.waitForFunction("document.getElementById('f-when-2-event') !== null");
      expect(await focused(page)).toBe("f-assert-0-message");
      await page.focus("#f-assert-0-expr");
      await page.keyboard.press("Home");
      // Not in use any more: the form changes at the next occasion, and what is in sight stays where it is.
      const before = (await page.evaluate(top)) as number;
      await beside(page, LONGER.replace("event: seen\n", "event: seen\n  - event: gone\n"));
      await page.waitForFunction("document.getElementById('f-when-3-event') !== null");
      expect([await focused(page), await page.evaluate("document.activeElement.selectionStart")]).toEqual(["f-assert-0-expr", 0]);
      expect(Math.abs(((await page.evaluate(top)) as number) - before)).toBeLessThan(2);
    }),
  );

  accepts(tool, "a focus is not lost where its place is made anew or goes, and an undo is one wherever it comes from", () =>
    onPage(name, null, async (page) => {
      await beside(page, BASE);
      const remove = "Remove the field total";
      await page.evaluate(`[...document.querySelectorAll("button")].find((one) => one.getAttribute("aria-label") === ${JSON.stringify(remove)}).focus()`);
      await beside(page, LONGER);
      await page.waitForFunction("document.getElementById('f-when-2-event') !== null");
      expect(await focused(page)).toBe(remove);

      await noPause(page);
      await page.focus("#f-assert-add");
      await page.keyboard.press("Enter");
      await page.waitForFunction("document.activeElement.id === 'f-assert-1-expr'");
      await page.keyboard.type("total < 9");
      const undo = async (): Promise<void> => {
        await page.keyboard.down("Control");
        await page.keyboard.press("z");
        await page.keyboard.up("Control");
      };
      await undo();
      await undo();
      expect(await yaml(page)).toBe(LONGER);
      expect([await page.evaluate("document.getElementById('f-assert-1-expr')"), await page.evaluate("document.getElementById('form-fields').contains(document.activeElement)")]).toEqual([null, true]);

      // A name that is half typed is given up first; then the step before it goes.
      await page.evaluate("(() => { const f = document.getElementById('f-fields-name-0'); f.focus(); f.select(); })()");
      await page.keyboard.type("half");
      await undo();
      expect([await field(page, "f-fields-name-0"), await yaml(page)]).toEqual(["total", LONGER]);
      await page.focus("#f-scope");
      await page.keyboard.press("End");
      await page.keyboard.type("x");
      expect(await yaml(page)).toContain("scope: sx\n");
      // What a menu or a phone's gesture sends.
      expect(await page.evaluate("document.activeElement.dispatchEvent(new InputEvent('beforeinput', { inputType: 'historyUndo', bubbles: true, cancelable: true }))")).toBe(false);
      expect([await yaml(page), await field(page, "f-scope")]).toEqual([LONGER, "s"]);

      // A text that cannot be read closes the form, and whoever is in it goes to the text.
      await write(page, `${LONGER}when: [`);
      await page.focus("#yaml");
      await undo();
      await page.focus("#f-scope");
      await page.keyboard.down("Shift");
      await undo();
      await page.keyboard.up("Shift");
      await page.waitForFunction("document.getElementById('form-fields').hasAttribute('inert')");
      expect(await focused(page)).toBe("yaml");
    }),
  );

  accepts(tool, "a list that was begun before the fields were known has them as soon as they are, and one that was closed stays closed", () =>
    onPage(name, HELD, async (page) => {
      await beside(page, BASE.replace("fields:\n  total: int\n", ""));
      const names = "[...document.querySelectorAll('#f-assert-0-expr-list .name')].map((one) => one.textContent)";
      const answered = async (): Promise<void> => {
        const before = await looked(page);
        await page.evaluate("letGo()");
        await page.waitForFunction(`Number(document.documentElement.dataset.looked) > ${before}`);
      };
      await page.evaluate("holdAnswers()");
      await write(page, BASE);
      await page.focus("#f-assert-0-expr");
      await page.evaluate("document.activeElement.select()");
      await page.keyboard.type("to");
      expect(await page.evaluate(names)).not.toContain("total");
      await answered();
      await page.waitForFunction(`${names}.includes('total') && document.querySelector('#f-assert-0-expr-list [aria-selected=true] .name').textContent === 'total'`);
      await page.keyboard.press("Enter");
      expect(await field(page, "f-assert-0-expr")).toBe("total");
      await page.evaluate("holdAnswers()");
      await write(page, BASE.replaceAll("total", "totals"));
      await page.evaluate("document.activeElement.select()");
      await page.keyboard.type("to");
      await page.keyboard.press("Escape");
      await answered();
      expect(await page.evaluate("document.getElementById('f-assert-0-expr-list').hidden")).toBe(true);
    }),
  );

  accepts(tool, "of a long rule that part of the form alone is made anew whose parts changed, and of lists longer than any rule's a part is drawn", () =>
    onPage(name, null, async (page) => {
      await beside(page, long(50));
      const elements = "document.querySelectorAll('#form-fields *').length";
      await page.evaluate("(() => { for (const one of document.querySelectorAll('#form-fields .clause')) one.marked = true; })()");
      const kept = "[...document.querySelectorAll('#form-fields .clause')].filter((one) => one.marked === true).length";
      await beside(page, long(50).replace("  - event: paid\n", "  - event: paid\n  - event: sent\n"));
      await page.waitForFunction("document.getElementById('f-when-1-event') !== null");
      expect(await page.evaluate(kept)).toBe(50);
      // What stays follows the text all the same, and so does what is wrong with it.
      await beside(page, long(50).replace("total > 7\n", "totl > 7\n"));
      await page.waitForFunction("document.getElementById('f-assert-7-expr').value === 'totl > 7' && document.getElementById('f-assert-7-expr').getAttribute('aria-invalid') === 'true'");
      expect(await page.evaluate(kept)).toBe(50);
      await beside(page, long(50).replace("{with: {total: 2}}", `[${"{}, ".repeat(2_000)}{}]`));
      expect((await page.evaluate(elements)) as number).toBeLessThan(8_000);
      await beside(page, long(50).replace("{with: {total: 2}}", `{trace: [${"{at: 0s}, ".repeat(2_000)}{at: 1s}]}`));
      expect((await page.evaluate(elements)) as number).toBeLessThan(8_000);
    }),
  );

  accepts(tool, "a worker that ends before it has an answer leaves no question open", () =>
    onPage(name, ENDS, async (page) => {
      await write(page, BASE.replace("total > 1", "totl > 1"));
      await page.waitForFunction("document.getElementById('problems').textContent.includes('no field totl')");
    }),
  );
}

accepts({ name: "chromium", version: await version("chromium") }, "what 800 conditions take of the processor is no more than eight times what 100 take", () =>
  onPage("chromium", null, async (page) => {
    const session = await page.createCDPSession();
    // Of this thread alone: what others on the machine take between two tasks is none of it.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const spent = async (): Promise<number> => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
    const took = async (conditions: number): Promise<number> => {
      await beside(page, BASE);
      const before = await spent();
      await beside(page, long(conditions));
      await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 0)))");
      return (await spent()) - before;
    };
    const least = async (conditions: number): Promise<number> => Math.min(await took(conditions), await took(conditions), await took(conditions));
    await took(100);
    const [few, many] = [await least(100), await least(800)];
    expect(many / few).toBeLessThan(8);
  }),
);

accepts({ name: "chromium", version: await version("chromium") }, "an input method goes on putting its word together while the form changes", () =>
  onPage("chromium", null, async (page) => {
    await beside(page, BASE);
    const session = await page.createCDPSession();
    await page.focus("#f-fields-total-about");
    await session.send("Input.imeSetComposition", { text: "に", selectionStart: 1, selectionEnd: 1 });
    await beside(page, (await yaml(page)).replace("paid\n", "paid\n  - event: sent\n"));
    await session.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
    // Confirms what is being put together, wherever it stands.
    await session.send("Input.insertText", { text: "日本" });
    expect([await field(page, "f-fields-total-about"), await yaml(page)]).toEqual(["日本", expect.stringMatching(/about: '?日本/)]);
  }),
);
