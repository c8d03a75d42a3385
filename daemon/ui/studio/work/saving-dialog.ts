/** Saving to the folder: what would change is shown, and only a yes writes it. Where somebody else wrote meanwhile all three texts are shown, and none is lost. */
import { INVARIANT_NAME, type InvariantText, type WriteProblem } from "../../../../proto/ui.ts";
import { keptName, type Problem } from "../../../invariants/index.ts";
import type { PageDialog, PageElement, PageInput } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { Failure } from "../../page/live.ts";
import { merged } from "../keeping/merge.ts";
import { standing } from "../keeping/saving.ts";
import { grouped } from "../running/words.ts";
import type { Desk } from "./desk.ts";
import { diffView } from "./diff-view.ts";
import type { Folder } from "./folder.ts";
import { button, other, samePort } from "./parts.ts";

const MISTAKES_LISTED = 10;

export class SavingDialog {
  readonly element: PageElement;
  private readonly body = h("div", {});
  private readonly said = h("div", { role: "status" });
  private readonly input: PageInput;
  /** An answer about an earlier name, or a look before the yes, must not stand where a later question is. */
  private turn = 0;

  constructor(
    private readonly desk: Desk,
    private readonly folder: Folder,
    /** What keeps a text from being a rule. */
    private readonly mistakesIn: (text: string) => readonly Problem[],
    private readonly done: (said: string, saved: boolean) => void,
  ) {
    this.input = h("input", { id: "save-name", type: "text", spellcheck: "false", autocomplete: "off", maxlength: "96" }) as PageInput;
    this.input.addEventListener("change", () => void this.look());
    const name = h("div", {}, h("label", { for: "save-name" }, "Name of the file"), this.input);
    this.element = h("dialog", { class: "saving", "aria-labelledby": "save-title" }, h("h2", { id: "save-title" }, "Save to the folder"), name, this.said, this.body);
  }

  private get dialog(): PageDialog {
    return this.element as PageDialog;
  }

  open(): void {
    this.input.value = this.desk.name;
    this.said.replaceChildren();
    if (!this.dialog.open) this.dialog.showModal();
    void this.look();
  }

  private close(said: string, saved = false): void {
    this.dialog.close();
    this.done(said, saved);
  }

  private ways(...buttons: readonly PageElement[]): PageElement {
    return h("div", { class: "actions" }, ...buttons, button("Do not save", () => this.close("")));
  }

  /** Said before anybody agrees to anything. The folder has the last word: it may hold a catalogue of events that does not stand beside this page. */
  private mistaken(name: string, text: string, replaces: string | null): PageElement[] {
    const mistakes = this.mistakesIn(text);
    if (mistakes.length === 0) return [];
    const listed = mistakes.slice(0, MISTAKES_LISTED).map(({ line, column, message, fix }) => h("li", {}, other(`line ${line}, column ${column}: ${message}; ${fix}`)));
    const count = mistakes.length === 1 ? "a mistake" : `${grouped(mistakes.length)} mistakes`;
    const rest = mistakes.length - listed.length;
    const hint = h("p", { class: "hint" }, "Mend the text first, or download it as it is; the draft stays in this browser.");
    return [h("p", { class: "problem" }, `This text has ${count}, so the folder does not take it.`), h("ul", {}, ...listed, ...(rest === 0 ? [] : [h("li", {}, `and ${grouped(rest)} more`)])), hint, this.ways(button("Try to save it all the same", () => void this.write(name, text, replaces), { id: "save-anyway" }))];
  }

  private failed({ said, why }: Failure): void {
    this.said.replaceChildren(h("p", { class: "problem" }, other(`${said}${why === "ended" ? samePort() : ""}`)));
    this.body.replaceChildren(h("p", {}, "Nothing was written, and your text stays. Download saves it without maestro ui."), this.ways(button("Try again", () => void this.look())));
  }

  /** What lies there now, against what would be written. */
  private async look(): Promise<void> {
    const turn = ++this.turn;
    const name = this.input.value.trim();
    if (!INVARIANT_NAME.test(name)) {
      this.body.replaceChildren(h("p", { class: "problem" }, "A name has letters, digits, dots, dashes and underscores, begins with a letter or a digit, and ends in .yaml: team-call-cap.yaml"), this.ways());
      return;
    }
    const kept = keptName(name);
    if (kept !== null) {
      this.body.replaceChildren(h("p", { class: "problem" }, `A rule cannot be ${name}: ${kept}. Name it after the rule: team-call-cap.yaml`), this.ways());
      return;
    }
    this.body.replaceChildren(h("p", { class: "hint" }, "Looking what lies there\u2026"), this.ways());
    const read = await this.folder.read(name);
    if (turn !== this.turn) return;
    if (!read.ok) return this.failed(read.failure);
    this.said.replaceChildren();
    this.show(name, read.value);
  }

  private show(name: string, disk: InvariantText | null): void {
    const { text, sheet } = this.desk;
    const found = standing(name, text, sheet.base, disk);
    const write = (label: string, replaces: string | null) => button(label, () => void this.write(name, text, replaces), { id: "save-yes" });
    const mistaken = this.mistaken(name, text, disk?.sha256 ?? null);
    switch (found.is) {
      case "same":
        this.desk.saved(name, text, found.disk.sha256);
        return this.body.replaceChildren(h("p", {}, "The file says this already; there is nothing to write."), h("div", { class: "actions" }, button("Close", () => this.close(""))));
      case "new":
        if (mistaken.length > 0) return this.body.replaceChildren(...mistaken);
        return this.body.replaceChildren(diffView("A new file", "", text), this.ways(write("Save this", null)));
      case "changes":
        if (mistaken.length > 0) return this.body.replaceChildren(...mistaken);
        return this.body.replaceChildren(diffView("What changes in the file", found.disk.text, text), this.ways(write("Save this", found.disk.sha256)));
      case "conflict":
        return this.conflict(name, text, found.began, found.disk);
    }
  }

  private conflict(name: string, text: string, began: string | null, disk: InvariantText | null): void {
    const mine = button(disk === null ? "Write mine as a new file" : "Write mine over it", () => void this.write(name, text, disk?.sha256 ?? null), { class: "danger", id: "save-over" });
    if (disk === null) {
      this.body.replaceChildren(h("p", { class: "problem" }, "This file was taken away since you began."), diffView("What you would write as a new file", "", text), this.ways(mine));
      return;
    }
    const theirs = button("Take what is on disk", () => {
      this.desk.takeDisk(disk);
      this.close("What is on disk is in the editor now; Undo brings yours back.");
    });
    const both = began === null ? null : merged(began, text, disk.text);
    const together = both === null ? [] : [button("Put both together", () => {
      this.desk.takeDisk(disk, both);
      this.close("Both changes are in the editor now: look at them, and save. Undo brings yours alone back.");
    })];
    const hint = both === null ? "To have both, take what is on disk, undo, and put in what is missing; or save yours under another name." : "Neither of you touched what the other changed, so both can be put together.";
    const parts = began === null ? [] : [diffView("What somebody else changed since you began", began, disk.text), diffView("What you changed since you began", began, text)];
    const why = began === null ? "Another file lies there under this name already. Choose another name, or look at what you would write over." : "This file was changed on disk since you began.";
    this.body.replaceChildren(h("p", { class: "problem" }, why), ...parts, diffView("What your text would change in what lies there now", disk.text, text), h("p", { class: "hint" }, hint), this.ways(...together, theirs, mine));
  }

  private problems(list: readonly WriteProblem[]): void {
    const items = list.map(({ file, line, column, message, fix }) => h("li", {}, other(`${file}:${line}:${column} ${message}; ${fix}`)));
    this.body.replaceChildren(h("p", { class: "problem" }, "It was not written: with this file the folder has mistakes."), h("ul", {}, ...items), this.ways());
  }

  private async write(name: string, text: string, replaces: string | null): Promise<void> {
    this.turn += 1;
    this.body.replaceChildren(h("p", { class: "hint" }, "Writing\u2026"));
    // What is answered is about this name: another one is asked about afterwards.
    this.input.setAttribute("readonly", "");
    const answer = await this.folder.write(name, text, replaces).finally(() => this.input.removeAttribute("readonly"));
    if (!answer.ok) return this.failed(answer.failure);
    const written = answer.value;
    if (written.saved) {
      this.desk.saved(name, text, written.sha256);
      void this.folder.look();
      return this.close(`Saved as ${name}.`, true);
    }
    if (written.because === "problems") return this.problems(written.problems);
    this.said.replaceChildren(h("p", { class: "problem" }, "It was changed while you looked; nothing was written."));
    this.show(name, written.now);
  }
}
