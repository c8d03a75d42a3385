import { describe, expect, test } from "bun:test";
import { compileAll } from "./folder.ts";

const INVARIANT = "id: A.B\nscope: s\nwhen: [{event: e}]\nfields: {spent: money, who: string}\nassert: [{expr: spent <= 5}]\n";
const folder = (targets: string) => compileAll([{ name: "a.yaml", text: INVARIANT }, { name: "targets.yaml", text: targets }]);
const mistakes = (targets: string) => folder(targets).errors.map(({ file, line, column, path, message, fix }) => `${file}:${line}:${column} ${path}: ${message}; ${fix}`);

describe("targets.yaml", () => {
  test("declares code beside the invariants, and is none itself", () => {
    const { targets, compiled, errors } = folder("targets:\n  one: {invariants: [A.B], function: {module: src/a.ts, export: a, args: [spent]}}\n");
    expect([errors, compiled.length, [...targets.keys()]]).toEqual([[], 1, ["one"]]);
  });

  test("says where each mistake stands, and what to write instead", () => {
    expect(mistakes("targets:\n  one: {invariants: [A.C], function: {module: a.ts, export: a, args: [spent]}}\n")).toEqual(["targets.yaml:2:22 targets.one.invariants[0]: there is no invariant A.C; did you mean A.B?"]);
    expect(mistakes("targets:\n  one: {invariants: [A.B], function: {module: a.ts, export: a, args: [spend]}}\n")[0]).toContain("A.B has no field spend; it has spent, who");
    expect(mistakes("targets:\n  one: {invariants: [A.B], function: {module: a.ts, export: a, args: [{field: who, min: 1}]}}\n")[0]).toContain("min and max bound whole numbers, and this is string");
    expect(mistakes("targets:\n  one: {invariants: [A.B], model: {module: a.ts, export: a}, command: {argv: [x]}, actions: {go: {}}}\n")[0]).toContain("model and command");
    expect(mistakes("targets:\n  one: {invariants: [A.B], model: {module: a.ts, export: a}}\n")[0]).toContain("nothing says which actions there are");
    expect(mistakes("targets:\n  one: {invariants: [A.B], model: {module: a.ts, export: a}, actions: {go: {args: {n: {type: int, min: 5, max: 1}}}}}\n")[0]).toContain("there is no number from 5 to 1");
    expect(mistakes("targets:\n  one: {invariants: [A.B], model: {module: a.ts, export: a}, actions: {go: {args: {n: list<enum[]>}}}}\n").length).toBe(1);
  });

  test("a rule that has a mistake is one mistake, and not one more for each target that names it", () => {
    const { errors } = compileAll([{ name: "a.yaml", text: INVARIANT.replace("spent <= 5", "spend <= 5") }, { name: "targets.yaml", text: "targets:\n  one: {invariants: [A.B], function: {module: a.ts, export: a, args: [spent]}}\n" }]);
    expect(errors.map(({ file, message }) => `${file} ${message}`)).toEqual(["a.yaml there is no field spend"]);
  });

  test.each(["../outside.ts", "/etc/passwd.ts", "src/../../x.ts", "src/./x.ts", "data.json", "src/a b.ts", "x\n.ts"])("takes no module %j", (module) => {
    expect(mistakes(`targets:\n  one: {invariants: [A.B], model: {module: ${JSON.stringify(module)}, export: a}, actions: {go: {}}}\n`).length).toBeGreaterThan(0);
  });

  test("an export that is no name cannot become code", () => {
    expect(mistakes('targets:\n  one: {invariants: [A.B], model: {module: a.ts, export: "a }; process.exit(0); //"}, actions: {go: {}}}\n').length).toBe(1);
  });
});
