/** What git writes on the standard input of its hooks: one ref to a line (githooks(5)). */
import { MaestroError } from "../../../../proto/errors.ts";
import { readInput } from "../input.ts";

const LINES_MAX = 1_000;
const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export const isZero = (oid: string): boolean => /^0+$/.test(oid);

/** Lines of `count` fields. Throws `request.malformed`: half a line is no ref, and a ref left out is one that nobody judged. */
export async function refLines(stream: ReadableStream<Uint8Array>, count: number, oids: readonly number[]): Promise<string[][]> {
  const text = await readInput(stream);
  const lines = text.split("\n").filter((line) => line !== "");
  if (lines.length > LINES_MAX) throw new MaestroError("request.too_large", `${lines.length} refs at once, at most ${LINES_MAX} are judged`);
  return lines.map((line) => {
    const fields = line.split(" ");
    if (fields.length !== count || oids.some((at) => !OID.test(fields[at] ?? ""))) throw new MaestroError("request.malformed", `a line of git's that is not understood: ${JSON.stringify(line.slice(0, 120))}`);
    return fields;
  });
}
