/** init and its undoing, through the command line, in real repositories; and the canary that doctor fires through what init wrote. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { agentFindings } from "../doctor/agents.ts";
import { writeChanges } from "./changes.ts";
import { append, take } from "./json-edit.ts";
import { memberOf, parseTree } from "./json-tree.ts";
import { withHooks, withoutHooks } from "./settings.ts";
import { agentTargets } from "./targets.ts";

const MAIN = join(import.meta.dir, "../main.ts");
const ROOT = join(import.meta.dir, "../../..");
const ALL = "claude,codex,cursor,copilot,gemini";
let home: string;
let path: string;
let wrapper: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "maestro-init-test-")));
  path = join(home, "repo");
  mkdirSync(path);
  Bun.spawnSync(["git", "init", "-q", path]);
  wrapper = join(home, "maestro");
  writeFileSync(wrapper, `#!/bin/sh\nMAESTRO_CWD=$PWD\nexport MAESTRO_CWD\ncd '${ROOT}' && exec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function init(...args: string[]): { code: number; text: string } {
  const ran = Bun.spawnSync([process.execPath, MAIN, "init", path, "--wrapper", wrapper, "--agents", ALL, ...args], { cwd: "/", env: { HOME: home, PATH: "/usr/bin:/bin" }, stdin: "ignore" });
  return { code: ran.exitCode, text: `${ran.stdout.toString()}${ran.stderr.toString()}` };
}
const put = (name: string, text: string): void => {
  mkdirSync(join(path, name, ".."), { recursive: true });
  writeFileSync(join(path, name), text);
};
const get = (name: string): string => readFileSync(join(path, name), "utf8");
const files = (): Record<string, string> => Object.fromEntries(readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.parentPath.includes("/.git")).map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), "utf8")]));

const SETTINGS = '{\n    "permissions": {"allow": ["Bash(ls:*)"]},\n    "hooks": {\n        "PreToolUse": [\n            {"matcher": "Bash", "hooks": [{"type": "command", "command": "./mine.sh"}]}\n        ]\n    }\n}\n';

describe("init", () => {
  test("shows and writes nothing; with --yes writes, a second time finds nothing to do, and --remove leaves every byte as it was", () => {
    put(".claude/settings.json", SETTINGS);
    put(".gemini/settings.json", '{\n\t// mine\n\t"theme": "x",\n}\n');
    const before = files();
    const shown = init("--ci", "github");
    expect([shown.code, files()]).toEqual([0, before]);
    for (const word of ["+++ maestro.yaml", ".github/workflows/maestro.yml", '"command": "', "say --yes"]) expect(shown.text).toContain(word);
    expect(init("--ci", "github", "--yes").code).toBe(0);
    for (const name of ["maestro.yaml", ".cursor/hooks.json", ".codex/hooks.json", ".github/hooks/maestro.json", ".github/workflows/maestro.yml"]) expect(existsSync(join(path, name))).toBe(true);
    expect(JSON.parse(get(".claude/settings.json")).hooks.PreToolUse[0].hooks[0].command).toBe("./mine.sh");
    expect(get(".gemini/settings.json")).toContain("// mine");
    const after = files();
    expect(init("--ci", "github", "--yes").text).toContain("nothing to do");
    expect(files()).toEqual(after);
    expect(init("--remove", "--yes").code).toBe(0);
    expect([files(), existsSync(join(path, ".cursor")), existsSync(join(path, ".git/maestro-init.json"))]).toEqual([before, false, false]);
  }, 120_000);

  test("what the user wrote beside it since then stays; what is ours goes", () => {
    put(".claude/settings.json", SETTINGS);
    init("--yes");
    const edited = get(".claude/settings.json").replace('"permissions"', '"model": "opus",\n    "permissions"');
    writeFileSync(join(path, ".claude/settings.json"), edited);
    put("maestro.yaml", "version: 1\n");
    init("--remove", "--yes");
    expect(get(".claude/settings.json")).toBe(SETTINGS.replace('"permissions"', '"model": "opus",\n    "permissions"'));
    expect(get("maestro.yaml")).toBe("version: 1\n");
  }, 120_000);

  test("a clone that did not run init can take the hooks out too", () => {
    init("--yes");
    rmSync(join(path, ".git/maestro-init.json"));
    init("--remove", "--yes");
    expect(Object.values(files()).filter((text) => text.includes("hook claude") || text.includes("hook cursor"))).toEqual([]);
  }, 120_000);

  test("a broken file is refused by name and line, before anything is written", () => {
    put(".cursor/hooks.json", '{\n  "version": 1,\n  "hooks": {\n    "stop": [}\n}\n');
    const before = files();
    const ran = init("--yes");
    expect([ran.code, ran.text, files()]).toEqual([2, expect.stringContaining(".cursor/hooks.json:4"), before]);
  });

  test("attack: a link that leads out of the repository is not followed", () => {
    mkdirSync(join(home, "outside"));
    symlinkSync(join(home, "outside"), join(path, ".claude"));
    const ran = init("--yes");
    expect([ran.code, ran.text, readdirSync(join(home, "outside"))]).toEqual([2, expect.stringContaining("leaves the repository"), []]);
  });

  test("attack: a file that is not UTF-8 is not written again as something else", () => {
    mkdirSync(join(path, ".claude"));
    const bytes = Buffer.from('{"env": {"NAME": "caf\xe9"}}', "latin1");
    writeFileSync(join(path, ".claude/settings.json"), bytes);
    const ran = init("--yes");
    expect([ran.code, ran.text, readFileSync(join(path, ".claude/settings.json"))]).toEqual([2, expect.stringContaining("is not UTF-8"), bytes]);
  });

  test("attack: where one file cannot be written, none is, and the reason is said", () => {
    put(".claude/settings.json", SETTINGS);
    put("folder/x", "");
    const before = files();
    // A file in the place of a folder, and a folder in which nothing can be made.
    put(".cursor", "");
    expect([init("--yes").code, files()]).toEqual([2, { ...before, [join(path, ".cursor")]: "" }]);
    rmSync(join(path, ".cursor"));
    const all = [{ path: "maestro.yaml", before: null, after: "x", created: [] }, { path: ".claude/settings.json", before: SETTINGS, after: "y", created: [] }, { path: `folder/${"n".repeat(250)}`, before: null, after: "z", created: [] }];
    expect(() => writeChanges(path, all)).toThrow("nothing was changed");
    expect(files()).toEqual(before);
  }, 120_000);

  test("attack: a folder that is a link inside the repository survives --remove", () => {
    mkdirSync(join(path, "real"));
    symlinkSync("real", join(path, ".claude"));
    init("--yes");
    const ran = init("--remove", "--yes");
    expect([ran.code, existsSync(join(path, "real/settings.json")), existsSync(join(path, ".git/maestro-init.json"))]).toEqual([0, false, false]);
  }, 120_000);

  test("the file that init writes is one the daemon reads, and only observes", async () => {
    init("--yes");
    const { parseRepositoryConfig } = await import("../../config/repository.ts");
    const config = parseRepositoryConfig(new TextEncoder().encode(get("maestro.yaml")));
    expect(Object.values(config.rules ?? {}).map(({ mode }) => mode)).toEqual(["observe", "observe", "observe"]);
  });
});

describe("doctor's canary", () => {
  const findings = async (): Promise<string[]> => (await agentFindings(path, home)).map(({ check, state, detail }) => `${state} ${check} ${detail}`);

  test("every hook that init wrote stops it; a missing wrapper, a switched-off and a foreign command are each found", async () => {
    init("--yes");
    expect((await findings()).map((line) => line.split(" ").slice(0, 2).join(" ")).sort()).toEqual(["ok hook.claude", "ok hook.codex", "ok hook.copilot", "ok hook.cursor", "ok hook.gemini"]);
    const claude = get(".claude/settings.json");
    writeFileSync(join(path, ".claude/settings.json"), claude.replaceAll(wrapper, "/opt/gone/maestro"));
    expect((await findings())[0]).toContain("fail hook.claude .claude/settings.json starts /opt/gone/maestro, which is not there");
    writeFileSync(join(path, ".claude/settings.json"), claude.replace("{", '{"disableAllHooks": true,'));
    expect((await findings())[0]).toContain("UNGUARDED: .claude/settings.json turns every hook off");
    writeFileSync(wrapper, "#!/bin/sh\nexit 0\n");
    expect((await findings()).every((line) => line.startsWith("fail"))).toBe(true);
    writeFileSync(wrapper, "#!/bin/sh\nexit 127\n");
    writeFileSync(join(path, ".claude/settings.json"), claude);
    expect((await findings())[0]).toContain("stops every call, because Maestro does not start");
  }, 120_000);

  test("attack: doctor runs no command that a repository made up", async () => {
    const planted = join(home, "planted");
    for (const command of [`maestro hook claude; touch ${planted}`, `touch ${planted} && maestro hook claude || exit 2`, `maestro hook claude || exit 2; touch ${planted}`]) {
      put(".claude/settings.json", JSON.stringify({ hooks: { PreToolUse: [{ hooks: [{ type: "command", command }] }] } }));
      expect((await findings())[0]).toContain("not the one init writes");
    }
    const inside = join(path, "maestro");
    writeFileSync(inside, `#!/bin/sh\ntouch ${planted}\n`, { mode: 0o755 });
    put(".claude/settings.json", JSON.stringify({ hooks: { PreToolUse: [{ hooks: [{ type: "command", command: `${inside} hook claude || exit 2` }] }] } }));
    expect((await findings())[0]).toContain("inside the repository");
    expect(existsSync(planted)).toBe(false);
  });

  test("an agent that works here without a hook is said", async () => {
    put("CLAUDE.md", "x");
    expect((await findings())[0]).toContain("warn hook.claude UNGUARDED");
  });
});

describe("laws", () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: "small" }, fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie("value"), { maxLength: 3 }), tie("object")),
    object: fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }).filter((key) => key !== "__proto__" && key !== "hooks"), tie("value"), { maxKeys: 4 }),
  }));
  const text = fc.tuple(json.object, fc.constantFrom(undefined, 2, 4, "\t")).map(([value, space]) => JSON.stringify(value, null, space));

  test("what is put in can be taken out again, byte for byte, in every agent's file", () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...agentTargets("/opt/x y/maestro")), (before, target) => {
        const { text: after, created } = withHooks(target, before);
        JSON.parse(after);
        expect(withHooks(target, after).text).toBe(after);
        const back = withoutHooks(target, after, created);
        expect(JSON.parse(back)).toEqual(JSON.parse(before));
        if (before.includes("\n") || before === "{}") expect(back.replace(/\s/g, "")).toBe(before.replace(/\s/g, ""));
      }),
      { numRuns: 300, verbose: 1 },
    );
  });

  test("an element appended is the last, and taking it gives the document back", () => {
    fc.assert(
      fc.property(text, fc.string(), (before, value) => {
        const after = append(before, parseTree(before), "added", value);
        expect(JSON.parse(after)).toEqual({ ...JSON.parse(before), added: value });
        const tree = parseTree(after);
        expect(memberOf(tree, "added")?.text).toBe(value);
        expect(JSON.parse(take(after, tree, tree.members.length - 1))).toEqual(JSON.parse(before));
      }),
      { numRuns: 300, verbose: 1 },
    );
  });
});
