/** The command line as data: help, parsing and did-you-mean all come from one table. */
import { MaestroError } from "../../proto/errors.ts";
import { nearest } from "../../proto/suggest.ts";

export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** Name of the value in help, for `type: "string"`. */
  readonly value?: string;
  readonly help: string;
  /** May be given several times; what was given comes in `lists`. */
  readonly multiple?: true;
}

export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** What was given for an option with a value. */
export function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

export interface Invocation {
  readonly values: Values;
  readonly positionals: readonly string[];
  /** Options that may be given several times, in the order they came. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
}

export interface CommandModule {
  /** Returns the exit code. */
  run(invocation: Invocation): Promise<number>;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly positionals: string;
  readonly positionals_max: number;
  readonly options: Readonly<Record<string, Option>>;
  /** Lazy, so that `maestro status` does not pay for the verifier. */
  readonly load: () => Promise<CommandModule>;
}

export const GLOBAL_OPTIONS: Readonly<Record<string, Option>> = {
  json: { type: "boolean", help: "one JSON document on stdout" },
  help: { type: "boolean", short: "h", help: "this text" },
};

/** The closest known word, as a question to append to an error. */
export function didYouMean(word: string, known: readonly string[]): string {
  const best = nearest(word, known);
  return best === null ? "" : `; did you mean ${best}?`;
}

export function parseCommand(command: Command, argv: readonly string[]): Invocation {
  if (argv.length === 0) return { values: {}, positionals: [] };
  // Loading it takes 2.5 ms, which `maestro status` without arguments need not pay.
  const { parseArgs } = process.getBuiltinModule("node:util");
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  const known = Object.keys(options);
  const shorts = Object.values(options).flatMap((option) => (option.short === undefined ? [] : [option.short]));
  const { tokens } = parseArgs({ args: [...argv], options: parseOptions(options), strict: false, allowPositionals: true, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    if (!known.includes(token.name) && !shorts.includes(token.name)) {
      throw new MaestroError("cli.usage", `${command.name} has no option ${token.rawName}${didYouMean(`--${token.name}`, known.map((name) => `--${name}`))}`);
    }
  }
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: parseOptions(options), strict: true, allowPositionals: true });
    if (positionals.length > command.positionals_max) {
      throw new MaestroError("cli.usage", `${command.name} takes at most ${command.positionals_max} argument(s), not ${JSON.stringify(positionals.at(-1))}`);
    }
    return { values: values as Values, positionals, lists: listsOf(values) };
  } catch (error) {
    if (error instanceof TypeError) throw new MaestroError("cli.usage", `${command.name}: ${error.message.replaceAll("\n", " ")}`, { cause: error });
    throw error;
  }
}

function listsOf(values: Readonly<Record<string, unknown>>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (Array.isArray(value) ? [[name, value.map(String)]] : [])));
}

function parseOptions(options: Readonly<Record<string, Option>>) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, short, multiple = false }]) => [name, short === undefined ? { type, multiple } : { type, short, multiple }]),
  );
}

const INDENT = 26;

/** A row of help: what is typed, and what it means. */
export const commandLine = (left: string, right: string): string => (left.length > INDENT - 4 ? `  ${left}\n${" ".repeat(INDENT)}${right}` : `  ${left.padEnd(INDENT - 2)}${right}`);

export function commandHelp(command: Command): string {
  const options = { ...command.options, ...GLOBAL_OPTIONS };
  const rows = Object.entries(options).map(([name, option]) =>
    commandLine(`${option.short === undefined ? "" : `-${option.short}, `}--${name}${option.value === undefined ? "" : ` ${option.value}`}`, option.help),
  );
  return [`maestro ${command.name}: ${command.summary}`, "", `usage: maestro ${command.name} ${command.positionals}`.trimEnd(), "", ...rows, ""].join("\n");
}
