import { describe, expect, test } from "bun:test";
import { compile } from "../document/compile.ts";
import { look } from "./look.ts";

const WHOLE = "id: A.B\nscope: s\nwhen:\n  - event: e\nfields: {n: int, word: string}\nassert:\n  - expr: 'n > 1'\n    message: 'it is {{n}}'\n";
const said = (text: string) => look(text).problems.map(({ path, line, column, offset, message }) => [path, line, column, offset, message]);

describe("a document while it is being written", () => {
  test("a mistake in an expression is placed in the file and in the expression, whatever else is not there yet", () => {
    expect(said(WHOLE)).toEqual([]);
    expect(said(WHOLE.replace("n > 1", "n > nn"))).toEqual([["assert[0].expr", 7, 16, 4, "there is no field nn"]]);
    const half = `rationale: ''\n${WHOLE.replace("id: A.B\n", "").replace("n > 1", "n > nn").replace("{{n}}", "{{m}}")}severity: worst\n`;
    expect(said(half).map(([path, , , offset]) => [path, offset])).toEqual([["id", null], ["rationale", null], ["assert[0].expr", 4], ["assert[0].message", 6], ["severity", null]]);
  });

  test("clauses that are whole are compiled beside one that is not", () => {
    const { compiled } = look(`${WHOLE}  - expr: ''\n  - expr: n +\n  - expr: n < 5\n`);
    expect(compiled?.assert.map(({ path, text }) => [path.join("."), text])).toEqual([["assert.0", "n > 1"], ["assert.1", "true"], ["assert.3", "n < 5"]]);
  });

  test("what may be spoken of is known before anything is asserted", () => {
    const { fields, problems } = look("when:\n  - event: e\nfields:\n  n: int\n  bad: strng\n");
    expect([...fields.keys()]).toEqual(["n"]);
    expect(problems.map(({ path }) => path)).toEqual(["id", "scope", "", "fields.bad"]);
  });

  test("of a whole text it says what the compiler says", () => {
    for (const text of [WHOLE, WHOLE.replace("n > 1", "n > 'a'"), "a", "", "id: [", "- 1", WHOLE.replace("when:", "whne:"), `${WHOLE}examples:\n  holds: {with: {n: 0}}\n  breaks: {with: {n: 0}}\n`]) {
      const result = compile(text);
      const errors = "errors" in result ? result.errors : [];
      const { problems } = look(text);
      expect(problems.map(({ offset: _, ...problem }) => problem)).toEqual(expect.arrayContaining([...errors]));
    }
  });
});

test("a text that is empty is called that", () => {
  expect(look(WHOLE.replace("scope: s", "scope: s\nowner: ''")).problems.map(({ message, fix }) => [message, fix])).toEqual([["owner is empty", "write something there, or leave owner away"]]);
});
