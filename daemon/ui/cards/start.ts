/** Starts the page: what cards are given with, keys that work everywhere, and the daemon where one serves the page. */
import { plural } from "../../verifier/words/card.ts";
import type { PageBox, PageDetails, PageDialog, PageDocument, PageEvent, PageInput, PageKey } from "../page/dom.ts";
import { elementOf, foreign, h } from "../page/element.ts";
import { openLive, type Failure, type Live } from "../page/live.ts";
import { filesDropped, mayHoldCards, type DroppedItem } from "./dropped.ts";
import { Feed } from "./feed.ts";
import { CARDS_LIMITS } from "./limits.ts";
import { CardsPage } from "./page.ts";
import { Progress } from "./progress.ts";
import { createReader } from "./reader.ts";

declare const document: PageDocument;

const PASTED = "pasted text";

const passedOver = (passed: number): string[] => (passed === 0 ? [] : [passed === 1 ? "1 file of the folder is no .json or .ndjson, or could not be read; it was passed over." : `${passed.toLocaleString("en")} files of the folder are no .json or .ndjson, or could not be read; they were passed over.`]);
const tooMany = (over: boolean): string[] => (over ? [`More than ${CARDS_LIMITS.files_max.toLocaleString("en")} files were given; the rest was not read.`] : []);

/** The focus goes with what is folded away. */
function foldGiving(): void {
  const giving = elementOf("giving") as PageDetails & PageBox;
  const focused = giving.contains(document.activeElement);
  giving.open = false;
  if (focused) elementOf("giving-summary").focus();
}

function give(page: CardsPage, files: readonly File[], remarks: readonly string[]): void {
  void page.give(files.map((blob) => ({ name: blob.name, blob })), remarks);
  if (files.length > 0) foldGiving();
}

function takeInputs(page: CardsPage): void {
  const given = elementOf("given") as PageInput;
  given.addEventListener("change", () => {
    const files = [...(given.files ?? [])];
    give(page, files.slice(0, CARDS_LIMITS.files_max), tooMany(files.length > CARDS_LIMITS.files_max));
    // The same file chosen once more is read once more.
    given.value = "";
  });
  const folder = elementOf("folder") as PageInput;
  folder.addEventListener("change", () => {
    const all = [...(folder.files ?? [])];
    const files = all.filter(({ name }) => mayHoldCards(name));
    give(page, files.slice(0, CARDS_LIMITS.files_max), [...passedOver(all.length - files.length), ...tooMany(files.length > CARDS_LIMITS.files_max)]);
    folder.value = "";
  });
  const pasted = elementOf("pasted") as PageInput;
  elementOf("paste").addEventListener("submit", (event) => {
    event.preventDefault();
    if (pasted.value.trim() === "") return;
    void page.give([{ name: PASTED, blob: new Blob([pasted.value], { type: "text/plain" }) }]);
    pasted.value = "";
  });
}

/** A browser hands no file over twice, so taking them away is asked first. */
function takeRemoval(page: CardsPage): void {
  const dialog = elementOf("removing") as PageDialog;
  elementOf("clear").addEventListener("click", () => {
    elementOf("removing-what").textContent = `${plural(page.given, "card")} of files would be gone from this page, and the files have to be given again to see them. Search and filters stay, and so does what the daemon lists.`;
    dialog.showModal();
  });
  elementOf("removing-no").addEventListener("click", () => dialog.close());
  elementOf("removing-yes").addEventListener("click", () => {
    dialog.close();
    (elementOf("giving") as PageDetails).open = true;
    page.clear();
  });
}

function takeDrops(page: CardsPage): void {
  const drop = elementOf("giving");
  const over = (on: boolean) => (drop.className = on ? "drop over" : "drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", () => over(false));
  document.addEventListener("drop", (event: PageEvent) => {
    event.preventDefault();
    over(false);
    const transfer = event.dataTransfer as (PageEvent["dataTransfer"] & { readonly items?: Iterable<DroppedItem> }) | null | undefined;
    if (transfer === null || transfer === undefined) return;
    void filesDropped(transfer.items ?? [], transfer.files).then(({ files, passed, over: more }) => give(page, files, [...passedOver(passed), ...tooMany(more)]));
  });
}

/** A letter typed into a field is a letter. */
const WRITTEN_INTO = new Set(["INPUT", "TEXTAREA", "SELECT"]);

function takeKeys(page: CardsPage): void {
  document.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, altKey } = event as PageKey;
    const at = document.activeElement as { readonly tagName?: string } | null;
    if (ctrlKey || metaKey || altKey || WRITTEN_INTO.has(at?.tagName ?? "")) return;
    if (key === "/" && !elementOf("filters").hidden) {
      event.preventDefault();
      page.focusSearch();
    } else if (key === "Escape" && !(elementOf("removing") as PageDialog).open) page.close();
  });
}

function sayFailure(failure: Failure | null, page: CardsPage): void {
  const problem = elementOf("problem");
  problem.hidden = failure === null;
  problem.replaceChildren(...(failure === null ? [] : [h("p", {}, foreign(failure.said)), ...(page.empty ? [] : [h("p", {}, "What is shown here stays.")])]));
}

const READING = "Reading what the daemon decided\u2026";

/** Instead of that, while there is no answer. */
const unread = ({ why }: Failure, page: CardsPage): string => `${page.empty ? "Nothing of the daemon could be read yet" : "Not everything of the daemon could be read yet"}${why === "session" ? "." : "; this page asks again by itself."}`;

/** Where the page was served, the daemon's cards come by themselves; from disk there is nobody to ask. */
async function follow(page: CardsPage, opened: (live: Live) => void): Promise<void> {
  const opening = await openLive();
  document.documentElement.dataset["opening"] = opening.at;
  if (opening.at !== "open") page.settled();
  if (opening.at === "disk") return;
  if (opening.at === "closed") return sayFailure(opening.failure, page);
  opened(opening.live);
  foldGiving();
  const from = elementOf("from");
  from.textContent = READING;
  let whole = false;
  const feed = new Feed(opening.live, {
    take: (cards) => page.take(cards),
    failed: (failure) => {
      sayFailure(failure, page);
      if (!whole) from.textContent = failure === null ? READING : unread(failure, page);
      if (failure === null) page.answers();
      if (failure?.why !== "refused") return;
      // Nobody asks again, so nothing more comes by itself; what files hold can be looked at all the same.
      from.textContent = "The daemon gives this page no list; cards in files can be opened.";
      (elementOf("giving") as PageDetails).open = true;
      page.settled();
    },
    state: ({ reading, full }) => {
      whole ||= !reading;
      from.textContent = reading ? "Reading older decisions of the daemon\u2026" : `Decisions of the daemon behind maestro ui, and what follows as it comes.${full ? ` The ${CARDS_LIMITS.cards_max.toLocaleString("en")} newest are here; older ones stayed with the daemon.` : ""}`;
      document.documentElement.dataset["following"] = String(!reading);
      if (!reading) page.settled();
    },
  });
  await feed.run();
}

export function startPage(script: string): void {
  let live: Live | null = null;
  const page = new CardsPage(createReader(script, new Progress(elementOf("reading"), () => elementOf("giving-summary"))), script, () => live);
  takeInputs(page);
  takeRemoval(page);
  takeDrops(page);
  takeKeys(page);
  void follow(page, (opened) => (live = opened));
  document.documentElement.dataset["judged"] = "1";
}
