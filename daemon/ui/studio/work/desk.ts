/** What lies on the desk: the document that is edited, which file it is of, its steps back and forth, and whether the browser keeps it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex, utf8 } from "../../../../proto/encoding.ts";
import type { InvariantText } from "../../../../proto/ui.ts";
import type { Base, Drafts, StoredDraft } from "../keeping/drafts.ts";
import { begin, record, redo, undo, type History } from "../keeping/history.ts";
import { nameFor } from "../keeping/saving.ts";
import type { Action, Draft, Store } from "../state.ts";

export interface Browser {
  now(): number;
  newId(): string;
  /** Calls back later, once; a new call takes the place of the one before. */
  later(act: () => void): void;
  /** What lay on the desk of this tab; a reload asks for it. What was only opened is no draft, and is there again all the same. */
  remember(draft: StoredDraft): void;
  remembered(): StoredDraft | null;
}

export interface Sheet {
  readonly id: string;
  /** The file's name where it has one; else it follows the rule's id. */
  readonly name: string | null;
  readonly base: Base | null;
  readonly revision: number;
}

export type Keeping = { readonly is: "untouched" | "kept" | "waiting" } | { readonly is: "problem"; readonly said: string };

export const digestOf = (text: string): string => toHex(sha256(utf8(text)));

/** Typing in one field goes together; whatever else is done is a step of its own. */
const aboutOf = (action: Action): string => (action.do === "type" ? "text" : action.do === "set" && typeof action.value === "string" ? action.path.join(".") : "");

export class Desk {
  sheet: Sheet;
  keeping: Keeping = { is: "untouched" };
  /** Said once to whoever reads: the draft became another one because another tab wrote it. */
  copied = false;
  private history: History<Draft>;
  private readonly listeners: (() => void)[] = [];
  private restoring = false;

  constructor(
    readonly store: Store,
    readonly drafts: Drafts,
    private readonly browser: Browser,
  ) {
    this.sheet = { id: browser.newId(), name: null, base: null, revision: 0 };
    this.history = begin(store.draft);
    store.watch((draft, before, action) => this.heard(draft, before, action));
    const last = browser.remembered();
    if (last === null) return;
    const found = drafts.get(last.id);
    if (found === null) this.take({ ...last, revision: 0 }, "untouched");
    else this.take(found, "kept");
  }

  watch(listener: () => void): void {
    this.listeners.push(listener);
  }

  get name(): string {
    return this.sheet.name ?? nameFor(this.store.draft.value["id"]);
  }

  get text(): string {
    return this.store.draft.text;
  }

  get changed(): boolean {
    return this.sheet.base === null ? this.keeping.is !== "untouched" : this.sheet.base.text !== this.text;
  }

  get steps(): { readonly back: number; readonly forth: number } {
    return { back: this.history.past.length, forth: this.history.future.length };
  }

  undo(): void {
    this.become(undo(this.history));
  }

  redo(): void {
    this.become(redo(this.history));
  }

  /** Another document comes onto the desk; the one that lay there is kept first. */
  open(text: string, name: string | null, base: Base | null): void {
    this.keepNow();
    this.restoring = true;
    this.store.act({ do: "open", text });
    this.restoring = false;
    this.sheet = { id: this.browser.newId(), name, base, revision: 0 };
    this.browser.remember(this.asDraft());
    this.fresh("untouched");
  }

  private asDraft(): StoredDraft {
    const { id, base, revision } = this.sheet;
    return { v: 1, id, name: this.name, text: this.text, base, changed_ms: this.browser.now(), revision };
  }

  openFile({ name, text, sha256: digest }: InvariantText): void {
    this.open(text, name, { name, text, sha256: digest });
  }

  openDraft(id: string): void {
    this.keepNow();
    const found = this.drafts.get(id);
    if (found !== null) this.take(found, "kept");
  }

  throwAway(id: string): void {
    this.drafts.drop(id);
    if (id === this.sheet.id) {
      this.sheet = { ...this.sheet, id: this.browser.newId(), revision: 0 };
      this.keeping = { is: "untouched" };
    }
    this.tell();
  }

  /** It lies on disk now, as this text. */
  saved(name: string, text: string, digest: string): void {
    this.sheet = { ...this.sheet, name, base: { name, text, sha256: digest } };
    this.copied = false;
    if (text === this.text) {
      this.drafts.drop(this.sheet.id);
      this.sheet = { ...this.sheet, revision: 0 };
      this.keeping = { is: "untouched" };
      this.browser.remember(this.asDraft());
    } else this.keepNow();
    this.tell();
  }

  /** What lies on disk, or `instead` that stands on it, comes into the document as one step, so that an undo brings back what was there. */
  takeDisk({ name, text, sha256: digest }: InvariantText, instead = text): void {
    this.sheet = { ...this.sheet, name, base: { name, text, sha256: digest } };
    this.apart();
    this.store.act({ do: "type", text: instead });
    this.apart();
  }

  /** What is typed just before and just after is another step. */
  private apart(): void {
    this.history = { ...this.history, last: null };
  }

  keepNow(): void {
    if (this.keeping.is !== "waiting" && this.keeping.is !== "problem") return;
    const kept = this.drafts.keep(this.asDraft());
    if ("elsewhere" in kept) {
      this.sheet = { ...this.sheet, id: this.browser.newId(), revision: 0 };
      this.copied = true;
      return this.keepNow();
    }
    if ("ok" in kept) {
      this.sheet = { ...this.sheet, revision: kept.ok.revision };
      this.browser.remember(kept.ok);
      this.keeping = { is: "kept" };
    } else this.keeping = { is: "problem", said: kept.problem };
    this.tell();
  }

  private heard(draft: Draft, before: Draft, action: Action | null): void {
    if (this.restoring || draft === before) return;
    if (action !== null) {
      // What was refused or only noted is no step: undo would seem to do nothing.
      if (draft.text === before.text) this.history = { ...this.history, present: draft };
      else this.history = record(this.history, draft, aboutOf(action), this.browser.now());
    }
    if (draft.text !== before.text) this.keepSoon();
    else this.tell();
  }

  private keepSoon(): void {
    this.keeping = { is: "waiting" };
    this.tell();
    this.browser.later(() => this.keepNow());
  }

  private become(history: History<Draft>): void {
    if (history === this.history) return;
    this.history = history;
    this.store.replace(history.present);
  }

  private take(draft: StoredDraft, is: "untouched" | "kept"): void {
    const { id, text, base, revision } = draft;
    this.restoring = true;
    this.store.act({ do: "open", text });
    this.restoring = false;
    // A rule that is no file yet goes on being called after its id.
    this.sheet = { id, name: base?.name ?? null, base, revision };
    this.browser.remember(draft);
    this.fresh(is);
  }

  private fresh(is: "untouched" | "kept"): void {
    this.history = begin(this.store.draft);
    this.keeping = { is };
    this.copied = false;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
