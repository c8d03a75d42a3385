/** Text from local models: one supervised worker for each model, started when somebody asks and ended when nobody does. */
import type { GenerateJob, Generated, Prompt } from "../../../proto/model-work.ts";

export interface GenerateOptions {
  readonly signal?: AbortSignal;
  /** Each piece of the text as it is made: whole characters, never a part of a stop string. */
  readonly onText?: (piece: string) => void;
}

/** What an operator may want to know of one model. */
export interface TextModelStatus {
  readonly model: string;
  readonly state: "ended" | "starting" | "ready" | "suspended";
  readonly running: number;
  readonly waiting: number;
  readonly memory_bytes: number;
  /** Of its worker, otherwise than by our own hand, since the daemon's start. */
  readonly deaths: number;
}

export interface TextModels {
  /**
   * Throws `models.unknown`, `.missing`, `.corrupt`, `.load`, `.memory`, `.context`, `.adapter`, `.request`, `.busy`, `.died`, and `request.cancelled`
   * for a signal that came before the first token was looked at; one that comes later ends the generation, which is then `cancelled` and says what it took.
   */
  generate(job: GenerateJob, options?: GenerateOptions): Promise<Generated>;
  /** Tokens of a prompt, as `generate` would count them. */
  count(model: string, prompt: Prompt): Promise<number>;
  status(): readonly TextModelStatus[];
  /** Ends the workers; what runs is answered with `daemon.draining`. */
  close(): Promise<void>;
}
