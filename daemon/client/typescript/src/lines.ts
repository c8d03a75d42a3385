import { MaestroError } from "./error.ts";

/** One event holds at most a whole evidence bundle in base64. */
const LINE_CHARACTERS_MAX = 256 * 1024 * 1024;

/** The JSON document of each line, as it arrives. Throws `worker.protocol` on a line that is none or that the end cut short. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let begun: string[] = [];
  let characters = 0;
  for await (const chunk of chunks) {
    const [first = "", ...rest] = decoded(decoder, chunk).split("\n");
    begun.push(first);
    characters += first.length;
    if (characters > LINE_CHARACTERS_MAX) throw new MaestroError("worker.protocol", `a line of the reply is longer than ${LINE_CHARACTERS_MAX} characters`);
    for (const piece of rest) {
      yield documentOf(begun.join(""));
      begun = [piece];
      characters = piece.length;
    }
  }
  if (characters + decoded(decoder).length > 0) throw new MaestroError("worker.protocol", "the reply was cut off in the middle of a line");
}

export function documentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MaestroError("worker.protocol", "the reply is not JSON", { cause });
  }
}

/** Without a chunk: the end. */
function decoded(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new MaestroError("worker.protocol", "the reply is not UTF-8", { cause });
  }
}
