/** Recorded events against temporal formulas: each watched by the monitor that the daemon watches with, up to where the recording ends. */
import type { Compiled, TemporalClause } from "../index.ts";
import { Monitor } from "../monitor/monitor.ts";
import type { Recorded } from "./recorded.ts";

/** What a recording says of one formula. */
export interface Watched {
  readonly id: string;
  readonly path: string;
  readonly text: string;
  /** `open`: something has time left where the recording ends. `not_asked`: `why` says what is missing. Neither is kept, nor broken. */
  verdict: "kept" | "open" | "violated" | "inconclusive" | "not_asked";
  why: string | null;
  violated: number;
  inconclusive: number;
  /** Instances with something still to come at the end. */
  open: number;
}

export interface Said {
  /** Of the event at which it became known. */
  readonly line: number;
  readonly id: string;
  readonly path: string;
  readonly because: string;
  readonly message: string;
  readonly detail: string;
  /** Values of `per`, as they came. */
  readonly key: readonly string[] | null;
}

/** Where and of whom findings are told. */
export interface Told {
  violated(said: Said): void;
  inconclusive(said: Said): void;
}

class Question {
  readonly watched: Watched;
  readonly monitor: Monitor;
  line = 0;

  constructor(compiled: Compiled, clause: TemporalClause, told: Told) {
    const { id } = compiled;
    const path = clause.path.join(".");
    this.watched = { id, path, text: clause.text, verdict: clause.model_only ? "not_asked" : "kept", why: clause.model_only ? "for the model checker alone" : null, violated: 0, inconclusive: 0, open: 0 };
    this.monitor = new Monitor({ ...compiled, temporal: [clause] }, ({ verdict, because, key, message }, detail = "") => {
      this.watched[verdict] += 1;
      told[verdict]({ line: this.line, id, path, because, message, detail, key });
    });
  }

  close(end_ms: number): void {
    const { watched } = this;
    this.monitor.sweep(end_ms);
    this.monitor.flush(end_ms);
    watched.open = this.monitor.pending;
    watched.verdict = watched.violated > 0 ? "violated" : watched.inconclusive > 0 ? "inconclusive" : watched.open > 0 ? "open" : "kept";
  }
}

export class Watching {
  private readonly questions: readonly Question[];
  private now_ms: number | null = null;
  private line = 0;
  /** The first event about which a formula is, and which says no time. */
  private timeless: number | null = null;

  constructor(invariants: readonly Compiled[], told: Told) {
    this.questions = invariants.flatMap((compiled) => compiled.temporal.map((clause) => new Question(compiled, clause, told)));
  }

  /** `fields` as the formulas take them. */
  see({ line, event, time }: Recorded, fields: Readonly<Record<string, unknown>>): void {
    this.line = line;
    const heard = event === null ? [] : this.questions.filter(({ monitor }) => monitor.hears(event));
    if (time === null) {
      if (heard.length > 0) this.timeless ??= line;
      return;
    }
    const late = this.now_ms !== null && time.ms < this.now_ms;
    const now_ms = (this.now_ms = Math.max(this.now_ms ?? time.ms, time.ms));
    for (const question of heard) {
      question.line = line;
      const seen = { at_ms: time.ms, event: event ?? "", fields };
      if (late) question.monitor.late(seen, now_ms);
      else question.monitor.accept(seen);
    }
  }

  /** Nothing was recorded after the last time. */
  end(): readonly Watched[] {
    for (const question of this.questions) {
      const { watched } = question;
      if (watched.verdict === "not_asked") continue;
      question.line = this.line;
      question.close(this.now_ms ?? 0);
      if (this.timeless === null || watched.violated > 0) continue;
      watched.verdict = "not_asked";
      watched.why = `line ${this.timeless} says no time: write "at": "2026-11-22T08:30:00Z", milliseconds since 1970, or the time since the beginning such as "90s"`;
    }
    return this.questions.map(({ watched }) => watched);
  }
}
