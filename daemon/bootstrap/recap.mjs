/** What failed, told once more where a reader of a long log looks first: at its end, right above the counts. */

/** A build host may keep only the last kilobytes of a log. */
export const RECAP_BYTES_MAX = 8_192;
/** The end of what a failure printed says what was expected; the beginning is often a program's source. */
const EXCERPT_CHARS = 900;
const ENDS_A_TEST = /^\((?:pass|fail|skip|todo)\)/;

/** What `bun test` printed of each failed test, its line `(fail) …` last; of a file that failed without one, its last words. */
function excerptsOf(said) {
  const excerpts = [];
  let since = [];
  for (const line of said.split("\n")) {
    since.push(line);
    if (!ENDS_A_TEST.test(line)) continue;
    if (line.startsWith("(fail)")) excerpts.push(since.join("\n"));
    since = [];
  }
  return (excerpts.length === 0 ? [said.trimEnd()] : excerpts).map((text) => (text.length > EXCERPT_CHARS ? `…${text.slice(-EXCERPT_CHARS)}` : text));
}

/** What a file of `npm run accept` says of a tool that a registry would not give. */
const UNANSWERED = /^maestro: no answer from a registry: .*$/gm;

/** @param failures `{ file, said }` of each file that failed @returns text of at most `RECAP_BYTES_MAX` bytes, names of files last, or nothing where nothing failed */
export function recapOf(failures) {
  if (failures.length === 0) return "";
  const unanswered = [...new Set(failures.flatMap(({ said }) => said.match(UNANSWERED) ?? []))].map((line) => `${line}\n`).join("");
  const names = `${unanswered}${failures.map(({ file }) => `failed: ${file}\n`).join("")}`;
  const excerpts = failures.map(({ file, said }) => `\n--- ${file}\n${excerptsOf(said).join("\n")}\n`).join("");
  const bytes = Buffer.from(`\nwhat failed, once more:${excerpts}\n${names}`);
  return bytes.length <= RECAP_BYTES_MAX ? bytes.toString() : `…${bytes.subarray(bytes.length - RECAP_BYTES_MAX + 3).toString().replace(/^\uFFFD+/, "")}`;
}
