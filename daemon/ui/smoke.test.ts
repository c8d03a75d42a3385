/** The page in a real browser, once; every field, Firefox, sizes and keyboards are in bench/page.accept.ts. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBundle, newRing } from "../testing/evidence.ts";
import { skipWithout } from "../testing/skip.ts";
import { buildPage } from "./build.ts";
import { give, hasBrowser, openBrowser, openPage, startAgain } from "./testing/browser.ts";
import { XSS } from "./testing/cases.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-page-smoke-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const missing = skipWithout(hasBrowser("chromium"), "no /usr/bin/chromium, so the verifier page was not opened in a browser");

test.skipIf(missing)("opened from disk it verifies a bundle, refuses a changed one, runs no text as markup and asks nobody", async () => {
  const ring = newRing();
  const page = file("page.html", await buildPage("verifier"));
  const trust = [file("trust.json", ring.trust)];
  const hostile = makeBundle(ring, { identity: { repo_id: XSS } });
  const opened = await openBrowser("chromium");
  try {
    const { page: tab, requests, complaints } = await openPage(opened, page);
    const good = await give(tab, { trust, evidence: [file("bundle.json", hostile)] });
    expect([good.verdict, good.headline.includes(XSS)]).toEqual(["verified", true]);
    await startAgain(tab);
    const bent = await give(tab, { trust, evidence: [file("bent.json", hostile.with(hostile.length - 200, 0x30))] });
    expect([bent.verdict, bent.steps[0]]).toEqual(["failed", expect.stringContaining("failed")]);
    expect(await tab.evaluate("[globalThis.hurt === undefined, document.querySelectorAll('img, svg, script').length]")).toEqual([true, 1]);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !/^(?:file|blob|data):/.test(url))).toEqual([]);
  } finally {
    await opened.close();
  }
}, 120_000);
