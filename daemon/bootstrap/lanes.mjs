/**
 * The whole suite in little time: each test file in a process of its own, a few beside each other, because most of them wait for disks
 * and processes; a file that crashes takes nobody with it. Files that measure time or memory come last, one at a time.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { recapOf } from "./recap.mjs";
import { judgeFile, readTotals, TEST_DEADLINE_MS } from "./tests.mjs";

/** More than these were never tried together. */
const LANES_MAX = 3;
/** One more than there are processors: with as many as those, a quarter of their time was spent waiting for disks and deadlines. */
const LANES = Math.min(LANES_MAX, availableParallelism() + 1);
/** The longest file takes half a minute. */
const FILE_DEADLINE_MS = 600_000;
/** How long the output of a file is waited for whose process has ended. */
const LAST_WORDS_MS = 1_000;
const SHOWN_SLOWEST = 25;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** What these claim is a time or an amount of memory, which neighbours would spoil. */
export const ALONE = ["daemon/e2e/restart.test.ts", "daemon/testing/fuzz/http.test.ts"];

/** Rooms whose files take longest; begun first, so that no lane is left with a long one at the end. */
const LONG = [/^daemon\/platform\/sandbox\//, /^daemon\/e2e\//, /^daemon\/[^/]+$/, /^daemon\/(?:integrity|evidence|testing|commands|egress)\//];

const rankOf = (file) => {
  const rank = LONG.findIndex((room) => room.test(file));
  return rank < 0 ? LONG.length : rank;
};

/** Folders of the project that hold code. */
export const roomsOf = (root) => readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules").map(({ name }) => name);

/** Test files below `root`, those of whose paths one of `names` is a part; all of them where nothing is named. */
export function testFiles(root, names) {
  const wanted = names.map((name) => name.replace(/^\.\//, ""));
  const all = roomsOf(root).flatMap((room) => readdirSync(join(root, room), { recursive: true }).map((file) => `${room}/${file}`)).filter((file) => file.endsWith(".test.ts"));
  return all.filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name))).sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
}

/** One file from start to end; what it printed is shown whole when it is over. */
function runFile(bun, root, file, { report, running, say, test_deadline_ms, file_deadline_ms, env }) {
  const began_ms = performance.now();
  return new Promise((resolve, reject) => {
    const argv = ["test", `--timeout=${test_deadline_ms}`, "--reporter=junit", `--reporter-outfile=${report}`, `./${file}`];
    const child = spawn(bun, argv, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], timeout: file_deadline_ms, killSignal: "SIGKILL" });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said.push(chunk));
    running.add(child);
    child.on("error", reject);
    let late;
    const over = () => {
      clearTimeout(late);
      if (!running.delete(child)) return;
      const text = Buffer.concat(said);
      say(text);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve({ ended: child.exitCode ?? child.signalCode, ms: performance.now() - began_ms, said: text.toString() });
    };
    // A process that a test left behind may hold the pipes for ever.
    child.on("exit", () => (late = setTimeout(over, LAST_WORDS_MS)));
    child.on("close", over);
  });
}

function countsOf(report, file, ended, say) {
  let totals = null;
  try {
    totals = readTotals(readFileSync(report, "utf8"));
  } catch (error) {
    say(`maestro: ${file} left no test report: ${error.message}\n`);
  }
  const counts = judgeFile(totals, ended);
  if (counts.failed > (totals?.failed ?? 0)) say(`maestro: ${file} ended with ${ended}, which counts as one failure\n`);
  return counts;
}

async function runLane(files, run) {
  for (let file = files.shift(); file !== undefined; file = files.shift()) await run(file);
}

/** @returns counts of all files, with how long each took */
export async function runInLanes(bun, root, files, options = {}) {
  const { lanes = LANES, alone = ALONE, say = (text) => process.stderr.write(text) } = options;
  const { test_deadline_ms = TEST_DEADLINE_MS, file_deadline_ms = FILE_DEADLINE_MS, run_deadline_ms = Infinity, skips_fail = false, env = process.env } = options;
  const ends_ms = performance.now() + run_deadline_ms;
  const folder = mkdtempSync(join(tmpdir(), "maestro-test-"));
  const total = { passed: 0, failed: 0, skipped: 0 };
  const times = [];
  const failures = [];
  const running = new Set();
  let interrupted = null;
  const interrupt = (signal) => {
    interrupted = signal;
    for (const child of running) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const run = async (file) => {
    if (interrupted !== null) return;
    const left_ms = ends_ms - performance.now();
    if (left_ms <= 0) {
      failures.push({ file, said: `maestro: ${file} was not begun, because the time for the whole run was over; that counts as one failure\n` });
      total.failed += 1;
      return;
    }
    const report = join(folder, `${file.replaceAll("/", "_")}.xml`);
    const { ended, ms, said } = await runFile(bun, root, file, { report, running, say, test_deadline_ms, file_deadline_ms: Math.ceil(Math.min(file_deadline_ms, left_ms)), env });
    times.push({ file, ms });
    const counts = countsOf(report, file, ended, say);
    if (counts.failed > 0 || (skips_fail && counts.skipped > 0)) failures.push({ file, said });
    for (const key of Object.keys(total)) total[key] += counts[key];
  };
  try {
    const together = files.filter((file) => !alone.includes(file));
    await Promise.all(Array.from({ length: lanes }, () => runLane(together, run)));
    await runLane(files.filter((file) => alone.includes(file)), run);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    rmSync(folder, { recursive: true, force: true });
  }
  failures.sort((a, b) => (a.file < b.file ? -1 : 1));
  say(recapOf(failures));
  if (interrupted !== null) say(`maestro: ${interrupted} ended the run early, which counts as one failure\n`);
  const empty = total.passed + total.failed === 0;
  const failed = total.failed + (empty || interrupted !== null ? 1 : 0);
  return { ...total, ...(skips_fail ? { failed: failed + total.skipped, skipped: 0 } : { failed }), failures, times };
}

/** Where the time goes, longest first. */
export const slowest = (times) => [...times].sort((a, b) => b.ms - a.ms).slice(0, SHOWN_SLOWEST).map(({ file, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${file}\n`).join("");
