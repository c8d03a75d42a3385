/** Keeping and trying: mounted over and under the editor, standing on its document. */
import type { PageDocument, PageElement } from "../../page/dom.ts";
import { elementOf, h } from "../../page/element.ts";
import { takeHandedOver } from "../../page/handing-over.ts";
import { compileAll, look, takenBeside } from "../../../invariants/index.ts";
import { ruleThatCaught } from "../keeping/caught.ts";
import { draftIn, Drafts, type Shelf } from "../keeping/drafts.ts";
import type { Studio } from "../studio.ts";
import { Asking } from "./asking.ts";
import { bar, type Bar } from "./bar.ts";
import { Desk, digestOf, type Browser } from "./desk.ts";
import { examplesView } from "./examples-view.ts";
import { takeFiles, type Takes } from "./files.ts";
import { Folder } from "./folder.ts";
import { button, other } from "./parts.ts";
import { runningView, type RunningView } from "./running-view.ts";

declare const document: PageDocument & { readonly visibilityState: string };
declare const window: { readonly localStorage: Shelf; readonly sessionStorage: Shelf; addEventListener(type: string, listener: (event: { preventDefault(): void }) => void): void };

const REMEMBERED_AS = "maestro.studio.at";
/** After the last key: often enough that a crash loses a word, seldom enough that nobody waits for a disk. */
const KEEP_AFTER_MS = 300;
const LOOK_EVERY_MS = 30_000;

/** A browser that keeps nothing throws already where it is asked for its storage. */
function storageOf(take: () => Shelf): Shelf | null {
  try {
    const shelf = take();
    shelf.getItem(REMEMBERED_AS);
    return shelf;
  } catch (cause) {
    if (cause instanceof Error) return null;
    throw cause;
  }
}

function browserOf(session: Shelf | null): Browser {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
    later: (act) => {
      clearTimeout(timer);
      timer = setTimeout(act, KEEP_AFTER_MS);
    },
    remember: (draft) => {
      try {
        session?.setItem(REMEMBERED_AS, JSON.stringify(draft));
      } catch (cause) {
        // Full: a reload then shows the list of drafts instead of the one that was open.
        if (!(cause instanceof Error)) throw cause;
      }
    },
    remembered: () => draftIn(session?.getItem(REMEMBERED_AS) ?? ""),
  };
}

function dropsOf(take: (files: Iterable<File>) => void): void {
  const drop = elementOf("drop");
  const over = (on: boolean): void => void (drop.className = on ? "bar drop over" : "bar drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", () => over(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    take(event.dataTransfer?.files ?? []);
  });
}

/** What is still in memory alone goes to the browser's storage before the page goes; where that keeps nothing the browser asks first. */
function leaving(desk: Desk): void {
  window.addEventListener("pagehide", () => desk.keepNow());
  document.addEventListener("visibilitychange", () => void (document.visibilityState === "hidden" && desk.keepNow()));
  window.addEventListener("beforeunload", (event) => {
    desk.keepNow();
    if (desk.keeping.is === "problem") event.preventDefault();
  });
}

const isCatalogue = (name: string): boolean => /^events\.ya?ml$/.test(name);

/** One with a mistake would count as none, without a word. */
function stoodBeside(studio: Studio, name: string, text: string): string {
  const [mistake] = compileAll([{ name, text }]).errors;
  if (mistake !== undefined) return `${name} has a mistake, so it is not taken: line ${mistake.line}, column ${mistake.column}: ${mistake.message}; ${mistake.fix}`;
  studio.setBeside([{ name, text }]);
  return `${name} says which events there are from now on.`;
}

/** Save, run and what came of it stay in sight beside the form, however long it is. */
function quick(top: Bar, running: RunningView, folder: Folder): readonly PageElement[] {
  const save = button("Save\u2026", top.save, { id: "quick-save" });
  // The words are read aloud where they stand first.
  const said = h("p", { id: "quick-said", "aria-hidden": "true" });
  const where = button("See where", () => running.toList(), { id: "quick-where" });
  where.hidden = true;
  running.onSaid = (text, listed) => {
    said.replaceChildren(other(text));
    where.hidden = !listed;
  };
  const draw = (): void => void (save.hidden = folder.state.is === "disk" || folder.state.is === "waiting");
  folder.watch(draw);
  draw();
  return [save, button("Run", () => running.once(), { id: "quick-run" }), said, where];
}

export function mountWork(studio: Studio): void {
  const drafts = new Drafts(storageOf(() => window.localStorage));
  const desk = new Desk(studio.store, drafts, browserOf(storageOf(() => window.sessionStorage)));
  const folder = new Folder();
  const asking = new Asking(() => studio.startWorker());
  const running = runningView(studio, asking, folder);
  const takes: Takes = {
    rule: (name, text) => {
      desk.open(text, name, { name, text, sha256: digestOf(text) });
      top.say(`${name} is open.`);
    },
    catalogue: (name, text) => top.say(stoodBeside(studio, name, text)),
    recording: (source) => running.give(source),
    walks: (name, walks) => running.choose(name, walks),
    say: (text) => top.say(text),
  };
  const take = (files: Iterable<File>): void => void takeFiles(files, takes);
  const top = bar(desk, folder, take, (text) => look(text, { events: studio.known.events, taken: takenBeside(studio.known.events) }).problems);
  elementOf("keeping").append(top.element);
  elementOf("quick").append(...quick(top, running, folder));
  elementOf("trying").append(examplesView(studio, asking), running.element);
  dropsOf(take);
  leaving(desk);
  const row = takeHandedOver();
  if (row !== null) {
    desk.open(ruleThatCaught(row), null, null);
    top.say(`A new rule that would have caught ${row.gate_id}: its event is the example that breaks it. Say what must not happen again, and run it over what the daemon recorded.`);
  }
  if (studio.store.draft.text === "") top.unfold(true);
  void open(folder, studio, top.say);
}

/** Opens what is behind the page, and takes its catalogue of events with it; then looks now and then whether it is still there. */
async function open(folder: Folder, studio: Studio, say: (text: string) => void): Promise<void> {
  await folder.open();
  if (folder.state.is !== "open") return;
  const catalogue = folder.state.list?.files.find(({ name }) => isCatalogue(name));
  const read = catalogue === undefined ? null : await folder.read(catalogue.name);
  if (read?.ok === true && read.value !== null) say(stoodBeside(studio, read.value.name, read.value.text));
  setInterval(() => void (document.visibilityState === "visible" && folder.look()), LOOK_EVERY_MS);
}
