/** What a person could trip over: text cut off, too little contrast, a keyboard that does not get there. */
import { readFileSync } from "node:fs";
import type { Page } from "puppeteer-core";

const AXE = Bun.resolveSync("axe-core/axe.min.js", import.meta.dir);

/** Rules of WCAG 2.2 AA and best practice that the page breaks, with the elements; by axe-core. */
export async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const found = await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, impact, nodes }) => id + " (" + impact + "): " + nodes.slice(0, 3).map(({ target }) => target.join(" ")).join(", ")))`);
  return found as string[];
}

/** Elements wider than the page, and pixels that the page scrolls sideways. */
export async function sideways(page: Page): Promise<number> {
  return (await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")) as number;
}

/** Ids or labels of what so many presses of the Tab key reach, in its order. */
export async function tabOrder(page: Page, presses: number): Promise<string[]> {
  await page.evaluate("document.activeElement?.blur(); window.getSelection()?.removeAllRanges()");
  const order: string[] = [];
  for (let i = 0; i < presses; i++) {
    await page.keyboard.press("Tab");
    const at = (await page.evaluate("document.activeElement === document.body ? '' : document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()")) as string;
    order.push(at);
  }
  return order;
}
