/** Names that a change gives anew: which body stands under which other name, and how much work it is to find out. */
import { expect, test } from "bun:test";
import type { FileChange } from "../../../proto/facts.ts";
import { seen } from "../material.ts";
import { namesOf, renamesOf } from "./names.ts";

function renamedIn(was: string, is: string): string[] {
  const change: FileChange = { path: { u: "src/a.py" }, old_path: null, status: "modified", old: null, new: null, binary: false, lfs: false, hunks: [], truncated: false };
  const file = seen({ change, old: was, new: is, unread: null });
  return renamesOf(file, namesOf(file)).map(({ from, to }) => `${from.before?.name} -> ${to.now?.name}`);
}
const functions = (of: string, count: number): string => Array.from({ length: count }, (_, n) => `def ${of}${n}():\n  return ${n}\n`).join("");

test("a body under another name is told, each once and in order; one that nothing has, or an empty one, is not", () => {
  expect(renamedIn("def a():\n  return 1\ndef b():\n  return 1\ndef c():\n  return 3\n", "def x():\n  return 1\ndef y():\n  return 1\ndef z():\n  return 4\n")).toEqual(["a -> x", "b -> y"]);
  expect(renamedIn(functions("f", 3), functions("g", 3))).toEqual(["f0 -> g0", "f1 -> g1", "f2 -> g2"]);
});

test("attack: a file of short lines that names everything anew: four times as many names are no sixteen times the work", () => {
  const cpu_us = (count: number): number => {
    // In the other order: the body that fits is the last one that is looked at.
    const [was, is] = [functions("f", count), functions("g", count).split(/^(?=def)/m).reverse().join("")];
    const least = Array.from({ length: 5 }, () => {
      const began = process.cpuUsage();
      expect(renamedIn(was, is)).toHaveLength(count);
      const { user, system } = process.cpuUsage(began);
      return user + system;
    });
    return Math.min(...least);
  };
  // Compiled by then: what is measured first would look like more work.
  cpu_us(2_000);
  const few_us = cpu_us(500);
  // All pairs would be sixteen times.
  expect(cpu_us(2_000) / few_us).toBeLessThan(9);
});
