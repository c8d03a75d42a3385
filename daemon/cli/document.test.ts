import { expect, test } from "bun:test";
import { join } from "node:path";
import { ERROR_CODES, ERRORS, EXIT } from "../../proto/errors.ts";

/** Runs one expression over `document.ts` in a process of its own. */
async function ran(expression: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = `const d = await import(${JSON.stringify(join(import.meta.dir, "document.ts"))}); const { MaestroError } = await import(${JSON.stringify(join(import.meta.dir, "../../proto/errors.ts"))}); process.exitCode = ${expression} ?? 0;`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

test("every failure has its own exit code, a sentence, a detail and its code on stderr; stdout stays empty", async () => {
  // One stream for both: a pipe that is full for a moment lets another one past.
  const { stdout, stderr } = await ran(`(${JSON.stringify(ERROR_CODES)}.forEach((code) => process.stderr.write("exit " + d.printProblem(new MaestroError(code, "about " + code), false) + "\\n")), 0)`);
  expect(stdout).toBe("");
  const said = ERROR_CODES.flatMap((code) => {
    const { sentence, retry, exit } = ERRORS[code];
    return [`maestro: ${sentence}`, `         about ${code}`, `         (${code}${retry ? ", trying again may help" : ""})`, `exit ${exit}`];
  });
  expect(stderr.trimEnd().split("\n")).toEqual(said);
});

test("with --json the same is one document on stdout", async () => {
  const { code, stdout } = await ran(`d.printProblem(new MaestroError("store.no_space", "/var"), true)`);
  expect([code, stdout.trimEnd().split("\n").length]).toEqual([EXIT.unavailable, 1]);
  expect(JSON.parse(stdout)).toEqual({ code: "store.no_space", detail: "/var", retry: true, sentence: ERRORS["store.no_space"].sentence });
});

test("an error of ours without a code is a bug: exit 70, its stack on stderr and not in the document", async () => {
  const { code, stdout, stderr } = await ran(`d.printProblem(new TypeError("x is not a function"), true)`);
  expect(code).toBe(EXIT.internal);
  expect(JSON.parse(stdout)).toEqual({ code: "internal.bug", detail: "see stderr", retry: false });
  expect(stderr).toContain("x is not a function");
});

test("attack: what an error quotes moves no cursor, opens no link and rings no bell", async () => {
  const hostile = "\\u001b[2J\\u001b]8;;http://x\\u0007\\u202e\\r\\n\\u009b31m";
  for (const expression of [`d.printProblem(new MaestroError("git.failed", "${hostile}"), true)`, `d.printProblem(new Error("${hostile}"), true)`]) {
    const { stdout, stderr } = await ran(expression);
    expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  }
});
