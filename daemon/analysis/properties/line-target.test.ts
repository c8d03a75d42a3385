/** Programs in other languages that answer too much, too little, or with their last words. */
import { afterEach, expect, test } from "bun:test";
import { LineTarget } from "./inside/line-target.ts";

const opened: LineTarget[] = [];
afterEach(() => {
  for (const target of opened.splice(0)) target.stop();
});

function program(script: string): LineTarget {
  const target = new LineTarget(["sh", "-c", script], "/");
  opened.push(target);
  return target;
}

test("attack: a program answers twice, so that each question gets the answer to the one before", async () => {
  // Both lines are one write, so they are there together.
  const twice = program("while read -r line; do printf '{\"state\":{\"n\":1}}\\n{\"state\":{\"n\":2}}\\n'; done");
  expect(await twice.init()).toEqual({ n: 1 });
  await expect(twice.step(null, "add", {})).rejects.toThrow('the program says more than it was asked: {"state":{"n":2}}');
  // The next case has a program of its own.
  expect(await twice.init()).toEqual({ n: 1 });
});

test("of a program that dies its own words are told, the first and the last of many", async () => {
  await expect(program("read -r line; echo java.lang.Error: no such class >&2; exit 3").init()).rejects.toThrow("ended without an answer; on its standard error: java.lang.Error: no such class");
  const long = program("read -r line; echo first >&2; i=0; while [ $i -lt 400 ]; do echo 'at some place' >&2; i=$((i+1)); done; echo last >&2; exit 1");
  await expect(long.init()).rejects.toThrow(/standard error: first[^]* … [^]*last$/);
});

test("what is no answer is none: a word, null, and an error", async () => {
  for (const said of ["hello", "null", '{"error":"too much"}', '{"state":null}']) await expect(program(`while read -r line; do printf '${said}\\n'; done`).init()).rejects.toThrow();
});
