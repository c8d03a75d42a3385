import { describe, expect, test } from "bun:test";
import { Drafts, type Shelf, type StoredDraft } from "../keeping/drafts.ts";
import { draftOf, storeOf } from "../state.ts";
import { Desk, digestOf, type Browser } from "./desk.ts";

class Memory implements Shelf {
  readonly items = new Map<string, string>();
  full = false;
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
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

/** A tab of a browser: its own session, the storage that all tabs share, and a clock that moves a minute a look. */
class Tab implements Browser {
  private static ids = 0;
  private static time_ms = 1;
  waiting: (() => void) | null = null;
  at: StoredDraft | null = null;
  now = (): number => (Tab.time_ms += 60_000);
  newId = (): string => `00000000-${String(++Tab.ids).padStart(4, "0")}`;
  later = (act: () => void): void => void (this.waiting = act);
  remember = (draft: StoredDraft): void => void (this.at = draft);
  remembered = (): StoredDraft | null => this.at;
}

function opened(shelf: Memory | null, tab = new Tab()): { readonly desk: Desk; readonly tab: Tab } {
  return { desk: new Desk(storeOf(draftOf("")), new Drafts(shelf), tab), tab };
}
const type = (desk: Desk, text: string): void => desk.store.act({ do: "type", text });

describe("the desk", () => {
  test("what was typed is kept after a pause, and a tab that begins again in the same place has it, with the file it was of", () => {
    const shelf = new Memory();
    const { desk, tab } = opened(shelf);
    desk.openFile({ name: "a.yaml", text: "id: A\n", sha256: digestOf("id: A\n") });
    type(desk, "id: AB\n");
    expect([desk.keeping.is, shelf.length]).toEqual(["waiting", 0]);
    tab.waiting?.();
    expect([desk.keeping.is, desk.changed]).toEqual(["kept", true]);
    const again = opened(shelf, tab).desk;
    expect([again.text, again.name, again.sheet.base?.text]).toEqual(["id: AB\n", "a.yaml", "id: A\n"]);
    // What was only opened, and never changed, is on disk as it is: no draft of it, and a reload shows it all the same.
    desk.openFile({ name: "b.yaml", text: "id: B\n", sha256: digestOf("id: B\n") });
    const third = opened(shelf, tab).desk;
    expect([shelf.length, third.text, third.name, third.keeping.is, third.changed]).toEqual([1, "id: B\n", "b.yaml", "untouched", false]);
  });

  test("another document on the desk: the one before is kept first, also in the middle of a word", () => {
    const shelf = new Memory();
    const { desk } = opened(shelf);
    type(desk, "id: HALF");
    desk.open("id: OTHER\n", null, null);
    expect([desk.text, desk.name, desk.steps.back]).toEqual(["id: OTHER\n", "other.yaml", 0]);
    const [half] = desk.drafts.all().drafts;
    expect(half?.text).toBe("id: HALF");
    desk.openDraft(half?.id ?? "");
    expect(desk.text).toBe("id: HALF");
  });

  test("two tabs write one draft: neither loses a word, and the second goes on as a draft of its own and says so", () => {
    const shelf = new Memory();
    const one = opened(shelf);
    type(one.desk, "id: A");
    one.tab.waiting?.();
    const two = opened(shelf, Object.assign(new Tab(), { at: one.tab.at }));
    type(two.desk, "id: A2");
    two.tab.waiting?.();
    type(one.desk, "id: A1");
    one.tab.waiting?.();
    expect([one.desk.copied, two.desk.copied]).toEqual([true, false]);
    expect(one.desk.drafts.all().drafts.map(({ text }) => text).sort()).toEqual(["id: A1", "id: A2"]);
    type(one.desk, "id: A11");
    one.tab.waiting?.();
    expect(one.desk.drafts.all().drafts.length).toBe(2);
    one.desk.saved("a.yaml", one.desk.text, digestOf(one.desk.text));
    expect(one.desk.copied).toBe(false);
  });

  test("a storage that is full or forbidden is said, work goes on, and once there is room it is kept", () => {
    const shelf = new Memory();
    const { desk, tab } = opened(shelf);
    shelf.full = true;
    type(desk, "id: A");
    tab.waiting?.();
    expect(desk.keeping).toEqual({ is: "problem", said: expect.stringContaining("download") });
    shelf.full = false;
    type(desk, "id: AB");
    tab.waiting?.();
    expect([desk.keeping.is, desk.drafts.all().drafts[0]?.text]).toEqual(["kept", "id: AB"]);
    const nowhere = opened(null);
    type(nowhere.desk, "id: A");
    nowhere.tab.waiting?.();
    expect(nowhere.desk.keeping.is).toBe("problem");
    nowhere.desk.undo();
    expect(nowhere.desk.text).toBe("");
  });

  test("undo goes over both sides, a file taken from disk is one step, and saving ends the draft", () => {
    const shelf = new Memory();
    const { desk, tab } = opened(shelf);
    desk.open("id: A\nscope: s\n", null, null);
    desk.store.act({ do: "set", path: ["owner"], value: "me" });
    type(desk, "id: B\nscope: s\nowner: me\n");
    expect(desk.steps).toEqual({ back: 2, forth: 0 });
    desk.undo();
    expect(desk.text).toBe("id: A\nscope: s\nowner: me\n");
    desk.takeDisk({ name: "a.yaml", text: "id: DISK\n", sha256: digestOf("id: DISK\n") });
    expect([desk.text, desk.changed]).toEqual(["id: DISK\n", false]);
    desk.undo();
    expect([desk.text, desk.changed]).toEqual(["id: A\nscope: s\nowner: me\n", true]);
    tab.waiting?.();
    expect(shelf.length).toBe(1);
    desk.saved("a.yaml", desk.text, digestOf(desk.text));
    expect([shelf.length, desk.changed, desk.keeping.is]).toEqual([0, false, "untouched"]);
    // Changed while it was being written: that is not what lies on disk.
    type(desk, "id: LATER\n");
    desk.saved("a.yaml", "id: A\n", digestOf("id: A\n"));
    expect([desk.changed, shelf.length]).toEqual([true, 1]);
  });

  test("what is taken from disk is a step of its own, however soon after typing and before it", () => {
    const { desk } = opened(new Memory());
    desk.open("id: A\n", null, null);
    type(desk, "id: MINE\n");
    desk.takeDisk({ name: "a.yaml", text: "id: DISK\n", sha256: digestOf("id: DISK\n") });
    type(desk, "id: ON\n");
    const back: string[] = [];
    for (let i = 0; i < 3; i++) {
      desk.undo();
      back.push(desk.text);
    }
    expect(back).toEqual(["id: DISK\n", "id: MINE\n", "id: A\n"]);
  });

  test("a change that was refused is no step back", () => {
    const { desk } = opened(new Memory());
    type(desk, "id: [");
    const before = desk.steps;
    desk.store.act({ do: "set", path: ["owner"], value: "me" });
    expect([desk.steps, desk.store.draft.refused === null]).toEqual([before, false]);
  });
});
