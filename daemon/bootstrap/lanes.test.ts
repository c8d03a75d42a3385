/** The runner of the whole suite: nothing that goes wrong in a file may look like a pass, or take another file with it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

interface Run {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly times: readonly { readonly file: string; readonly ms: number }[];
}
interface Lanes {
  testFiles(root: string, names: readonly string[]): string[];
  runInLanes(bun: string, root: string, files: string[], options?: { lanes?: number; alone?: readonly string[]; say?: (text: string | Uint8Array) => void }): Promise<Run>;
  slowest(times: Run["times"]): string;
  ALONE: readonly string[];
}

const LANES = join(import.meta.dir, "lanes.mjs");
const { recapOf, RECAP_BYTES_MAX }: { recapOf(failures: readonly { file: string; said: string }[]): string; RECAP_BYTES_MAX: number } = await import(join(import.meta.dir, "recap.mjs"));
const ROOT = join(import.meta.dir, "../..");
const { testFiles, runInLanes, slowest, ALONE }: Lanes = await import(LANES);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maestro-lanes-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes test files and returns their names. */
function project(files: Readonly<Record<string, string>>): string[] {
  for (const [name, body] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), `import { expect, test } from "bun:test";\nimport { appendFileSync } from "node:fs";\n${body}`);
  }
  return Object.keys(files);
}

const PASSES = 'test("a", () => expect(1).toBe(1));\n';
/** What the files printed; not shown, because some of them fail on purpose. */
let said_text = "";
const say = (text: string | Uint8Array): void => {
  said_text += typeof text === "string" ? text : new TextDecoder().decode(text);
};
const counts = async (files: Readonly<Record<string, string>>, options = {}): Promise<[number, number, number]> => {
  said_text = "";
  const { passed, failed, skipped } = await runInLanes(process.execPath, root, project(files), { say, ...options });
  return [passed, failed, skipped];
};

describe("what a file comes to", () => {
  test("passes, failures and skips of all files are added up", async () => {
    expect(await counts({ "a/x.test.ts": PASSES + 'test.skip("b", () => undefined);', "b/y.test.ts": `${PASSES}test("c", () => expect(1).toBe(2));`, "b/z.test.ts": PASSES })).toEqual([3, 1, 1]);
  });

  test("attack: a file that dies before it can report is a failure, and the others count", async () => {
    expect(await counts({ "a/dies.test.ts": `${PASSES}test("dies", () => { expect(1).toBe(1); process.kill(process.pid, "SIGKILL"); });`, "a/x.test.ts": PASSES })).toEqual([1, 1, 0]);
    expect(said_text).toContain("maestro: a/dies.test.ts ended with SIGKILL, which counts as one failure");
    expect(said_text).toContain("(pass) a");
  });

  test("attack: a file that ends itself with 0 in the middle of a test is a failure", async () => {
    expect((await counts({ "a/leaves.test.ts": 'test("leaves", () => process.exit(0));', "a/x.test.ts": PASSES })).slice(1)).toEqual([1, 0]);
  });

  test("attack: a file that does not load is a failure", async () => {
    expect(await counts({ "a/broken.test.ts": 'throw new Error("no");', "a/x.test.ts": PASSES })).toEqual([1, 1, 0]);
  });

  test("a file may skip all it has; a run that skips all is a failure", async () => {
    const skips = 'test.skip("b", () => undefined);';
    expect(await counts({ "a/skips.test.ts": skips, "a/x.test.ts": PASSES })).toEqual([1, 0, 1]);
    rmSync(join(root, "a/x.test.ts"));
    expect((await counts({ "a/skips.test.ts": skips }))[1]).toBe(1);
  });

  test("a process that a file leaves behind holds nobody up", async () => {
    const began_ms = performance.now();
    expect(await counts({ "a/leaves.test.ts": `test("a", () => { Bun.spawn(["sleep", "20"], { stdio: ["ignore", "inherit", "inherit"] }).unref(); expect(1).toBe(1); });` })).toEqual([1, 0, 0]);
    expect(performance.now() - began_ms).toBeLessThan(15_000);
  });
});

describe("what failed is told once more at the end", () => {
  test("each failed test with what it expected, files that passed not at all, names of files last", async () => {
    await counts({ "a/x.test.ts": `${PASSES}test("wrong", () => expect("apples").toBe("pears"));`, "b/dies.test.ts": 'test("dies", () => process.kill(process.pid, "SIGKILL"));', "c/y.test.ts": PASSES });
    const recap = said_text.slice(said_text.indexOf("what failed, once more:"));
    expect(recap).toContain("(fail) wrong");
    expect(recap).toContain('"pears"');
    expect(recap).not.toContain("(pass) a");
    expect(recap).not.toContain("c/y.test.ts");
    expect(recap).toEndWith("failed: a/x.test.ts\nfailed: b/dies.test.ts\n");
  });

  test("nothing is told where nothing failed, and a flood of failures keeps to its bytes, the names last", () => {
    expect(recapOf([])).toBe("");
    const flood = Array.from({ length: 100 }, (_, index) => ({ file: `a/${index}.test.ts`, said: `${"ü".repeat(5_000)}\n(fail) flood\n` }));
    const recap = recapOf(flood);
    expect(Buffer.byteLength(recap)).toBeLessThanOrEqual(RECAP_BYTES_MAX);
    expect(recap).toEndWith("failed: a/98.test.ts\nfailed: a/99.test.ts\n");
    expect(recap).not.toContain("\uFFFD");
  });
});

describe("who runs when", () => {
  /** Says on a line of its own when it begins and when it ends. */
  const says = (name: string, until = "Bun.sleep(300)"): string => `test("a", async () => { const say = (what: string) => appendFileSync("${root}/said", what + "\\n"); say("begin ${name}"); await ${until}; say("end ${name}"); expect(1).toBe(1); });`;
  /** Ends once so many have begun: by a clock one of them might end before the other has started. */
  const begun = (count: number): string => `(async () => { while ((await Bun.file("${root}/said").text()).split("begin").length <= ${count}) await Bun.sleep(5); })()`;
  const said = (): string[] => readFileSync(join(root, "said"), "utf8").trim().split("\n");

  test("two files run beside each other; one that measures runs alone, after them", async () => {
    const files = { "a/alone.test.ts": says("alone"), "a/x.test.ts": says("x", begun(2)), "a/y.test.ts": says("y", begun(2)) };
    expect(await counts(files, { lanes: 2, alone: ["a/alone.test.ts"] })).toEqual([3, 0, 0]);
    expect(said().slice(0, 2).every((line) => line.startsWith("begin"))).toBe(true);
    expect(said().slice(4)).toEqual(["begin alone", "end alone"]);
  });

  test("a signal ends the files that run, begins no other, and is a failure", async () => {
    const files = project({ "a/x.test.ts": says("x").replace("300", "20_000"), "a/y.test.ts": says("y") });
    const code = `const { runInLanes } = await import(${JSON.stringify(LANES)}); const { failed } = await runInLanes(process.execPath, ${JSON.stringify(root)}, ${JSON.stringify(files)}, { lanes: 1 }); process.stdout.write(String(failed));`;
    const run = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe", stderr: "ignore" });
    while (Bun.file(join(root, "said")).size === 0) await Bun.sleep(20);
    run.kill("SIGTERM");
    expect(Number(await run.stdout.text())).toBeGreaterThan(0);
    expect(said()).toEqual(["begin x"]);
  });
});

test("every test file of the project is found once, whoever names it, and those that run alone exist", () => {
  const all = testFiles(ROOT, []);
  const found = [...new Bun.Glob("{bench,daemon,kernels,policies,proto}/**/*.test.ts").scanSync(ROOT)];
  expect([...all].sort()).toEqual(found.sort());
  expect(testFiles(ROOT, ["./daemon/bootstrap/lanes"])).toEqual(["daemon/bootstrap/lanes.test.ts"]);
  expect(testFiles(ROOT, ["no/such/file"])).toEqual([]);
  expect(ALONE.filter((file) => !all.includes(file))).toEqual([]);
});

test("the slowest come first", () => {
  expect(slowest([{ file: "a", ms: 10 }, { file: "b", ms: 2_000 }])).toBe("    2.0 s  b\n    0.0 s  a\n");
});
