/** Whether the hooks of agents that are set up in this repository stop what they should: each is fired with something forbidden, by the very command that stands in the settings. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, relative } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { rootOf } from "../hooks/guard/paths.ts";
import type { AgentName } from "../hooks/agents/index.ts";
import { read } from "../init/changes.ts";
import { isFound } from "../init/found.ts";
import { installedCommands } from "../init/settings.ts";
import { agentTargets, OURS, stringsOf, type AgentTarget } from "../init/targets.ts";
import { fail, ok, warn, type Finding } from "./finding.ts";

const DEADLINE_MS = 15_000;
const OUTPUT_BYTES_MAX = 64 * 1024;
/** What every stop of ours says; a shell that only failed to start the wrapper says something else. */
const SIGNATURE = "Maestro stopped this call";
const FORBIDDEN = "git commit --no-verify -m canary";
const AGAIN = "run maestro init --yes, which writes it anew";

const PAYLOADS: Readonly<Record<AgentName, (cwd: string) => object>> = {
  claude: (cwd) => ({ hook_event_name: "PreToolUse", tool_name: "Bash", tool_input: { command: FORBIDDEN }, cwd }),
  codex: (cwd) => ({ hook_event_name: "PreToolUse", tool_name: "Bash", tool_input: { command: FORBIDDEN }, cwd }),
  cursor: (cwd) => ({ hook_event_name: "beforeShellExecution", command: FORBIDDEN, cwd }),
  copilot: (cwd) => ({ toolName: "bash", toolArgs: JSON.stringify({ command: FORBIDDEN }), cwd }),
  gemini: (cwd) => ({ hook_event_name: "BeforeTool", tool_name: "run_shell_command", tool_input: { command: FORBIDDEN }, cwd }),
};

/** The wrapper that a command starts, where it is word for word what init writes: settings of a repository are anybody's text, and doctor runs nothing else. */
function wrapperOf(command: string, { agent }: AgentTarget): string | null {
  const quoted = /^'((?:[^']|'\\'')*)' hook /.exec(command)?.[1]?.replaceAll("'\\''", "'");
  const wrapper = quoted ?? /^(\S+) hook /.exec(command)?.[1];
  if (wrapper === undefined) return null;
  const written = agentTargets(wrapper).find((target) => target.agent === agent)?.entries ?? [];
  return written.some(({ value }) => stringsOf(value).includes(command)) ? wrapper : null;
}

const isInside = (root: string, path: string): boolean => isAbsolute(path) && !relative(root, path).startsWith("..");

function blocks(agent: AgentName, code: number, stdout: string): boolean {
  if (agent === "copilot") return /"permissionDecision"\s*:\s*"deny"/.test(stdout);
  return code === 2;
}

async function fire(root: string, target: AgentTarget, command: string): Promise<Finding> {
  const check = `hook.${target.agent}`;
  const wrapper = wrapperOf(command, target);
  if (wrapper === null) return fail(check, `the command in ${target.path} is not the one init writes, so it was not run: ${command.slice(0, 200)}`, `look at it; ${AGAIN}`);
  if (isInside(root, wrapper) || wrapper.includes("/") !== isAbsolute(wrapper)) return fail(check, `the wrapper ${wrapper} is named from inside the repository: whoever changes the repository changes the guard`, "install Maestro elsewhere and run maestro init --yes");
  const missing = isAbsolute(wrapper) ? !existsSync(wrapper) : Bun.which(wrapper) === null;
  if (missing) return fail(check, `${target.path} starts ${wrapper}, which is not there`, AGAIN);
  const child = Bun.spawn(["/bin/sh", "-c", command], { cwd: root, stdin: Buffer.from(JSON.stringify(PAYLOADS[target.agent](root))), stdout: "pipe", stderr: "pipe", timeout: DEADLINE_MS, killSignal: "SIGKILL" });
  const [stdout, stderr] = await Promise.all([child.stdout, child.stderr].map(async (stream) => (await new Response(stream).text()).slice(0, OUTPUT_BYTES_MAX)));
  const code = await child.exited;
  if (!blocks(target.agent, code, stdout ?? "")) return fail(check, `UNGUARDED: ${target.path} let a forbidden call through (exit ${code})`, AGAIN);
  const said = `${stdout}${stderr}`.includes(SIGNATURE);
  return said ? ok(check, `${target.path} stops a forbidden call`) : fail(check, `${target.path} stops every call, because Maestro does not start: ${(stderr ?? "").trim().slice(0, 200)}`, AGAIN);
}

/** A switch in the settings that turns all hooks off, whatever is set up. */
function switchedOff(root: string, { agent }: AgentTarget): string | null {
  if (agent !== "claude") return null;
  const files = [".claude/settings.json", ".claude/settings.local.json"];
  return files.find((path) => /"disableAllHooks"\s*:\s*true/.test(read(root, path) ?? "")) ?? null;
}

async function agentFinding(root: string, target: AgentTarget, home: string): Promise<Finding[]> {
  const check = `hook.${target.agent}`;
  try {
    const text = read(root, target.path);
    const commands = text === null ? [] : [...new Set(installedCommands(target.path, text).filter(({ command }) => OURS.test(command)).map(({ command }) => command))];
    if (commands.length === 0) return isFound(root, target, home) ? [warn(check, `UNGUARDED: ${target.agent} works here and no hook of Maestro is in ${target.path}`, "run maestro init to see what it would write")] : [];
    const off = switchedOff(root, target);
    if (off !== null) return [fail(check, `UNGUARDED: ${off} turns every hook off (disableAllHooks)`, "take that line out")];
    return await Promise.all(commands.map((command) => fire(root, target, command)));
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return [fail(check, error.detail, "mend the file; until then nobody knows whether the agent is guarded")];
  }
}

/** Nothing outside a repository. */
export async function agentFindings(cwd: string, home = homedir()): Promise<Finding[]> {
  const root = rootOf(cwd);
  if (root === null) return [];
  return (await Promise.all(agentTargets("maestro").map((target) => agentFinding(root, target, home)))).flat();
}
