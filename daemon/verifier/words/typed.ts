/** A command as a person can type it: words in a shell's quotes where they need them. Pure. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/;

export function typed(command: readonly string[]): string {
  return command.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
