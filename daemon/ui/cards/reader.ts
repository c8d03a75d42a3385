/** The page's side of reading: files to a worker, parts back as they come, and a way to give up. One that does not start leaves the reading to the page itself. */
import { workerOf } from "../page/own-worker.ts";
import { shown } from "./model.ts";
import type { PlaceReply, Question, ReadProgress, Reply } from "./protocol.ts";
import { answered } from "./worker.ts";
import type { TakeApart } from "./opened/whole.ts";
import type { Part } from "./reading.ts";
import type { Progress } from "./progress.ts";

type How = "done" | "broken" | "given up";

interface Asked {
  readonly take: (reply: Exclude<Reply, ReadProgress>) => void;
  readonly over: (how: How) => void;
}

/** A worker of the page's own script. What it is at, nobody can interrupt but by ending it. */
class Hand {
  private worker: Worker | null = null;
  private refused = false;
  private readonly asked = new Map<number, Asked>();

  constructor(private readonly script: string, private readonly progress: Progress) {}

  private start(): Worker | null {
    if (this.worker !== null || this.refused) return this.worker;
    const worker = workerOf(this.script);
    this.worker = worker;
    this.refused = worker === null;
    worker?.addEventListener("message", ({ data }: MessageEvent<Reply>) => this.heard(data));
    worker?.addEventListener("error", () => {
      if (this.worker === worker) this.end("broken");
    });
    return worker;
  }

  private heard(reply: Reply): void {
    const asked = this.asked.get(reply.id);
    if (asked === undefined) return;
    if (reply.kind === "progress") return this.progress.show(reply.name, reply.read_bytes, reply.size_bytes);
    asked.take(reply);
    if (reply.done) this.over(reply.id, "done");
  }

  private over(id: number, how: How): void {
    const asked = this.asked.get(id);
    this.asked.delete(id);
    if (this.asked.size === 0) this.progress.hide();
    asked?.over(how);
  }

  /** Ends the worker with whatever it is at; the next question starts another. */
  end(how: "broken" | "given up"): void {
    if (this.asked.size === 0) return;
    this.worker?.terminate();
    this.worker = null;
    this.refused = how === "broken";
    for (const id of [...this.asked.keys()]) this.over(id, how);
  }

  /** Whether somebody gave it up. What a worker that died had handed over already is taken once more, which changes nothing: a card is held once. */
  async ask(question: Question, take: Asked["take"]): Promise<boolean> {
    const worker = this.start();
    const how = worker === null ? "broken" : await new Promise<How>((over) => {
      this.asked.set(question.id, { take, over });
      worker.postMessage(question);
    });
    if (how === "broken") await answered(question, (reply) => (reply.kind === "progress" ? undefined : take(reply)));
    return how === "given up";
  }
}

let asked = 0;

export interface Reader {
  /** Resolves when the last file was read, or somebody gave up. */
  read(files: readonly { readonly file: number; readonly name: string; readonly blob: Blob }[], room: number, take: (part: Part) => void): Promise<void>;
}

export function createReader(script: string, progress: Progress): Reader {
  const hand = new Hand(script, progress);
  progress.onGivenUp(() => hand.end("given up"));
  return {
    async read(files, room, take) {
      const given_up = await hand.ask({ kind: "read", id: ++asked, files, room }, (reply) => (reply.kind === "read" ? take(reply.part) : undefined));
      if (given_up) take({ cards: [], problems: [`Reading ${files.length === 1 ? shown(files[0]?.name ?? "", 80) : `${files.length} files`} was given up. What was read before that stays.`], unknown: [] });
    },
  };
}

/** Takes files of opened cards apart: in a worker of its own, so that a list that is being read holds up no card. */
export interface Opener {
  readonly takeApart: TakeApart;
  /** Nobody waits any more. */
  giveUp(): void;
}

export function createOpener(script: string, progress: Progress): Opener {
  const hand = new Hand(script, progress);
  progress.onGivenUp(() => hand.end("given up"));
  return {
    async takeApart(blob, wanted) {
      const replies: PlaceReply[] = [];
      const given_up = await hand.ask({ kind: "place", id: ++asked, blob, wanted }, (reply) => void (reply.kind === "place" && replies.push(reply)));
      const found = replies.at(-1)?.found;
      if (given_up) return "given up";
      if (found === undefined || "broken" in found) throw new DOMException("the file cannot be read", found?.broken ?? "NotReadableError");
      return found.placed;
    },
    giveUp: () => hand.end("given up"),
  };
}
