/**
 * What somebody is writing, kept in the browser until it is saved or thrown away. Nothing is ever dropped to make room, and nothing that
 * another tab wrote is written over: what cannot be kept is said.
 */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { INVARIANT_BYTES_MAX } from "../../../../proto/invariant.ts";
import { Closed, Count, Sha256Hex } from "../../../../proto/scalar.ts";

const Text = Type.String({ maxLength: 2 * INVARIANT_BYTES_MAX });
const FileName = Type.String({ minLength: 1, maxLength: 255 });

/** The file on disk that the text began as, as it then was. */
const Base = Closed({ name: FileName, text: Text, sha256: Sha256Hex });
export type Base = Static<typeof Base>;

const DraftSchema = Closed({
  v: Type.Literal(1),
  id: Type.String({ pattern: "^[0-9a-f-]{8,40}$" }),
  name: FileName,
  text: Text,
  base: Type.Union([Base, Type.Null()], { description: "null: it is no file yet" }),
  changed_ms: Count,
  revision: { ...Count, description: "one more each time it is kept" },
});
export type StoredDraft = Static<typeof DraftSchema>;

/** The part of a browser's storage that is used. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const PLACE = "maestro.studio.draft.";
/** Drafts at once; a page with more of them tells nobody which is which. */
export const DRAFTS_MAX = 50;

/** `elsewhere`: another tab has kept it meanwhile, so this one goes on under an id of its own. */
export type Kept = { readonly ok: StoredDraft } | { readonly elsewhere: true } | { readonly problem: string };

/** A stored text that is no draft of this page: newer, older or broken. It stays where it is and can be read. */
export interface Stranger {
  readonly key: string;
  readonly text: string;
}

export interface Found {
  /** Newest first. */
  readonly drafts: readonly StoredDraft[];
  readonly strangers: readonly Stranger[];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** `null` for what is no draft of this version. */
export function draftIn(text: string): StoredDraft | null {
  const value = parsed(text);
  return Value.Check(DraftSchema, value) ? value : null;
}

export class Drafts {
  /** `null`: the browser gives this page no storage. */
  constructor(private readonly shelf: Shelf | null) {}

  get forbidden(): boolean {
    return this.shelf === null;
  }

  all(): Found {
    const { shelf } = this;
    const keys = shelf === null ? [] : Array.from({ length: shelf.length }, (_, i) => shelf.key(i) ?? "").filter((key) => key.startsWith(PLACE));
    const found = keys.map((key) => ({ key, text: shelf?.getItem(key) ?? "" })).map((one) => ({ ...one, draft: draftIn(one.text) }));
    const drafts = found.flatMap(({ key, draft }) => (draft !== null && key === PLACE + draft.id ? [draft] : []));
    return { drafts: drafts.sort((a, b) => b.changed_ms - a.changed_ms || (a.id < b.id ? -1 : 1)), strangers: found.filter(({ key, draft }) => draft === null || key !== PLACE + draft.id).map(({ key, text }) => ({ key, text })) };
  }

  get(id: string): StoredDraft | null {
    return draftIn(this.shelf?.getItem(PLACE + id) ?? "");
  }

  /** Keeps what is given over what this tab kept last, and over nothing else. */
  keep(draft: StoredDraft): Kept {
    const { shelf } = this;
    if (shelf === null) return { problem: "this browser keeps nothing for this page, so a reload loses the text: download it" };
    const now = shelf.getItem(PLACE + draft.id);
    const known = now === null ? null : draftIn(now);
    // One that was thrown away in another tab is written in this one, so it is kept again.
    if (now !== null && known?.revision !== draft.revision) return { elsewhere: true };
    if (now === null && this.all().drafts.length >= DRAFTS_MAX) return { problem: `${DRAFTS_MAX} drafts are kept already, so this one is not: save or throw away some, or download it` };
    const next: StoredDraft = { ...draft, revision: draft.revision + 1 };
    try {
      shelf.setItem(PLACE + draft.id, JSON.stringify(next));
    } catch (error) {
      // A DOMException, which is an Error in every browser: full, or forbidden since.
      if (!(error instanceof Error)) throw error;
      return { problem: `the browser's storage took no more (${error.name}), so a reload loses the newest changes: download the text, or throw away other drafts` };
    }
    return { ok: next };
  }

  drop(id: string): void {
    this.shelf?.removeItem(PLACE + id);
  }

  dropStranger({ key }: Stranger): void {
    if (key.startsWith(PLACE)) this.shelf?.removeItem(key);
  }
}
