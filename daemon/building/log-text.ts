/** What a build printed, as it may be shown and kept. Runs in a check process: the text is the build's. */
import { fromBase64, fromUtf8Lossy } from "../../proto/encoding.ts";
import type { BuildLogJob, BuildLogReply } from "../../proto/worker.ts";
import { published } from "../checking/redact.ts";

const CHARACTERS_MAX = 256 * 1024;

const textOf = (base64: string): string => published(fromUtf8Lossy(fromBase64(base64) ?? new Uint8Array(0)).replaceAll("\r\n", "\n").trimEnd());

/** Standard error last: it is where a tool says why it failed. */
export function buildLog({ stdout, stderr }: BuildLogJob): BuildLogReply {
  const text = [textOf(stdout), textOf(stderr)].filter((part) => part !== "").join("\n");
  return { kind: "build-log", text: text.slice(-CHARACTERS_MAX).toWellFormed() };
}
