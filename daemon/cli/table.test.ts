import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseCommand } from "./command.ts";
import { COMMANDS } from "./table.ts";

const HERE = import.meta.dir;

test("every file in commands/ is a command and every command has its file, which runs", async () => {
  const files = readdirSync(join(HERE, "commands")).filter((name) => !name.endsWith(".test.ts")).map((name) => name.replace(/\.ts$/, ""));
  expect(COMMANDS.map(({ name }) => name).sort()).toEqual(files.sort());
  for (const { name, load } of COMMANDS) expect([name, typeof (await load()).run]).toEqual([name, "function"]);
});

test("names, short options and positionals are told apart", () => {
  expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length);
  for (const { name, positionals, positionals_max, options } of COMMANDS) {
    expect([name, positionals_max > 0]).toEqual([name, positionals !== ""]);
    const shorts = Object.values(options).flatMap(({ short }) => short ?? []);
    expect([name, new Set(["h", ...shorts]).size]).toEqual([name, shorts.length + 1]);
    for (const [option, { type, value }] of Object.entries(options)) expect([name, option, value !== undefined]).toEqual([name, option, type === "string"]);
    expect(["json", "help"].filter((option) => Object.hasOwn(options, option))).toEqual([]);
  }
});

test("every command takes --json and --help", () => {
  for (const command of COMMANDS) expect({ ...parseCommand(command, ["--json", "--help"]).values }).toEqual({ json: true, help: true });
});

// `output.test.ts` follows the imports as they are written; this is what the running program has in memory.
test("asking for the status loads no schema, server, store or verifier", async () => {
  const program = `await import(${JSON.stringify(join(HERE, "connect.ts"))}); await import(${JSON.stringify(join(HERE, "commands/status.ts"))}); process.stdout.write(Object.keys(require.cache).join("\\n"));`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  const loaded = (await new Response(child.stdout).text()).split("\n");
  expect(await child.exited).toBe(0);
  expect(loaded.some((file) => file.endsWith("daemon/cli/commands/status.ts"))).toBe(true);
  expect(loaded.filter((file) => /node_modules|daemon\/(?:verifier|gate|api|store)\//.test(file))).toEqual([]);
});
