/** What the parts of the studio share: the document, what is known of it, and the worker that looks at it. */
import { knownEvents, type InvariantFile, type Known } from "../../invariants/index.ts";
import { workerOf } from "../page/own-worker.ts";
import { answerLook, type Looked, type LookQuestion, type LookReply } from "./look.ts";
import type { Tab } from "./preview/preview.ts";
import type { Store } from "./state.ts";

export interface Studio {
  readonly store: Store;
  /** Catalogues of events of the document's folder; without any, the daemon's own events count. */
  readonly beside: readonly InvariantFile[];
  /** The events that there are. */
  readonly known: Known;
  /** What was last found out about the text; `null` before the first answer. */
  readonly looked: Looked | null;
  setBeside(files: readonly InvariantFile[]): void;
  setTab(tab: Tab): void;
  onLooked(listener: (looked: Looked) => void): void;
  /** A worker of the page's own script, for what takes long; `null` where the browser refuses. */
  startWorker(): Worker | null;
}

/** Asks a worker for the newest text alone: what was overtaken while it worked is not asked for. */
class Looking {
  private worker: Worker | null;
  private waiting: LookQuestion | null = null;
  /** What the worker is at. */
  private asked: LookQuestion | null = null;

  constructor(start: () => Worker | null, private readonly done: (reply: LookReply) => void) {
    this.worker = start();
    if (this.worker === null) return;
    this.worker.onmessage = ({ data }: MessageEvent<LookReply>) => this.heard(data);
    this.worker.onerror = () => {
      // It ended before it had an answer: the page finds out itself from now on.
      this.worker = null;
      this.waiting ??= this.asked;
      this.asked = null;
      this.next();
    };
  }

  private heard(reply: LookReply): void {
    this.asked = null;
    this.done(reply);
    this.next();
  }

  private next(): void {
    const question = this.waiting;
    if (question === null || this.asked !== null) return;
    this.waiting = null;
    if (this.worker === null) return this.done(answerLook(question, () => performance.now()));
    this.asked = question;
    this.worker.postMessage(question);
  }

  ask(question: LookQuestion): void {
    this.waiting = question;
    this.next();
  }
}

export function studioOf(script: string, store: Store): Studio {
  const listeners: ((looked: Looked) => void)[] = [];
  let beside: readonly InvariantFile[] = [];
  let known: Known = knownEvents(beside);
  let looked: Looked | null = null;
  let tab: Tab = "guard";
  let asked = 0;
  const startWorker = (): Worker | null => workerOf(script);
  const looking = new Looking(startWorker, (reply) => {
    if (reply.id !== asked) return;
    looked = reply.looked;
    for (const listener of listeners) listener(looked);
  });
  const ask = (): void => looking.ask({ ask: "look", id: ++asked, text: store.draft.text, beside, tab });
  store.watch((draft, before) => void (draft.text !== before.text && ask()));
  ask();
  return {
    store,
    get beside() {
      return beside;
    },
    get known() {
      return known;
    },
    get looked() {
      return looked;
    },
    setBeside: (files) => {
      beside = files;
      known = knownEvents(files);
      ask();
    },
    setTab: (wanted) => {
      tab = wanted;
      ask();
    },
    onLooked: (listener) => void listeners.push(listener),
    startWorker,
  };
}
