import { dirname } from "node:path";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { ClientGit } from "../../client/git.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { didYouMean, type CommandModule } from "../command.ts";
import { LEARN_STORY, LearnPlay } from "../demo/learn.ts";
import { Play } from "../demo/play.ts";
import { SCENARIOS, type Scenario } from "../demo/scenarios.ts";
import { Stage } from "../demo/stage.ts";
import { printJson } from "../document.ts";
import { launcherPath } from "../init/found.ts";
import { note, print, wantsColour } from "../output.ts";

const ANSWER_BYTES_MAX = 64 * 1024;
const LIST = "list";

const PROVES = `
What that proves: these bytes are what the holder of one key signed and logged, unchanged; checking them took
no daemon, no network, and nothing of this machine but the files and the program. Copy them to another machine
and the same command says the same.
What it does not prove: that the key is one to trust. Its trust file was written by the demo's own daemon; an
operator's is signed by a root that is kept offline (maestro trust). And a pass means that the named rules found
nothing in what they looked at.`;

/** Breaks and mends, and one that learns. */
const STORIES = [...SCENARIOS, LEARN_STORY] as const;

function scenarioNamed(name: string): Scenario | typeof LEARN_STORY {
  const found = STORIES.find((story) => story.name === name);
  if (found !== undefined) return found;
  const names = STORIES.map((story) => story.name);
  throw new MaestroError("cli.usage", `there is no demo ${JSON.stringify(name)}${didYouMean(name, names)}; it is one of ${names.join(", ")}, or list`);
}

/** The folder git reads the repository from; null where there is none, or no commit in it. Throws `git.not_repository` and `git.empty_repository` for one that was named. */
async function repositoryAt(named: string | undefined): Promise<string | null> {
  const git = new ClientGit(named ?? ".");
  const ask = async (...args: string[]): Promise<string | null> => {
    const { code, stdout } = await git.run("rev-parse", args, { stdout_bytes_max: ANSWER_BYTES_MAX });
    return code === 0 ? Buffer.from(stdout).toString("utf8").replace(/\n$/, "") : null;
  };
  // Of the work tree and not its common folder, whose HEAD is another one in a linked work tree.
  const folder = await ask("--path-format=absolute", "--git-dir");
  const head = folder === null ? null : await ask("--verify", "--quiet", "HEAD^{commit}");
  if (named !== undefined && folder === null) throw new MaestroError("git.not_repository", named);
  if (named !== undefined && head === null) throw new MaestroError("git.empty_repository", named);
  return head === null ? null : folder;
}

/** How to type `maestro` where it is not on the PATH. */
function howToType(): string | null {
  const launcher = Bun.which("maestro") === null ? launcherPath() : null;
  return launcher === null ? null : `$ export PATH=${escapeTerminal(dirname(launcher))}:$PATH   # so that maestro is found`;
}

export const run: CommandModule["run"] = async ({ values, positionals: [name = "focused-test", path] }) => {
  const json = values["json"] === true;
  if (name === LIST) {
    if (json) printJson(STORIES.map(({ name: scenario, summary }) => ({ scenario, summary })));
    else print(STORIES.map(({ name: scenario, summary }) => `${scenario.padEnd(14)}${summary}`).join("\n"));
    return EXIT.admit;
  }
  const scenario = scenarioNamed(name);
  const repository = await repositoryAt(path);
  const keep = values["keep"] === true;
  const started = performance.now();
  const say = json ? (): void => {} : print;
  say(`maestro demo ${name}: ${scenario.summary}\nEvery line that starts with $ is a command you can run yourself; this took no account and no network.`);
  const typing = howToType();
  if (typing !== null) say(typing);
  await using stage = new Stage(say, keep, !json && wantsColour());
  const { as_told, unexpected } = await ("story" in scenario ? new Play(stage, scenario, say).tell(repository) : new LearnPlay(stage, say).tell());
  say(PROVES);
  say(`\n${as_told ? "All as told" : "NOT as told"}, in ${((performance.now() - started) / 1000).toFixed(1)} s. ${keep ? `Kept: ${escapeTerminal(stage.folder)}` : "The scratch folder is gone; --keep leaves it."}`);
  say("Next: maestro replay --last 200 (what would it have said of your past?), maestro init (use it here), maestro demo list.");
  if (json) printJson({ scenario: name, as_told, unexpected, steps: stage.steps, kept: keep ? stage.folder : null });
  if (!as_told) note("maestro: the demo did not go as told; what differed is said above");
  return as_told ? EXIT.admit : EXIT.refuse;
};
