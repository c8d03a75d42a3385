/** From one call to one answer. What the text of a call says is judged here and now; only pushes, ends of turns and spending need the daemon. */
import { MaestroError } from "../../../proto/errors.ts";
import type { Locations } from "../../../proto/locations.ts";
import { posix, system } from "../../client/builtin.ts";
import type { Answer, Call } from "./agents/agent.ts";
import { commandLine } from "./guard/command.ts";
import type { Concern, Push } from "./guard/concern.ts";
import { GuardedPaths, rootOf } from "./guard/paths.ts";
import { reasonFor, sentenceOf, unableReason } from "./reasons.ts";

/** What needs the daemon; handed in, and loaded only when asked. */
export interface Authority {
  push(push: Push): Promise<Answer>;
  spend(what: string, folder: string): Promise<Answer>;
  stop(folder: string): Promise<Answer>;
}

export interface JudgeOptions {
  readonly cwd: string;
  readonly locations: Pick<Locations, "state_dir" | "host_config_path">;
  /** Folder of this program; a test names another. */
  readonly program?: string;
  readonly authority: Authority;
}

/** Where this program lies: an agent that edits it edits its own guard. */
const PROGRAM = Bun.fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

function pathsFor(cwd: string, { locations, program = PROGRAM }: Pick<JudgeOptions, "locations" | "program">): GuardedPaths {
  let root: string | null | undefined;
  return new GuardedPaths({
    cwd,
    get root() {
      return (root ??= rootOf(cwd));
    },
    home: (process.env["HOME"] ?? system().homedir()) || null,
    own: [locations.state_dir, locations.host_config_path, program],
  });
}

function edits(named: readonly string[], paths: GuardedPaths): Concern[] {
  return named.flatMap((path): Concern[] => {
    const found = paths.at(paths.absolute(path));
    return found === null ? [] : [{ kind: "edit", guards: found.guards, path: found.path, askable: found.askable }];
  });
}

function concernsOf(call: Call, paths: GuardedPaths): Concern[] {
  if (call.kind === "shell") return [...commandLine(call.command, paths), ...edits(call.paths ?? [], paths)];
  if (call.kind === "spend") return [{ kind: "spend", what: call.what }];
  if (call.kind === "forbidden") return [{ kind: "person", what: call.what }];
  return call.kind === "edit" ? edits(call.paths, paths) : [];
}

/** Denied by its text, or asked of a person where that is all it takes; null where nothing speaks against it. */
function byText(concerns: readonly Concern[]): Answer | null {
  const against = concerns.filter(({ kind }) => kind !== "push" && kind !== "spend");
  if (against.length === 0) return null;
  const askable = against.every((one) => one.kind === "edit" && one.askable);
  return { kind: askable ? "ask" : "deny", reason: reasonFor(against) };
}

/** What speaks against a command line before it is run, for `maestro plan --run`. */
export function commandRefusals(command: string, cwd: string, locations: JudgeOptions["locations"]): { readonly askable: boolean; readonly because: string }[] {
  const concerns = commandLine(command, pathsFor(cwd, { locations })).filter(({ kind }) => kind !== "push" && kind !== "spend");
  return concerns.map((one) => ({ askable: one.kind === "edit" && one.askable, because: sentenceOf(one) }));
}

const ALLOW: Answer = { kind: "allow" };

/** Throws nothing: what fails is a denial that says why. */
export async function judgeCall(call: Call, options: JudgeOptions): Promise<Answer> {
  try {
    return await judged(call, options);
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return { kind: "deny", reason: unableReason(`${error.code}: ${error.detail}`, error.row.sentence) };
  }
}

async function judged(call: Call, options: JudgeOptions): Promise<Answer> {
  if (call.kind === "nothing") return ALLOW;
  const cwd = call.kind === "forbidden" || call.cwd === null ? options.cwd : call.cwd.startsWith("/") ? call.cwd : posix().resolve(options.cwd, call.cwd);
  const { authority } = options;
  if (call.kind === "stop") return call.again ? ALLOW : authority.stop(cwd);
  const concerns = concernsOf(call, pathsFor(cwd, options));
  const denied = byText(concerns);
  if (denied !== null) return denied;
  const notes: string[] = [];
  for (const concern of concerns) {
    const answer = concern.kind === "push" ? await authority.push(concern.push) : concern.kind === "spend" ? await authority.spend(concern.what, cwd) : ALLOW;
    if (answer.kind !== "allow") return answer;
    if (answer.note !== undefined) notes.push(answer.note);
  }
  return notes.length === 0 ? ALLOW : { kind: "allow", note: notes.join("\n") };
}
