/** What is in a pipe, as far as the text of a script says so. */
import type { SimpleCommand } from "./script.ts";

const WRITES_ITS_WORDS = /^(?:.*\/)?(?:echo|printf)$/;

/** What a command writes into the pipe behind it, where its own words say so. */
export function written(from: Pick<SimpleCommand, "words" | "stdin"> | "unknown" | null): SimpleCommand["piped"] {
  if (from === null || from === "unknown") return from;
  const [program, ...rest] = from.words;
  if (program === undefined || program.dynamic) return "unknown";
  if (/^(?:.*\/)?cat$/.test(program.text) && rest.length === 0 && from.stdin !== null) return from.stdin;
  if (!WRITES_ITS_WORDS.test(program.text)) return "unknown";
  const words = rest.filter(({ text }, place) => !(place === 0 && /^-[neE]+$/.test(text)));
  return words.some(({ dynamic }) => dynamic) ? "unknown" : words.map(({ text }) => text.replaceAll("\\n", "\n")).join(" ");
}
