/** The Invariant Studio's editor in real Chromium and real Firefox: rules written with keys alone, hostile text, sizes and schemes. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import type { InvariantDocument } from "../proto/invariant.ts";
import { readYaml, written } from "../daemon/invariants/index.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { author } from "../daemon/ui/testing/author.ts";
import { BROWSERS, elsewhere, heard, openBrowser, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { XSS } from "../daemon/ui/testing/cases.ts";
import { accessibility, sideways } from "../daemon/ui/testing/view.ts";
import { accepts, output } from "./rig/accepts.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-accept-studio-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const PAGE = join(work, "studio.html");
writeFileSync(PAGE, await buildPage("studio"));
const FOLDER = join(import.meta.dir, "../invariants");

/** Under ids of one's own, as those that ship are taken. With `OWN` one of every part that a rule has: conditions, after an action, in time with keys, examples alone, in lists and as traces. */
const SHIPPED = ["agent-budget.yaml", "log-append-only.yaml", "every-gate-is-decided.yaml"];
const OWN: InvariantDocument = {
  id: "SHOP.ORDER.PAID", scope: "order", severity: "low", rationale: "Nothing leaves the house\nbefore it is paid: 'ever'.",
  when: [{ event: "order_paid" }, { event: "order_sent" }],
  fields: { order: "string", total: "money", note: { type: "string", tainted: true, about: "what the buyer wrote: # anything" }, kind: "enum[gift, sale]" },
  per: "order", keys_max: 1000,
  assert: [{ expr: "total >= 0 || kind == 'gift'", message: "order {{order}}: {{total}}" }],
  temporal: [{ formula: "always !order_sent || once order_paid in 24h", message: "order {{order}} left unpaid" }],
  examples: { holds: [{ with: { order: "a", total: "$5", kind: "sale" } }, { trace: [{ at: "0s", event: "order_paid", with: { order: "a" } }, { at: "1h", event: "order_sent", with: { order: "a" } }, { at: "2h" }] }], breaks: { with: { order: "a", total: "-$5", kind: "sale" } } },
};

const valueOf = (text: string): InvariantDocument => {
  const yaml = readYaml(text);
  if ("problem" in yaml) throw new Error(yaml.problem.message);
  return yaml.value as InvariantDocument;
};
const RULES: readonly InvariantDocument[] = [...SHIPPED.map((name) => valueOf(readFileSync(join(FOLDER, name), "utf8").replace("id: INV.", "id: TEAM."))), OWN];

const DEADLINE_MS = 120_000;
const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");
const typed = (text: string): string => `(() => { const y = document.getElementById("yaml"); y.value = ${JSON.stringify(text)}; y.dispatchEvent(new Event("input", { bubbles: true })); })()`;

async function onPage(name: BrowserName, task: (page: Page) => Promise<void>): Promise<void> {
  const { browser, close } = await openBrowser(name);
  try {
    const page = await browser.newPage();
    // Beside others on two processors a browser has taken half a minute for a word.
    page.setDefaultTimeout(DEADLINE_MS);
    const { requests, complaints } = heard(page);
    await page.goto(pathToFileURL(PAGE).href);
    await page.waitForFunction("Number(document.documentElement.dataset.looked ?? 0) > 0");
    await task(page);
    expect([complaints, elsewhere(requests)]).toEqual([[], []]);
  } finally {
    await close();
  }
}

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: await version(name) };

  accepts(tool, "rules written into the form with keys alone come out as they are, and whole", () =>
    onPage(name, async (page) => {
      for (const rule of RULES) {
        await page.evaluate(typed(""));
        await page.waitForFunction("document.getElementById('f-id').value === '' && document.getElementById('f-when-0-event') === null");
        await author(page, rule);
        const text = (await page.evaluate("document.getElementById('yaml').value")) as string;
        expect([rule.id, valueOf(text)]).toEqual([rule.id, rule]);
        expect(text).toBe(written(rule));
        await page.waitForFunction("document.getElementById('problems-count').textContent.startsWith('No mistake')");
      }
    }),
  );

  accepts(tool, "hostile text in every part of a document stays text", () =>
    onPage(name, async (page) => {
      const hostile = written({ id: XSS, scope: XSS, owner: `${XSS}\u202e`, rationale: XSS, when: [{ event: XSS }], fields: { a: XSS, [XSS]: "int" }, assert: [{ expr: XSS, message: `{{${XSS}}}` }, { expr: `a == '${XSS}` }], temporal: [{ formula: XSS }], examples: { holds: { with: { a: XSS, [XSS]: 1 } }, breaks: { trace: [{ at: XSS, event: XSS, with: { a: XSS } }] } } });
      await page.evaluate(typed(hostile));
      await page.waitForFunction("document.querySelectorAll('#problems li').length > 3");
      await page.evaluate(typed(`a: [${XSS}`));
      await page.waitForFunction("document.getElementById('form-fields').hasAttribute('inert')");
      // More than anybody reads; the form says so, and does not draw them.
      await page.evaluate(typed(`id: A.B\nscope: s\nwhen:\n${"  - event: a\n".repeat(4_500)}`));
      await page.waitForFunction("document.getElementById('form-fields').textContent.includes('and 4300 more, which the YAML alone shows')");
      expect(await page.evaluate("[199, 200].map((at) => document.getElementById('f-when-' + at + '-event') !== null)")).toEqual([true, false]);
      expect(await page.evaluate("[typeof globalThis.hurt, document.querySelectorAll('img, script').length]")).toEqual(["undefined", 1]);
    }),
  );

  accepts(tool, "from 320 px to 4K, light and dark: nothing is cut off, and axe-core finds nothing serious", () =>
    onPage(name, async (page) => {
      for (const rule of [{ ...OWN, owner: "", assert: [{ expr: "totl > 1", message: "{{" }] }, RULES[2]!]) {
        await page.evaluate(typed(written(rule)));
        await page.waitForFunction(`document.getElementById("f-id").value === ${JSON.stringify(rule.id)}`);
        for (const width of [320, 768, 1280, 3840]) {
          await page.setViewport({ width, height: width === 3840 ? 2160 : 900 });
          expect([width, rule.id, await sideways(page)]).toEqual([width, rule.id, 0]);
          for (const scheme of name === "chromium" ? ["light", "dark"] : ["light"]) {
            if (name === "chromium") await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
            expect([width, scheme, (await accessibility(page)).filter((found) => /serious|critical/.test(found))]).toEqual([width, scheme, []]);
          }
        }
      }
    }),
  );
}
