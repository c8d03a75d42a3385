/** Above the editor: which document this is and whether it is kept, undo and redo, new ones, drafts, and where it is saved. */
import type { Problem } from "../../../invariants/index.ts";
import type { PageDetails, PageDialog, PageDocument, PageElement, PageEvent, PageInput } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import { halfTyped } from "../form/in-use.ts";
import { inPlace } from "../in-place.ts";
import type { StoredDraft } from "../keeping/drafts.ts";
import { TEMPLATES } from "../keeping/templates.ts";
import type { Desk } from "./desk.ts";
import { download } from "./download.ts";
import type { Folder } from "./folder.ts";
import { inForce } from "./in-force.ts";
import { button, other, samePort, setOff, sureButton } from "./parts.ts";
import { SavingDialog } from "./saving-dialog.ts";

declare const document: PageDocument;

export interface Bar {
  readonly element: PageElement;
  /** A sentence for whoever reads or listens. */
  say(text: string): void;
  /** What stands under "New and open" is shown. */
  unfold(open: boolean): void;
  /** Asks what saving would change. */
  save(): void;
}

const UNDO_KEYS = new Set(["z", "Z"]);

/** Steps back and forth everywhere on the page, also in a field: a field's own undo knows nothing of the other side. `elsewhere` is where they are about no document. */
function stepping(desk: Desk, elsewhere: () => boolean): void {
  const step = (event: PageEvent, forth: boolean): void => {
    if (elsewhere()) return;
    event.preventDefault();
    const half = halfTyped();
    if (forth) desk.redo();
    // A name that is not whole is no step yet: it is given up before one is.
    else if (half !== null) half.control.value = half.whole;
    else desk.undo();
  };
  document.addEventListener("keydown", (event) => {
    const { key = "", ctrlKey, metaKey, shiftKey = false, altKey, isComposing } = event;
    if ((ctrlKey !== true && metaKey !== true) || altKey === true || isComposing === true) return;
    const forth = (UNDO_KEYS.has(key) && shiftKey) || key === "y";
    if (forth || UNDO_KEYS.has(key)) step(event, forth);
  });
  // The browser's menu and a phone's gesture.
  document.addEventListener("beforeinput", (event) => void (/^history(?:Undo|Redo)$/.test(event.inputType ?? "") && step(event, event.inputType === "historyRedo")));
}

function stateOf({ keeping, sheet, changed }: Desk): string {
  if (keeping.is === "problem") return "not kept by this browser";
  if (keeping.is === "waiting") return "being kept\u2026";
  if (sheet.base !== null && !changed) return "as the file it was opened from";
  return keeping.is === "kept" ? (sheet.base === null ? "kept in this browser, not saved to a file" : "changed since it was opened; kept in this browser") : "nothing to keep yet";
}

function problemOf({ keeping, copied }: Desk, { state }: Folder): string {
  if (keeping.is === "problem") return keeping.said;
  if (state.is === "gone") return `${state.failure.said}${state.failure.why === "ended" ? samePort() : ""}`;
  return copied ? "Another tab has changed this draft, so this text goes on as a draft of its own; both are under New and open." : "";
}

const ago = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

class Shelf {
  readonly element = h("div", { class: "shelf" });

  /** `opened` folds the list away and says what is there now; `say` only says. */
  constructor(private readonly desk: Desk, private readonly say: (text: string) => void, private readonly opened: (text: string) => void) {}

  private row(draft: StoredDraft): PageElement {
    const here = draft.id === this.desk.sheet.id;
    const open = button("Open", () => {
      this.desk.openDraft(draft.id);
      this.opened(`${draft.name} is open.`);
    });
    const away = sureButton("Throw away", "Yes, throw it away", () => {
      this.desk.throwAway(draft.id);
      this.say(here ? `The draft of ${draft.name} is thrown away; the text stays here until you open another.` : `The draft of ${draft.name} is thrown away.`);
    });
    return h("li", {}, h("span", {}, other(draft.name), h("span", { class: "hint" }, ` ${here ? "this one, " : ""}changed ${ago(draft.changed_ms)} UTC`)), h("span", { class: "actions" }, ...(here ? [] : [open]), away));
  }

  draw(): void {
    const { drafts, strangers } = this.desk.drafts.all();
    const strange = strangers.map((one) =>
      h("li", {}, h("span", {}, "A draft that this version cannot read"), h("span", { class: "actions" }, button("Download it", () => download("draft.json", one.text)), sureButton("Throw away", "Yes, throw it away", () => {
        this.desk.drafts.dropStranger(one);
        this.draw();
      }))),
    );
    const none = this.desk.drafts.forbidden ? "This browser keeps nothing for this page: a reload loses the text. Download it." : "None. What you write is kept here until you save it or throw it away.";
    this.element.replaceChildren(h("h2", {}, "Drafts in this browser"), drafts.length + strange.length === 0 ? h("p", { class: "hint" }, none) : h("ul", { class: "rows" }, ...drafts.map((draft) => this.row(draft)), ...strange));
  }
}

function folderView(folder: Folder, desk: Desk, say: (text: string) => void, opened: (text: string) => void): { readonly element: PageElement; draw(): void } {
  const element = h("div", { class: "folder" });
  const open = async (name: string): Promise<void> => {
    const read = await folder.read(name);
    if (!read.ok) return say(read.failure.said);
    if (read.value === null) return say(`${name} is not there any more.`);
    desk.openFile(read.value);
    opened(`${name} is open.`);
  };
  let drawn = "";
  const draw = (): void => {
    const { state } = folder;
    // It is looked at now and then; what did not change stays, and with it where somebody is in the list.
    const now = JSON.stringify(state);
    if (now === drawn) return;
    drawn = now;
    element.hidden = state.is === "disk" || state.is === "waiting";
    if (state.is === "gone") element.replaceChildren(h("h2", {}, "Folder"), h("p", { class: "problem" }, other(state.failure.said)), button("Try again", () => void folder.look()));
    if (state.is !== "open") return;
    const files = (state.list?.files ?? []).filter(({ name }) => !["events.yaml", "targets.yaml"].includes(name));
    const past = state.list?.passed_over ?? 0;
    const rows = files.map(({ name }) => h("li", {}, button(name, () => void open(name))));
    element.replaceChildren(h("h2", {}, "Folder ", other(state.list?.folder ?? "")), files.length === 0 ? h("p", { class: "hint" }, "No rule lies there yet; saving makes the folder's first.") : h("ul", { class: "files" }, ...rows), ...(past === 0 ? [] : [h("p", { class: "hint" }, `${past} more are not read: links, folders, or names of another form.`)]));
  };
  return { element, draw };
}

/** Said at once, and again once it is known which daemon answers. */
function inForceView(folder: Folder): { readonly element: PageElement; clear(): void; say(): Promise<void> } {
  const element = h("div", { id: "in-force" });
  let told = 0;
  return {
    element,
    clear: () => {
      told++;
      element.replaceChildren();
    },
    say: async () => {
      const { state } = folder;
      if (state.is !== "open" || state.list === null) return;
      const mine = ++told;
      element.replaceChildren(...inForce(state.list, null));
      const domain = await folder.domain();
      // Another document may be open by now.
      if (domain !== null && told === mine) element.replaceChildren(...inForce(state.list, domain));
    },
  };
}

/** `take` reads files that were chosen; those that are dropped come the same way. */
export function bar(desk: Desk, folder: Folder, take: (files: Iterable<File>) => void, mistakesIn: (text: string) => readonly Problem[]): Bar {
  const said = h("p", { id: "said", class: "hint", role: "status" });
  const say = (text: string): void => said.replaceChildren(...(text === "" ? [] : [other(text)]));
  const [name, state, problem] = [h("strong", { id: "file-name" }), h("span", { id: "file-state", class: "hint" }), h("p", { id: "keeping-problem", class: "problem", role: "alert" })];
  const [back, forth] = [button("Undo", () => desk.undo(), { id: "undo", "aria-keyshortcuts": "Control+Z" }), button("Redo", () => desk.redo(), { id: "redo", "aria-keyshortcuts": "Control+Shift+Z Control+Y" })];
  const dialog = new SavingDialog(desk, folder, mistakesIn, (text, saved) => {
    say(text);
    if (saved) void force.say();
  });
  const force = inForceView(folder);
  const save = button("Save to the folder\u2026", () => dialog.open(), { id: "save" });
  const load = button("Download", () => {
    download(desk.name, desk.text);
    say(`${desk.name} is given to the browser to save; the draft stays until you throw it away.`);
  }, { id: "download" });
  const input = h("input", { id: "given", type: "file", multiple: "", "aria-describedby": "given-hint" }) as PageInput;
  input.addEventListener("change", () => {
    take(input.files ?? []);
    input.value = "";
  });
  const opened = (what: string): void => {
    more.open = false;
    summary.focus();
    force.clear();
    say(what);
  };
  const summary = h("summary", {}, "New and open");
  const templates = TEMPLATES.map(({ title, about, text }) => h("li", {}, button(title, () => {
    desk.open(text, null, null);
    opened(`${title}: a new rule. ${text === "" ? "Give it an id" : "Change its id"} first; the file is called after it.`);
  }), h("span", { class: "hint" }, about)));
  const shelf = new Shelf(desk, say, opened);
  const files = folderView(folder, desk, say, opened);
  const more = h("details", { id: "open-more" }, summary, h("div", { class: "columns" }, h("div", {}, h("h2", {}, "New"), h("ul", { class: "rows templates" }, ...templates)), h("div", {}, h("h2", {}, h("label", { for: "given" }, "From files")), input, h("p", { class: "hint", id: "given-hint" }, "A rule, an events.yaml, recorded events (NDJSON), a counterexample or an evidence bundle. Files may also be dropped anywhere on this page.")), shelf.element, files.element)) as PageDetails;
  let [drawn, alerted] = ["", ""];
  // Reading every draft back takes time, so not while somebody types, and not where nobody looks.
  const drafts = (): void => {
    const now = `${desk.sheet.id} ${desk.sheet.revision} ${desk.keeping.is} ${desk.name}`;
    if (!more.open || desk.keeping.is === "waiting" || now === drawn) return;
    drawn = now;
    inPlace(() => shelf.draw());
  };
  more.addEventListener("toggle", () => {
    drawn = "";
    drafts();
  });
  const draw = (): void => {
    name.replaceChildren(other(desk.name));
    state.textContent = stateOf(desk);
    const now = problemOf(desk, folder);
    // An alert is read aloud whenever it is written, so only what is new is.
    if (alerted !== now) problem.replaceChildren(...(now === "" ? [] : [other(now)]));
    alerted = now;
    setOff(back, desk.steps.back === 0);
    setOff(forth, desk.steps.forth === 0);
    save.hidden = folder.state.is === "disk" || folder.state.is === "waiting";
    drafts();
  };
  desk.watch(draw);
  folder.watch(() => {
    inPlace(() => files.draw());
    draw();
  });
  files.draw();
  stepping(desk, () => (dialog.element as PageDialog).open);
  draw();
  const element = h("div", { class: "bar drop", id: "drop" }, h("p", { class: "file" }, name, " ", state), h("div", { class: "actions" }, back, forth, save, load), said, force.element, problem, more, dialog.element);
  return { element, say, save: () => dialog.open(), unfold: (open) => void (more.open = open) };
}
