/** Real browsers over the built page: opened from disk, with the network cut off and every request noted. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

export type BrowserName = "chromium" | "firefox";

export const BROWSERS: Readonly<Record<BrowserName, string>> = { chromium: "/usr/bin/chromium", firefox: "/usr/bin/firefox-esr" };
export const hasBrowser = (name: BrowserName): boolean => existsSync(BROWSERS[name]);

/** A proxy that nobody listens at: whatever would leave the machine fails, and is noted all the same. A page may be served from this one. */
const NO_NETWORK = ["--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];
const CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", ...NO_NETWORK];
const FIREFOX_PREFERENCES = { "network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9, "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9, "datareporting.policy.dataSubmissionEnabled": false, "app.update.enabled": false };
const START_DEADLINE_MS = 60_000;
/** For whatever is waited for on a page. Beside others on two processors a browser has taken half a minute for a word. */
export const PAGE_DEADLINE_MS = 120_000;

export interface Opened {
  readonly browser: Browser;
  readonly close: () => Promise<void>;
}

/** `preferences` are Firefox's, which is asked by them for what Chromium is asked for by its protocol. */
export async function openBrowser(name: BrowserName, preferences: Readonly<Record<string, string | number | boolean>> = {}): Promise<Opened> {
  const profile = mkdtempSync(join(tmpdir(), `maestro-${name}-`));
  const common = { executablePath: BROWSERS[name], headless: true, userDataDir: profile, timeout: START_DEADLINE_MS };
  const browser = await (name === "chromium" ? puppeteer.launch({ ...common, browser: "chrome", args: CHROMIUM_FLAGS }) : puppeteer.launch({ ...common, browser: "firefox", extraPrefsFirefox: { ...FIREFOX_PREFERENCES, ...preferences } }));
  const newPage = browser.newPage.bind(browser);
  browser.newPage = async (options) => {
    const page = await newPage(options);
    page.setDefaultTimeout(PAGE_DEADLINE_MS);
    return page;
  };
  let closing = false;
  // Otherwise nobody learns why a test lost its browser.
  browser.process()?.once("exit", (code, signal) => void (closing || process.stderr.write(`${name} ended in the middle of a test: ${signal ?? code}\n`)));
  const close = async (): Promise<void> => {
    closing = true;
    await browser.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { browser, close };
}

/** What a page asked for, and what went wrong in it. */
export interface Heard {
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

/** Listens from now on. To the console only where it is asked for: a browser also says there that a server is gone, or what it blocked. */
export function heard(page: Page, { console = false }: { readonly console?: boolean } = {}): Heard {
  const [requests, complaints]: [string[], string[]] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  // Firefox asks for an icon by itself, and the page's policy stops it.
  page.on("pageerror", (error) => void (/blocked .*\/favicon\.ico/.test(String(error)) || complaints.push(String(error))));
  if (console) page.on("console", (message) => void (["error", "warn"].includes(message.type()) && complaints.push(message.text())));
  return { requests, complaints };
}

/** Requests to anybody but the page's own origin, which one from disk does not have. */
export const elsewhere = (requests: readonly string[], origin = "file:"): string[] => requests.filter((url) => !url.startsWith(`${origin}/`) && !/^(?:blob|data):/.test(url));

export interface OpenedPage extends Heard {
  readonly page: Page;
}

export async function openPage({ browser }: Opened, path: string): Promise<OpenedPage> {
  const page = await browser.newPage();
  const listened = heard(page, { console: true });
  await page.goto(pathToFileURL(path).href);
  await judged(page, 1);
  return { page, ...listened };
}

/** Waits until the page has drawn its answer to the n-th question. */
export async function judged(page: Page, n: number, timeout = PAGE_DEADLINE_MS): Promise<void> {
  await page.waitForFunction(`Number(document.documentElement.dataset.judged ?? 0) >= ${n}`, { timeout });
}

export interface Seen {
  readonly verdict: string;
  readonly headline: string;
  readonly reasons: string[];
  /** Ids of the steps in the order drawn, with their state. */
  readonly steps: string[];
  readonly took_ms: number;
  readonly drawn_ms: number;
}

/** What a reader sees, taken from the document itself. */
export async function seen(page: Page): Promise<Seen> {
  return page.evaluate(`(() => {
    const root = document.documentElement.dataset;
    const text = (selector) => [...document.querySelectorAll(selector)].map((node) => node.textContent);
    return {
      verdict: root.verdict, took_ms: Number(root.tookMs), drawn_ms: Number(root.drawnMs),
      headline: text("#verdict .word, #verdict .line").join("  "),
      reasons: text("#verdict .reasons li"),
      steps: [...document.querySelectorAll(".step")].map((node) => node.id.replace("item-", "") + " " + node.className.replace("step ", "")),
    };
  })()`) as Promise<Seen>;
}

/** Gives files through the page's own file inputs and waits for the answer. */
export async function give(page: Page, files: { readonly evidence?: readonly string[]; readonly trust?: readonly string[] }): Promise<Seen> {
  let n = Number(await page.evaluate("document.documentElement.dataset.judged"));
  for (const id of ["trust", "evidence"] as const) {
    const paths = files[id] ?? [];
    if (paths.length === 0) continue;
    const input = await page.$(`input#${id}`);
    if (input === null) throw new Error(`the page has no input ${id}`);
    await input.uploadFile(...paths);
    await judged(page, ++n);
  }
  return seen(page);
}

export async function startAgain(page: Page): Promise<void> {
  const n = Number(await page.evaluate("document.documentElement.dataset.judged"));
  await page.evaluate("document.getElementById('clear').click()");
  await judged(page, n + 1);
}
