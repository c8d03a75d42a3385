/** `maestro ui` in real Chromium and real Firefox: its link, a reload, a second tab, another site's page, a daemon and a server that stop. */
import { afterAll, beforeAll, expect } from "bun:test";
import type { Page } from "puppeteer-core";
import { ServedUi } from "../daemon/e2e/testing/served.ts";
import { World, type GateDocument } from "../daemon/e2e/testing/world.ts";
import type { Source } from "../daemon/platform/git/testing/scratch.ts";
import { BROWSERS, elsewhere, heard, openBrowser, type BrowserName, type Opened, type OpenedPage } from "../daemon/ui/testing/browser.ts";
import { accepts, output } from "./rig/accepts.ts";

const FOCUSED = { "test/a.test.ts": `test.only("reads", () => expect(1).toBe(1));\n` };

let world: World;
let repository: Source;
let gated: GateDocument;
beforeAll(async () => {
  world = new World();
  repository = await world.changed({}, FOCUSED);
  gated = await world.judged(repository, ["--target", "main"]);
  expect(gated.verdict).toBe("refuse");
}, 120_000);
afterAll(() => world.dispose());

async function tab({ browser }: Opened, address: string): Promise<OpenedPage> {
  const page = await browser.newPage();
  const listened = heard(page, { console: true });
  await page.goto(address);
  return { page, ...listened };
}

const opening = (page: Page, word: string): Promise<unknown> => page.waitForFunction(`document.documentElement.dataset.opening === ${JSON.stringify(word)}`);
const problem = async (page: Page, words: string): Promise<void> => void (await page.waitForFunction(`!document.getElementById("problem").hidden && document.getElementById("problem").textContent.includes(${JSON.stringify(words)})`));
/** Firefox says of each blocked request on its console that it was blocked; nothing else is expected there. */
const own = (complaints: readonly string[]): string[] => complaints.filter((text) => !/Content-Security-Policy|Cross-Origin|Failed to load resource/.test(text));

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ") };
  const inBrowser = async (work: (opened: Opened, ui: ServedUi) => Promise<void>): Promise<void> => {
    const opened = await openBrowser(name);
    try {
      await using ui = ServedUi.start(world.home, [], { cwd: repository.path });
      await work(opened, ui);
    } finally {
      await opened.close();
    }
  };

  accepts(tool, "a link opens the daemon's cards, leaves the address, survives a reload, asks one origin alone, and is good once", () =>
    inBrowser(async (opened, ui) => {
      const link = await ui.link();
      const first = await tab(opened, link.href);
      await opening(first.page, "open");
      await first.page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(gated.card.title)})`);
      expect(await first.page.evaluate("location.href")).toBe(`${link.origin}/cards`);
      await first.page.reload();
      await opening(first.page, "open");
      // Another link in the same tab changes nothing but the fragment.
      ui.enter();
      const another = await ui.link();
      await first.page.goto(another.href);
      await first.page.waitForFunction("location.hash === ''");
      const second = await tab(opened, link.href);
      await opening(second.page, "closed");
      await problem(second.page, "was used");
      await problem(second.page, "press Enter");
      ui.enter();
      await second.page.goto((await ui.link()).href);
      await opening(second.page, "open");
      expect(elsewhere([...first.requests, ...second.requests], link.origin)).toEqual([]);
      expect([...first.requests, ...second.requests].filter((url) => url.includes(link.hash.slice(1)) && !url.endsWith(link.hash))).toEqual([]);
      expect(own([...first.complaints, ...second.complaints])).toEqual([]);
    }),
  );

  accepts(tool, "attack: another site's page posts, embeds, reads and guesses, and the link is still good", () =>
    inBrowser(async (opened, ui) => {
      const link = await ui.link();
      using evil = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("<!doctype html><title>elsewhere</title><form></form>", { headers: { "content-type": "text/html" } }) });
      const { page } = await tab(opened, evil.url.href);
      const done = await page.evaluate(`(async () => {
        const token = ${JSON.stringify(link.hash.slice(1))}, origin = ${JSON.stringify(link.origin)};
        const tried = [];
        const attempt = async (what, work) => { try { if (await work()) tried.push(what); } catch { /* refused */ } };
        const post = (mode, type) => fetch(origin + "/session", { method: "POST", mode, headers: { "content-type": type }, body: JSON.stringify({ token }) });
        await attempt("reads an answer", async () => (await post("cors", "application/json")).ok);
        await attempt("reads a plain answer", async () => (await post("cors", "text/plain")).ok);
        await post("no-cors", "text/plain").catch(() => null);
        navigator.sendBeacon(origin + "/session", new Blob([JSON.stringify({ token })], { type: "text/plain" }));
        await attempt("embeds it", () => new Promise((settle) => { const frame = document.createElement("iframe"); frame.onload = () => { try { settle(frame.contentDocument !== null && frame.contentDocument.title !== ""); } catch { settle(false); } }; frame.onerror = () => settle(false); frame.src = origin + "/cards#" + token; document.body.append(frame); setTimeout(() => settle(false), 3000); }));
        await attempt("loads it as a script", () => new Promise((settle) => { const script = document.createElement("script"); script.onload = () => settle(true); script.onerror = () => settle(false); script.src = origin + "/cards"; document.body.append(script); }));
        const opened = window.open(origin + "/cards");
        await attempt("reaches into it", async () => opened !== null && opened.document.title === "Maestro cards");
        return tried;
      })()`);
      expect(done).toEqual([]);
      const mine = await tab(opened, link.href);
      await opening(mine.page, "open");
    }),
  );

  accepts(tool, "even a script that got into a served page could speak with nobody else", () =>
    inBrowser(async (opened, ui) => {
      let reached = 0;
      using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(String(reached++), { headers: { "access-control-allow-origin": "*" } }) });
      const { page } = await tab(opened, (await ui.link()).href);
      await opening(page, "open");
      await page.evaluate(`(async () => {
        const to = ${JSON.stringify(other.url.href)};
        await fetch(to).catch(() => null);
        await fetch(to, { mode: "no-cors" }).catch(() => null);
        new Image().src = to;
        navigator.sendBeacon(to, "x");
        try { new WebSocket(to.replace("http", "ws")); } catch { /* refused */ }
      })()`);
      await page.evaluate("new Promise((settle) => requestAnimationFrame(() => setTimeout(settle, 200)))");
      expect(reached).toBe(0);
    }),
  );

  accepts(tool, "a daemon that stops, and then maestro ui itself: each is said, and what is shown stays", () =>
    inBrowser(async (opened, ui) => {
      const { page } = await tab(opened, (await ui.link()).href);
      await opening(page, "open");
      const shown = (): Promise<unknown> => page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(gated.card.title)})`);
      await shown();
      expect((await world.run(["stop"])).code).toBe(0);
      await problem(page, "No daemon answers");
      await shown();
      ui.child.kill("SIGTERM");
      await problem(page, "does not answer any more");
      await shown();
      expect(await page.evaluate("document.documentElement.dataset.opening")).toBe("open");
      await world.judged(repository, ["--target", "main"]);
    }),
  );
}
