/** The verifier page: its size, and how long it takes in real browsers, beside the same verification in Bun. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { newRing } from "../daemon/testing/evidence.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { BROWSERS, give, hasBrowser, openBrowser, openPage, startAgain, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { largeBundle } from "../daemon/ui/testing/cases.ts";
import { verifyBundle } from "../daemon/verifier/index.ts";
import { type Bench, median, type PrintFigure } from "./figure.ts";

const RUNS = 5;
const LEAVES = 1000;
const PAGE_KB = 450;
const VERDICT_MS = 1000;

interface Files {
  readonly page: string;
  readonly trust: string;
  readonly bundle: string;
}

async function benchBrowser(figure: PrintFigure, name: BrowserName, { page: path, trust, bundle }: Files, bun_ms: number): Promise<void> {
  const opened = await openBrowser(name);
  try {
    const { page } = await openPage(opened, path);
    const times: number[] = [];
    // The first one compiles and is left out.
    for (let run = 0; run <= RUNS; run++) {
      await startAgain(page);
      const { verdict, drawn_ms } = await give(page, { trust: [trust], evidence: [bundle] });
      if (verdict !== "verified") throw new Error(`${name} says ${verdict}`);
      if (run > 0) times.push(drawn_ms);
    }
    figure({ figure: `${LEAVES} leaves in ${name}, from the file to the drawn verdict, p50`, value: median(times), unit: "ms", better: "less", peer: { name: "the same verification in Bun", value: bun_ms }, goal: { value: VERDICT_MS }, hard: true, note: "in the page's worker; parsing, hashing, two signatures" });
  } finally {
    await opened.close();
  }
}

export const bench: Bench = async (figure) => {
  const work = mkdtempSync(join(tmpdir(), "maestro-bench-page-"));
  try {
    const bytes = await buildPage("verifier");
    figure({ figure: "the verifier page, one file", value: bytes.length / 1024, unit: "KiB", better: "less", goal: { value: PAGE_KB }, hard: true, note: `${(gzipSync(bytes).length / 1024).toFixed(0)} KiB in gzip` });
    const ring = newRing();
    const bundle = largeBundle(ring, LEAVES);
    const files = { page: join(work, "page.html"), trust: join(work, "trust.json"), bundle: join(work, "bundle.json") };
    writeFileSync(files.page, bytes);
    writeFileSync(files.trust, ring.trust);
    writeFileSync(files.bundle, bundle);
    const times: number[] = [];
    for (let run = 0; run <= RUNS; run++) {
      const start = performance.now();
      verifyBundle(bundle, ring.trust, { now: new Date() });
      if (run > 0) times.push(performance.now() - start);
    }
    for (const name of Object.keys(BROWSERS) as BrowserName[]) {
      if (hasBrowser(name)) await benchBrowser(figure, name, files, median(times));
      else process.stderr.write(`SKIPPED: no ${BROWSERS[name]}\n`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
