/** What a build printed, as it may be shown and kept. Runs in a check process: the text is the build's. */
import { fromBase64, fromUtf8Lossy } from "../../proto/encoding.ts";
import type { BuildLogJob, BuildLogReply } from "../../proto/worker-beside.ts";
import { published } from "../checking/redact.ts";
import { TAIL_BYTES_MAX } from "../platform/sandbox/job.ts";

const CHARACTERS_MAX = 256 * 1024;

/** Of a stream whose beginning was dropped the first line may be the end of one: half a credential is not known for one. */
function wholeLines(text: string, cut: boolean): string {
  if (!cut) return text;
  const end = text.indexOf("\n");
  return `…\n${end === -1 ? text.replace(/^\S*/, "") : text.slice(end + 1)}`;
}

function textOf(base64: string): string {
  const bytes = fromBase64(base64) ?? new Uint8Array(0);
  return published(wholeLines(fromUtf8Lossy(bytes), bytes.length >= TAIL_BYTES_MAX).replaceAll("\r\n", "\n").trimEnd());
}

/** Standard error last: it is where a tool says why it failed. */
export function buildLog({ stdout, stderr }: BuildLogJob): BuildLogReply {
  const text = [textOf(stdout), textOf(stderr)].filter((part) => part !== "").join("\n");
  return { kind: "build-log", text: text.slice(-CHARACTERS_MAX).toWellFormed() };
}
