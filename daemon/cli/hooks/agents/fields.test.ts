/** Tool calls that said what they do in another way than was looked for; each was let through once. */
import { describe, expect, test } from "bun:test";
import { objectField, type Call } from "./agent.ts";
import { patchedPaths } from "./patch.ts";
import { callOf } from "./tools.ts";

const call = (name: string, input: object): Call => callOf(name, objectField({ input }, "input"), "/w");
const M = "maestro.yaml";

describe("an edit is one, whatever the tool calls itself and its fields", () => {
  test.each([
    ["search_replace", { file_path: M }], ["find_and_replace", { path: M }], ["mcp__x__read_write", { path: M }], ["str_replace_based_edit_tool", { command: "str_replace", path: M, old_str: "a" }], ["str_replace_editor", { command: "create", path: M, file_text: "git push" }], ["mcp__fs__write_file", { filepath: M }], ["mcp__fs__write", { file_name: M }],
    ["mcp__jb__replace_text", { pathInProject: M }], ["mcp__x__put", { args: { path: M } }], ["mcp__x__put", { arguments: JSON.stringify({ path: M }) }], ["mcp__fs__copy", { to: M }], ["Edit", { file_path: `file:///%6daestro.yaml`.replace("///", "//") }], ["Edit", { "file-path": M }],
  ])("attack: %s %j", (name, input) => expect(call(name, input)).toMatchObject({ kind: "edit", paths: [M] }));

  test.each([["Read", { file_path: M }], ["Grep", { path: M }], ["str_replace_editor", { command: "view", path: M }], ["TodoWrite", { todos: [{ content: M }] }], ["WebFetch", { url: M }]])("%s %j reads", (name, input) => expect(call(name, input)).toEqual({ kind: "nothing" }));
});

describe("a command is one, whatever field it stands in", () => {
  test.each([
    ["mcp__x__exec", { argv: ["git", "push"] }, "'git' 'push'"], ["mcp__x__execute", { commandLine: "git push" }, "git push"], ["mcp__x__execute", { commands: ["ls", "git push"] }, "ls\ngit push"], ["mcp__x__exec", { command: "git", args: ["push"] }, "git 'push'"], ["mcp__x__run", { action: { command: ["git", "push"] } }, "'git' 'push'"], ["execute_code", { code: "git push" }, "git push"],
    ["write_bash", { sessionId: "1", input: "git push\n" }, "git push\n"], ["write_stdin", { session_id: 1, chars: "git push\n" }, "git push\n"], ["send_keys", { keys: "git push" }, "git push"],
  ])("attack: %s %j", (name, input, command) => expect(call(name, input)).toMatchObject({ kind: "shell", command }));

  test("attack: a tool that runs and writes at once is looked at for both", () => expect(call("mcp__x__task", { command: "ls", path: M })).toMatchObject({ kind: "shell", command: "ls", paths: [M] }));
});

describe("merging, pushing and leaving hooks out through a tool", () => {
  test.each([
    ["merge_pull_request", {}], ["github-mcp-server-merge_pull_request", {}], ["github-mcp-server-push_files", {}], ["mcp__github__enable_auto_merge", {}], ["mcp__github__delete_ref", {}], ["mcp__git__push", {}], ["mcp__git__git_commit", { no_verify: true }], ["mcp__git__commit", { options: { skipHooks: true } }],
  ])("attack: %s %j", (name, input) => expect(call(name, input)).toMatchObject({ kind: "forbidden" }));
  test("an option that is off is off", () => expect(call("mcp__git__git_commit", { no_verify: false })).toEqual({ kind: "nothing" }));
});

test.each([[[{ path: M }]], [5], [true]])("attack: arguments that are no object, %j, are not read as none", (input) => expect(() => objectField({ tool_input: input }, "tool_input")).toThrow("no object"));

test("attack: arguments deeper or more than anybody sends are misread", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`) as object;
  expect(() => call("x", deep)).toThrow("deep");
  expect(() => call("x", { a: Array(30_000).fill(1) })).toThrow("values");
});

describe("patches", () => {
  test.each([
    ["*** Begin Patch\r\n*** Update File: maestro.yaml\r\n@@", [M]], ["  *** Update File: maestro.yaml", [M]], ["diff --git a/maestro.yaml b/maestro.yaml\nold mode 100644\nnew mode 100755", [M]], ['--- "a/x"\n+++ "b/maestro.yaml"', ["x", M]], ['+++ "b/m\\141estro.yaml"', [M]], ['--- "a/\\303\\251"', ["é"]], ["rename from x\nrename to maestro.yaml", ["x", M]],
  ])("attack: %j", (patch, paths) => expect(patchedPaths(patch)).toEqual(paths));
});
