/** The page's side of reading: files to the worker, parts back as they come. One that does not start leaves the reading to the page itself. */
import { workerOf } from "../page/own-worker.ts";
import type { ReadReply } from "./protocol.ts";
import { readAll } from "./worker.ts";
import type { Part } from "./reading.ts";

export interface Reader {
  /** Resolves when the last file was read. */
  read(files: readonly { readonly file: number; readonly name: string; readonly blob: Blob }[], room: number, take: (part: Part) => void): Promise<void>;
}

export function createReader(script: string): Reader {
  let asked = 0;
  let worker: Worker | null = null;
  let tried = false;
  const open = new Map<number, { take: (part: Part) => void; done: (broken: boolean) => void }>();
  const start = (): Worker | null => {
    if (tried) return worker;
    tried = true;
    worker = workerOf(script);
    if (worker === null) return null;
    worker.addEventListener("message", ({ data }: MessageEvent<ReadReply>) => {
      if (data.kind !== "read") return;
      open.get(data.id)?.take(data.part);
      if (data.done) open.get(data.id)?.done(false);
    });
    worker.addEventListener("error", () => {
      worker = null;
      for (const { done } of open.values()) done(true);
    });
    return worker;
  };
  return {
    async read(files, room, take) {
      const id = ++asked;
      const question = { kind: "read", id, files, room } as const;
      const asking = start();
      // What a worker that died had handed over already is taken once more, which changes nothing: a card is held once.
      const broken = asking === null || (await new Promise<boolean>((done) => {
        open.set(id, { take, done });
        asking.postMessage(question);
      }));
      open.delete(id);
      if (broken) await readAll(question, ({ part }) => take(part));
    },
  };
}
