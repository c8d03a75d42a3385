/** The page in the browser: takes files and pasted text, asks the worker, draws its answer. */
import { drawFiles, drawSteps, drawVerdict } from "./draw.ts";
import type { Answer } from "./answer.ts";
import type { PageDocument, PageInput } from "../page/dom.ts";
import { elementOf } from "../page/element.ts";
import { asking, type Ask } from "./asking.ts";

declare const document: PageDocument;

const PASTED = "pasted text";

interface Held {
  readonly name: string;
  readonly blob: Blob;
  readonly known?: boolean;
}

const TITLES: Readonly<Record<Answer["verdict"], string>> = { verified: "Verified", failed: "Failed", unknown_signer: "Unknown signer", not_judged: "Not judged here", waiting: "Maestro verifier" };

const JUDGING = { verdict: "waiting", headline: "Judging\u2026", reasons: [], remarks: [] } as const;

class Page {
  private held: Held[] = [];
  private asked = 0;

  constructor(private readonly ask: Ask) {}

  add(more: readonly Held[]): void {
    // A file of the same name is the same file given anew; the browser may not read the older one any more.
    const others = this.held.filter(({ name }) => name === PASTED || !more.some((one) => one.name === name));
    this.held = [...others, ...more];
    void this.judge();
  }

  clear(): void {
    this.held = [];
    void this.judge();
    elementOf("evidence").focus();
  }

  private remove(index: number): void {
    this.held = this.held.filter((_, i) => i !== index);
    void this.judge();
    elementOf("evidence").focus();
  }

  /** Judges what is there now; an answer that a newer question overtook is dropped. */
  async judge(): Promise<void> {
    const id = ++this.asked;
    const start = performance.now();
    const root = document.documentElement;
    elementOf("verdict").setAttribute("aria-busy", "true");
    // What was said of other files must not stand beside these while they are judged.
    drawVerdict(elementOf("verdict"), JUDGING);
    drawSteps(elementOf("steps"), []);
    elementOf("questions").hidden = true;
    elementOf("note").textContent = "";
    const { answer } = await this.ask({ id, files: this.held, now_ms: Date.now() });
    if (id !== this.asked) return;
    drawVerdict(elementOf("verdict"), answer);
    drawSteps(elementOf("steps"), answer.steps);
    // Only the last file of a kind was judged: the others go, or the list would say otherwise.
    const last = (i: number): boolean => answer.files.findLastIndex(({ kind }) => kind === answer.files[i]?.kind) === i;
    this.held = this.held.filter((_, i) => last(i)).map((held) => ({ ...held, known: true }));
    drawFiles(elementOf("files"), answer.files.filter((_, i) => last(i)), (index) => this.remove(index));
    elementOf("questions").hidden = answer.steps.length === 0;
    elementOf("note").textContent = answer.steps.length === 0 ? "" : `Judged on this computer in ${Math.max(1, Math.round(answer.took_ms))} ms, without a network.`;
    document.title = `${TITLES[answer.verdict]} \u2013 Maestro verifier`;
    elementOf("verdict").setAttribute("aria-busy", "false");
    root.dataset["verdict"] = answer.verdict;
    root.dataset["judged"] = String(id);
    root.dataset["tookMs"] = answer.took_ms.toFixed(1);
    root.dataset["drawnMs"] = (performance.now() - start).toFixed(1);
  }
}

function takeFiles(page: Page, input: PageInput): void {
  page.add([...(input.files ?? [])].map((blob) => ({ name: blob.name, blob })));
  // The same file chosen once more is asked about once more.
  input.value = "";
}

/** A text box adds or drops the last line's end: canonical JSON has none, signed notes must have one. */
const asFile = (text: string): string => (text.trimStart().startsWith("{") ? text.trim() : `${text.replace(/\n+$/, "")}\n`);

export function startPage(script: string): void {
  const page = new Page(asking(script));
  for (const id of ["evidence", "trust"]) {
    const input = elementOf(id) as PageInput;
    input.addEventListener("change", () => takeFiles(page, input));
  }
  const pasted = elementOf("pasted") as PageInput;
  elementOf("paste").addEventListener("submit", (event) => {
    event.preventDefault();
    if (pasted.value === "") return;
    page.add([{ name: PASTED, blob: new Blob([asFile(pasted.value)], { type: "text/plain" }) }]);
    pasted.value = "";
  });
  elementOf("clear").addEventListener("click", () => page.clear());
  const drop = elementOf("drop");
  const over = (on: boolean) => (drop.className = on ? "drop over" : "drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", () => over(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    page.add([...(event.dataTransfer?.files ?? [])].map((blob) => ({ name: blob.name, blob })));
  });
  void page.judge();
}
