/** The page of cards as somebody uses it: files given, keys pressed, lines read off the document. */
import type { Page } from "puppeteer-core";
import { PAGE_DEADLINE_MS } from "./browser.ts";

/** Gives files through the page's own input, and waits until the last was read. */
export async function giveCards(page: Page, paths: readonly string[]): Promise<void> {
  const before = Number(await page.evaluate("document.documentElement.dataset.read ?? 0"));
  const input = await page.$("input#given");
  if (input === null) throw new Error("the page takes no files");
  await input.uploadFile(...paths);
  await page.waitForFunction(`Number(document.documentElement.dataset.read ?? 0) > ${before}`, { timeout: PAGE_DEADLINE_MS });
}

export const listed = async (page: Page): Promise<number> => Number(await page.evaluate("document.documentElement.dataset.listed"));

/** Waits for so many cards to be listed. */
export async function untilListed(page: Page, count: number): Promise<void> {
  await page.waitForFunction(`Number(document.documentElement.dataset.listed) === ${count}`, { timeout: PAGE_DEADLINE_MS });
}

/** Writes a search letter by letter. */
export async function searchFor(page: Page, text: string): Promise<void> {
  await page.evaluate("document.getElementById('query').value = ''; document.getElementById('query').dispatchEvent(new Event('input')); document.getElementById('query').focus()");
  await page.keyboard.type(text);
}

export interface Focused {
  /** Which line of all, as assistive technology is told; null where the focus is elsewhere. */
  readonly line: number | null;
  readonly text: string;
}

export async function focused(page: Page): Promise<Focused> {
  return page.evaluate(`(() => {
    const at = document.activeElement;
    return { line: at.getAttribute("role") === "row" ? Number(at.getAttribute("aria-rowindex")) - 1 : null, text: at.querySelector?.(".change .one, .group-name")?.textContent.trim() ?? at.id };
  })()`) as Promise<Focused>;
}

/** Titles of the lines that are drawn, in the order of the document. */
export async function titles(page: Page): Promise<string[]> {
  return page.evaluate("[...document.querySelectorAll('#list .row .change .one')].map((node) => node.textContent)") as Promise<string[]>;
}

export const told = async (page: Page): Promise<string[]> => page.evaluate("[...document.querySelectorAll('#told-list li')].map((node) => node.textContent)") as Promise<string[]>;

export async function choose(page: Page, id: string, value: string): Promise<void> {
  await page.select(`select#${id}`, value);
}
