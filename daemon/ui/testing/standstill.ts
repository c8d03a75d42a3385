/** How long a page lets nothing else have a turn, on a machine that may pause. */
import type { Page } from "puppeteer-core";

const TRIES = 3;
const WATCH = `(() => {
  clearInterval(globalThis.watching);
  globalThis.longest = 0;
  let last = performance.now();
  globalThis.watching = setInterval(() => {
    const at = performance.now();
    globalThis.longest = Math.max(globalThis.longest, at - last);
    last = at;
  }, 20);
})()`;

/** The longest time in ms between two turns of a timer in the page while `work` goes on. */
export async function standstillOf(page: Page, work: () => Promise<unknown>): Promise<number> {
  await page.evaluate(WATCH);
  await work();
  return Number(await page.evaluate("globalThis.longest"));
}

/** Measured again where it is `bound_ms` or more, and the least counts: a page that is slow is so every time, a pause of the machine is none of its. */
export async function leastMs(bound_ms: number, measure: (again: boolean) => Promise<number>): Promise<number> {
  let least_ms = Infinity;
  for (let tries = 0; tries < TRIES && least_ms >= bound_ms; tries++) least_ms = Math.min(least_ms, await measure(tries > 0));
  return least_ms;
}
