/** What README.md tells a newcomer to type is typed here; every link of the documents leads somewhere. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { COMMANDS } from "../cli/table.ts";
import { parseCommand } from "../cli/command.ts";
import { skipWithout } from "../testing/skip.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { oneDocument, World, type GateDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");

/** Lines of code that are commands, without their remarks. */
const typed = (text: string): string[] => text.split("\n").flatMap((line) => /^ {4}((?:npm|npx|maestro|apt) [^#]*?)\s*(?:#.*)?$/.exec(line)?.[1] ?? []);
/** `maestro …` in running text. */
const named = (text: string): string[] => [...text.matchAll(/`(maestro [^`]+)`/g)].map(([, command = ""]) => command.replaceAll("\\|", "|"));

/** Lines that a test elsewhere runs, or that would change this machine. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "npm test": "you are reading it",
  "npx maestro demo": "daemon/e2e/demo.test.ts",
  "npx maestro explain GATE --draft": "below, with a gate",
  "npx maestro models setup": "bench/models.nightly.ts",
  "npm run bench -- merkle": "bench/index.ts; its tests run benches",
  "npm run accept": "a tier of its own",
  "npm run accept -- corpora DIR": "a tier of its own; its folder by daemon/bootstrap/tiers.test.ts",
  "npm run nightly": "a tier of its own",
  "npm run slow": "a tier of its own",
  "npm run tools": "daemon/bootstrap/bootstrap.test.ts",
  "apt install ./maestro.deb": "daemon/deb/deb.slow.ts",
};

let world: World;
let source: Source;
let gate: GateDocument;
beforeAll(async () => {
  world = new World();
  source = await world.changed({ "src/b.ts": "export const b = 1;\n" }, { "src/b.ts": "export const b = 2;\n" });
  source.git("branch", "-q", "topic");
  gate = await world.judged(source);
});
afterAll(() => world.dispose());

/** Exit codes of what README types, with the words of the real thing in place of its examples. */
const RUNS: readonly (readonly [line: string, codes: readonly number[]])[] = [
  ["npm start", [0]],
  ["npm start -- /path/to/your/repo", [0]],
  ["npm start -- /path/to/repo --target main --head topic", [0]],
  ["npx maestro replay --last 200", [0]],
  // What it says of this machine is this machine's.
  ["maestro doctor", [0, 1]],
];

const NODE = Bun.which("node");
const skipped = skipWithout(NODE !== null, "the launchers need Node on the PATH");

/** As npm and npx start them, from the user's own folder. */
async function launch(line: string): Promise<number> {
  const words = line.split(" ").map((word) => (word.startsWith("/path/") ? source.path : word));
  const rest = words.slice(words[0] === "maestro" ? 1 : 2).filter((word) => word !== "--");
  const program = words[0] === "npm" ? ["run.mjs", "start"] : ["maestro.mjs"];
  const env = { HOME: world.home, XDG_STATE_HOME: world.path("state"), PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8", MAESTRO_CONFIG: world.path("none.yaml"), INIT_CWD: source.path };
  const argv = [NODE ?? "node", join(ROOT, "daemon/bootstrap", program[0] ?? ""), ...program.slice(1), ...rest];
  const child = Bun.spawn(argv, { cwd: source.path, env, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [said, code] = await Promise.all([child.stderr.text(), child.exited]);
  if (code > 3) throw new Error(`${line}: ${code} ${said}`);
  return code;
}

describe("README", () => {
  test("has no command that is not run somewhere", () => {
    expect(typed(README).filter((line) => !RUNS.some(([known]) => known === line) && !Object.hasOwn(ELSEWHERE, line))).toEqual([]);
    expect([...RUNS.map(([line]) => line), ...Object.keys(ELSEWHERE)].filter((line) => !typed(README).includes(line))).toEqual([]);
    expect(typed("    npm start -- x   # remark\n    maestro dance\nmaestro not code\n")).toEqual(["npm start -- x", "maestro dance"]);
  });

  for (const [line, codes] of RUNS) {
    // This repository's own newest change may be held, which is no fault of the command line.
    const allowed = line === "npm start" ? [0, 1, 3] : codes;
    const nothing = line === "npm start" && skipWithout(existsSync(join(ROOT, ".git")), "this is no git checkout, so it has no newest change");
    test.skipIf(skipped || nothing)(line, async () => expect(allowed).toContain(await launch(line)));
  }

  test("names no command and no option that does not exist", () => {
    const wrong = named(README).filter((text) => {
      const [, name = "", ...rest] = text.replaceAll(/\[|\]/g, "").split(/\s+/);
      const command = COMMANDS.find((one) => one.name === name);
      if (command === undefined) return name !== "…" && name !== "COMMAND";
      try {
        parseCommand(command, rest.filter((word) => word.startsWith("-")).map((word) => (command.options[word.slice(2)]?.type === "string" ? `${word}=x` : word)));
        return false;
      } catch {
        return true;
      }
    });
    expect(wrong).toEqual([]);
    expect(named("`maestro dance`, `x`, `maestro card GATE`")).toEqual(["maestro dance", "maestro card GATE"]);
  });

  test("the commands of its table do what they say", async () => {
    const trust = join(world.state_dir, "trust.json");
    const calls: readonly (readonly [args: readonly string[], code: number])[] = [
      [["demo", "list"], 0],
      [["init", source.path], 0],
      [["verify", gate.bundle, "--trust", trust], 0],
      [["verify-merge", "topic", source.path, "--bundle", gate.bundle, "--trust", trust], 0],
      [["card", gate.card.head.slice(0, 9)], 0],
      [["explain", "ci.permission-raised"], 0],
      [["explain", gate.card.head.slice(0, 9)], 0],
      [["explain", gate.card.head.slice(0, 9), "--draft"], 0],
      [["simulate", gate.card.head.slice(0, 9)], 0],
      [["report", "--window", "7d"], 0],
      [["status"], 0],
      [["config", "--explain"], 0],
      [["clock"], 0],
      [["completions", "bash"], 0],
      [["logs"], 0],
      [["version"], 0],
    ];
    const ran = await Promise.all(calls.map(async ([args, code]) => ({ args, code, got: (await world.run(args)).code })));
    expect(ran.filter(({ code, got }) => code !== got)).toEqual([]);
    expect(oneDocument(await world.run(["card", gate.gate_id, "--json"]))).toMatchObject({ card: { verdict: "admit" } });
  });
});

describe("documents", () => {
  const pages = ["README.md", "ARCHITECTURE.md", ...readdirSync(join(ROOT, "docs"), { recursive: true }).map((name) => `docs/${String(name)}`).filter((name) => name.endsWith(".md"))];
  const links = (text: string): string[] => [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link).filter((link) => !/^[a-z]+:/.test(link));

  test("every link leads somewhere", () => {
    const lost = pages.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), "utf8");
      return links(text).filter((link) => !existsSync(join(ROOT, dirname(page), link.split("#")[0] ?? ""))).map((link) => `${page}: ${link}`);
    });
    expect(lost).toEqual([]);
    expect(links("[a](b.md#c) [d](https://e) `[f](g)`")).toEqual(["b.md#c", "g"]);
  });

  test("the index has every page", () => {
    const index = readFileSync(join(ROOT, "docs/README.md"), "utf8");
    expect(readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md") && name !== "README.md" && !index.includes(`(${name})`))).toEqual([]);
  });
});
