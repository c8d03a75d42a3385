/** Runs away from the page, which stays usable; to end a run the page ends the worker. */
import { knownEvents, look } from "../../../invariants/index.ts";
import { exampleRows, type ExampleRow } from "./examples.ts";
import { recordingOf, recordingOfRows } from "./reading.ts";
import { grouped } from "./words.ts";
import { Run, ruleOf } from "./run.ts";
import type { ExamplesQuestion, Question, Reply, RunQuestion } from "./protocol.ts";

function examplesOf({ text, beside }: ExamplesQuestion): readonly ExampleRow[] | null {
  const seen = look(text, { events: knownEvents(beside).events });
  const examples = seen.compiled?.document.examples;
  return examples === undefined ? null : exampleRows(seen, examples);
}

type Tell = (reply: Reply) => void;

export class Runner {
  private run: Run | null = null;

  constructor(private readonly tell: Tell) {}

  async answer(question: Question): Promise<void> {
    const { id } = question;
    try {
      if (question.ask === "run") return await this.start(question);
      if (question.ask === "examples") return this.tell({ id, examples: examplesOf(question) });
      const walk = this.run?.walk(question.fire) ?? null;
      this.tell(walk === null ? { id, failed: "this run is not there any more; run it again" } : { id, walk });
    } catch (cause) {
      // A bug of ours or a browser without memory: nothing was asked, and that is what is said.
      if (!(cause instanceof Error)) throw cause;
      this.tell({ id, failed: `this browser could not run it, so nothing is known: ${`${cause.name}: ${cause.message}`.slice(0, 500)}` });
    }
  }

  private async start({ id, text, beside, source }: RunQuestion): Promise<void> {
    this.run = null;
    const made = ruleOf(text, beside);
    if ("mistakes" in made) return this.tell({ id, mistakes: made.mistakes });
    const recording = "blob" in source ? await recordingOf(source.blob, (bytes) => this.tell({ id, progress: `reading: ${Math.round((100 * bytes) / Math.max(1, source.blob.size))} %` })) : recordingOfRows(source.rows);
    if ("failed" in recording) return this.tell({ id, failed: recording.failed });
    this.run = new Run(made.rule, recording, (asked) => this.tell({ id, progress: `asking: ${grouped(asked)} of ${grouped(recording.events.length)} events` }), () => performance.now());
    this.tell({ id, ran: this.run.ran });
  }
}
