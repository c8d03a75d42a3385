/** Questions to a worker of the page's own; one that is stopped in the middle of its work is ended, and the next question begins another. */
import type { Question, Reply } from "../running/protocol.ts";
import { Runner } from "../running/worker.ts";

/** Hears every reply to one question, the last one too. */
type Hear = (reply: Reply) => void;

export class Asking {
  private worker: Worker | null = null;
  private id = 0;
  private readonly hears = new Map<number, Hear>();
  /** Where the browser refuses a worker: then the page stands still while it runs. */
  private here: Runner | null = null;

  constructor(private readonly start: () => Worker | null) {}

  private heard(reply: Reply): void {
    this.hears.get(reply.id)?.(reply);
    if (!("progress" in reply)) this.hears.delete(reply.id);
  }

  private begun(): Worker | null {
    if (this.worker !== null || this.here !== null) return this.worker;
    const worker = this.start();
    if (worker === null) this.here = new Runner((reply) => this.heard(reply));
    else {
      worker.onmessage = ({ data }: MessageEvent<Reply>) => this.heard(data);
      worker.onerror = () => this.stop("this browser's worker ended before it had an answer; run it again");
    }
    this.worker = worker;
    return worker;
  }

  ask(question: { readonly [K in Question["ask"]]: Omit<Extract<Question, { readonly ask: K }>, "id"> }[Question["ask"]], hear: Hear): void {
    const worker = this.begun();
    const whole = { ...question, id: ++this.id } as Question;
    this.hears.set(whole.id, hear);
    if (worker === null) void this.here?.answer(whole);
    else worker.postMessage(whole);
  }

  /** Whatever was asked is answered by `because`. */
  stop(because: string): void {
    this.worker?.terminate();
    this.worker = null;
    const open = [...this.hears];
    this.hears.clear();
    for (const [id, hear] of open) hear({ id, failed: because });
  }
}
