import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FolderConfig, FolderFile, RepositoryConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { utf8 } from "../../proto/encoding.ts";
import { folderOf } from "./folder-of.ts";
import { FOLDER_FILES_MAX } from "./folders.ts";
import { parseHostConfig, resolveHost } from "./host.ts";
import { mergeGateConfig } from "./merge.ts";
import { parseFolderConfig } from "./repository.ts";

const host = resolveHost(parseHostConfig(utf8("version: 1\ntrust_domain: x.test\nmodes: [local]\nrules:\n  ci.changed: { agent: hold }\n"), "maestrod.yaml"));
const at = (path: string, config: Partial<FolderConfig>): FolderFile => ({ path, config: { version: 1, ...config } });
const merged = (folders: FolderFile[], config: Partial<RepositoryConfig> = {}) => mergeGateConfig(host, { config: { version: 1, ...config }, folders, policy_path: null }, "x");

function refused(folders: FolderFile[], config: Partial<RepositoryConfig> = {}): string {
  try {
    merged(folders, config);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "config.loosens") return error.detail;
    throw error;
  }
  return "nothing";
}

describe("the deepest file speaks, with everything above it", () => {
  test("rules and thresholds come down from folder to folder", () => {
    const config = merged([at("pay/card", { rules: { "size.unreviewable": { human: "refuse" } } }), at("pay", { rules: { "size.unreviewable": { human: "hold" }, "test.skipped": { bot: "hold" } }, thresholds: { size_lines_max: 200 } })], { rules: { "code.debugger": { human: "refuse" } } });
    expect(folderOf(config.folders, "pay/card/a.ts")?.rules).toEqual({ "code.debugger": { human: "refuse" }, "size.unreviewable": { human: "refuse" }, "test.skipped": { bot: "hold" } });
    expect(folderOf(config.folders, "pay/card/a.ts")?.thresholds.size_lines_max).toBe(200);
    expect(folderOf(config.folders, "pay/a.ts")?.rules["size.unreviewable"]).toEqual({ human: "hold" });
    expect(folderOf(config.folders, "payroll/a.ts")).toBeNull();
    expect(config.base_rules).toEqual({ "code.debugger": { human: "refuse" } });
  });

  test("without such files nothing of them is in the configuration", () => {
    expect(Object.keys(merged([]))).not.toContain("folders");
    expect(Object.keys(merged([]))).not.toContain("waivers");
  });

  test("waivers keep the folder they may speak of", () => {
    const waiver = { rule: "code.debugger", paths: ["*.ts"], owner: "Ada", reason: "x", until: "2026-12-01" };
    expect(merged([at("pay", { waivers: [waiver] })], { waivers: [waiver] }).waivers).toEqual([{ ...waiver, folder: "" }, { ...waiver, folder: "pay" }]);
  });
});

describe("attacks: nobody gets looser by being deeper", () => {
  test.each([
    [[at("pay", { rules: { "ci.changed": { agent: "pass" } } })], {}, "pay/maestro.yaml: rules.ci.changed.agent: pass is looser than the host's hold"],
    [[at("pay", { rules: { "code.debugger": { human: "note" } } })], { rules: { "code.debugger": { human: "refuse" as const } } }, "pay/maestro.yaml: rules.code.debugger.human: note is looser than the root's refuse"],
    [[at("pay", { rules: { "x.y": { human: "hold" } } }), at("pay/card", { rules: { "x.y": { human: "note" } } })], {}, "pay/card/maestro.yaml: rules.x.y.human: note is looser than pay's hold"],
    [[at("pay", { thresholds: { size_lines_max: 900 } })], {}, "pay/maestro.yaml: thresholds.size_lines_max: 900 is above the root's 800"],
    [[at("pay", { rules: { "x.y": { mode: "observe" } } })], { rules: { "x.y": { mode: "enforce" as const } } }, "pay/maestro.yaml: rules.x.y.mode: observe is looser than the root's enforce"],
    [[at("a/b/c/d/e/f/g/h/i", {})], {}, "a/b/c/d/e/f/g/h/i/maestro.yaml lies more than 8 folders deep"],
  ] as const)("%#", (folders, config, says) => {
    expect(refused([...folders], config)).toBe(says);
  });

  test("too many files are refused as one that loosens", () => {
    expect(refused(Array.from({ length: FOLDER_FILES_MAX + 1 }, (_, i) => at(`f${i}`, {})))).toContain("more than 64 folders");
  });

  test.each(["required: [x]", "commands: {}", "policy: a.tar.gz", "obligations: {}"])("a folder has no word on %s", (line) => {
    expect(() => parseFolderConfig(utf8(`version: 1\n${line}\n`), "pay")).toThrow("pay/maestro.yaml:2");
  });
});

test("whatever files there are: what speaks of a path is never looser than what speaks of its folder's folder", () => {
  const effects = ["pass", "note", "hold", "refuse"] as const;
  const setting = fc.record({ human: fc.constantFrom(...effects) }, { requiredKeys: [] });
  const file = fc.record({ path: fc.constantFrom("a", "a/b", "a/b/c", "d"), rule: setting, lines: fc.integer({ min: 1, max: 800 }) });
  let taken = 0;
  fc.assert(
    fc.property(fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 4 }), (files) => {
      const folders = files.map(({ path, rule, lines }) => at(path, { rules: { "x.y": rule }, thresholds: { size_lines_max: lines } }));
      if (refused(folders) !== "nothing") return;
      taken++;
      const config = merged(folders);
      for (const path of ["a/b/c", "a/b"]) {
        const own = folderOf(config.folders, `${path}/f.ts`);
        const above = folderOf(config.folders, `${path.slice(0, path.lastIndexOf("/"))}/f.ts`);
        expect(effects.indexOf(own?.rules["x.y"]?.human ?? "pass")).toBeGreaterThanOrEqual(effects.indexOf(above?.rules["x.y"]?.human ?? "pass"));
        expect(own?.thresholds.size_lines_max ?? 800).toBeLessThanOrEqual(above?.thresholds.size_lines_max ?? 800);
      }
    }),
    { numRuns: 200 },
  );
  expect(taken).toBeGreaterThan(20);
});
