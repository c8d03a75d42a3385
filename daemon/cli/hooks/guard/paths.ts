/** Which paths an agent must leave alone: in the repository, beside it in `.git`, and in the user's own folders. */
import { disk, posix } from "../../../client/builtin.ts";
import { GUARD_PLACES, guardOf, isCiFile } from "../../../../proto/guard-paths.ts";
import { HOLE } from "../shell/words.ts";
import { fits } from "./wildcard.ts";
import type { Word } from "../shell/script.ts";

/** Where the agent works; all absolute. */
export interface Place {
  readonly cwd: string;
  /** Root of the work tree; null outside a repository. */
  readonly root: string | null;
  readonly home: string | null;
  /** State folder, program and configuration of Maestro itself. */
  readonly own: readonly string[];
}

export interface Guarded {
  readonly guards: string;
  readonly path: string;
  readonly askable: boolean;
}

/** An absolute path that is written in the one way there is. */
const NORMAL = /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/;
const GLOB_RESULTS_MAX = 2_000;
/** Guards and the folders of guards that a folder is searched for. */
const PLACES = [...GUARD_PLACES, ".git/hooks", ".git/refs", ".github/workflows", ".github/hooks", ".claude", ".cursor", ".codex", ".gemini", ".husky", "policies"];
/** Whoever writes a ref by hand moves a branch behind the back of everything that watches git; a lock that was left may go. */
const GIT_REFS = /^\.git\/(?:HEAD|packed-refs|refs(?:\/.*)?)$(?<!\.lock)/;
const GIT_GUARDS = /^\.git\/(?:hooks(?:\/|$)|config(?:\.|$)|(?:remotes|branches)(?:\/|$)|info\/attributes$|modules\/.*\/(?:hooks|config))/;
const HOME_GUARDS = /^\.(?:gitconfig$|config\/git\/|claude\/settings|claude\.json$|codex\/|cursor\/hooks|gemini\/settings|copilot\/hooks|config\/maestro)/;
const INSTRUCTIONS = "agent instructions";

/** The folder with `.git` in it, upward from `cwd`, without asking git: it costs a process, and its configuration may be what was tampered with. */
export function rootOf(cwd: string): string | null {
  for (let folder = cwd; ; folder = posix().dirname(folder)) {
    if (disk().existsSync(posix().join(folder, ".git"))) return folder;
    if (folder === posix().dirname(folder)) return null;
  }
}

const under = (folder: string, path: string): string | null => {
  const inside = posix().relative(folder, path);
  return inside === "" ? "." : inside.startsWith("..") || inside.startsWith("/") ? null : inside;
};

/** The path with every link on the way followed, as far as it exists: a link is another name of its target. */
function real(path: string): string {
  for (let at = path, rest = ""; ; rest = posix().join(posix().basename(at), rest), at = posix().dirname(at)) {
    try {
      return posix().join(disk().realpathSync(at), rest);
    } catch (error) {
      if (!(error instanceof Error) || at === posix().dirname(at)) return path;
    }
  }
}

export class GuardedPaths {
  constructor(readonly place: Place) {}

  /** A path as a tool names it, made absolute from the folder it would be used in. */
  absolute(path: string, folder = this.place.cwd): string {
    const asked = path.startsWith("/") ? path : path === "." ? folder : posix().join(folder, path);
    return NORMAL.test(asked) ? asked : posix().normalize(asked);
  }

  /** What writing this file would get round. */
  at(path: string): Guarded | null {
    return this.exactly(path) ?? this.exactly(real(path));
  }

  private exactly(path: string): Guarded | null {
    const { home, own, root } = this.place;
    for (const one of this.rootsOf(path)) {
      const inside = under(one, path) ?? "";
      const guards = GIT_GUARDS.test(inside) || inside === ".git" ? "git's own hooks and configuration" : GIT_REFS.test(inside) ? "where git keeps its refs" : (guardOf(inside) ?? (isCiFile(inside) ? "CI" : null));
      if (guards !== null) return { guards, path: one === root ? inside : path, askable: guards === INSTRUCTIONS };
    }
    const atHome = home === null ? null : under(home, path);
    if (atHome !== null && HOME_GUARDS.test(atHome)) return { guards: "the user's agent and git settings", path: `~/${atHome}`, askable: false };
    // Whoever works on Maestro itself edits its source, and its own gate judges that.
    if (own.some((folder) => folder !== root && under(folder, path) !== null)) return { guards: "Maestro itself", path, askable: false };
    return null;
  }

  /** Every repository the path lies in, whichever folder the agent stands in: a submodule's guards are its own, and those around it count too. */
  private rootsOf(path: string): readonly string[] {
    const roots = new Set(this.place.root !== null && under(this.place.root, path) !== null ? [this.place.root] : []);
    for (let at: string | null = rootOf(path); at !== null; at = at === posix().dirname(at) ? null : rootOf(posix().dirname(at))) roots.add(at);
    return [...roots];
  }

  /** The first guard in or at a folder that would go, move or change as a whole; `among` narrows which ones that reaches. */
  within(folder: string, among: (place: string) => boolean = () => true): Guarded | null {
    const direct = among(folder) ? this.at(folder) : null;
    if (direct !== null) return direct;
    const roots = new Set([...(this.place.root === null ? [] : [this.place.root]), ...this.rootsOf(folder), ...this.rootsOf(real(folder))]);
    for (const root of roots) {
      for (const path of PLACES) {
        const place = posix().join(root, path);
        if (among(place) && [folder, real(folder)].some((one) => under(one, place) !== null) && disk().existsSync(place)) return this.at(place) ?? this.at(posix().join(place, "any"));
      }
    }
    return null;
  }

  /** A guard that stands here and that a pathspec of git's could mean; its `*` goes through slashes. */
  fitting(pattern: string): Guarded | null {
    const { root } = this.place;
    const wild = pattern.replace(/\[[^\]]*\]?/g, "?").replaceAll("**/", "*");
    const place = root === null ? undefined : GUARD_PLACES.find((one) => (fits(wild, one) || fits(`*/${wild}`, one)) && disk().existsSync(posix().join(root, one)));
    return place === undefined || root === null ? null : this.at(posix().join(root, place));
  }

  /** What a word of a command stands for: itself, or what the shell would find for its pattern. Null where only the shell will know. */
  named({ text, dynamic, glob }: Word, folder: string | null): string[] | null {
    if (dynamic || (folder === null && !text.startsWith("/"))) return null;
    const path = this.absolute(text, folder ?? "/");
    return glob ? matching(path) : [path];
  }

  /** Whether a word with unknown parts could, by what is known of it, be a guard: `$DIR/settings.json` could, `$OUT` says nothing. */
  could({ text }: Word): Guarded | null {
    const parts = text.split(HOLE).map((part) => part.replace(/^(?:\.\/)+/, ""));
    if (parts.join("").replace(/[^A-Za-z]/g, "").length < 4) return null;
    const path = GUARD_PLACES.find((place) => fits(parts.join("*"), place) || fits(parts.join("*"), `/${place}`));
    const guards = path === undefined ? null : (guardOf(path) ?? (isCiFile(path) ? "CI" : null));
    return guards === null || path === undefined ? null : { guards, path, askable: guards === INSTRUCTIONS };
  }

  /** A guard that a text names, word by word; for what no reader here understands. */
  mentioned(text: string): Guarded | null {
    for (const word of text.split(/[\s"'`(),;=:<>|&[\]{}]+/)) {
      if (word.length < 4 || word.length > 4096 || word.includes(HOLE)) continue;
      const found = this.at(this.absolute(word)) ?? (word.includes("/") ? null : this.alone(word));
      if (found !== null) return found;
    }
    return null;
  }

  /** A bare name such as `maestro.yaml`, wherever the program may stand. */
  private alone(word: string): Guarded | null {
    const { root } = this.place;
    return root === null ? null : this.exactly(posix().join(root, word));
  }
}

/** What a shell finds for a pattern, segment by segment; no match is the pattern itself, as in every POSIX shell. Null for too many to look at. */
function matching(pattern: string): string[] | null {
  let found = ["/"];
  for (const segment of pattern.split("/").filter((part) => part !== "")) {
    if (!/[*?[]/.test(segment)) {
      found = found.map((folder) => posix().join(folder, segment));
      continue;
    }
    const glob = new Bun.Glob(segment);
    const hidden = segment.startsWith(".") || segment.startsWith("[");
    found = found.flatMap((folder) => entries(folder).filter((name) => (hidden || !name.startsWith(".")) && glob.match(name)).map((name) => posix().join(folder, name)));
    if (found.length > GLOB_RESULTS_MAX) return null;
  }
  return found.length === 0 ? [pattern] : found;
}

function entries(folder: string): string[] {
  try {
    return disk().readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error) return [];
    throw error;
  }
}
