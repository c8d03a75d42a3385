import { describe, expect, test } from "bun:test";
import { Drafts, DRAFTS_MAX, type StoredDraft, type Shelf } from "./drafts.ts";

/** As a browser's: strings by key, and an error past so many characters. */
class Memory implements Shelf {
  readonly items = new Map<string, string>();
  constructor(private readonly characters_max = Infinity) {}
  get length(): number {
    return this.items.size;
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    const others = [...this.items].filter(([name]) => name !== key).reduce((sum, [, text]) => sum + text.length, 0);
    if (others + value.length > this.characters_max) throw new DOMException("full", "QuotaExceededError");
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

const id = (n: number): string => `0000-${String(n).padStart(8, "0")}`;
const draft = (n: number, text = "id: A", revision = 0): StoredDraft => ({ v: 1, id: id(n), name: "a.yaml", text, base: null, changed_ms: n, revision });

describe("drafts", () => {
  test("what was kept is there after a reload, newest first, until it is thrown away", () => {
    const shelf = new Memory();
    shelf.setItem("another page's", "text");
    const drafts = new Drafts(shelf);
    for (const n of [1, 3, 2]) expect(drafts.keep(draft(n, `id: A${n}`))).toEqual({ ok: draft(n, `id: A${n}`, 1) });
    const after = new Drafts(shelf);
    expect(after.all().drafts.map(({ text }) => text)).toEqual(["id: A3", "id: A2", "id: A1"]);
    after.drop(id(3));
    expect([new Drafts(shelf).all().drafts.length, shelf.getItem("another page's")]).toEqual([2, "text"]);
  });

  test("two tabs with one draft: the second one to write is told, and what the first wrote stays", () => {
    const shelf = new Memory();
    const [one, two] = [new Drafts(shelf), new Drafts(shelf)];
    const kept = one.keep(draft(1, "id: A"));
    if (!("ok" in kept)) throw new Error("not kept");
    expect(two.keep({ ...kept.ok, text: "id: B" })).toMatchObject({ ok: { text: "id: B" } });
    expect(one.keep({ ...kept.ok, text: "id: C" })).toEqual({ elsewhere: true });
    expect(one.get(id(1))?.text).toBe("id: B");
    two.drop(id(1));
    expect(one.keep({ ...kept.ok, text: "id: C" })).toMatchObject({ ok: { text: "id: C" } });
  });

  test("a full storage, one that is forbidden, and too many drafts are said; what was kept before stays as it was", () => {
    const shelf = new Memory(400);
    const drafts = new Drafts(shelf);
    const kept = drafts.keep(draft(1));
    if (!("ok" in kept)) throw new Error("not kept");
    expect(drafts.keep({ ...kept.ok, text: "x".repeat(500) })).toEqual({ problem: expect.stringContaining("QuotaExceededError") });
    expect(drafts.get(id(1))).toEqual(kept.ok);
    expect([new Drafts(null).keep(draft(1)), new Drafts(null).all()]).toEqual([{ problem: expect.stringContaining("download it") }, { drafts: [], strangers: [] }]);
    const many = new Drafts(new Memory());
    for (let n = 0; n < DRAFTS_MAX; n++) many.keep(draft(n));
    expect(many.keep(draft(99))).toEqual({ problem: expect.stringContaining(String(DRAFTS_MAX)) });
    expect(many.keep({ ...draft(1), revision: 1 })).toHaveProperty("ok");
  });

  test("attack: what another version wrote, half a draft and a draft under another's key are neither opened nor written over", () => {
    const shelf = new Memory();
    const place = (n: number): string => `maestro.studio.draft.${id(n)}`;
    const texts = [JSON.stringify({ ...draft(1), v: 2 }), JSON.stringify(draft(2)).slice(0, -9), JSON.stringify(draft(9)), JSON.stringify({ ...draft(4), more: 1 })];
    for (const [i, text] of texts.entries()) shelf.setItem(place(i + 1), text);
    const drafts = new Drafts(shelf);
    expect([drafts.all().drafts, drafts.all().strangers.map(({ text }) => text)]).toEqual([[], texts]);
    expect(drafts.keep(draft(1))).toEqual({ elsewhere: true });
    expect(shelf.getItem(place(1))).toBe(texts[0]!);
    drafts.dropStranger(drafts.all().strangers[1]!);
    expect(drafts.all().strangers.length).toBe(3);
  });
});
