import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ERROR_CODES } from "../../../proto/errors.ts";
import { skipWithout } from "../../testing/skip.ts";
import type { Command } from "../command.ts";
import { COMMANDS } from "../table.ts";
import { manual } from "./manual.ts";
import { bash, fish, zsh } from "./shells.ts";

function withFile<T>(text: string, work: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "maestro-complete-"));
  try {
    const path = join(folder, "script");
    writeFileSync(path, text);
    return work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(...argv: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { stdout: "pipe", stderr: "pipe", env: { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8" } });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr.toString()}`);
  return `${stdout.toString()}${stderr.toString()}`;
}

describe.skipIf(skipWithout(Bun.which("bash") !== null, "completions in bash: needs bash"))("in the real bash", () => {
  const complete = (...words: readonly string[]) =>
    withFile(bash(COMMANDS), (path) => run("bash", "-c", `source ${path}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _maestro; printf '%s\\n' "\${COMPREPLY[@]}"`, "bash", ...words)).split("\n").filter((word) => word !== "");

  test("the first word is a command", () => {
    expect(complete("maestro", "")).toEqual(["help", ...COMMANDS.map(({ name }) => name)]);
    expect(complete("maestro", "ver").toSorted()).toEqual(["verifier-page", "verify", "verify-bundle", "verify-deploy", "verify-merge", "version"]);
  });

  test("a dash gives the options of that command and no other's", () => {
    expect(complete("maestro", "gate", "--ma")).toEqual(["--markdown"]);
    expect(complete("maestro", "stop", "--ma")).toEqual([]);
    expect(complete("maestro", "logs", "-")).toEqual(expect.arrayContaining(["--follow", "-f", "--json", "-h"]));
  });

  test("elsewhere files", () => {
    expect(complete("maestro", "verify", `${import.meta.dir}/sh`)).toEqual([join(import.meta.dir, "shells.ts")]);
  });
});

const HOSTILE: Command = { name: "odd", summary: "it's a \"test\": $(touch x) [a] `b` \\", positionals: "", positionals_max: 0, options: { it: { type: "string", value: "X:Y", help: "don't; [mind] $HOME" } }, load: async () => ({ run: async () => 0 }) };

test.each(["zsh", "fish"] as const)("%s reads the script, whatever a help text holds", (shell) => {
  const text = { zsh, fish }[shell]([...COMMANDS, HOSTILE]);
  for (const { name } of COMMANDS) expect(text).toContain(name);
  if (!skipWithout(Bun.which(shell) !== null, `completions in ${shell}: needs ${shell}`)) withFile(text, (path) => expect(run(shell, "-n", path)).toBe(""));
});

describe("maestro(1)", () => {
  const page = manual(COMMANDS);

  test("names every command, every option and every error code", () => {
    const text = page.replaceAll("\\-", "-");
    for (const { name, options } of COMMANDS) for (const word of [`maestro ${name}`, ...Object.keys(options).map((option) => `--${option}`)]) expect(text).toContain(word);
    for (const code of ERROR_CODES) expect(text).toContain(code);
  });

  test("a line of ours is never taken for a command of roff", () => {
    const odd = manual([{ ...HOSTILE, summary: ".so /etc/passwd\n'ig" }]);
    expect(odd).toContain("\\&.so /etc/passwd\n\\&'ig");
  });

  test.skipIf(skipWithout(Bun.which("groff") !== null, "the manual page: needs groff"))("groff has no complaint", () => {
    expect(withFile(manual([...COMMANDS, HOSTILE]), (path) => run("groff", "-man", "-Tutf8", "-ww", "-z", path))).toBe("");
  });
});
