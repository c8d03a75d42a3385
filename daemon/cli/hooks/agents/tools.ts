/** What a tool call is about, by the fields it carries rather than by its name: agents rename their tools, and MCP servers bring their own. */
import { Misread, type Call, type Payload } from "./agent.ts";
import { patchedPaths } from "./patch.ts";

const PATH_FIELDS = ["file_path", "filePath", "path", "notebook_path", "target_file", "absolute_path", "filename", "file", "relative_path", "uri", "destination", "new_path", "old_path", "source"];
const LIST_FIELDS = ["files", "paths", "edits", "file_paths", "filePaths"];
const COMMAND_FIELDS = ["command", "cmd", "script", "shell_command"];
const READS = /^(?:read|get|list|view|search|find|grep|glob|ls|stat|cat|open|fetch|notebookread|todo|web|diff|show|describe)/i;
const SHELL = /(?:^|_)(?:bash|shell|sh|terminal|exec|run|command|powershell|process)/i;
const PATCH = /apply_?patch|^patch$/i;
/** Tools of code hosts' MCP servers. */
const FORBIDDEN: readonly (readonly [name: RegExp, what: string])[] = [
  [/merge_?(?:pull|merge)_?request|merge_?mr|accept_?merge/i, "merging through a tool of the code host; that is for a person or the merge queue"],
  [/push_?files|(?:^|_)git_?push$|create_?or_?update_?file|create_?commit/i, "pushing through a tool that no gate sees; use git push"],
  [/approve|(?:submit|create).*review.*/i, "approving or reviewing a change"],
];
const SPENDS = /^(?:task|agent|spawn_?agent|delegate|subagent|dispatch_agent)$/i;
const PATHS_MAX = 2_000;

/** The last part of `mcp__server__tool`. */
const plainName = (name: string): string => name.split("__").at(-1) ?? name;

function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(texts);
  if (typeof value === "object" && value !== null) return [...PATH_FIELDS].flatMap((name) => texts(Reflect.get(value, name)));
  return [];
}

function commandIn(input: Payload): string | null {
  for (const name of COMMAND_FIELDS) {
    const value = input[name];
    if (typeof value === "string") return value;
    // An argv: each word quoted, so that it is read as one.
    if (Array.isArray(value) && value.every((word) => typeof word === "string")) return value.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  }
  return null;
}

/** Throws `Misread` where a tool that is known to run or write something does not say what. */
export function callOf(name: string, input: Payload, cwd: string | null): Call {
  const plain = plainName(name);
  const where = typeof input["cwd"] === "string" ? input["cwd"] : typeof input["workdir"] === "string" ? input["workdir"] : typeof input["dir_path"] === "string" ? input["dir_path"] : cwd;
  const forbidden = name.includes("__") ? FORBIDDEN.find(([pattern]) => pattern.test(plain)) : undefined;
  if (forbidden !== undefined) return { kind: "forbidden", what: forbidden[1] };
  const command = commandIn(input);
  if (PATCH.test(plain) || (command !== null && command.trimStart().startsWith("*** Begin Patch"))) {
    const patch = command ?? [input["input"], input["patch"], input["content"], input["diff"]].find((value) => typeof value === "string");
    if (typeof patch !== "string") throw new Misread(`${plain} without a patch`);
    return { kind: "edit", paths: patchedPaths(patch), cwd };
  }
  if (command !== null && (SHELL.test(plain) || !READS.test(plain))) return { kind: "shell", command, cwd: where };
  if (/^(?:bash|shell|run_shell_command|local_shell)$/i.test(plain)) throw new Misread(`${plain} without a command`);
  if (SPENDS.test(plain)) return { kind: "spend", what: plain, cwd };
  if (READS.test(plain)) return { kind: "nothing" };
  const paths = [...PATH_FIELDS, ...LIST_FIELDS].flatMap((field) => texts(input[field])).map((path) => path.replace(/^file:\/\//, ""));
  if (paths.length > PATHS_MAX) throw new Misread(`${plain} names ${paths.length} files`);
  if (paths.length > 0) return { kind: "edit", paths, cwd };
  if (/^(?:write|edit|multiedit|notebookedit|write_file|replace|str_?replace|create|delete)$/i.test(plain)) throw new Misread(`${plain} without a path`);
  return { kind: "nothing" };
}
