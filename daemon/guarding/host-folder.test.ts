/** The operator's folder: what is said where it is not what it should be, and where it lies in a work tree. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { compileOwn } from "../invariants/repository.ts";
import { joinedWith } from "./host-folder.ts";
import { shippedDocuments } from "./shipped.ts";

let home: string;
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), "maestro-host-folder-"))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

const RULE = (expr: string): string => `id: A.CAP\nscope: agent_call\nwhen: [{event: model_call}]\nassert:\n  - expr: ${expr}\n`;

async function refused(folder: string): Promise<string> {
  try {
    await joinedWith(shippedDocuments(), folder);
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  throw new Error("it was taken");
}

test("a folder that is not there, has no rule, or has one with a mistake is said with the setting that names it", async () => {
  const folder = join(home, "rules");
  expect(await refused(folder)).toBe(`config.malformed: invariants: ${folder} cannot be read; see that invariants_folder names the folder of your rules`);
  mkdirSync(folder);
  expect(await refused(folder)).toBe(`config.malformed: invariants: ${folder}, which invariants_folder names, holds no .yaml file`);
  writeFileSync(join(folder, "a.yaml"), RULE("total_spent_usd < 1.00"));
  expect(await refused(folder)).not.toContain("work tree");
  expect(await refused(folder)).toMatch(/^config\.malformed: invariants: .*a\.yaml:5:11: .*; did you mean total_spend_usd\?/);
});

test("in a work tree it is another folder on another branch: that is said, with what to do, also where the branch has no such folder", async () => {
  const [tree, folder] = [join(home, "shop"), join(home, "shop", "ci", "rules")];
  // A work tree beside the first one has a file there.
  mkdirSync(tree);
  writeFileSync(join(tree, ".git"), "gitdir: elsewhere\n");
  const advice = `; invariants_folder names a folder in the work tree ${tree}, whose files change with the branch: keep the rules in a folder outside of it, and name that one`;
  expect(await refused(folder)).toEndWith(advice);
  mkdirSync(folder, { recursive: true });
  expect(await refused(folder)).toEndWith(`holds no .yaml file${advice}`);
  writeFileSync(join(folder, "a.yaml"), RULE("total_spent_usd < 1.00"));
  expect(await refused(folder)).toEndWith(advice);
  writeFileSync(join(folder, "a.yaml"), RULE("total_spend_usd < 1.00"));
  expect((await joinedWith(shippedDocuments(), folder)).documents.at(-1)?.id).toBe("A.CAP");
});

test("an id that ships is refused with its place, and the check of the folder says it first", async () => {
  const text = RULE("total_spend_usd < 1.00").replace("A.CAP", "INV.BUDGET.CAP");
  writeFileSync(join(home, "a.yaml"), text);
  expect(await refused(home)).toMatch(/a\.yaml:1:5: the id INV\.BUDGET\.CAP is that of a rule that ships; give it another/);
  expect(compileOwn([{ name: "a.yaml", text }]).errors).toMatchObject([{ path: "id", line: 1, column: 5 }]);
});
