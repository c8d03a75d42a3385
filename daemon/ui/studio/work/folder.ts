/** The folder of invariants behind `maestro ui`: what lies there, and what may be written. From disk there is none. */
import { type InvariantsList, type InvariantText, type InvariantWritten, UI_PATHS } from "../../../../proto/ui.ts";
import { CARD_ROWS_MAX, type CardRow, type CardsReply, NEWEST_CARDS } from "../../../../proto/cards.ts";
import type { StatusReply } from "../../../../proto/api.ts";
import { type Answer, type Failure, type Live, openLive } from "../../page/live.ts";
import { STUDIO_LIMITS } from "../limits.ts";

type State = { readonly is: "disk" } | { readonly is: "waiting" } | { readonly is: "open"; readonly list: InvariantsList | null } | { readonly is: "gone"; readonly failure: Failure };

const pathOf = (name: string): string => `${UI_PATHS.invariants}/${encodeURIComponent(name)}`;

export class Folder {
  state: State = { is: "waiting" };
  private live: Live | null = null;
  private readonly listeners: (() => void)[] = [];

  watch(listener: () => void): void {
    this.listeners.push(listener);
  }

  private become(state: State): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }

  async open(): Promise<void> {
    const opening = await openLive();
    if (opening.at === "disk") return this.become({ is: "disk" });
    if (opening.at === "closed") return this.become({ is: "gone", failure: opening.failure });
    this.live = opening.live;
    await this.look();
  }

  /** Looks what lies there now; says so where nobody answers. */
  async look(): Promise<void> {
    if (this.live === null) return;
    const list = await this.live.ask<InvariantsList>(UI_PATHS.invariants);
    if (list.ok) this.become({ is: "open", list: list.value });
    else if (list.failure.why === "refused") this.become({ is: "open", list: null });
    else this.become({ is: "gone", failure: list.failure });
  }

  private async asked<T>(answer: Promise<Answer<T>>): Promise<Answer<T>> {
    const got = await answer;
    if (!got.ok && (got.failure.why === "ended" || got.failure.why === "session")) this.become({ is: "gone", failure: got.failure });
    return got;
  }

  /** `null` where nothing lies there under that name. */
  async read(name: string): Promise<Answer<InvariantText | null>> {
    const { live } = this;
    if (live === null) return { ok: false, failure: NOBODY };
    const list = await this.asked(live.ask<InvariantsList>(UI_PATHS.invariants));
    if (!list.ok) return list;
    this.become({ is: "open", list: list.value });
    if (!list.value.files.some((file) => file.name === name)) return { ok: true, value: null };
    return this.asked(live.ask<InvariantText>(pathOf(name)));
  }

  async write(name: string, text: string, replaces: string | null): Promise<Answer<InvariantWritten>> {
    if (this.live === null) return { ok: false, failure: NOBODY };
    return this.asked(this.live.ask<InvariantWritten>(pathOf(name), { method: "PUT", body: { text, replaces } }));
  }

  /** The newest recorded changes, up to the limit of a run; `going` may end it. */
  async rows(progress: (rows: number) => void, going: () => boolean): Promise<Answer<readonly CardRow[]>> {
    const { live } = this;
    if (live === null) return { ok: false, failure: NOBODY };
    const rows: CardRow[] = [];
    let before: string = NEWEST_CARDS;
    for (let pages = 0; going() && rows.length < STUDIO_LIMITS.events_max && pages < (4 * STUDIO_LIMITS.events_max) / CARD_ROWS_MAX; pages++) {
      const page = await this.asked(live.daemon<CardsReply>(`/v1/cards/${before}`));
      if (!page.ok) return page;
      rows.push(...page.value.rows);
      progress(rows.length);
      if (page.value.next === null) break;
      before = String(page.value.next);
    }
    return { ok: true, value: rows };
  }

  /** The trust domain of the daemon that answers; `null` where none does. */
  async domain(): Promise<string | null> {
    const status = await this.live?.daemon<StatusReply>("/v1/status");
    return status?.ok === true ? status.value.trust.domain : null;
  }
}

const NOBODY: Failure = { why: "ended", code: "ended", said: "This page was opened from disk: start maestro ui studio to save to a folder." };
