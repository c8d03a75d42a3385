/** What a shell would run, as far as its text says it. */

/** One word after quotes and known variables are taken away. */
export interface Word {
  readonly text: string;
  /** Part of it is known only to the shell that runs it: a variable, a substitution. */
  readonly dynamic: boolean;
  /** Holds an unquoted `*`, `?` or `[`. */
  readonly glob: boolean;
}

export interface Redirect {
  readonly operator: string;
  readonly target: Word;
}

/** One program with its words, wherever in the script it stands: behind `&&`, in a loop, inside `$(...)`. */
export interface SimpleCommand {
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
  /** A here-document or here-string; null where there is none. */
  readonly stdin: string | null;
  /** What a pipe writes into it, where that is a plain `echo` or `printf`; `unknown` behind any other program, null where no pipe ends here. */
  readonly piped: string | "unknown" | null;
  /** The folder it runs in, as a path relative to where the script began; null where that cannot be told. */
  readonly folder: string | null;
  /** The operators around it, such as `&&`; a line break where the line ends, empty at the very beginning. */
  readonly before: string;
  readonly after: string;
}

export interface Script {
  readonly commands: readonly SimpleCommand[];
  /** Why the rest could not be read; null where all of it was. A shell may still run it. */
  readonly unread: string | null;
}

/** Everything a caller may write is bounded; what is beyond is unread, which is refused. */
export const SCRIPT_LIMITS = { characters_max: 256 * 1024, depth_max: 12, commands_max: 5_000, words_max: 20_000, braces_max: 256, looks_max: 200 } as const;
