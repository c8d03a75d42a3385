/** What a tool call is about, by the fields it carries rather than by its name: agents rename their tools, and MCP servers bring their own. */
import { Misread, type Call, type Payload } from "./agent.ts";
import { fieldsOf } from "./fields.ts";
import { patchedPaths } from "./patch.ts";

const READS = /^(?:read|get|list|view|search|find|grep|glob|ls|stat|cat|open|fetch|notebookread|todo|web|diff|show|describe)/i;
/** `search_replace` begins like a search. */
const WRITES = /write|edit|replace|create|delete|remove|patch|insert|update|move|rename|append|save|put|copy|modify|apply|upload/i;
const SHELL = /(?:^|_)(?:bash|shell|sh|terminal|exec|execute|run|command|powershell|process)/i;
const PATCH = /apply_?patch|^patch$/i;
/** Tools that type into a shell which runs already. */
const TYPES = /stdin|write_?(?:bash|shell|terminal|powershell)|send_?(?:keys|input|text|terminal)/i;
const TYPED_FIELDS = ["input", "chars", "text", "keys", "data"];
/** Editors that say with `command` what they do to `path`. */
const EDITOR_COMMAND = /^(?:view|create|str_replace|insert|undo_edit|delete|rename|write|append|replace)$/;
/** Tools of code hosts' and git's MCP servers, by whatever name an agent gives them. */
const FORBIDDEN: readonly (readonly [name: RegExp, what: string])[] = [
  [/merge_?(?:pull|merge)_?request|merge_?mr|accept_?merge|auto_?merge|merge_?branch/i, "merging through a tool of the code host; that is for a person or the merge queue"],
  [/push_?files|(?:^|_)(?:git_?)?push$|create_?or_?update_?file|create_?commit|(?:update|delete)_?ref$|delete_?branch/i, "pushing through a tool that no gate sees; use git push"],
  [/approve|(?:submit|create).*review.*/i, "approving or reviewing a change"],
];
const SPENDS = /^(?:task|agent|spawn_?agent|delegate|subagent|dispatch_agent)$/i;
const PATHS_MAX = 2_000;

/** The last part of `mcp__server__tool`. */
const plainName = (name: string): string => name.split("__").at(-1) ?? name;

function textIn(input: Payload, names: readonly string[]): string | null {
  return names.map((name) => input[name]).find((value) => typeof value === "string") ?? null;
}

function forbidden(name: string, skips_hooks: boolean): string | null {
  const said = name.split("__").at(-1)?.replaceAll("-", "_") ?? name;
  return FORBIDDEN.find(([pattern]) => pattern.test(said))?.[1] ?? (skips_hooks ? "leaving hooks out through a tool; run it without" : null);
}

/** Throws `Misread` where a tool that is known to run or write something does not say what. */
export function callOf(name: string, input: Payload, cwd: string | null): Call {
  const plain = plainName(name);
  const where = textIn(input, ["cwd", "workdir", "dir_path", "directory"]) ?? cwd;
  const { commands, paths, skips_hooks } = fieldsOf(input);
  const what = forbidden(name, skips_hooks);
  if (what !== null) return { kind: "forbidden", what };
  const [command] = commands;
  if (PATCH.test(plain) || command?.trimStart().startsWith("*** Begin Patch") === true) {
    const patch = command ?? textIn(input, ["input", "patch", "content", "diff"]);
    if (patch === null) throw new Misread(`${plain} without a patch`);
    return { kind: "edit", paths: patchedPaths(patch), cwd };
  }
  const typed = TYPES.test(plain) ? textIn(input, TYPED_FIELDS) : null;
  if (typed !== null) return { kind: "shell", command: typed, cwd: where };
  const reads = READS.test(plain) && !WRITES.test(plain);
  if (paths.length > PATHS_MAX) throw new Misread(`${plain} names ${paths.length} files`);
  const code = SHELL.test(plain) ? textIn(input, ["code"]) : null;
  const scripts = commands.filter((text) => paths.length === 0 || !EDITOR_COMMAND.test(text)).concat(code ?? []);
  if (scripts.length > 0 && (SHELL.test(plain) || !reads)) return { kind: "shell", command: scripts.join("\n"), cwd: where, ...(SHELL.test(plain) ? {} : { paths }) };
  if (/^(?:bash|shell|run_shell_command|local_shell)$/i.test(plain)) throw new Misread(`${plain} without a command`);
  if (SPENDS.test(plain)) return { kind: "spend", what: plain, cwd };
  if (reads || command === "view") return { kind: "nothing" };
  if (paths.length > 0) return { kind: "edit", paths, cwd };
  if (/^(?:write|edit|multiedit|notebookedit|write_file|replace|str_?replace|create|delete)$/i.test(plain)) throw new Misread(`${plain} without a path`);
  return { kind: "nothing" };
}
