import { MaestroError } from "../../../proto/errors.ts";
import type { CommandModule } from "../command.ts";
import { locate } from "../connect.ts";
import { isAgent } from "../hooks/agents/index.ts";
import { print, printed } from "../output.ts";

const GIT_HOOKS = ["pre-commit", "pre-push", "pre-receive"] as const;

const isGitHook = (name: string): name is (typeof GIT_HOOKS)[number] => GIT_HOOKS.some((hook) => hook === name);

/** Nothing may keep the process once the answer is out: not a standard input that nobody closes, not a daemon that never answers. */
async function ended(code: number, stderr: string, stdout: string): Promise<never> {
  // Not `process.stderr`: making it takes longer than everything else a hook does.
  if (stderr !== "") await Bun.write(Bun.stderr, `${stderr}\n`);
  if (stdout !== "") {
    print(stdout);
    await printed();
  }
  process.exit(code);
}

export const run: CommandModule["run"] = async ({ values, positionals, lists }) => {
  const [name = "", event] = positionals;
  if (isGitHook(name)) {
    const { lines, code } = await (await import("../hooks/git/index.ts")).gitHook(name, values, lists?.["guarded"] ?? []);
    return ended(code, lines.join("\n"), "");
  }
  if (!isAgent(name)) throw new MaestroError("cli.usage", `hook takes claude, codex, cursor, copilot, gemini, pre-commit, pre-push or pre-receive, not ${JSON.stringify(name)}`);
  const { agentHook } = await import("../hooks/agent-hook.ts");
  // The daemon's side is loaded by the few calls that need it: most are judged by their text.
  const authority = async () => new (await import("../hooks/authority.ts")).DaemonAuthority(name, values);
  const { stdout, stderr, code } = await agentHook({
    agent: name,
    event: event ?? null,
    input: Bun.stdin.stream(),
    cwd: process.cwd(),
    locations: locate(values),
    authority: { push: async (push) => (await authority()).push(push), spend: async (what, folder) => (await authority()).spend(what, folder), stop: async (folder) => (await authority()).stop(folder) },
  });
  return ended(code, stderr, stdout);
};
