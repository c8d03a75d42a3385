/** Reads files away from the page, which stays usable while ten thousand cards are taken apart. */
import type { ReadQuestion, ReadReply } from "./protocol.ts";
import { readFile, type Part } from "./reading.ts";

const NOTHING: Part = { cards: [], problems: [], unknown: [] };

/** A bug of ours or a browser without memory: what was read stays, and that is what is said. */
const broken = (name: string, cause: unknown): Part => ({ ...NOTHING, problems: [`${name}: this browser could not go on reading (${cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 200) : "no reason given"}).`] });

/** Reads the files one after another; the room that one leaves is the next one's. */
export async function readAll({ id, files, room }: ReadQuestion, reply: (reply: ReadReply) => void): Promise<void> {
  let left = room;
  for (const given of files) {
    try {
      for await (const part of readFile(given, left)) {
        left -= part.cards.length;
        reply({ kind: "read", id, part, done: false });
      }
    } catch (cause) {
      reply({ kind: "read", id, part: broken(given.name, cause), done: false });
    }
  }
  reply({ kind: "read", id, part: NOTHING, done: true });
}

declare const self: { addEventListener(type: "message", listener: (message: { readonly data: ReadQuestion | { readonly kind?: undefined } }) => void): void; postMessage(reply: ReadReply): void };

/** Messages of another kind are somebody else's. */
export function startReading(): void {
  self.addEventListener("message", ({ data }) => {
    if (data.kind === "read") void readAll(data, (reply) => self.postMessage(reply));
  });
}
