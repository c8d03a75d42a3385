/** A rule saved beside a repository, in real browsers: what the page says of a folder that changes with the branch. */
import { afterAll, expect } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServedUi } from "../daemon/e2e/testing/served.ts";
import { BROWSERS, openBrowser, PAGE_DEADLINE_MS, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { accessibility, sideways } from "../daemon/ui/testing/view.ts";
import { accepts, output } from "./rig/accepts.ts";

const home = mkdtempSync(join(tmpdir(), "maestro-accept-folder-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const DEADLINE = { timeout: PAGE_DEADLINE_MS };

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const version = (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");
  accepts({ name, version }, "a rule saved in a work tree is not the one a daemon is told to read; outside of it is", async () => {
    for (const inside of [true, false]) {
      const tree = join(home, `${name} ${inside ? "inside" : "outside"}`);
      mkdirSync(tree);
      if (inside) await output(["git", "init", "-q", tree]);
      await using ui = ServedUi.start(home, ["studio", "--folder", join(tree, "invariants")], { cwd: tree });
      const link = await ui.link();
      const { browser, close } = await openBrowser(name);
      try {
        const page = await browser.newPage();
        const press = (label: string) => page.evaluate(`[...document.querySelectorAll("button")].find((one) => one.textContent === ${JSON.stringify(label)} && one.checkVisibility()).click()`);
        await page.goto(link.href);
        await page.waitForFunction("document.querySelector('.folder')?.hidden === false", DEADLINE);
        await press("A cap");
        await press("Save to the folder\u2026");
        await page.waitForFunction("document.querySelector('dialog #save-yes') !== null", DEADLINE);
        await page.evaluate("document.getElementById('save-yes').click()");
        await page.waitForFunction("document.querySelector('#in-force pre') !== null", DEADLINE);
        const said = (await page.evaluate("document.getElementById('in-force').innerText")) as string;
        const pre = (await page.evaluate("document.querySelector('#in-force pre').innerText")) as string;
        if (inside) {
          expect(said).toContain(`This folder lies in the work tree ${tree}, so its rules change with the branch`);
          expect([pre, said.includes("such as spaces")]).toEqual([expect.stringContaining("invariants_folder: /etc/maestro/invariants\n"), false]);
        } else {
          // Its name has a space, which a configuration does not take.
          expect(said).not.toContain("work tree");
          expect([pre, said.includes("such as spaces")]).toEqual([expect.stringContaining(`invariants_folder: ${JSON.stringify(join(tree, "invariants"))}\n`), true]);
        }
        for (const width of [320, 1280]) {
          await page.setViewport({ width, height: 900 });
          expect([inside, width, await sideways(page), await accessibility(page)]).toEqual([inside, width, 0, []]);
        }
      } finally {
        await close();
      }
    }
  });
}
