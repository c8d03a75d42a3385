/** The Invariant Studio in each state it can be in, from disk and behind a real `maestro ui`, in real Chromium and real Firefox: readable at any width, usable by keys, and no more asked of the network than its own server. */
import { afterAll, expect } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { ServedUi } from "../daemon/e2e/testing/served.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { BROWSERS, elsewhere, heard, openBrowser, type BrowserName, type Heard } from "../daemon/ui/testing/browser.ts";
import { hostileCounterexamples } from "../daemon/ui/testing/cases.ts";
import { accessibility, sideways } from "../daemon/ui/testing/view.ts";
import { drawn, keptFrom, walked, watchPolicy } from "../daemon/ui/testing/whole-page.ts";
import { accepts, output } from "./rig/accepts.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-accept-states-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const PAGE = join(work, "studio.html");
writeFileSync(PAGE, await buildPage("studio"));
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(work, name), content);
  return join(work, name);
};

const RULE = readFileSync(join(import.meta.dir, "../invariants/agent-budget.yaml"), "utf8").replace("id: INV.", "id: TEAM.");
const CALLS = file("calls.ndjson", Array.from({ length: 60 }, (_, i) => JSON.stringify({ event: "model_call", at: i * 1_000, with: { agent_id: `a${i % 3}`, total_spend_usd: i * 1_000_000, budget_usd: "$50" } })).concat("{half").join("\n"));
const [CEX = new Uint8Array()] = Object.values(hostileCounterexamples());
const COUNTEREXAMPLE = file("cex.json", CEX);
/** What strangers may write: turned round, of no width, of a terminal, an address that acts, and one word as long as a text may be. */
const HOSTILE = `<img src=x onerror="globalThis.hurt=1">\u202e\u200b\u001b[31m javascript:alert(1) ${"W".repeat(4_000)}`;

const DEADLINE = { timeout: 120_000 };
const WIDTHS = [320, 768, 1280, 3840] as const;
const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");
const until = (page: Page, condition: string) => page.waitForFunction(condition, DEADLINE);
const press = (page: Page, label: string) => page.evaluate(`[...document.querySelectorAll("button")].find((one) => one.textContent === ${JSON.stringify(label)} && one.offsetParent !== null).click()`);
const yaml = (page: Page) => page.evaluate("document.getElementById('yaml').value") as Promise<string>;

async function write(page: Page, text: string, then = "true"): Promise<void> {
  const before = (await page.evaluate("Number(document.documentElement.dataset.looked ?? 0)")) as number;
  await page.evaluate(`(() => { const y = document.getElementById("yaml"); y.value = ${JSON.stringify(text)}; y.dispatchEvent(new Event("input", { bubbles: true })); })()`);
  await until(page, `Number(document.documentElement.dataset.looked) > ${before} && (${then})`);
}

async function give(page: Page, place: "given" | "recording", path: string): Promise<void> {
  const input = await page.$(`input#${place}`);
  if (input === null) throw new Error("there is no place for files");
  await input.uploadFile(path);
}

/** Whose text is wider or higher than they are, and that do not scroll; none is as it should be. What is said beside the form is said whole below it, and a narrow table has no head. */
const CUT = `[...document.querySelectorAll("body *")].filter((node) => node.checkVisibility() && node.closest(".unseen, thead, select, textarea, input, #quick-said") === null).flatMap((node) => {
  const { overflowX, overflowY } = getComputedStyle(node);
  const wide = node.clientWidth > 0 && node.scrollWidth - node.clientWidth > 1 && ["hidden", "clip"].includes(overflowX);
  const high = node.clientHeight > 0 && node.scrollHeight - node.clientHeight > 2 && ["hidden", "clip"].includes(overflowY);
  // A box that scrolls is reached by keys, or what stands in it is.
  const shut = (node.scrollWidth - node.clientWidth > 1 || node.scrollHeight - node.clientHeight > 2) && ["auto", "scroll"].includes(overflowY) && node.tabIndex < 0 && node.querySelector("a, button, input, textarea, select, [tabindex], [role=option]") === null && node.closest("[tabindex]") === null;
  return wide || high || shut ? [node.tagName + "#" + node.id + "." + node.className] : [];
}).slice(0, 5)`;

class Look {
  readonly seen: string[] = [];

  constructor(private readonly name: BrowserName, private readonly page: Page) {}

  /** What is wrong with the page in this state; it says so with the state's name. */
  async at(state: string): Promise<void> {
    const { page } = this;
    const wrong: string[] = [];
    for (const width of WIDTHS) {
      await page.setViewport({ width, height: width === 3840 ? 2160 : 800 });
      const over = await sideways(page);
      if (over !== 0) wrong.push(`${width} px: ${over} px sideways`);
      for (const cut of (await page.evaluate(CUT)) as string[]) wrong.push(`${width} px: ${cut} is cut off`);
      if (width !== 320 && width !== 1280) continue;
      // Firefox has no way to be asked for another scheme while it runs.
      for (const scheme of this.name === "chromium" ? ["light", "dark"] : ["light"]) {
        if (this.name === "chromium") await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        for (const found of await accessibility(page)) wrong.push(`${width} px, ${scheme}: ${found}`);
      }
    }
    await page.setViewport({ width: 1280, height: 800 });
    expect([state, wrong]).toEqual([state, []]);
    this.seen.push(state);
  }

  /** Every control is reached by the Tab key, in sight and with a ring around it. */
  async byKeys(state: string): Promise<void> {
    // A window behind another shows no focus.
    await this.page.bringToFront();
    const { missed, unseen } = await walked(this.page);
    expect([state, missed, unseen]).toEqual([state, [], []]);
  }
}

async function opened(name: BrowserName, url: string, task: (page: Page, look: Look) => Promise<void>): Promise<Heard> {
  const { browser, close } = await openBrowser(name);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(DEADLINE.timeout);
    const listened = heard(page);
    await watchPolicy(page);
    await page.goto(url);
    await until(page, "Number(document.documentElement.dataset.looked ?? 0) > 0");
    await task(page, new Look(name, page));
    expect(await keptFrom(page)).toEqual([]);
    return listened;
  } finally {
    await close();
  }
}

async function written(page: Page, look: Look): Promise<void> {
  await look.at("nothing yet");
  await look.byKeys("nothing yet");
  await press(page, "A cap");
  await until(page, "document.getElementById('examples-count')?.innerText === 'all 3 show what they say'");
  await look.at("a template");
  await page.evaluate("document.querySelector('.carried summary').click()");
  await look.at("all fields of its event");
  await write(page, RULE.replace("total_spend_usd <=", "total_spend_us <=").replace("$10.000001", "$9"), "document.querySelectorAll('#problems li').length > 0");
  await look.at("with mistakes");
  await write(page, RULE.replace("$10.000001", "$9"), "document.getElementById('examples-count').innerText.includes('something else')");
  await look.at("an example that shows something else");
  await write(page, RULE, "document.querySelectorAll('#problems li').length === 0");
  for (const tab of ["property", "smt", "tla", "guard"]) {
    const before = await page.evaluate("document.getElementById('preview').innerText");
    await page.focus("[role=tab][aria-selected=true]");
    await page.keyboard.press("ArrowRight");
    await until(page, `document.activeElement.id === "tab-${tab}" || document.activeElement.id === "tab-guard"`);
    await until(page, `document.getElementById('preview').innerText !== ${JSON.stringify(before)}`);
    await look.at(`preview: ${(await page.evaluate("document.activeElement.id")) as string}`);
  }
  await page.focus("#f-assert-0-expr");
  await page.keyboard.press("End");
  await page.keyboard.type(" && ");
  await page.keyboard.down("Control");
  await page.keyboard.press(" ");
  await page.keyboard.up("Control");
  await until(page, "document.getElementById('f-assert-0-expr').getAttribute('aria-expanded') === 'true'");
  await look.at("a list of what may be written");
  await page.keyboard.press("Escape");
}

async function tried(page: Page, look: Look): Promise<void> {
  await write(page, RULE, "document.querySelectorAll('#problems li').length === 0");
  await give(page, "recording", CALLS);
  await until(page, "document.getElementById('run-status').innerText.startsWith('It would have fired')");
  await look.at("run over a recording");
  await press(page, "Steps");
  await until(page, "document.querySelector('.walk-where')?.innerText.includes('model_call')");
  await look.at("steps to a violation");
  await look.byKeys("steps to a violation");
  await give(page, "given", COUNTEREXAMPLE);
  await until(page, "document.querySelector('#run-steps .walk')?.innerText.includes('Step 60 of 60')");
  await look.at("a counterexample of a stranger's");
  await write(page, `${RULE.replace(/^rationale: .*$/m, "")}`.replace("owner: gate", `owner: ${JSON.stringify(HOSTILE)}`));
  await look.at("a hostile text");
  const kept = await yaml(page);
  await until(page, "document.getElementById('file-state').innerText.startsWith('kept in this browser')");
  await page.reload();
  await until(page, "document.getElementById('yaml')?.value.includes('onerror')");
  expect(await yaml(page)).toBe(kept);
  await look.at("a draft that was kept");
  await write(page, "id: A\nwhen: [", "document.getElementById('form-fields').hasAttribute('inert')");
  await look.at("a text that cannot be read");
  expect(await page.evaluate("[typeof globalThis.hurt, document.querySelectorAll('img, script').length]")).toEqual(["undefined", 1]);
}

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: await version(name) };

  accepts(tool, "from disk, in each state: nothing cut off from 320 px to 4K, light and dark, axe-core finds nothing, keys get everywhere, and no request", async () => {
    const noted = await opened(name, pathToFileURL(PAGE).href, async (page, look) => {
      await written(page, look);
      await tried(page, look);
    });
    expect([elsewhere(noted.requests), noted.complaints]).toEqual([[], []]);
  });

  accepts(tool, "served, in each state of saving: a new file, a bad name, what changes, two writers, and nobody there any more", async () => {
    const folder = join(work, `rules-${name}`);
    mkdirSync(folder);
    await using ui = ServedUi.start(work, ["studio", "--folder", folder, "--socket", join(work, "none.sock")]);
    const link = await ui.link();
    const noted = await opened(name, link.href, async (page, look) => {
      await until(page, "document.querySelector('.folder')?.hidden === false");
      await press(page, "A cap");
      await until(page, "document.getElementById('examples-count')?.innerText === 'all 3 show what they say'");
      await press(page, "Run over what the daemon recorded");
      await until(page, "document.querySelector('#run-status').innerText.includes('daemon') && document.getElementById('run-stop').hidden");
      await look.at("no daemon");
      await page.focus("#quick-save");
      await page.keyboard.press("Enter");
      await until(page, "document.querySelector('dialog #save-yes') !== null");
      await look.at("a new file");
      await look.byKeys("a new file");
      // An undo in the name is about the name; the document behind stays.
      const before = await yaml(page);
      await page.focus("#save-name");
      await page.keyboard.press("End");
      await page.keyboard.type("!");
      await page.keyboard.down("Control");
      await page.keyboard.press("z");
      await page.keyboard.up("Control");
      expect(await yaml(page)).toBe(before);
      await page.keyboard.type("!");
      await page.keyboard.press("Tab");
      await until(page, "document.querySelector('dialog .problem')?.innerText.includes('A name has letters') === true");
      await look.at("a bad name");
      await page.keyboard.press("Escape");
      await until(page, "!document.querySelector('dialog').open");
      expect(await page.evaluate("document.activeElement.id")).toBe("quick-save");
      await page.keyboard.press("Enter");
      await until(page, "document.querySelector('dialog #save-yes') !== null");
      await page.evaluate("document.getElementById('save-yes').click()");
      await until(page, "document.getElementById('said').innerText.startsWith('Saved as')");
      await look.at("saved");
      await write(page, `${(await yaml(page)).replace("owner: platform", "owner: mine")}# ${HOSTILE.replaceAll(/[\u0000-\u001f]/g, "")}\n`);
      await press(page, "Save to the folder\u2026");
      await until(page, "document.querySelector('dialog #save-yes') !== null");
      await look.at("what changes");
      await page.keyboard.press("Escape");
      writeFileSync(join(folder, "team-change-cost.yaml"), before.replace("severity: high", "severity: low"));
      await press(page, "Save to the folder\u2026");
      await until(page, "document.getElementById('save-over') !== null");
      await look.at("two writers");
      await look.byKeys("two writers");
      ui.child.kill("SIGTERM");
      await ui.child.exited;
      await page.evaluate("document.getElementById('save-over').click()");
      await until(page, "document.querySelector('dialog').innerText.includes('Nothing was written, and your text stays.')");
      await look.at("nobody there, in the dialog");
      await page.keyboard.press("Escape");
      await look.at("nobody there");
      expect(await yaml(page)).toContain("owner: mine");
    });
    expect([elsewhere(noted.requests, link.origin), noted.complaints]).toEqual([[], []]);
  });

  accepts(tool, "in a narrow window running and what came of it stay at its foot, cover nothing that has the focus, and leave a low window to the text", async () => {
    await opened(name, pathToFileURL(PAGE).href, async (page) => {
      await write(page, RULE, "document.querySelectorAll('#problems li').length === 0");
      await give(page, "recording", CALLS);
      await until(page, "document.getElementById('quick-said').innerText.startsWith('It would have fired')");
      // As behind a server, where a rule is saved, too.
      await page.evaluate("document.getElementById('quick-save').hidden = false");
      const inSight = "['quick-save', 'quick-run', 'quick-where'].every((id) => { const { top, bottom, left, right } = document.getElementById(id).getBoundingClientRect(); return top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth; })";
      for (const width of [320, 480]) {
        await page.setViewport({ width, height: 640 });
        await page.evaluate("scrollTo(0, 0)");
        expect([width, await page.evaluate(inSight), await sideways(page)]).toEqual([width, true, 0]);
        await page.focus("#f-id");
        for (let i = 0; i < 40; i++) {
          await page.keyboard.press("Tab");
          // As it is drawn, and no key before that: of keys a millisecond apart Firefox now and then scrolls to none.
          await drawn(page);
          // Of what is higher than the window no more than its beginning can be in sight.
          const covered = await page.evaluate("(() => { const [at, bar] = [document.activeElement, document.getElementById('quick')]; const [{ top, bottom }, foot] = [at.getBoundingClientRect(), bar.getBoundingClientRect().top]; return !bar.contains(at) && (bottom - top < foot / 2 ? bottom : top) > foot + 1 ? at.id || at.textContent : null; })()");
          expect([width, covered]).toEqual([width, null]);
        }
      }
      // A first draft makes the list of them longer while its end is in sight, and what has the focus stays where it is.
      const kept = "document.getElementById('file-state').innerText.startsWith('kept in this browser')";
      await until(page, kept);
      await press(page, "Throw away");
      await press(page, "Yes, throw it away");
      await page.setViewport({ width: 320, height: 640 });
      await page.evaluate("document.querySelector('.shelf').scrollIntoView()");
      await page.evaluate("document.getElementById('f-severity').focus({ preventScroll: true })");
      expect(await page.evaluate("document.activeElement.id")).toBe("f-severity");
      const stands = () => page.evaluate("document.activeElement.getBoundingClientRect().top") as Promise<number>;
      const list = () => page.evaluate("document.querySelector('.shelf').offsetHeight") as Promise<number>;
      const [before, low] = [await stands(), await list()];
      await page.keyboard.press("l");
      await until(page, `document.querySelector('.shelf').offsetHeight > ${low + 24}`);
      await drawn(page);
      expect(await page.evaluate("document.activeElement.id")).toBe("f-severity");
      // To a pixel: a browser scrolls by whole ones of its screen.
      expect(Math.abs((await stands()) - before)).toBeLessThanOrEqual(1);
      await page.setViewport({ width: 320, height: 256 });
      expect(await page.evaluate("getComputedStyle(document.getElementById('quick')).position")).toBe("static");
    });
  });
}

accepts({ name: "chromium", version: await version("chromium") }, "forced colours show what is marked and focused, and paper has the whole rule in black on white", async () => {
  await opened("chromium", pathToFileURL(PAGE).href, async (page) => {
    await write(page, `${RULE}${"# one line more\n".repeat(60)}`);
    const session = await page.createCDPSession();
    await session.send("Emulation.setEmulatedMedia", { features: [{ name: "forced-colors", value: "active" }] });
    expect(await page.evaluate("matchMedia('(forced-colors: active)').matches")).toBe(true);
    await page.focus("#f-assert-0-expr");
    await page.keyboard.press("End");
    await page.keyboard.type(" && t");
    await until(page, "document.querySelector('.choices [aria-selected=true]') !== null");
    const outlined = (selector: string) => page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).outlineStyle`);
    expect([await outlined(".choices [aria-selected=true]"), await outlined("[role=tab][aria-selected=true]"), await outlined("#f-assert-0-expr")]).toEqual(["solid", "solid", "solid"]);
    await page.keyboard.press("Escape");
    await session.send("Emulation.setEmulatedMedia", { media: "print", features: [] });
    const paper = (await page.evaluate("(() => { const of = (id) => document.getElementById(id); const text = of('yaml'); return { ink: getComputedStyle(document.body).color, paper: getComputedStyle(document.body).backgroundColor, buttons: [...document.querySelectorAll('button, input[type=file]')].filter((one) => one.checkVisibility()).length, cut: text.checkVisibility() ? text.scrollHeight - text.clientHeight : -1, preview: of('preview').scrollHeight - of('preview').clientHeight }; })()")) as Readonly<Record<string, unknown>>;
    expect(paper).toEqual({ ink: "rgb(0, 0, 0)", paper: "rgb(255, 255, 255)", buttons: 0, cut: 0, preview: 0 });
  });
});
