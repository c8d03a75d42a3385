/** The card in a job's summary, within what the code host takes of one step. */
import { appendFileSync, statSync } from "node:fs";

/** GitHub refuses the whole summary of a step above this. */
export const SUMMARY_BYTES_MAX = 1024 * 1024;

/** As many whole lines as fit, then a line that says how many did not. Each line of the card closes what it opens, so cutting between lines leaves nothing open. */
export function cutLines(markdown: string, bytes_max: number): string {
  if (Buffer.byteLength(markdown) <= bytes_max) return markdown;
  const lines = markdown.split("\n");
  const last = (left: number): string => `\n\n_${left} more lines do not fit here; \`maestro card\` prints them._\n`;
  let room = bytes_max - Buffer.byteLength(last(lines.length));
  let kept = 0;
  for (const line of lines) {
    room -= Buffer.byteLength(line) + 1;
    if (room < 0) break;
    kept++;
  }
  return kept === 0 ? "" : lines.slice(0, kept).join("\n") + last(lines.length - kept);
}

/** Adds to a file of the job. Returns what is wrong, or null: none of these files is a reason to fail a gate. */
export function appendJobFile(path: string, text: string): string | null {
  try {
    appendFileSync(path, text);
    return null;
  } catch (error) {
    return `the job's file ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Adds to what earlier lines of the step wrote. */
export function appendSummary(path: string, markdown: string): string | null {
  const used = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return appendJobFile(path, `${cutLines(markdown, SUMMARY_BYTES_MAX - used - 1)}\n`);
}
