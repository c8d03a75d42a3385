/** The page's side of judging: a worker of its own, or the page itself where there is none. */
import { workerOf } from "../page/own-worker.ts";
import type { Question, Reply } from "./protocol.ts";
import { answer as answerHere } from "./worker.ts";

export type Ask = (question: Question) => Promise<Reply>;

/** Asks the worker; one that does not start leaves the judging to the page itself, which then stands still while it judges. */
export function asking(script: string, name = ""): Ask {
  const worker = workerOf(script, name);
  if (worker === null) return answerHere;
  let alive = true;
  const open = new Map<number, { question: Question; settle: (reply: Promise<Reply> | Reply) => void }>();
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    open.get(data.id)?.settle(data);
    open.delete(data.id);
  };
  worker.onerror = () => {
    alive = false;
    for (const { question, settle } of open.values()) settle(answerHere(question));
    open.clear();
  };
  return (question) =>
    alive
      ? new Promise((settle) => {
          open.set(question.id, { question, settle });
          worker.postMessage(question);
        })
      : answerHere(question);
}
