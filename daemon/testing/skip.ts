/**
 * For `test.skipIf`: says on stderr what is not tried and why, so that a
 * skip is never silent.
 */
export function skipWithout(present: boolean, reason: string): boolean {
  if (!present) process.stderr.write(`SKIPPED: ${reason}\n`);
  return !present;
}
