/** What only a person may ask of Maestro, however an agent starts it. */
import type { Word } from "../shell/script.ts";
import { HOLE } from "../shell/words.ts";
import type { Concern } from "./concern.ts";
import { programOf } from "./unwrap.ts";

const PERSONS = new Set(["approve", "override", "trust", "token", "init", "restore", "clone-identity"]);
const AGAIN: Readonly<Record<string, RegExp>> = { gc: /^--apply$/, fsck: /^--repair$/, clock: /^reset$/, baseline: /^--(?:init|grow|accept)/ };
const SOCKET = /(?:maestrod\.sock|\/run\/maestro\/[a-z]+\.sock)/;
const RUNNERS = new Set(["node", "nodejs", "bun", "deno", "npm", "pnpm", "yarn", "sh", "bash"]);
const PROGRAM = /(?:^|\/)(?:maestro(?:\.mjs|@[^/]*)?|daemon\/cli\/main\.ts|daemon\/main\.ts)$/;

/** The words behind `maestro`; null where it is something else that is started. */
function argumentsOf(words: readonly Word[]): readonly string[] | null {
  if (PROGRAM.test(words[0]?.text ?? "")) return words.slice(1).map(({ text }) => text);
  if (!RUNNERS.has(programOf(words[0]))) return null;
  const at = words.findIndex(({ text }) => PROGRAM.test(text));
  return at < 1 ? null : words.slice(at + 1).map(({ text }) => text);
}

export function maestroConcerns(words: readonly Word[], text: string): Concern[] {
  const given = argumentsOf(words);
  if (given === null) {
    // Asking the socket without the command line would leave out what the command line looks at.
    const direct = SOCKET.test(text) && /^(?:curl|nc|ncat|socat|wget|http|xh|websocat)$/.test(programOf(words[0]));
    return direct ? [{ kind: "person", what: "speaking to Maestro's socket directly; use the maestro command" }] : [];
  }
  // Options may stand in front, and a value of theirs is no command.
  const at = given[0]?.startsWith("-") === true ? given.findIndex((word) => PERSONS.has(word) || Object.hasOwn(AGAIN, word)) : 0;
  const command = given[Math.max(0, at)] ?? "";
  if (command.includes(HOLE)) return [{ kind: "unread", what: "a maestro command that only the shell will know; write it out" }];
  if (given.slice(0, 2).some((word) => word === "--help" || word === "-h")) return [];
  if (PERSONS.has(command) || given.some((word) => AGAIN[command]?.test(word) === true)) return [{ kind: "person", what: `maestro ${command}` }];
  return command === "gate" || command === "replay" ? [{ kind: "spend", what: `maestro ${command}` }] : [];
}
