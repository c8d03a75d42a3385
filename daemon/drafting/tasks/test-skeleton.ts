/** A test file for what a change exports: it loads the code, names each case to be written, and claims nothing. */
import { isSafeName, isSafePath } from "../quote.ts";
import type { Seen } from "../material.ts";
import { isAddressed } from "../scan/addressed.ts";
import { declared, type NameChange } from "../scan/names.ts";
import type { Study } from "../study.ts";
import { visible } from "../../verifier/visible.ts";

const NAMES_MAX = 12;
const CASES_MAX = 8;
const SIGNATURE_CHARACTERS_MAX = 160;
/** Text of the change inside a comment: it cannot end it. */
const remark = (text: string): string => (isAddressed(text) ? "its signature speaks to a reader; not repeated" : visible(text).replaceAll("*/", "* /").replaceAll("://", "[:]//").slice(0, SIGNATURE_CHARACTERS_MAX));

const TESTED = /^(?:function|class|constant)$/;

function testable(file: Seen, names: readonly NameChange[]): NameChange[] {
  return names.filter((change) => change.path === file.path && change.how !== "removed" && change.now !== null && change.now.exported && change.now.within === null && TESTED.test(change.now.what) && isSafeName(change.now.name) && !change.now.name.startsWith("#")).slice(0, NAMES_MAX);
}

const bodyOf = (file: Seen, { line, end_line }: { readonly line: number; readonly end_line: number }): string[] => (file.new ?? "").split("\n").slice(line - 1, end_line);

/** Ways through a body, in words of the house: what a test would have to reach. */
function cases(file: Seen, change: NameChange): string[] {
  const { line, end_line } = declared(change);
  const found: string[] = [];
  for (const [at, text] of bodyOf(file, { line, end_line }).entries()) {
    const here = `line ${line + at}`;
    if (/^\s*(?:\}?\s*(?:else\s+)?if|elif|when|unless)\b/.test(text)) found.push(`${here}: the condition holds, and does not`);
    else if (/\b(?:throw|raise|panic!?)\b/.test(text)) found.push(`${here}: it refuses`);
    else if (/^\s*(?:for|while|loop)\b/.test(text)) found.push(`${here}: nothing, one and many to go through`);
    else if (/^\s*(?:\}?\s*catch|except|rescue)\b/.test(text)) found.push(`${here}: what it waits for fails`);
    else if (/^\s*(?:case\b|default:)/.test(text)) found.push(`${here}: this case`);
  }
  return found.length === 0 ? ["an ordinary value, and one at the edge"] : found.slice(0, CASES_MAX);
}

const FRAMEWORKS: readonly (readonly [RegExp, string | null])[] = [[/["']vitest["']/, "vitest"], [/["']@jest\/globals["']/, "@jest/globals"], [/["']bun:test["']/, "bun:test"]];
/** As the other tests of the change do it, or its manifest says; Bun's own otherwise. Null where the framework's words are there without an import. */
function frameworkOf({ files }: Study): string | null {
  const tests = files.filter(({ kind }) => kind.test).map((file) => file.new ?? "").join("\n");
  const found = FRAMEWORKS.find(([of]) => of.test(tests));
  if (found !== undefined) return found[1];
  if (/^\s*(?:describe|test|it)\(/m.test(tests) && !/["']node:test["']/.test(tests)) return null;
  const manifest = files.filter(({ path }) => /(?:^|\/)package\.json$/.test(path)).map((file) => file.new ?? "").join("\n");
  return /["']vitest["']\s*:/.test(manifest) ? "vitest" : /["'](?:jest|ts-jest|react-scripts)["']\s*:/.test(manifest) ? null : "bun:test";
}

const fileName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

function ecma(file: Seen, names: readonly NameChange[], study: Study): readonly [path: string, text: string] {
  const name = fileName(file.path);
  const stem = name.replace(/\.[cm]?[jt]sx?$/, "");
  const values = names.map((change) => declared(change).name);
  const framework = frameworkOf(study);
  const common = /^module\.exports|^exports\./m.test(file.new ?? "") && !/^export\s/m.test(file.new ?? "");
  const loads = common ? `const { ${values.join(", ")} } = require("./${name}");` : importLine(file.new ?? "", name, names);
  const describes = names.map((change) => {
    const one = declared(change);
    const kind = one.what === "constant" ? null : "function";
    const todo = one.what === "constant" ? [] : cases(file, change).map((each) => `  test.todo(${JSON.stringify(each)});`);
    return [`// ${remark(one.signature)}`, `describe(${JSON.stringify(one.name)}, () => {`, `  test("is there", () => {`, kind === null ? `    expect(${one.name}).toBeDefined();` : `    expect(typeof ${one.name}).toBe(${JSON.stringify(kind)});`, "  });", ...todo, "});"].join("\n");
  });
  const extension = name.slice(stem.length).replace(/^\.[cm]?jsx?$/, (all) => all).replace(/^\.tsx$/, ".tsx");
  return [`${folderOf(file.path)}${stem}.test${extension}`, [...(framework === null ? [] : [`import { describe, expect, test } from ${JSON.stringify(framework)};`]), loads, "", describes.join("\n\n"), ""].join("\n")];
}

function importLine(text: string, name: string, names: readonly NameChange[]): string {
  const isDefault = (value: string): boolean => new RegExp(`^\\s*export\\s+default\\s+(?:async\\s+)?(?:function\\s*\\*?|(?:abstract\\s+)?class)\\s+${value.replaceAll("$", "\\$")}\\b`, "m").test(text);
  const values = names.map((change) => declared(change).name);
  const [own, named] = [values.filter(isDefault), values.filter((value) => !isDefault(value))];
  const parts = [...own.slice(0, 1), ...(named.length === 0 ? [] : [`{ ${named.join(", ")} }`])];
  return `import ${parts.join(", ")} from ${JSON.stringify(`./${name}`)};`;
}

const MODULE_PART = /^[A-Za-z_]\w*$/;

function python(file: Seen, names: readonly NameChange[]): readonly [path: string, text: string] | null {
  const parts = file.path.replace(/\.pyw?$/, "").split("/").filter((part, at) => !(at === 0 && (part === "src" || part === "lib")));
  const module = (parts.at(-1) === "__init__" ? parts.slice(0, -1) : parts);
  if (module.length === 0 || !module.every((part) => MODULE_PART.test(part))) return null;
  const values = names.map((change) => declared(change).name);
  const tests = names.flatMap((change) => {
    const one = declared(change);
    const slug = one.name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
    const there = [`# ${remark(one.signature)}`, `def test_${slug}_is_there():`, one.what === "constant" ? `    assert ${one.name} is not None` : `    assert callable(${one.name})`].join("\n");
    if (one.what === "constant") return [there];
    return [there, ...cases(file, change).map((each, at) => [`@pytest.mark.skip(reason=${JSON.stringify(`to be written: ${each}`)})`, `def test_${slug}_${at + 1}():`, `    ${one.name}`].join("\n"))];
  });
  return [`tests/test_${parts.filter((part) => part !== "__init__").at(-1) ?? "module"}.py`, [`import pytest`, "", `from ${module.join(".")} import ${values.join(", ")}`, "", "", tests.join("\n\n\n"), ""].join("\n")];
}

function go(file: Seen, names: readonly NameChange[]): readonly [path: string, text: string] | null {
  const name = /^package\s+([A-Za-z_]\w*)/m.exec(file.new ?? "")?.[1];
  const functions = names.filter((change) => declared(change).what === "function" && !new RegExp(`func\\s+${declared(change).name}\\s*\\[`).test(file.new ?? ""));
  if (name === undefined || functions.length === 0) return null;
  const tests = functions.map((change) => {
    const one = declared(change);
    const todo = cases(file, change).map((each) => `\tt.Run(${JSON.stringify(each)}, func(t *testing.T) { t.Skip("to be written") })`);
    return [`// ${remark(one.signature)}`, `func Test${one.name}(t *testing.T) {`, `\t_ = ${one.name}`, ...todo, "}"].join("\n");
  });
  return [file.path.replace(/\.go$/, "_test.go"), [`package ${name}`, "", 'import "testing"', "", tests.join("\n\n"), ""].join("\n")];
}

function skeleton(file: Seen, names: readonly NameChange[], study: Study): readonly [path: string, text: string] | null {
  if (/\.[cm]?[jt]sx?$/.test(file.path) && !/\.d\.[cm]?ts$/.test(file.path)) return ecma(file, names, study);
  if (/\.pyw?$/.test(file.path)) return python(file, names);
  return /\.go$/.test(file.path) && !file.path.endsWith("_test.go") ? go(file, names) : null;
}

/** Where the languages of this task stop, it says so. */
const NONE = "No test skeleton: the change exports no new or changed function in TypeScript, JavaScript, Python or Go that could be read.";

export function testSkeleton(study: Study): string {
  const candidates = study.files.filter(({ kind, change, path }) => kind.source && !change.binary && change.new !== null && isSafePath(path))
    .map((file) => ({ file, names: testable(file, study.names) })).filter(({ file, names }) => names.length > 0 && file.new !== null).sort((a, b) => b.names.length - a.names.length);
  for (const { file, names } of candidates) {
    const made = skeleton(file, names, study);
    if (made === null) continue;
    const [path, text] = made;
    const mark = /\.py$/.test(path) ? "#" : "//";
    const others = candidates.filter((other) => other.file !== file).slice(0, 3).map((other) => `${mark} not covered here: ${other.file.path}`);
    return [`${mark} ${path}`, `${mark} A suggestion of Maestro: it shows that the names are there; what they do is for you to write.`, ...others, text].join("\n");
  }
  return NONE;
}
