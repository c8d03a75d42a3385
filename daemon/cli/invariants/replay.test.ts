/** `maestro invariants check`, as a person starts it; and what a batch says held against what closures say. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { compileAll } from "../../invariants/index.ts";
import { Dice } from "../../invariants/testing/expressions.ts";
import type { Recorded } from "../../invariants/replay/recorded.ts";
import { recordedEvents } from "./event-lines.ts";
import { replay } from "../../invariants/replay/replay.ts";
import { shown } from "./show.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RULE = `id: A.B
scope: s
when: [{event: call}]
fields: {spent: money, budget: money, who: string, tags: list<string>}
assert:
  - {expr: spent <= budget, message: "{{who}} spent {{spent}}"}
  - {expr: "tags.all(t, t != 'bad')", message: a bad tag}
  - {expr: "who.startsWith('agent-') || spent < 1"}
post:
  - {expr: spent >= old(spent), message: "from {{old.spent}} to {{spent}}"}
`;
const CALL = { spent: 1_000_000, budget: 2_000_000, who: "agent-1", tags: ["good"] };

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
const lines = (...events: readonly unknown[]): string => events.map((event) => JSON.stringify(event)).join("\n");

function started(...args: string[]): { code: number; stdout: string; stderr: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, join(import.meta.dir, "../main.ts"), "invariants", ...args], { cwd: folder, stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe("from the command line", () => {
  const rule = file("rule.yaml", RULE);
  file("events.yaml", "events: {call: {fields: {spent: money, budget: money, who: string, tags: list<string>}}}\n");
  const good = { event: "call", with: CALL, old: { ...CALL, spent: 0 } };

  test("rules that are whole, and one that is not: its line, its column, what to write", () => {
    expect(started("check", rule)).toMatchObject({ code: 0, stderr: expect.stringContaining("1 invariant(s), 0 with examples") });
    const wrong = file("wrong.yaml", RULE.replace("spent <= budget", "spent <= bugdet"));
    const { code, stdout } = started("check", wrong);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/wrong\.yaml:6:21: .*there is no field bugdet\n    did you mean budget\?/)]);
  });

  test("attack: a pipe in a folder was waited for without end; a file named in two ways was two; another schema was this one", () => {
    const piped = mkdtempSync(join(folder, "piped-"));
    writeFileSync(join(piped, "a.yaml"), RULE);
    Bun.spawnSync(["mkfifo", join(piped, "b.yaml")]);
    expect(started("check", piped)).toMatchObject({ code: 2, stderr: expect.stringContaining("b.yaml is no file") });
    expect(started("check", rule, join(folder, ".", "..", basename(folder), "rule.yaml"), "rule.yaml").stderr).not.toContain("declared already");
    expect(started("schema", "event")).toMatchObject({ code: 2, stderr: expect.stringContaining("not event") });
  }, 60_000);

  test("recorded events: each broken rule with its line, and what was asked one event at a time", () => {
    const events = file("events.ndjson", `${lines(good, { ...good, with: { ...CALL, spent: 3_000_000, tags: ["bad"] } }, { event: "other" })}\n\n${lines({ ...good, with: { ...CALL, who: undefined } })}`);
    const { code, stdout, stderr } = started("check", rule, "--events", events);
    expect(code).toBe(1);
    expect(stdout.split("\n").map((line) => line.slice(line.indexOf("events.ndjson:")))).toEqual(["events.ndjson:2: A.B assert.0: \"agent-1\" spent 3.00", "events.ndjson:2: A.B assert.1: a bad tag", "events.ndjson:5: A.B assert.2: this does not hold: who.startsWith('agent-') || spent < 1 (who is missing)", ""]);
    expect(stderr).toContain("A.B assert.1 one event at a time: all over a list that is not written out");
    expect(stderr).toContain("4 event(s), 1 of them no rule is about; 4 condition(s) and 0 formula(s), broken 3 time(s)");
  });

  test("all held is exit 0, as one document too; what is no event, no file or no text is a mistake of the caller", () => {
    const events = file("held.ndjson", lines(good, good));
    const held = started("check", rule, "--events", events, "--json");
    expect([held.code, JSON.parse(held.stdout)]).toEqual([0, expect.objectContaining({ ok: true, events: 2, broken_total: 0, unheard: 0 })]);
    const wrong = started("check", rule, "--events", file("none.ndjson", `${lines(good)}\n[1]`));
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("none.ndjson:2 is no JSON object")]);
    const timed = file("timed.yaml", "id: A.T\nscope: s\nwhen: [{event: call}]\ntemporal: [{formula: eventually within 5s call where spent > 5}]\n");
    for (const [last, exit, verdict] of [["4s", 3, "open"], ["6s", 1, "violated"]] as const) {
      const told = started("check", timed, "--events", file("timed.ndjson", lines({ ...good, at: "1ms" }, { at: last })), "--json");
      expect([told.code, JSON.parse(told.stdout)]).toEqual([exit, expect.objectContaining({ ok: false, formulas: [expect.objectContaining({ id: "A.T", verdict })] })]);
    }
    for (const [text, said] of [[`{"event": 7}`, "none.ndjson:1 is no event"], ["{", "none.ndjson:1 is no JSON object"], [`{"event": "a", "with": []}`, "none.ndjson:1 is no event"]] as const) expect(() => [...recordedEvents(file("none.ndjson", text))]).toThrow(said);
    writeFileSync(join(folder, "latin.ndjson"), Uint8Array.of(0x7b, 0xff, 0x7d));
    expect(() => [...recordedEvents(join(folder, "latin.ndjson"))]).toThrow("is no file of UTF-8 text");
    expect(() => [...recordedEvents(join(folder, "absent"))]).toThrow("cannot be read");
    expect(started("show", "A.B", rule, "--events", events)).toMatchObject({ code: 2, stderr: expect.stringContaining("--events goes with invariants check") });
  }, 60_000);
});

test("attack: of a list of lists nothing but a list was shown", () => {
  const [nested] = compileAll([{ name: "n", text: RULE.replace("list<string>", "list<string>, deep: 'list<list<enum[a, b]>>'") }]).compiled;
  expect(nested === undefined ? {} : shown(nested).fields).toMatchObject({ deep: "list<list<enum[a, b]>>", tags: "list<string>" });
});

test("attack: an event's words reach no terminal", () => {
  const events = file("hostile.ndjson", lines({ event: "call", with: { ...CALL, who: "\u001b[2J\u202e", spent: 9_000_000 } }));
  const [first] = replay(compileAll([{ name: "r", text: RULE }]).compiled, recordedEvents(events)).broken;
  expect(first?.message).not.toMatch(/[\u0000-\u001f\u202e]/);
});

test("a batch larger than one, and events that stand mixed: the same as asking one at a time", () => {
  const dice = new Dice(7);
  const { compiled } = compileAll([{ name: "a", text: RULE }, { name: "b", text: RULE.replaceAll("A.B", "C.D").replace("call", "reply").replace("post:", "pre:").replace(">= old(spent)", "< 2").replace('"from {{old.spent}} to {{spent}}"', "pre") }]);
  const events: Recorded[] = Array.from({ length: 20_000 }, (_, i) => ({ line: i + 1, time: null, event: dice.of(["call", "reply", "other"]), fields: { ...CALL, spent: dice.below(4) * 1_000_000, ...(dice.chance(3) ? { who: dice.of([7, "x"]) } : {}) }, old: dice.chance(50) ? undefined : { ...CALL, spent: dice.below(3) * 1_000_000 } }));
  const wanted = new Map<string, number>();
  for (const { event, fields, old } of events) {
    for (const { id, events: on, assert, pre, post } of compiled) {
      if (event === null || !on.includes(event)) continue;
      const judged = [...assert, ...post].map((clause) => [clause, clause.check(fields, old === undefined ? undefined : { old })] as const).concat(pre.map((clause) => [clause, clause.check(old ?? fields)] as const));
      for (const [{ path }, { ok }] of judged) if (!ok) wanted.set(`${id} ${path.join(".")}`, (wanted.get(`${id} ${path.join(".")}`) ?? 0) + 1);
    }
  }
  const { conditions, unheard, events: count } = replay(compiled, events);
  expect(new Map(conditions.filter(({ broken }) => broken > 0).map(({ id, path, broken }) => [`${id} ${path}`, broken]))).toEqual(wanted);
  expect([count, unheard]).toEqual([20_000, events.filter(({ event }) => event === "other").length]);
  expect(conditions.find(({ id, path }) => id === "A.B" && path === "assert.0")?.in_columns).toBeGreaterThan(5_000);
  expect(conditions.find(({ path }) => path === "assert.1")).toMatchObject({ in_columns: 0, not_expressible: expect.stringContaining("a list") });
});
