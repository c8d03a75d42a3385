/** The YAML test suite, from the side of a reader that refuses what two readers could see differently. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { skipWithout } from "../testing/skip.ts";
import { readYaml } from "./yaml.ts";

const SUITE = join(import.meta.dir, "../../../shared/vectors/yaml-test-suite/src");
const absent = skipWithout(existsSync(SUITE), "../shared/vectors/yaml-test-suite is not there, so no foreign YAML was read");

interface Case {
  readonly name: string;
  readonly yaml: string;
  /** One or more JSON texts; several mean several documents. */
  readonly json?: string;
  readonly fail?: boolean;
}

/** The suite writes white space that matters as visible characters (its ReadMe, "Special Characters"). */
function visible(text: string): string {
  return text.replaceAll("␣", " ").replaceAll(/—*»/g, "\t").replaceAll("←", "\r").replaceAll("⇔", "\ufeff").replaceAll("↵", "").replace(/∎\n$/, "");
}

function cases(): Case[] {
  return readdirSync(SUITE).flatMap((file) => {
    const list: Partial<Case>[] = parse(readFileSync(join(SUITE, file), "utf8"));
    return list.map((item, i) => ({ ...item, name: `${file} ${i}`, yaml: visible(item.yaml ?? "") }));
  });
}

test.skipIf(absent)("each case is refused, or means what the suite says it means", () => {
  let taken = 0;
  for (const { name, yaml, json, fail } of cases()) {
    let value: unknown;
    try {
      value = readYaml(utf8(yaml), name).value;
    } catch (error) {
      expect(error).toBeInstanceOf(MaestroError);
      continue;
    }
    taken += 1;
    expect({ name, fail: fail ?? false }).toEqual({ name, fail: false });
    if (json !== undefined && json !== "") expect({ name, value }).toEqual({ name, value: JSON.parse(json) });
  }
  expect(taken).toBeGreaterThan(100);
});

test("a line is known for every path, and the parent's where a path is not there", () => {
  const document = readYaml(utf8("a: 1\nb:\n  # why\n  c:\n    - x\n    - y\n"), "f");
  expect(document.value).toEqual({ a: 1, b: { c: ["x", "y"] } });
  expect([["a"], ["b"], ["b", "c"], ["b", "c", "1"], ["b", "gone"], []].map((path) => document.lineOf(path))).toEqual([1, 2, 4, 6, 2, 1]);
});
