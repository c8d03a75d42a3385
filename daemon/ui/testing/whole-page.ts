/** What a page looks like as a whole: what of it is cut off, where the Tab key goes, and what it was kept from by its own policy. */
import type { Page } from "puppeteer-core";

/** These scroll on purpose: each can be reached by keys, or what stands in it can. */
const MAY_SCROLL = ".diff-box, .excerpt, .cards, .one-card, .told ul, .combo ul";

/** Elements whose text ends at their edge without saying so, and a page that goes on below its end; none is as it should be. */
export async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const cut = [];
    // For screen readers alone; they stand before what is in them.
    const clipped = [];
    const nameOf = (node) => node.tagName.toLowerCase() + (node.id === "" ? "" : "#" + node.id) + (node.className === "" ? "" : "." + String(node.className).replaceAll(" ", "."));
    for (const node of document.querySelectorAll("body *")) {
      if (node.closest("svg, select") !== null || ["INPUT", "TEXTAREA"].includes(node.tagName) || !node.checkVisibility()) continue;
      const style = getComputedStyle(node);
      if (style.clipPath !== "none") clipped.push(node);
      if (clipped.some((one) => one.contains(node))) continue;
      const wide = node.scrollWidth - node.clientWidth;
      if (node.clientWidth > 0 && wide > 1 && style.overflowX !== "visible" && style.textOverflow !== "ellipsis" && !node.matches(".diff-box, .excerpt")) cut.push(nameOf(node) + " is " + wide + " px too narrow");
      const high = node.scrollHeight - node.clientHeight;
      if (node.clientHeight > 0 && high > 2 && style.overflowY !== "visible" && style.textOverflow !== "ellipsis" && !node.matches(${JSON.stringify(MAY_SCROLL)})) cut.push(nameOf(node) + " is " + high + " px too low");
    }
    for (const table of document.querySelectorAll("table")) {
      const over = table.getBoundingClientRect().right - table.parentElement.getBoundingClientRect().right;
      if (over > 1 && table.checkVisibility() && !table.parentElement.matches(".diff-box")) cut.push(nameOf(table) + " of " + nameOf(table.parentElement) + " is " + Math.round(over) + " px wider than its place");
    }
    const end = document.querySelector("footer").getBoundingClientRect().bottom + scrollY;
    const below = document.documentElement.scrollHeight - Math.max(end, innerHeight);
    if (below > 2) cut.push("the page goes on for " + Math.round(below) + " px below its end");
    return cut.slice(0, 8);
  })()`) as Promise<string[]>;
}

export interface Walked {
  /** Stops of the Tab key. */
  readonly stops: number;
  /** Controls that no press of it reached. */
  readonly missed: readonly string[];
  /** Stops that show nothing of having the focus, or lie outside of what is seen. */
  readonly unseen: readonly string[];
}

const STOPS_MAX = 300;

/** What Tab stops at, in the page or in a dialog that is open. */
const CONTROLS = `[...(document.querySelector("dialog[open]") ?? document).querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter((node) => node.tabIndex >= 0 && !node.disabled && node.checkVisibility())`;

/** Of a group of radio buttons one is stopped at, and arrows reach the others. */
const MISSED = `${CONTROLS}.filter((node) => !globalThis.walk.reached.has(node) && !(node.type === "radio" && !node.checked))`;

/** What the page has become stands on the screen. */
export const drawn = (page: Page): Promise<unknown> => page.evaluate("new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(told)))");

/** Presses Tab from the first control on until every one was reached, or it leads nowhere, or to where it was. */
export async function walked(page: Page): Promise<Walked> {
  await page.evaluate(`(() => {
    globalThis.walk = { reached: new Set(), unseen: [], nameOf: (node) => (node.id || node.getAttribute("aria-label") || node.textContent.trim()).slice(0, 60) };
    ${CONTROLS}[0].focus();
  })()`);
  // A focus that a script gives has no ring where no key was pressed before; one that comes back by a key has.
  await page.keyboard.press("Tab");
  await page.keyboard.down("Shift");
  await page.keyboard.press("Tab");
  await page.keyboard.up("Shift");
  await drawn(page);
  for (let stops = 0; stops < STOPS_MAX; stops++) {
    const over = await page.evaluate(`(() => {
      const at = document.activeElement;
      const { reached, unseen, nameOf } = globalThis.walk;
      if (at === null || at === document.body || at === document.documentElement || reached.has(at)) return true;
      reached.add(at);
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      const { top, bottom, left, right } = at.getBoundingClientRect();
      if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) unseen.push(nameOf(at) + " (no ring)");
      if (bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth) unseen.push(nameOf(at) + " (out of sight)");
      // Beyond the last one stands the browser itself, and Firefox does not come back from there.
      return ${MISSED}.length === 0;
    })()`);
    if (over === true) break;
    await page.keyboard.press("Tab");
    // Of keys a millisecond apart Firefox now and then scrolls to none.
    await drawn(page);
  }
  return page.evaluate(`(() => {
    const { reached, unseen, nameOf } = globalThis.walk;
    return { stops: reached.size, missed: ${MISSED}.map(nameOf), unseen };
  })()`) as Promise<Walked>;
}

/** From the next document on, what the page's own policy keeps it from is counted. */
export async function watchPolicy(page: Page): Promise<void> {
  await page.evaluateOnNewDocument("globalThis.kept = []; document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => globalThis.kept.push(effectiveDirective + ' ' + blockedURI));");
}

/** Without the icon, for which Firefox asks by itself. */
export const keptFrom = async (page: Page): Promise<string[]> => page.evaluate("globalThis.kept.filter((one) => !one.endsWith('/favicon.ico'))") as Promise<string[]>;

/** Where the focus is: nowhere is the document's body. */
export const focusedName = async (page: Page): Promise<string> => page.evaluate("(({ id, tagName, className }) => id || (className === '' ? tagName : tagName + '.' + className))(document.activeElement)") as Promise<string>;
