/** What the page asks its worker of a text that is being written, and what it hears: plain data, so that typing never waits for a compiler. */
import { knownEvents, look, takenBeside, type Fields, type InvariantFile, type PlacedProblem } from "../../invariants/index.ts";
import { previewOf, type Preview, type Tab } from "./preview/preview.ts";

export interface LookQuestion {
  readonly ask: "look";
  readonly id: number;
  readonly text: string;
  /** The catalogues of events beside it. */
  readonly beside: readonly InvariantFile[];
  readonly tab: Tab;
}

export interface Looked {
  readonly problems: readonly PlacedProblem[];
  readonly fields: Fields;
  readonly byEvent: ReadonlyMap<string, Fields>;
  readonly keys: readonly string[];
  readonly preview: Preview;
  readonly took_ms: number;
}

export interface LookReply {
  readonly id: number;
  readonly looked: Looked;
}

let known: { readonly beside: string; readonly events: ReturnType<typeof knownEvents>["events"] } | null = null;

export function answerLook({ id, text, beside, tab }: LookQuestion, now: () => number): LookReply {
  const start = now();
  const key = JSON.stringify(beside);
  if (known?.beside !== key) known = { beside: key, events: knownEvents(beside).events };
  const { problems, compiled, fields, byEvent } = look(text, { events: known.events, taken: takenBeside(known.events) });
  const preview = previewOf(compiled, problems, tab);
  return { id, looked: { problems, fields, byEvent, keys: compiled?.per?.keys ?? [], preview, took_ms: now() - start } };
}
