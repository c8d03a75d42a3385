/** The payload of a hook, from file descriptor 0: bounded in bytes and time, because whoever writes it may never finish. */
import { Misread, type Payload } from "./agents/agent.ts";

const INPUT_BYTES_MAX = 16 * 1024 * 1024;
const INPUT_DEADLINE_MS = 5_000;

/** Everything on the stream. Throws `Misread` past either limit. */
export async function readInput(stream: ReadableStream<Uint8Array>, limits = { bytes_max: INPUT_BYTES_MAX, deadline_ms: INPUT_DEADLINE_MS }): Promise<string> {
  const reader = stream.getReader();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Misread(`standard input did not end within ${limits.deadline_ms} ms`)), limits.deadline_ms);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) break;
      bytes += value.length;
      if (bytes > limits.bytes_max) throw new Misread(`more than ${limits.bytes_max} bytes on standard input`);
      chunks.push(value);
    }
  } finally {
    clearTimeout(timer);
  }
  const text = new TextDecoder("utf-8", { fatal: true });
  try {
    return text.decode(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof TypeError) throw new Misread("standard input is not UTF-8");
    throw error;
  }
}

/** Throws `Misread` for anything but one JSON object. */
export function payloadIn(text: string): Payload {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Misread(text.trim() === "" ? "nothing on standard input" : "standard input is not JSON");
    throw error;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Misread("standard input is no JSON object");
  return value as Payload;
}
