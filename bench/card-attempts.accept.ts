/** An older attempt on the page of cards, in real browsers with a real daemon behind `maestro ui`: its own findings and the lines around them, and nobody else's. */
import { afterAll, beforeAll, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { AGENT, oneDocument, World, type GateDocument } from "../daemon/e2e/testing/world.ts";
import { ServedUi } from "../daemon/e2e/testing/served.ts";
import { BROWSERS, openBrowser, PAGE_DEADLINE_MS, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { accepts, output } from "./rig/accepts.ts";

const DEADLINE = { timeout: PAGE_DEADLINE_MS };
const world = new World();
const attempts: GateDocument[] = [];

/** One change, gated twice: nothing but the attempt is another. */
beforeAll(async () => {
  await world.daemon();
  const source = await world.repository({ "a.ts": "export const a = 1;\n", ".github/workflows/t.yml": "on: push\njobs: {}\n" }, "shop");
  source.git("switch", "-qc", "change");
  await source.commit({ ".github/workflows/t.yml": "on: push\njobs: {a: {}}\n" }, AGENT);
  for (const more of [[], ["--rerun"]]) attempts.push(oneDocument(await world.run(["gate", source.path, "--target", "main", "--json", ...more])) as GateDocument);
  for (const [i, document] of attempts.entries()) writeFileSync(world.path(`attempt-${i + 1}.json`), JSON.stringify(document));
}, 180_000);
afterAll(() => world.dispose(), 120_000);

for (const name of Object.keys(BROWSERS) as BrowserName[]) {
  const version = (await output([BROWSERS[name], "--version"])).trim().replace(/\s+/g, " ");
  accepts({ name, version }, "each of two attempts is shown with its own findings, whichever is newest", async () => {
    expect(attempts.map(({ card }) => card.attempt)).toEqual([1, 2]);
    await using ui = ServedUi.start(world.home, ["cards", "--socket", world.socket_path]);
    const link = await ui.link();
    const { browser, close } = await openBrowser(name);
    try {
      const page = await browser.newPage();
      const asked: string[] = [];
      page.on("request", (request) => asked.push(decodeURIComponent(new URL(request.url()).pathname)));
      await page.goto(link.href);
      const listed = (count: number) => page.waitForFunction(`document.querySelectorAll("[data-at]").length === ${count}`, DEADLINE);
      await listed(1);
      await (await page.$("input#given"))?.uploadFile(world.path("attempt-1.json"));
      await listed(2);
      const { gate_id } = attempts[0]!.card;
      const keys = [`disk:${gate_id}#1`, `live:${gate_id}`];
      const opened: string[] = [];
      for (const at of [0, 1]) {
        await page.evaluate(`document.querySelector('[data-at="${at}"]').click()`);
        await page.waitForFunction(`!${JSON.stringify(opened)}.includes(document.querySelector("[data-opened]")?.dataset.opened ?? ${JSON.stringify(opened[0] ?? "")}) && document.querySelector("#part-findings .diff-lines") !== null`, DEADLINE);
        opened.push((await page.evaluate("document.querySelector('[data-opened]').dataset.opened")) as string);
        expect(await page.evaluate("document.querySelector('#part-findings .diff.named .source').innerText")).toContain("jobs: {a: {}}");
        const digest = attempts[keys.indexOf(opened[at] ?? "")]?.proof.bundle_sha256;
        for (const rest of ["findings", "context"]) expect(asked.filter((path) => path.endsWith(`/v1/gates/sha256:${digest}/${rest}`))).toHaveLength(1);
      }
      expect(opened.toSorted()).toEqual(keys);
      expect(asked.filter((path) => /gate:[a-z0-9]+\/(?:findings|context)$/.test(path))).toEqual([]);
    } finally {
      await close();
    }
  });
}
