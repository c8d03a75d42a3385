/** The properties and kill loops of every run, many times longer. `MAESTRO_TEST_SCALE` says how much; a failure prints the seed that repeats it. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const SCALE = process.env["MAESTRO_TEST_SCALE"] ?? "20";
const DEADLINE_MS = 3_600_000;
const SHOWN_CHARACTERS_MAX = 4_000;

/** Test files that scale: those that ask for it, and the properties that leave the number to fast-check. */
const scaledFiles = (): string[] =>
  ["proto", "kernels", "daemon"]
    .flatMap((room) => readdirSync(join(ROOT, room), { recursive: true }).map((file) => `${room}/${file}`))
    .filter((file) => /\.test\.ts$/.test(file) && !file.startsWith("daemon/house/"))
    .filter((file) => file.endsWith(".prop.test.ts") || readFileSync(join(ROOT, file), "utf8").includes("times("))
    .sort();

test("there are files that scale", () => expect(scaledFiles().length).toBeGreaterThan(10));

for (const file of scaledFiles()) {
  test(`${file}, ${SCALE} times as long`, async () => {
    const argv = [process.execPath, "test", `./${file}`, `--timeout=${DEADLINE_MS}`];
    const child = Bun.spawn(argv, { cwd: ROOT, env: { ...Bun.env, MAESTRO_TEST_SCALE: SCALE, NO_COLOR: "1" }, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: DEADLINE_MS, killSignal: "SIGKILL" });
    const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    if (code !== 0) process.stderr.write(`${stdout}${stderr}`.slice(-SHOWN_CHARACTERS_MAX));
    expect([file, code, /\b[1-9]\d* pass\b/.test(stderr)]).toEqual([file, 0, true]);
  });
}
