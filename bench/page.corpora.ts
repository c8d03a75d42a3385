/** The verifier page in real browsers over the bundles of sigstore-conformance: what the command line says of each, by the same bytes. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { caseFiles, caseNames } from "../daemon/cli/sigstore/testing/conformance.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { BROWSERS, give, openBrowser, openPage, startAgain, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { accepts, output } from "./rig/accepts.ts";

const CASES = join(Bun.env["MAESTRO_CORPORA"] ?? join(import.meta.dir, "../../shared"), "vectors/sigstore-bundles/test/assets/bundle-verify");
const work = mkdtempSync(join(tmpdir(), "maestro-corpora-page-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const PAGE = join(work, "verifier.html");
writeFileSync(PAGE, await buildPage("verifier"));

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const tool = { name, version: (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ") };

  accepts(tool, "foreign bundles: managed keys as their folders say, certificates never verified", async () => {
    const browser = await openBrowser(name);
    try {
      const { page, requests } = await openPage(browser, PAGE);
      const verdicts: Record<string, string> = {};
      for (const one of caseNames(CASES)) {
        const { bundle, artifact, trusted_root, key } = caseFiles(one, CASES);
        await startAgain(page);
        const shown = await give(page, { trust: [key, trusted_root].filter((path) => path !== null), evidence: [artifact, bundle] });
        verdicts[one] = shown.verdict;
        if (key === null) expect([one, shown.verdict]).not.toEqual([one, "verified"]);
      }
      const managed = Object.entries(verdicts).filter(([one]) => one.startsWith("managed-key"));
      expect(Object.fromEntries(managed)).toEqual({ "managed-key-and-trusted-root": "verified", "managed-key-happy-path": "verified", "managed-key-no-key_fail": "failed", "managed-key-wrong-key_fail": "failed" });
      expect(Object.values(verdicts).filter((verdict) => verdict === "not_judged").length).toBeGreaterThan(50);
      expect(requests.filter((url) => !/^(?:file|blob|data):/.test(url))).toEqual([]);
    } finally {
      await browser.close();
    }
  });
}
