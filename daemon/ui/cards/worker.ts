/** Reads files away from the page, which stays usable while ten thousand cards are taken apart. */
import { placedIn } from "./opened/place.ts";
import type { PlaceQuestion, Question, ReadProgress, ReadQuestion, Reply } from "./protocol.ts";
import { readFile, type Part } from "./reading.ts";

const NOTHING: Part = { cards: [], problems: [], unknown: [] };

/** A bug of ours or a browser without memory: what was read stays, and that is what is said. */
const broken = (name: string, cause: unknown): Part => ({ ...NOTHING, problems: [`${name}: this browser could not go on reading (${cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 200) : "no reason given"}).`] });

const progress = (id: number, name: string, size_bytes: number, reply: (reply: ReadProgress) => void) => (read_bytes: number): void => reply({ kind: "progress", id, name, read_bytes, size_bytes, done: false });

/** Reads the files one after another; the room that one leaves is the next one's. */
async function readAll({ id, files, room }: ReadQuestion, reply: (reply: Reply) => void): Promise<void> {
  let left = room;
  for (const given of files) {
    try {
      for await (const part of readFile(given, left, progress(id, given.name, given.blob.size, reply))) {
        left -= part.cards.length;
        reply({ kind: "read", id, part, done: false });
      }
    } catch (cause) {
      reply({ kind: "read", id, part: broken(given.name, cause), done: false });
    }
  }
  reply({ kind: "read", id, part: NOTHING, done: true });
}

async function place({ id, blob, wanted }: PlaceQuestion, reply: (reply: Reply) => void): Promise<void> {
  try {
    reply({ kind: "place", id, found: { placed: await placedIn(blob, wanted, progress(id, "", blob.size, reply)) }, done: true });
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    reply({ kind: "place", id, found: { broken: cause.name }, done: true });
  }
}

/** Answers here and now; in a worker, or where there is none. */
export const answered = (question: Question, reply: (reply: Reply) => void): Promise<void> => (question.kind === "read" ? readAll(question, reply) : place(question, reply));

declare const self: { addEventListener(type: "message", listener: (message: { readonly data: Question | { readonly kind?: undefined } }) => void): void; postMessage(reply: Reply): void };

/** Messages of another kind are somebody else's. */
export function startReading(): void {
  self.addEventListener("message", ({ data }) => {
    if (data.kind !== undefined) void answered(data, (reply) => self.postMessage(reply));
  });
}
