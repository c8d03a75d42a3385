/** What a change says about itself must not act where it is shown: terminal, build log, Markdown, JSON. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Source } from "../platform/git/testing/scratch.ts";
import { oneDocument, World, type GateDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);
const ESC = "\u001b";
const BIDI = "\u202e\u2066";
const SUBJECT = `::error::owned ${ESC}[2J${ESC}]0;title\u0007 ${BIDI} \`code\` @everyone <img src=x onerror=alert(1)> [link](javascript:1) #1`;
const MESSAGE = `${SUBJECT}\n\n::set-output name=x::y\nCo-Authored-By: ${ESC}[31m@team <noreply@anthropic.com>`;
const PATH = `test/${ESC}[1A ::error file=x::\n::warning::${BIDI}\`@team\`<b>.test.ts`;
const AUTHOR = { GIT_AUTHOR_NAME: `Eve ${ESC}[8m${BIDI} @everyone ::error::`, GIT_AUTHOR_EMAIL: `${ESC}]8;;http://evil.invalid${ESC}\\@x` };
const FOLDER = `re po ${ESC}[2J${BIDI}\n::error::@team \`<b>`;
const CONTENT = `test.only("${ESC}[2K@everyone <script>${BIDI}", () => {});\n::error::in the file\n`;

/** Controls, direction marks and what is invisible; line feeds are ours. */
const ACTIVE = /[^\P{C}\n]|\p{Zl}|\p{Zp}/u;
/** A line that a build host takes for a command. */
const COMMAND = /^\s*(?:::|##\[)/m;

let world: World;
let repository: Source;
beforeAll(async () => {
  world = new World();
  await world.daemon();
  repository = await world.repository({ "src/a.ts": "a();\n" }, FOLDER);
  repository.git("switch", "-qc", "change");
  await Bun.write(`${repository.path}/${PATH}`, CONTENT);
  repository.git("add", "-A");
  repository.bytes(["commit", "-q", "-m", MESSAGE], "", AUTHOR);
});
afterAll(() => world.dispose());

async function shown(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await world.run(args, { env });
  for (const stream of [stdout, stderr]) {
    expect({ args, active: ACTIVE.exec(stream)?.[0] ?? null }).toEqual({ args, active: null });
    expect({ args, command: COMMAND.exec(stream)?.[0] ?? null }).toEqual({ args, command: null });
  }
  return stdout;
}

const gate = (...args: string[]): readonly string[] => ["gate", repository.path, "--target", "main", ...args];

test("canary: the change really carries what must not come out", () => {
  const raw = repository.bytes(["log", "-1", "--format=%an%n%ae%n%B", "--name-only", "-z"]);
  const text = Buffer.from(raw).toString();
  expect(ACTIVE.test(text)).toBe(true);
  for (const part of [SUBJECT, PATH, BIDI]) expect(text).toContain(part);
  expect(COMMAND.test(text)).toBe(true);
});

test("the terminal card quotes subject, author, path, excerpt and the folder's own name", async () => {
  const card = await shown(gate());
  expect(card).toContain("REFUSE");
  expect(card).toContain("test.focused");
  expect(card).toContain("\\x1b");
  expect(card).toMatch(/^REFUSE {2}local:\d+:re-po-/);
  expect(card).toMatch(/Note +mode local|VERIFIED/);
  const ascii = await shown(gate(), { LANG: "C" });
  expect(ascii).toMatch(/^[\x20-\x7e\n]*$/);
});

test("colour is on the verdict word alone, however much the change asks for", async () => {
  const { stdout } = await world.run(gate(), { env: { CLICOLOR_FORCE: "1" } });
  expect(stdout.startsWith(`${ESC}[31mREFUSE${ESC}[0m`)).toBe(true);
  expect(stdout.split(ESC)).toHaveLength(3);
});

test("the Markdown card renders none of it", async () => {
  const markdown = await shown(gate("--markdown"));
  // Code spans and fences show text as it is; everything else is ours.
  const outside = markdown.replace(/(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, "");
  for (const active of ["@everyone", "@team", "<img", "<b>", "<script", "javascript:", " #1"]) expect(outside).not.toContain(active);
  expect(markdown).toContain("REFUSE");
});

test("JSON is one line without a character that acts, and holds the texts as they are", async () => {
  const ran = await world.run(gate("--json"));
  expect(ACTIVE.test(ran.stdout)).toBe(false);
  const { card } = oneDocument(ran) as GateDocument;
  expect(card.title).toBe(SUBJECT);
  expect(card.actor.class).toBe("agent");
  expect(card.reasons.find(({ rule }) => rule === "test.focused")?.ranges[0]?.path).toEqual({ u: PATH });
});

test("nor do card, explain, verify and replay let it out", async () => {
  const { card, bundle } = oneDocument(await world.run(gate("--json"))) as GateDocument;
  const head = card.head.slice(0, 12);
  await Promise.all([["card", head], ["card", head, "--markdown"], ["card", head, "--json"], ["explain", head], ["explain", head, "--json"], ["card", bundle], ["verify", bundle], ["replay", repository.path, "--last", "2"], ["replay", repository.path, "--last", "2", "--json"]].map((args) => shown(args)));
});

test("nor does an error that names what the caller wrote", async () => {
  for (const args of [["gate", repository.path, "--target", `x${ESC}[2J\n::error::`], ["card", `${ESC}[2J::x`], [`${ESC}[2J`], ["explain", `text.${ESC}`], ["verify", world.path(`no${ESC}`)]]) await shown(args);
});
