/** The verifier page in real Chromium and real Firefox, opened from disk with no network: verdicts, changed fields, hostile text, keyboard, sizes. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPage } from "../daemon/ui/build.ts";
import { BROWSERS, elsewhere, give, judged, openBrowser, openPage, seen, startAgain, type BrowserName, type OpenedPage } from "../daemon/ui/testing/browser.ts";
import { bentCases, fullCases, hostileCounterexamples, largeBundle, plainCases, XSS } from "../daemon/ui/testing/cases.ts";
import { leastMs, standstillOf } from "../daemon/ui/testing/standstill.ts";
import { accessibility, sideways, tabOrder } from "../daemon/ui/testing/view.ts";
import { questionOf } from "../daemon/ui/verifier/questions.ts";
import { describeVerification } from "../daemon/cli/verification.ts";
import { makeBundle, newRing } from "../daemon/testing/evidence.ts";
import { verifyBundle } from "../daemon/verifier/index.ts";
import { accepts, output } from "./rig/accepts.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-accept-page-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(work, name), content);
  return join(work, name);
};

const PAGE = file("verifier.html", await buildPage("verifier"));
const ring = newRing();
const now = new Date();
const trust = [file("trust.json", ring.trust)];
/** A bundle of 1,000 leaves, on a machine that does other things too. */
const THOUSAND_LEAVES_MS = 1000;
/** How long the page may stand still while its worker hashes. */
const STANDSTILL_MS = 1000;

const version = async (name: BrowserName): Promise<string> => (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");

/** A new page for `work`, which afterwards must have asked nobody for anything and complained of nothing. */
async function onPage(name: BrowserName, task: (opened: OpenedPage) => Promise<void>): Promise<void> {
  const browser = await openBrowser(name);
  try {
    const opened = await openPage(browser, PAGE);
    await task(opened);
    expect([opened.complaints, elsewhere(opened.requests)]).toEqual([[], []]);
  } finally {
    await browser.close();
  }
}

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: await version(name) };

  accepts(tool, "every case gets the command line's verdict, word for word", () =>
    onPage(name, async ({ page }) => {
      for (const { name: title, bundle, trust: trusted, result } of [...plainCases(ring, now), ...(await fullCases(ring, now))]) {
        await startAgain(page);
        const shown = await give(page, { trust: [file("t.json", trusted)], evidence: [file("b.json", bundle)] });
        const [head = "", ...rest] = describeVerification(verifyBundle(bundle, trusted, { now })).split("\n");
        expect([title, shown.verdict, shown.headline.replace(/^\S /, "")]).toEqual([title, result, head]);
        expect([title, shown.reasons]).toEqual([title, result === "verified" ? [] : rest.map((line) => line.trim())]);
      }
    }),
  );

  accepts(tool, "every field of a bundle changed is refused, and the step that names it comes first", () =>
    onPage(name, async ({ page }) => {
      const cases = bentCases(ring, name === "firefox", now);
      expect(cases.length).toBeGreaterThan(name === "firefox" ? 80 : 200);
      await give(page, { trust });
      for (const { name: title, bundle, result, code } of cases) {
        const shown = await give(page, { evidence: [file("b.json", bundle)] });
        expect([title, shown.verdict, shown.steps[0]]).toEqual([title, result, `${questionOf(code ?? "")} ${result === "failed" ? "failed" : "unknown"}`]);
        expect(shown.steps.slice(1).filter((step) => step.endsWith(" proved"))).toEqual([]);
      }
    }),
  );

  accepts(tool, "hostile text in a bundle, in a file's name and pasted stays text", () =>
    onPage(name, async ({ page }) => {
      const hostile = makeBundle(ring, { identity: { repo_id: XSS, target_ref: `refs/heads/${XSS.replaceAll("=", "-")}\u202e` }, documents: { "a.json": XSS, ...hostileCounterexamples() } });
      const shown = await give(page, { trust, evidence: [file("<img src=x onerror=hurt=1>.json", hostile)] });
      expect([shown.verdict, shown.headline.includes(XSS)]).toEqual(["verified", true]);
      // Two of five are drawn, each as a table of text: one broke nothing, one is none, and one is past what a page draws.
      expect(await page.evaluate("[...document.querySelectorAll('#item-counterexamples table.list caption')].map(({ textContent }) => textContent.slice(0, 18))")).toEqual(["Queue.Fair breaks:", "Queue.Fair breaks:"]);
      for (const text of [XSS, `{"attestations":["${XSS.replaceAll('"', "'")}"]`, `-----BEGIN PUBLIC KEY-----\n${XSS}`]) {
        const n = Number(await page.evaluate("document.documentElement.dataset.judged"));
        await page.evaluate(`document.querySelector("details").open = true; document.getElementById("pasted").value = ${JSON.stringify(text)}; document.getElementById("paste").requestSubmit()`);
        await judged(page, n + 1);
      }
      expect(await page.evaluate("[typeof globalThis.hurt, document.querySelectorAll('img, svg, b, script').length]")).toEqual(["undefined", 1]);
      expect(await page.evaluate(`document.body.innerText.includes("\u202e")`)).toBe(false);
    }),
  );

  accepts(tool, "even a script that got in could fetch nothing, evaluate nothing and make no markup", async () => {
    const browser = await openBrowser(name);
    try {
      const { page } = await openPage(browser, PAGE);
      const attempts = await page.evaluate(`(async () => {
        const tried = [];
        const attempt = async (name, act) => { const worked = await Promise.resolve().then(act).then(() => true, () => false); if (worked) tried.push(name); };
        await attempt("fetch", () => fetch("http://127.0.0.1:9/"));
        await attempt("image", () => new Promise((settle, fail) => { const image = new Image(); image.onload = settle; image.onerror = fail; image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw="; }));
        await attempt("inline script", () => { const script = document.createElement("script"); script.append("globalThis.ran = 1"); document.head.append(script); if (globalThis.ran !== 1) throw new Error("not run"); });
        await attempt("inline style", () => { const style = document.createElement("style"); style.append("h1 { color: rgb(1, 2, 3) }"); document.head.append(style); if (getComputedStyle(document.querySelector("h1")).color !== "rgb(1, 2, 3)") throw new Error("not applied"); });
        return tried;
      })()`);
      expect(attempts).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  accepts(tool, "the keyboard reaches everything in the order it is read, and the verdict is announced", () =>
    onPage(name, async ({ page }) => {
      await give(page, { trust, evidence: [file("b.json", makeBundle(ring))] });
      const order = ["evidence", "trust", "Paste text instead", "Remove trust.json", "Remove b.json", "clear"];
      expect(await tabOrder(page, order.length)).toEqual(order);
      const status = await page.evaluate("(({ attributes }) => [attributes.role.value, attributes['aria-live'].value])(document.getElementById('verdict'))");
      expect(status).toEqual(["status", "polite"]);
      const n = Number(await page.evaluate("document.documentElement.dataset.judged"));
      await page.evaluate("document.querySelector('#files button').focus()");
      await page.keyboard.press("Enter");
      await judged(page, n + 1);
      expect((await seen(page)).verdict).toBe("waiting");
      expect(await page.evaluate("document.activeElement.id")).toBe("evidence");
    }),
  );

  accepts(tool, "from 320 px to 4K, light and dark: nothing is cut off, and axe-core finds nothing", () =>
    onPage(name, async ({ page }) => {
      const cases = plainCases(ring, now).filter(({ name: title }) => ["documents", "a stranger's", "a card that says something else", "hostile names", "hostile counterexamples"].includes(title));
      for (const width of [320, 768, 1280, 3840]) {
        await page.setViewport({ width, height: width === 3840 ? 2160 : 900 });
        for (const { name: title, bundle, trust: trusted } of cases) {
          await startAgain(page);
          await give(page, { trust: [file("t.json", trusted)], evidence: [file("b.json", bundle)] });
          expect([width, title, await sideways(page)]).toEqual([width, title, 0]);
          if (width === 768) continue;
          for (const scheme of name === "chromium" ? ["light", "dark"] : ["light"]) {
            if (name === "chromium") await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
            expect([width, title, scheme, await accessibility(page)]).toEqual([width, title, scheme, []]);
          }
        }
      }
    }),
  );

  accepts(tool, "on paper: the verdict, what it is of and every step, without what one gives files with", () =>
    onPage(name, async ({ page }) => {
      // Firefox's protocol switches no media; its rules are read all the same.
      if (name === "chromium") await page.emulateMediaType("print");
      await give(page, { trust, evidence: [file("b.json", makeBundle(ring))] });
      const shown = (selector: string): string => `[...document.querySelectorAll(${JSON.stringify(selector)})].every((node) => node.checkVisibility())`;
      expect(await page.evaluate(`[${["#files th[scope=row]", "#verdict .word", ".step"].map(shown).join()}]`)).toEqual([true, true, true]);
      if (name === "chromium") expect(await page.evaluate(`[${["#evidence", "#paste", "#clear", "#files button"].map(shown).join()}]`)).toEqual([false, false, false, false]);
    }),
  );

  accepts(tool, "attack: forty files dropped at once, and a damaged bundle beside a sound one: none is passed over in silence", () =>
    onPage(name, async ({ page }) => {
      const bundle = makeBundle(ring);
      const beside = await give(page, { trust, evidence: [file("b.json", bundle), file("damaged.json", bundle.slice(20, -20))] });
      expect([beside.verdict, await page.evaluate("document.querySelector('#verdict .remarks').textContent")]).toEqual(["verified", expect.stringContaining("not looked at: damaged.json")]);
      const n = Number(await page.evaluate("document.documentElement.dataset.judged"));
      await page.evaluate(`(() => {
        const transfer = new DataTransfer();
        for (let i = 0; i < 40; i++) transfer.items.add(new File(["x"], i + ".json"));
        document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
      })()`);
      await judged(page, n + 1);
      const many = await seen(page);
      expect([many.verdict, many.headline.includes("files were given, at most 32 are read")]).toEqual(["waiting", true]);
    }),
  );

  accepts(tool, "1,000 leaves in under a second; 100,000 do not freeze the page", () =>
    onPage(name, async ({ page }) => {
      const small = file("small.json", largeBundle(ring, 1000));
      await give(page, { trust, evidence: [small] });
      const drawn_ms = await leastMs(THOUSAND_LEAVES_MS, async () => {
        await startAgain(page);
        const thousand = await give(page, { trust, evidence: [small] });
        expect(thousand.verdict).toBe("verified");
        return thousand.drawn_ms;
      });
      expect(drawn_ms).toBeLessThan(THOUSAND_LEAVES_MS);
      const large = file("large.json", largeBundle(ring, 100_000));
      const standstill = await leastMs(STANDSTILL_MS, async () => {
        await startAgain(page);
        return standstillOf(page, async () => {
          const judging = give(page, { trust, evidence: [large] });
          // While it works, no verdict over anything else may stand there.
          await page.waitForFunction("document.querySelector('#verdict').textContent === 'Judging\u2026'");
          expect((await judging).verdict).toBe("verified");
        });
      });
      expect(standstill).toBeLessThan(STANDSTILL_MS);
      process.stdout.write(`accept: ${name}: 1,000 leaves drawn after ${drawn_ms} ms; 100,000 leaves: longest standstill ${standstill.toFixed(0)} ms\n`);
    }),
  );
}

accepts({ name: "chromium", version: await version("chromium") }, "with no network at all, in a namespace of its own, the page still verifies", async () => {
  const bundle = file("b.json", makeBundle(ring));
  const said = await output(["unshare", "-rn", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\"", process.execPath, join(import.meta.dir, "../daemon/ui/testing/alone.ts"), PAGE, trust[0] ?? "", bundle]);
  expect(said.trim()).toBe("verified");
  expect(readFileSync(PAGE).length).toBeGreaterThan(0);
});
