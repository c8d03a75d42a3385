import { MaestroError } from "../../proto/errors.ts";

/** One event holds at most a whole evidence bundle in base64. */
const LINE_CHARACTERS_MAX = 256 * 1024 * 1024;

/** The JSON document of each line, as it arrives. Throws `worker.protocol` on a line that is none or that the end cut short. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>, line_characters_max = LINE_CHARACTERS_MAX): AsyncGenerator<unknown, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let begun: string[] = [];
  let characters = 0;
  for await (const chunk of body) {
    const [first = "", ...rest] = decoded(decoder, chunk).split("\n");
    begun.push(first);
    characters += first.length;
    if (characters > line_characters_max) throw new MaestroError("worker.protocol", `a line of the reply is longer than ${line_characters_max} characters`);
    for (const piece of rest) {
      yield documentOf(begun.join(""));
      begun = [piece];
      characters = piece.length;
    }
  }
  if (characters + decoded(decoder).length > 0) throw new MaestroError("worker.protocol", "the daemon's reply was cut off in the middle of a line");
}

function documentOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new MaestroError("worker.protocol", "a line of the daemon's reply is not JSON", { cause });
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
