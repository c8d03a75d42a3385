/** Runs `bun test` and counts: the last line says how many passed, failed and were skipped. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, runInForeground } from "./steps.mjs";

/** Totals of a JUnit report: the attributes of its root element; `null` where there is none. */
export function readTotals(xml) {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  if (root === undefined) return null;
  const number = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? NaN);
  const [tests, failed, skipped] = [number("tests"), number("failures"), number("skipped")];
  return Number.isNaN(tests + failed + skipped) ? null : { passed: tests - failed - skipped, failed, skipped };
}

/** What the run amounts to: a runner that ended badly without a failed test counts as one failure. */
export function judge(totals, code) {
  const counted = totals ?? { passed: 0, failed: 0, skipped: 0 };
  const failed = counted.failed === 0 && code !== 0 ? 1 : counted.failed;
  const empty = counted.passed + failed === 0;
  return { ...counted, failed: empty ? 1 : failed };
}

/** The same of one file among many: all its tests may be skipped. */
export function judgeFile(totals, ended) {
  const counted = totals ?? { passed: 0, failed: 0, skipped: 0 };
  return { ...counted, failed: counted.failed === 0 && (ended !== 0 || totals === null) ? 1 : counted.failed };
}

export const countLine = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

/** One test or hook; real git and real processes take seconds on a loaded machine. A tier that names its own comes later and wins. */
export const TEST_DEADLINE_MS = 120_000;

/** @returns counts of one `bun test` run */
export async function runTests(bun, root, args) {
  const folder = mkdtempSync(join(tmpdir(), "maestro-test-"));
  const report = join(folder, "junit.xml");
  try {
    const code = await runInForeground(bun, ["test", `--timeout=${TEST_DEADLINE_MS}`, "--reporter=junit", `--reporter-outfile=${report}`, ...args], { cwd: root });
    let totals = null;
    try {
      totals = readTotals(readFileSync(report, "utf8"));
    } catch (error) {
      process.stderr.write(`maestro: no test report: ${error.message}\n`);
    }
    return judge(totals, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where `MAESTRO_RESULTS` names a file, the counts are left there with what failed, for `total.mjs`. Tests that start a runner of their own must not write there. */
const { MAESTRO_RESULTS: RESULTS = "" } = process.env;
delete process.env.MAESTRO_RESULTS;

export function finish(counts) {
  if (RESULTS !== "") writeFileSync(RESULTS, JSON.stringify({ passed: counts.passed, failed: counts.failed, skipped: counts.skipped, failures: counts.failures ?? [] }));
  process.stdout.write(`${countLine(counts)}\n`);
  return counts.failed > 0 ? EXIT.failed : 0;
}
