/** The worker's side of the page's one script: looks at a text, and runs rules over events. */
import { answerLook, type LookQuestion, type LookReply } from "./look.ts";
import type { Question, Reply } from "./running/protocol.ts";
import { Runner } from "./running/worker.ts";

declare const self: { onmessage: (message: { readonly data: LookQuestion | Question }) => void; postMessage(reply: LookReply | Reply): void };

export function startWorker(): void {
  const runner = new Runner((reply) => self.postMessage(reply));
  self.onmessage = ({ data }) => {
    if (data.ask === "look") self.postMessage(answerLook(data, () => performance.now()));
    else void runner.answer(data);
  };
}
