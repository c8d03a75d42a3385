import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { InvariantsFolder } from "./folder.ts";

/** `expr` stands in line 9 from column 11 on. */
const rule = (id: string, expr = "total_spend_usd <= budget_usd"): string => `id: ${id}
scope: agent_call
severity: critical
owner: gate
rationale: An agent that spends more than its budget spends somebody else's.
when:
  - event: model_call
assert:
  - expr: ${expr}
    message: too much
examples:
  holds: {with: {total_spend_usd: "$10", budget_usd: "$10"}}
  breaks: {with: {total_spend_usd: "$11", budget_usd: "$10"}}
`;

let home: string;
let at: (name: string) => string;
let folder: InvariantsFolder;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "maestro-ui-folder-"));
  at = (name) => join(home, "invariants", name);
  mkdirSync(at(""));
  folder = new InvariantsFolder(join(home, "invariants"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  throw new Error("it was done");
}
const saved = (name: string, text: string, replaces: string | null): string => {
  const written = folder.write(name, { text, replaces });
  if (!written.saved) throw new Error(JSON.stringify(written));
  return written.sha256;
};

describe("saving", () => {
  test("a new file, then over it by the digest of what lies there; the list says both", () => {
    const first = saved("a.yaml", rule("INV.A.ONE"), null);
    chmodSync(at("a.yaml"), 0o640);
    const second = saved("a.yaml", rule("INV.A.TWO"), first);
    expect(readFileSync(at("a.yaml"), "utf8")).toBe(rule("INV.A.TWO"));
    expect(statSync(at("a.yaml")).mode & 0o777).toBe(0o640);
    expect(folder.list().files).toEqual([{ name: "a.yaml", bytes: rule("INV.A.TWO").length, sha256: second }]);
    expect(folder.file("a.yaml")).toEqual({ name: "a.yaml", text: rule("INV.A.TWO"), sha256: second });
    expect(readdirSync(at(""))).toEqual(["a.yaml"]);
  });

  test("makes the folder with its first file", () => {
    rmSync(at(""), { recursive: true });
    expect(folder.list()).toMatchObject({ files: [], passed_over: 0 });
    expect(refused(() => folder.file("a.yaml"))).toContain("request.not_found");
    saved("a.yaml", rule("INV.A.ONE"), null);
    expect(folder.list().files).toHaveLength(1);
  });

  test("says in whose work tree it lies, whose files change with the branch; also before it is there", () => {
    expect(folder.list().work_tree).toBeNull();
    Bun.spawnSync(["git", "init", "-q", home]);
    rmSync(at(""), { recursive: true });
    const inside = new InvariantsFolder(join(home, "invariants"));
    expect(inside.list()).toMatchObject({ work_tree: home, files: [] });
    mkdirSync(at(""));
    expect(inside.list().work_tree).toBe(home);
    rmSync(join(home, ".git"), { recursive: true });
    Bun.spawnSync(["git", "init", "-q", at("")]);
    expect(new InvariantsFolder(at("")).list().work_tree).toBe(at(""));
  });

  test("two tabs: the second hears what lies there now, and nothing of the first is lost", () => {
    const base = saved("a.yaml", rule("INV.A.ONE"), null);
    saved("a.yaml", rule("INV.A.FIRST"), base);
    expect(folder.write("a.yaml", { text: rule("INV.A.SECOND"), replaces: base })).toMatchObject({ saved: false, because: "changed", now: { text: rule("INV.A.FIRST") } });
    expect(folder.write("a.yaml", { text: rule("INV.A.SECOND"), replaces: null })).toMatchObject({ saved: false, because: "changed" });
    expect(readFileSync(at("a.yaml"), "utf8")).toBe(rule("INV.A.FIRST"));
    rmSync(at("a.yaml"));
    expect(folder.write("a.yaml", { text: rule("INV.A.SECOND"), replaces: base })).toEqual({ saved: false, because: "changed", now: null });
  });

  test("what does not compile is not written, with the line and column; a mistake of another file stops nobody", () => {
    expect(folder.write("a.yaml", { text: rule("INV.A.ONE", "totl <= budget_usd"), replaces: null })).toMatchObject({ saved: false, because: "problems", problems: [{ file: "a.yaml", line: 9, column: 11 }] });
    expect(folder.write("a.yaml", { text: "id: [", replaces: null })).toMatchObject({ saved: false, because: "problems" });
    expect(existsSync(at("a.yaml"))).toBe(false);
    writeFileSync(at("broken.yaml"), rule("INV.B.ONE", "totl <= budget_usd"));
    saved("a.yaml", rule("INV.A.ONE"), null);
    // An id that a file has already is a mistake that the folder had not before.
    expect(folder.write("c.yaml", { text: rule("INV.A.ONE"), replaces: null })).toMatchObject({ saved: false, because: "problems", problems: [{ message: expect.stringContaining("INV.A.ONE") }] });
  });
});

describe("attack", () => {
  const SECRET = "secret: 1\n";
  const outside = (): string => {
    writeFileSync(join(home, "outside.yaml"), SECRET);
    return join(home, "outside.yaml");
  };

  test("a file that is a link is neither read nor written, nor what it leads to", () => {
    symlinkSync(outside(), at("a.yaml"));
    const digest = new Bun.CryptoHasher("sha256").update(SECRET).digest("hex");
    for (const work of [() => folder.file("a.yaml"), () => folder.write("a.yaml", { text: rule("INV.A.ONE"), replaces: null }), () => folder.write("a.yaml", { text: rule("INV.A.ONE"), replaces: digest })]) expect(refused(work)).toContain("ui.folder: a.yaml is a link");
    expect([folder.list().files, folder.list().passed_over]).toEqual([[], 1]);
    expect(readFileSync(join(home, "outside.yaml"), "utf8")).toBe(SECRET);
  });

  test("a folder that is a link, also one that became it while the page was open", () => {
    saved("a.yaml", rule("INV.A.ONE"), null);
    renameSync(at(""), join(home, "moved"));
    symlinkSync(join(home, "moved"), join(home, "invariants"));
    for (const work of [() => folder.list(), () => folder.file("a.yaml"), () => folder.write("b.yaml", { text: rule("INV.B.ONE"), replaces: null })]) expect(refused(work)).toContain("is a link");
    rmSync(join(home, "moved"), { recursive: true });
    expect(refused(() => folder.write("b.yaml", { text: rule("INV.B.ONE"), replaces: null }))).toContain("is a link");
    expect(existsSync(join(home, "moved"))).toBe(false);
  });

  test("names that are paths, hidden, of another kind, or hold what no name holds", () => {
    outside();
    for (const name of ["../outside.yaml", "/etc/passwd", "..", ".", "", ".a.yaml", "a.yaml/b.yaml", "a.json", "a.yaml\0", "a\n.yaml", "-a.yaml", "\u202ea.yaml", `${"a".repeat(97)}.yaml`]) {
      expect(refused(() => folder.file(name))).toContain("is no name");
      expect(refused(() => folder.write(name, { text: rule("INV.A.ONE"), replaces: null }))).toContain("is no name");
    }
    expect(readdirSync(home).sort()).toEqual(["invariants", "outside.yaml"]);
  });

  test("a pipe nobody writes to, a folder, a file too large and one that is no text are said and waited for by nobody", () => {
    expect(Bun.spawnSync(["mkfifo", at("pipe.yaml")]).exitCode).toBe(0);
    mkdirSync(at("folder.yaml"));
    writeFileSync(at("large.yaml"), "#".repeat(65_537));
    writeFileSync(at("bytes.yaml"), new Uint8Array([0xff, 0xfe]));
    for (const name of ["pipe", "folder", "large", "bytes"]) expect(refused(() => folder.file(`${name}.yaml`))).toStartWith("ui.folder");
    expect([folder.list().files, folder.list().passed_over]).toEqual([[], 4]);
    expect(refused(() => folder.write("a.yaml", { text: "\u00e9".repeat(40_000), replaces: null }))).toContain("request.too_large");
  });
});

test("what a daemon would refuse or pass over is not written: an id that ships, and a rule under a name that is kept", () => {
  expect(folder.write("cap.yaml", { text: rule("INV.BUDGET.CAP"), replaces: null })).toMatchObject({ saved: false, because: "problems", problems: [{ path: "id", line: 1, column: 5 }] });
  expect(folder.write("targets.yaml", { text: rule("TEAM.CAP"), replaces: null })).toMatchObject({ saved: false, because: "problems", problems: [{ file: "targets.yaml", message: expect.stringContaining("passes it over") }] });
  expect(folder.write("cap.yaml", { text: rule("TEAM.CAP"), replaces: null })).toMatchObject({ saved: true });
});
