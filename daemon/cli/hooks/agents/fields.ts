/** What a tool's arguments say, wherever in them it stands: commands, files, and switches that leave hooks out. */
import { Misread, type Payload } from "./agent.ts";

const VALUES_MAX = 20_000;
const DEPTH_MAX = 12;
const PATH_KEY = /(?:path|paths|file|files|filename|filenames|uri|uris|destination|target|source|inproject)$|^(?:to|from|dest|src)$/;
const COMMAND_KEY = /^(?:command|cmd|script|shellcommand|commandline|argv|commandargs)$/;
const SCRIPTS_KEY = /^(?:commands|scripts|cmds)$/;
const ARGUMENTS_KEY = /^(?:args|arguments|params)$/;
const SKIPS_HOOKS_KEY = /^(?:noverify|skiphooks|skipverify|bypasshooks)$/;

export interface Fields {
  readonly commands: readonly string[];
  readonly paths: readonly string[];
  readonly skips_hooks: boolean;
}

/** Each word quoted, so that it is read as one. */
const line = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
const isText = (value: unknown): value is string => typeof value === "string";
/** `filePath`, `file_path` and `file-path` are one key. */
const plain = (key: string): string => key.toLowerCase().replace(/[^a-z]/g, "");

/** A `file:` URI as the path it names. */
function pathOf(text: string): string {
  if (!text.startsWith("file://")) return text.trim();
  try {
    return decodeURIComponent(text.slice("file://".length)).trim();
  } catch (error) {
    if (error instanceof URIError) return text.slice("file://".length).trim();
    throw error;
  }
}

function fromJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

class Walk implements Fields {
  readonly commands: string[] = [];
  readonly paths: string[] = [];
  skips_hooks = false;
  private left = VALUES_MAX;

  object(value: object, depth: number): void {
    const entries = Object.entries(value).map(([key, one]: [string, unknown]) => ({ key: plain(key), one }));
    const given = entries.find(({ key }) => ARGUMENTS_KEY.test(key))?.one;
    const words = Array.isArray(given) && given.every(isText) ? given : [];
    for (const { key, one } of entries) {
      if (SKIPS_HOOKS_KEY.test(key) && one !== false && one !== null) this.skips_hooks = true;
      if (COMMAND_KEY.test(key)) this.command(one, words);
      else if (SCRIPTS_KEY.test(key) && Array.isArray(one) && one.every(isText)) this.commands.push(...one);
      else this.value(key, one, depth);
    }
  }

  private command(one: unknown, words: readonly string[]): void {
    if (isText(one)) this.commands.push(words.length === 0 ? one : `${one} ${line(words)}`);
    else if (Array.isArray(one) && one.every(isText)) this.commands.push(line([...one, ...words]));
    else if (typeof one === "object" && one !== null) this.value("command", one, 1);
  }

  private value(key: string, value: unknown, depth: number): void {
    if (--this.left < 0 || depth > DEPTH_MAX) throw new Misread(`arguments of more than ${VALUES_MAX} values, or more than ${DEPTH_MAX} deep`);
    if (isText(value)) {
      if (PATH_KEY.test(key) && value !== "") this.paths.push(pathOf(value));
      const inner = ARGUMENTS_KEY.test(key) || key === "input" ? fromJson(value) : null;
      if (typeof inner === "object" && inner !== null) this.value(key, inner, depth + 1);
    } else if (Array.isArray(value)) for (const one of value) this.value(key, one, depth + 1);
    else if (typeof value === "object" && value !== null) this.object(value, depth + 1);
  }
}

/** Throws `Misread` for more than anybody sends. */
export function fieldsOf(input: Payload): Fields {
  const walk = new Walk();
  walk.object(input, 0);
  return walk;
}
