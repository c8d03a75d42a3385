/** The ope kernel, an evaluation made with it and the prices of a market, in the hands of others: the same bits in Node and in two browsers, and its functions and statistics by numpy, mpmath and vw-estimators. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BROWSERS, openBrowser, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { saidOf } from "../daemon/learning/evaluation/testing/said.ts";
import { marketSaid } from "../daemon/market/testing/said.ts";
import { digestsOf } from "../kernels/ope/digest.ts";
import { createOffPolicy } from "../kernels/ope/index.ts";
import { accepts, output } from "./rig/accepts.ts";
import { mpmath, numpy, onPath, vwEstimators } from "./rig/tools.ts";

const SEED = Number(Bun.env["MAESTRO_SEED"] ?? 20_261_123);
const POINTS = 1_500;
const ROWS = 5_000;
const DEADLINE_MS = 60_000;
const PEER = join(import.meta.dir, "peers/opecheck.py");

const work = mkdtempSync(join(tmpdir(), "maestro-accept-ope-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const kernel = createOffPolicy();
const wanted = { ...digestsOf(kernel), report: saidOf(kernel), market: marketSaid() };

/** mulberry32, in [0, 1). */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One file that asks the kernel everything and says what came, in a page's body or on a program's output. */
async function page(): Promise<string> {
  writeFileSync(
    join(work, "page.ts"),
    `import { createOffPolicy } from ${JSON.stringify(join(import.meta.dir, "../kernels/ope/index.ts"))};
     import { digestsOf } from ${JSON.stringify(join(import.meta.dir, "../kernels/ope/digest.ts"))};
     import { saidOf } from ${JSON.stringify(join(import.meta.dir, "../daemon/learning/evaluation/testing/said.ts"))};
     import { marketSaid } from ${JSON.stringify(join(import.meta.dir, "../daemon/market/testing/said.ts"))};
     const kernel = createOffPolicy();
     const said = JSON.stringify({ ...digestsOf(kernel), report: saidOf(kernel), market: marketSaid() });
     if (typeof document === "undefined") console.log(said); else document.body.textContent = said;`,
  );
  writeFileSync(join(work, "page.html"), `<!doctype html><script type="module" src="./page.ts"></script>`);
  await output([process.execPath, "build", "--compile", "--target=browser", join(work, "page.html"), "--outdir", join(work, "out")], { cwd: work });
  return join(work, "out/page.html");
}
const built = page();

accepts(await onPath("node", "Node runs the kernel in V8"), "every answer, the whole report on a candidate, and each price and certificate of a market, is the same to the last bit", async () => {
  const script = /<script type="module">([\s\S]*)<\/script>/.exec(readFileSync(await built, "utf8"))?.[1] ?? "";
  writeFileSync(join(work, "page.mjs"), script);
  expect(JSON.parse(await output(["node", join(work, "page.mjs")]))).toEqual(wanted);
});

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const version = (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");
  accepts({ name, version }, "every answer, the whole report on a candidate, and each price and certificate of a market, is the same to the last bit", async () => {
    const { browser, close } = await openBrowser(name);
    try {
      const opened = await browser.newPage();
      await opened.goto(pathToFileURL(await built).href);
      await opened.waitForFunction(`document.body?.textContent.startsWith("{")`, { timeout: DEADLINE_MS });
      expect(JSON.parse(await opened.evaluate(`document.body.textContent`) as string)).toEqual(wanted);
    } finally {
      await close();
    }
  });
}

const exact = await mpmath();
const byMpmath = async (what: string, points: readonly unknown[]): Promise<number[]> => JSON.parse(await output(["python3", PEER, what], { env: { PYTHONPATH: exact.path() }, stdin: JSON.stringify(points), timeout_ms: 10 * DEADLINE_MS })) as number[];

accepts(exact, `the lower incomplete gamma function at ${POINTS} places to 1e-12 of itself, or of one, seed ${SEED}`, async () => {
  const next = dice(SEED);
  const points = Array.from({ length: POINTS }, (_, i): [number, number] => {
    // Everywhere, and close to the mean, where a confidence sequence asks.
    if (i % 2 === 0) return [10 ** (7 * next() - 3), 10 ** (9 * next() - 6)].map((x) => Math.min(x, 1e5)) as [number, number];
    const a = 10 ** (6.5 * next());
    return [a, Math.abs(a + (40 * next() - 20) * Math.sqrt(a))];
  });
  const theirs = await byMpmath("gammas", points);
  const apart = points.filter(([a, x], i) => !(Math.abs(kernel.lowerGammaLn(a, x) - (theirs[i] ?? Number.NaN)) <= 1e-12 * Math.max(1, Math.abs(theirs[i] ?? Number.NaN))));
  expect([theirs.length, apart]).toEqual([POINTS, []]);
});

accepts(exact, `logarithm, exponential and log of the gamma function at ${POINTS} places each, of any size and close to their roots, to 1e-12 of themselves, seed ${SEED}`, async () => {
  const next = dice(SEED + 2);
  const double = new Float64Array(1);
  const bits = new Uint32Array(double.buffer);
  /** Any positive double, subnormal ones included. */
  const any = (): number => {
    bits.set([next() * 2 ** 32, next() * 0x7ff0_0000]);
    return double[0] ?? 1;
  };
  const around = (root: number): number => root + (next() - 0.5) * 10 ** (-15 * next());
  const drawn = {
    ln: (i: number) => (i % 2 === 0 ? any() : around(1)),
    exp: (i: number) => (i % 2 === 0 ? 1_416 * next() - 708 : around(0)),
    gammaLn: (i: number) => [Math.min(any(), 1e305), around(1), around(2), 20 * next()][i % 4] ?? 1,
  };
  const points = Object.entries(drawn).flatMap(([name, of]) => Array.from({ length: POINTS }, (_, i) => [name as keyof typeof drawn, of(i)] as const));
  const theirs = await byMpmath("functions", points);
  const apart = points.filter(([name, x], i) => !(Math.abs(kernel[name](x) - (theirs[i] ?? Number.NaN)) <= 1e-12 * Math.abs(theirs[i] ?? Number.NaN)));
  expect([theirs.length, apart]).toEqual([3 * POINTS, []]);
});

function written() {
  const next = dice(SEED + 1);
  const column = (value: () => number): Float64Array<ArrayBuffer> => Float64Array.from({ length: ROWS }, value);
  const log = { p_eval: column(next), p_log: column(() => 0.02 + 0.98 * next()), reward: column(next), q_logged: column(next), q_pi: column(next) };
  for (const [name, values] of Object.entries(log)) writeFileSync(join(work, `${name}.f64`), new Uint8Array(values.buffer));
  return log;
}

const arrays = await numpy();
accepts(arrays, `nine statistics of ${ROWS} rows to 1e-12, seed ${SEED}`, async () => {
  const log = written();
  const { answer } = JSON.parse(await output(["python3", PEER, "statistics", work, "1"], { env: { PYTHONPATH: arrays.path() } })) as { readonly answer: readonly number[] };
  const { values, weight_max, ess, rows } = kernel.estimate(log, log);
  const variance = (se = Number.NaN): number => se * se * rows;
  const ours = [values.ips?.value, values.snips?.value, values.clip_ips?.value, values.dm?.value, values.dr?.value, variance(values.ips?.se), variance(values.dr?.se), weight_max, ess];
  expect(ours.map((value = Number.NaN, i) => Math.abs(value / (answer[i] ?? Number.NaN) - 1) < 1e-12)).toEqual(answer.map(() => true));
});

const anytime = await vwEstimators();
accepts(anytime, `the anytime-valid interval of ${ROWS} rows to 1e-9, seed ${SEED}`, async () => {
  const log = written();
  const { interval } = JSON.parse(await output(["python3", PEER, "sequence", work, String(ROWS)], { env: { PYTHONPATH: anytime.path() } })) as { readonly interval: readonly [number, number] };
  const [point] = kernel.sequence(log, 0, 1, 0.05, [ROWS]);
  expect(Math.abs((point?.lower ?? Number.NaN) - interval[0])).toBeLessThan(1e-9);
  expect(Math.abs((point?.upper ?? Number.NaN) - interval[1])).toBeLessThan(1e-9);
});
