/** An opened Decision Card in real Chromium and real Firefox, with a real daemon behind `maestro ui`: lines around findings, evidence, a release signed from the page, a daemon that stops. */
import { afterAll, beforeAll, expect } from "bun:test";
import type { Page } from "puppeteer-core";
import { CiHost } from "../daemon/e2e/testing/ci-host.ts";
import { BROWSERS, elsewhere, heard, openBrowser, PAGE_DEADLINE_MS, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { accessibility, sideways } from "../daemon/ui/testing/view.ts";
import { accepts, output } from "./rig/accepts.ts";

const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");

const host = new CiHost();
beforeAll(() => host.start(), 120_000);
afterAll(() => host[Symbol.asyncDispose](), 120_000);

/** What the page says, and what a person does on it. */
class Reader {
  constructor(readonly page: Page) {}

  text(selector: string): Promise<string> {
    return this.page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`) as Promise<string>;
  }

  async press(text: string): Promise<void> {
    const found = await this.page.evaluate(`(() => { const one = [...document.querySelectorAll("#one button")].find(({ textContent }) => textContent === ${JSON.stringify(text)}); one?.focus(); return one !== undefined && !one.disabled; })()`);
    expect([text, found]).toEqual([text, true]);
    await this.page.keyboard.press("Enter");
  }

  /** Waits until the page says it; throws with what it says instead. */
  async saying(selector: string, text: string): Promise<void> {
    const says = `document.querySelector(${JSON.stringify(selector)})?.innerText.includes(${JSON.stringify(text)})`;
    const said = await this.page.waitForFunction(says, { timeout: PAGE_DEADLINE_MS }).catch((cause: unknown) => cause);
    if (said instanceof Error) throw new Error(`${selector} does not say ${JSON.stringify(text)} but ${JSON.stringify((await this.text(selector)) || (await this.text("#one")))}`);
  }

  /** Finds the card by its gate, and opens it by the keyboard. */
  async open(gate_id: string): Promise<void> {
    await this.page.waitForFunction("document.documentElement.dataset.following === 'true'");
    await this.page.focus("#query");
    await this.page.keyboard.type(gate_id.slice("gate:".length, 30));
    await this.page.waitForFunction("document.documentElement.dataset.listed === '1'");
    await this.page.focus("#list [role=row][tabindex='0']");
    await this.page.keyboard.press("Enter");
    await this.saying("#one .facts", gate_id);
  }
}

async function onPage(name: BrowserName, task: (reader: Reader) => Promise<void>): Promise<void> {
  await using ui = host.ui();
  const { browser, close } = await openBrowser(name);
  try {
    const page = await browser.newPage();
    const { requests, complaints } = heard(page);
    const link = await ui.link();
    await page.goto(link.href);
    await task(new Reader(page));
    expect([complaints, elsewhere(requests, link.origin)]).toEqual([[], []]);
  } finally {
    await close();
  }
}

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: await version(name) };

  accepts(tool, "a held change is opened, looked at and released with the keyboard, and the evidence names the person", async () => {
    const { gate_id } = await host.held(`released-${name}`);
    await onPage(name, async (reader) => {
      const { page } = reader;
      await reader.open(gate_id);
      // The lines around the finding, out of the change's own diff.
      await reader.saying("#part-findings .diff-lines", "jobs: {a: {}}");
      expect(await reader.text("#part-findings .diff.named .source")).toContain("jobs: {a: {}}");
      await reader.press("Hold it against the daemon's own trust file");
      await reader.saying("#part-evidence .verdict", "SOUND BY THE DAEMON'S OWN WORD");
      expect([await reader.text("#part-evidence .verdict"), await page.evaluate("document.querySelector('#part-evidence .verdict').className")]).toEqual([expect.not.stringContaining("VERIFIED"), "verdict unknown"]);
      // With the operator's file, it is proved.
      await (await page.$("#card-trust"))?.uploadFile(host.trust);
      await reader.saying("#part-evidence .verdict", "VERIFIED offline");
      expect(await accessibility(page)).toEqual([]);
      const attempts = async (): Promise<readonly number[]> => (await host.world.client.gateRecord(gate_id)).attempts;
      await page.focus("#release-reason");
      await page.keyboard.type(`looked at it in ${name}`);
      await page.keyboard.press("Enter");
      await page.keyboard.press("Backspace");
      expect([await attempts(), await reader.text("#part-approve .offer")]).toEqual([[1], ""]);
      await reader.press("Show what would be signed");
      await reader.saying("#part-approve .offer", `looked at it in ${name}`);
      for (const part of ["carol", gate_id, "ci.changed", "the key file that maestro ui was started with"]) expect(await reader.text("#part-approve .offer")).toContain(part);
      // The focus is on the heading, and the button is shut: Enter and a click do nothing yet.
      await page.keyboard.press("Enter");
      await page.evaluate("[...document.querySelectorAll('#part-approve button')].find(({ textContent }) => textContent === 'Sign and approve').click()");
      expect(await attempts()).toEqual([1]);
      // Other words are another offer.
      await page.focus("#release-reason");
      await page.keyboard.type("!");
      expect(await reader.text("#part-approve .offer")).toBe("");
      await reader.press("Show what would be signed");
      await reader.saying("#part-approve .offer", `looked at it in ${name}!`);
      await page.focus("#release-agreed");
      await page.keyboard.press(" ");
      await reader.press("Sign and approve");
      await page.waitForFunction("/Signed and logged|ADMITTED/.test(document.querySelector('#one').innerText)");
      expect(await attempts()).toEqual([1, 2]);
      await page.waitForFunction("[...document.querySelectorAll('#one button')].some(({ textContent }) => textContent === 'Open the new card') || document.querySelector('#opened-title').innerText.includes('ADMITTED')");
      // The list hears of the new attempt by itself, too, and where it was quicker the card is there already.
      const offered = await page.evaluate("(() => { const one = [...document.querySelectorAll('#one button')].find(({ textContent }) => textContent === 'Open the new card'); one?.focus(); return one !== undefined; })()");
      if (offered === true) await page.keyboard.press("Enter");
      await reader.saying("#opened-title", "ADMITTED");
      await reader.saying("#part-releases", `looked at it in ${name}!`);
      await reader.press("Compare with attempt 1");
      await reader.saying("#opened-title", "Two cards compared");
      expect(await reader.text("#part-compared-facts")).toContain("hold");
    });
    expect(await host.verified()).toMatch(new RegExp(`approved by carol \\(ci\\.changed\\).*looked at it in ${name}!`));
  });

  accepts(tool, "from 320 px to 4K, light and dark: an opened card, its offer and two compared are not cut off, and axe-core finds nothing", async () => {
    const { gate_id } = await host.held(`wide-${name}`);
    await onPage(name, async (reader) => {
      const { page } = reader;
      await reader.open(gate_id);
      await reader.saying("#part-findings .diff-lines", "jobs: {a: {}}");
      await page.focus("#release-reason");
      await page.keyboard.type("looked at it");
      await reader.press("Show what would be signed");
      await reader.saying("#part-approve .offer", "looked at it");
      await page.evaluate("document.getElementById('charts').open = true");
      for (const width of [320, 768, 1280, 3840]) {
        await page.setViewport({ width, height: width === 3840 ? 2160 : 900 });
        expect([width, await sideways(page)]).toEqual([width, 0]);
        for (const scheme of name === "chromium" ? ["light", "dark"] : ["light"]) {
          if (name === "chromium") await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
          expect([width, scheme, await accessibility(page)]).toEqual([width, scheme, []]);
        }
      }
    });
  });
}

accepts({ name: "chromium", version: await version("chromium") }, "attack: who serves the page shows another card than the evidence holds, with the true evidence beside it", async () => {
  const { gate_id } = await host.held("lied");
  await onPage("chromium", async (reader) => {
    const { page } = reader;
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      if (!request.url().endsWith(encodeURIComponent(gate_id))) return void request.continue();
      void host.world.client.gateRecord(gate_id).then((reply) => request.respond({ contentType: "application/json", body: JSON.stringify({ ...reply, card: { ...reply.card, title: "nothing to see" } }) }));
    });
    await reader.open(gate_id);
    await (await page.$("#card-trust"))?.uploadFile(host.trust);
    await reader.saying("#part-evidence .verdict", "the card that is open is not the one in it");
    expect(await page.evaluate("document.querySelector('#part-evidence .verdict').className")).toBe("verdict failed");
  });
});

accepts({ name: "chromium", version: await version("chromium") }, "a daemon that stops while a reason is written: said, nothing signed, the words stay", async () => {
  const { gate_id } = await host.held("stopped");
  await onPage("chromium", async (reader) => {
    const { page } = reader;
    await reader.open(gate_id);
    await page.focus("#release-reason");
    await page.keyboard.type("half a thought");
    expect((await host.world.run(["stop"])).code).toBe(0);
    await reader.press("Show what would be signed");
    await reader.saying("#part-approve", "Nothing was signed.");
    expect([await page.evaluate("document.getElementById('release-reason').value"), await reader.text("#opened-title")]).toEqual(["half a thought", expect.stringContaining("HELD")]);
    await host.start();
    await reader.press("Show what would be signed");
    await reader.saying("#part-approve .offer", "half a thought");
  });
});
