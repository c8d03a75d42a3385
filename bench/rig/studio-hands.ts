/** The Invariant Studio under somebody's hands: real clicks and keys alone, in the form, its lists of what may be written, the YAML and the dialog. */
import { expect } from "bun:test";
import { type Page, TimeoutError } from "puppeteer-core";
import { PAGE_DEADLINE_MS } from "../../daemon/ui/testing/browser.ts";

/** `begin` is typed, `take` is marked in the list and taken, and `leaves` is what stands there then. */
interface Chosen {
  readonly begin: string;
  readonly take: string;
  readonly leaves: string;
}
export type Keys = string | readonly (string | Chosen)[];

export const by = (begin: string, take: string): Chosen => ({ begin, take, leaves: take });
/** A field in a message: the list closes the braces, too. */
export const shown = (begin: string, field: string): Chosen => ({ begin: `{{${begin}`, take: field, leaves: `{{${field}}}` });

const whole = (keys: Keys): string => (typeof keys === "string" ? keys : keys.map((part) => (typeof part === "string" ? part : part.leaves)).join(""));

const WAIT = { timeout: PAGE_DEADLINE_MS };
/** After so long a click has missed; a page on a machine with much to do takes seconds for a field. */
const MISSED_MS = 30_000;
const OPTIONS_MAX = 60;
const quoted = (text: string): string => JSON.stringify(text);

export class Hands {
  constructor(readonly page: Page) {}

  until(condition: string): Promise<unknown> {
    return this.page.waitForFunction(condition, WAIT);
  }

  value(id: string): Promise<string> {
    return this.page.evaluate(`document.getElementById(${quoted(id)}).value`) as Promise<string>;
  }

  text(selector: string): Promise<string> {
    return this.page.evaluate(`document.querySelector(${quoted(selector)}).innerText`) as Promise<string>;
  }

  /** A button by its name, of those that are to be seen, where it stands still. The form may be built anew between look and click; then it is looked for once more. */
  async press(name: string): Promise<void> {
    const found = new Function(`return [...document.querySelectorAll("button")].find((one) => (one.getAttribute("aria-label") ?? one.textContent) === ${quoted(name)} && one.checkVisibility()) ?? null`);
    await this.page.locator(found as () => object).setTimeout(PAGE_DEADLINE_MS).click();
  }

  private async both(held: "Control" | "Shift", key: "a" | "End" | " "): Promise<void> {
    await this.page.keyboard.down(held);
    await this.page.keyboard.press(key);
    await this.page.keyboard.up(held);
  }

  /** Clicks until it holds: what an answer builds anew, or what it moves, may be missed by a click that was under way. A control that does nothing is no further by many clicks. */
  private async clickUntil(id: string, held: string): Promise<void> {
    const ends_ms = performance.now() + PAGE_DEADLINE_MS;
    for (;;) {
      await this.page.locator(`#${id}`).setTimeout(PAGE_DEADLINE_MS).click();
      const timeout = performance.now() > ends_ms ? 1 : MISSED_MS;
      if (await this.page.waitForFunction(held, { timeout }).then(() => true, (error: unknown) => (error instanceof TimeoutError && performance.now() < ends_ms ? false : Promise.reject(error)))) return;
    }
  }

  /** Into a field by a click. */
  enter(id: string): Promise<void> {
    return this.clickUntil(id, `document.activeElement?.id === ${quoted(id)}`);
  }

  /** Types until the list marks what is wanted, and takes it. */
  private async choose({ begin, take, leaves }: Chosen): Promise<void> {
    const { keyboard } = this.page;
    await keyboard.type(begin);
    const marked = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant') ?? '')?.querySelector('.name').textContent ?? ''";
    await this.until(`[...document.querySelectorAll('#' + document.activeElement.id + '-list [role=option] .name')].some((one) => one.textContent === ${quoted(take)})`);
    for (let i = 0; i < OPTIONS_MAX && (await this.page.evaluate(marked)) !== take; i++) await keyboard.press("ArrowDown");
    expect(await this.page.evaluate(marked)).toBe(take);
    await keyboard.press("Enter");
    await this.until(`document.activeElement.value.slice(0, document.activeElement.selectionStart).endsWith(${quoted(leaves)})`);
  }

  /** Takes away what stands in the field, and writes. */
  async write(id: string, keys: Keys): Promise<void> {
    await this.enter(id);
    if ((await this.value(id)) !== "") {
      await this.both("Control", "a");
      await this.page.keyboard.press("Backspace");
    }
    for (const part of typeof keys === "string" ? [keys] : keys) await (typeof part === "string" ? this.page.keyboard.type(part) : this.choose(part));
    expect(await this.value(id)).toBe(whole(keys));
    await this.page.keyboard.press("Tab");
  }

  /** One of the words of a field that has no others. */
  async pick(id: string, word: string): Promise<void> {
    await this.page.select(`#${id}`, word);
  }

  /** The button that puts another item into a list; `field` is one of it. */
  add(id: string, field: string): Promise<void> {
    return this.clickUntil(id, `document.getElementById(${quoted(field)}) !== null`);
  }

  /** A new rule, of which nothing is written yet. */
  async begin(template: string): Promise<void> {
    await this.unfolded();
    await this.press(template);
    await this.until("document.getElementById('file-state').innerText !== 'as the file it was opened from'");
  }

  private async unfolded(): Promise<void> {
    if (!((await this.page.evaluate("document.getElementById('open-more').open")) as boolean)) await this.page.locator("#open-more > summary").click();
  }

  /** Nothing is left of the text, and the form says so. */
  async clear(): Promise<void> {
    await this.enter("yaml");
    await this.both("Control", "a");
    await this.page.keyboard.press("Delete");
    await this.until("document.getElementById('f-id').value === '' && document.getElementById('f-when-0-event') === null");
  }

  /** At the end of the YAML. */
  async append(text: string): Promise<void> {
    await this.enter("yaml");
    await this.both("Control", "End");
    await this.page.keyboard.type(text);
  }

  /** Every example shows what it is said to show, and nothing is wrong anywhere. */
  async tried(examples: number): Promise<void> {
    await this.until(`document.getElementById('examples-count')?.innerText === 'all ${examples} show what they say' && document.getElementById('problems-count').textContent.startsWith('No mistake')`);
  }

  /** What a run says that `begin` starts, and no run before it. */
  private async run(begin: () => Promise<void>): Promise<string> {
    await this.page.evaluate("(() => { globalThis.told = ''; const status = document.getElementById('run-status'); new MutationObserver((_, seeing) => { if (!/^It would|^Nothing could|mistakes|failed/.test(status.textContent)) return; globalThis.told = status.textContent; seeing.disconnect(); }).observe(status, { childList: true }); })()");
    await begin();
    await this.until("globalThis.told !== ''");
    return this.page.evaluate("globalThis.told") as Promise<string>;
  }

  /** What the rule says of every change that the daemon behind `maestro ui` has on record. */
  live(): Promise<string> {
    return this.run(() => this.press("Run over what the daemon recorded"));
  }

  /** What it says of a recording that is given. */
  recorded(path: string): Promise<string> {
    return this.run(async () => {
      await (await this.page.$("input#recording"))?.uploadFile(path);
    });
  }

  /** Under that name, after a look at what would be written; gives what was shown. */
  async save(name: string): Promise<string> {
    await this.press("Save to the folder\u2026");
    // What it says then makes it higher, and its field stands elsewhere.
    await this.until("document.querySelector('dialog')?.open === true && !document.querySelector('dialog').innerText.includes('Looking what lies there')");
    await this.write("save-name", name);
    await this.until("document.querySelector('dialog #save-yes') !== null");
    const shown = await this.text("dialog");
    await this.press("Save this");
    await this.until(`!document.querySelector('dialog').open && document.getElementById('said').innerText === ${quoted(`Saved as ${name}.`)}`);
    return shown;
  }
}
