/** The switches that take a protection out of the sandbox are for its tests. Nothing that is shipped can reach one. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSources, ROOT, source, type Source } from "./sources.ts";

const SANDBOX = "daemon/platform/sandbox/";

interface Switch {
  readonly what: string;
  readonly pattern: RegExp;
  /** The only ones in whose code it may stand. */
  readonly only: readonly string[];
}

/** What the launcher is made of. */
const JAIL = `${SANDBOX}jail/`;

const inside = (...names: readonly string[]): string[] => names.map((name) => (name === "launcher.ts" ? SANDBOX : JAIL) + name);

/** From the launcher inwards each hands on what it was handed; only the launcher says what that is, and it says nothing. */
const SWITCHES: readonly Switch[] = [
  { what: "says what is taken out", pattern: /\bNOTHING_REMOVED\b/, only: inside("launcher.ts", "protections.ts") },
  { what: "carries an order out", pattern: /\bcarryOut\b/, only: inside("launcher.ts", "order.ts") },
  { what: "starts a jail", pattern: /\b(?:runJob|tryJail|probeTier|groundOf|placedJob)\b/, only: inside("order.ts", "places.ts", "run.ts", "tiers.ts") },
  { what: "begins a jail", pattern: /\b(?:startJail|startNow|handOver|standBy)\(/, only: inside("begin.ts", "run.ts", "standby.ts", "start.ts") },
  { what: "has a jail stand by", pattern: /\bnew\s+Standby\b/, only: inside("order.ts") },
  { what: "makes a jail", pattern: /\bnew\s+Jail\b/, only: inside("begin.ts") },
  { what: "knows of protections", pattern: /\bprotections\.ts"/, only: inside("begin.ts", "collect.ts", "launcher.ts", "layout.ts", "meter.ts", "order.ts", "places.ts", "run.ts", "tiers.ts") },
  { what: "makes a sandbox", pattern: /\bcreateSandbox\b/, only: ["bench/sandbox.ts", "daemon/analysis/modelcheck/own-sandbox.ts", "daemon/compose.ts", `${SANDBOX}index.ts`] },
  // Whoever hands in a launcher of his own hands in what it has taken out.
  { what: "names a launcher", pattern: /\blauncher\s*:/, only: [] },
];

/** A set with a protection's name in it, made anywhere at all: `removed` may be asked, never made or added to. */
const MADE = /\bremoved(?:\s*=(?![=>])|\s*:(?!\s*(?:Removed|ground\.removed)\b))|\bremoved\.(?!has\()|\bas\s+Removed\b|:\s*Removed\s*=/g;
/** What a rule of one kind comes to is read from `removed` itself, and handed on by name. */
const MADE_ONCE = new Map([[`${JAIL}protections.ts`, ["...removed", ": Removed ="]]]);

function reached(files: readonly Source[]): string[] {
  return files.flatMap(({ path, code }) => [
    ...SWITCHES.filter(({ pattern, only }) => !only.includes(path) && pattern.test(code)).map(({ what }) => `${path} ${what}`),
    ...(path.startsWith(SANDBOX) && !MADE_ONCE.has(path) ? [...code.matchAll(MADE)].map(([text]) => `${path} makes what is taken out: ${text.trim()}`) : []),
  ]);
}

const product = readSources().filter(({ test }) => !test);
const textOf = (path: string): string => product.find((file) => file.path === path)?.code ?? "";

test("only launcher.ts has jails made, and with nothing taken out", () => {
  expect(reached(product)).toEqual([]);
  const launcher = textOf(`${SANDBOX}launcher.ts`);
  expect([...launcher.matchAll(/\bcarryOut\((.*?)\)/g)].map(([, args]) => args)).toEqual(["order, NOTHING_REMOVED, progress"]);
  expect(textOf(`${JAIL}protections.ts`)).toContain("export const NOTHING_REMOVED: Removed = new Set();");
  // Neither its arguments nor its environment say otherwise.
  expect(launcher).not.toMatch(/argv|\benv|environment/i);
});

test("that launcher is what the daemon and the unit start", () => {
  expect(textOf(`${SANDBOX}index.ts`)).toContain('new URL("./launcher.ts", import.meta.url)');
  expect(textOf(`${SANDBOX}index.ts`)).toContain('[process.execPath, "--smol", LAUNCHER]');
  expect(readFileSync(join(ROOT, "systemd/maestro-sandbox@.service"), "utf8")).toMatch(/^ExecStart=\S+ daemon\/platform\/sandbox\/launcher\.ts$/m);
});

describe("canary: planted switches are caught", () => {
  const planted = (path: string, text: string): string => reached([source(path, text)]).join("\n");
  test.each([
    ["daemon/gate/x.ts", 'import { NOTHING_REMOVED } from "../platform/sandbox/jail/protections.ts";', "says what is taken out"],
    ["daemon/gate/x.ts", 'await carryOut(order, new Set(["wall"]), send);', "carries an order out"],
    [`${SANDBOX}index.ts`, "await runJob(job, ground);", "starts a jail"],
    [`${JAIL}tiers.ts`, "const jail = new Jail(parts, fds);", "makes a jail"],
    [`${JAIL}tiers.ts`, "const ready = standBy(parts, fds);", "begins a jail"],
    [`${JAIL}run.ts`, "const standby = new Standby();", "has a jail stand by"],
    ["daemon/config/x.ts", 'import type { Removed } from "../platform/sandbox/jail/protections.ts";', "knows of protections"],
    ["daemon/compose.ts", 'createSandbox({ worker, launcher: ["bun", "testing/launcher.ts", "wall"] });', "names a launcher"],
    [`${JAIL}tiers.ts`, 'const ground = { bwrap, removed: new Set(["cgroup"]) };', "makes what is taken out"],
    [`${JAIL}order.ts`, 'const removed = new Set(["cgroup"]);', "makes what is taken out"],
    [`${JAIL}run.ts`, 'removed.add("seccomp");', "makes what is taken out"],
    [`${JAIL}run.ts`, "const all = names as Removed;", "makes what is taken out"],
  ])("%s: %s", (path, text, says) => {
    expect(planted(path, text)).toContain(says);
  });

  test("what hands on and asks is not reported", () => {
    expect(planted(`${JAIL}run.ts`, 'import type { Removed } from "./protections.ts";\nfunction f(removed: Removed, ground: Ground) { return removed.has("wall") || g({ removed: ground.removed, removed }); }')).toBe("");
  });
});
