/** The verifier page's judge in a worker of this page: one script is page, reader of files, and judge. */
import { asking, type Ask } from "../verifier/asking.ts";
import { startWorker } from "../verifier/worker.ts";

/** What the worker that judges is called; the one that reads files has no name. */
const JUDGE = "judge";

declare const self: { readonly name?: string };

/** In a worker: starts the judge where it was made for that, and says whether it was. */
export function startJudge(): boolean {
  if (self.name !== JUDGE) return false;
  startWorker();
  return true;
}

let judge: Ask | null = null;

/** In the page: made at the first question and kept. */
export function judgeOf(script: string): Ask {
  judge ??= asking(script, JUDGE);
  return judge;
}
