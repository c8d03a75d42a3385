/** Ten of the rules that ship, written anew in the Invariant Studio by clicks and keys, behind a real `maestro ui` and beside a real daemon: each file it saves is byte for byte the one that ships. */
import { afterAll, beforeAll, expect } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { AGENT, World } from "../daemon/e2e/testing/world.ts";
import { ServedUi } from "../daemon/e2e/testing/served.ts";
import { ALICE, Releasing } from "../daemon/gate/releasing/testing/releasing.ts";
import type { Fields } from "../daemon/guarding/index.ts";
import { BROWSERS, elsewhere, heard, openBrowser } from "../daemon/ui/testing/browser.ts";
import { accepts, output } from "./rig/accepts.ts";
import { type Recordings, STORIES } from "./rig/stories.ts";
import { Hands } from "./rig/studio-hands.ts";

const SHIPPED = join(import.meta.dir, "../invariants");
const world = new World();
const folder = world.path("rules");
const recording = world.path("recorded.ndjson");
let recorded: Recordings;

/** Changes of an agent's: one that is admitted, one of CI that waits, and a test that is switched off. */
const CHANGES = [{ "src/a.ts": "export const a = 2;\n" }, { ".github/workflows/test.yml": "on: push\njobs: {a: {}}\n" }, { "src/a.test.ts": "test.only(\"a\", () => {});\n" }] as const;

async function decided(): Promise<readonly string[]> {
  await world.daemon();
  const source = await world.repository({ "src/a.ts": "export const a = 1;\n", "src/a.test.ts": "test(\"a\", () => {});\n", ".github/workflows/test.yml": "on: push\njobs: {}\n" }, "shop");
  const verdicts: string[] = [];
  for (const [i, files] of CHANGES.entries()) {
    source.git("switch", "-qc", `change${i}`, "main");
    await source.commit(files, AGENT);
    const { stdout } = await world.run(["gate", source.path, "--target", "main", "--json"]);
    verdicts.push((JSON.parse(stdout) as { readonly card: { readonly verdict: string } }).card.verdict);
  }
  return verdicts;
}

/** Longer than a rule in time waits for anything here. */
const MINUTES_MS = 300_000;

/** What a whole daemon tells its rules while a change waits, is overridden, and its run is reported: each event as `maestro invariants check --events` reads it. */
async function events(): Promise<Pick<Recordings, "events">> {
  const lines: string[] = [];
  await using one = await Releasing.open({ override: { expires_s_max: 7200 } });
  const { guards } = one.world.core.guarding;
  // Where the daemon's own monitors hear of what its rules let pass.
  const heard = Reflect.get(guards, "options") as { passed?: (event: string, fields: Fields) => void };
  const { passed } = heard;
  Object.assign(heard, {
    passed(event: string, fields: Fields): void {
      lines.push(JSON.stringify({ event, at: new Date(one.world.clock.now_ms()).toISOString(), with: fields }, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
      passed?.(event, fields);
    },
  });
  const { head } = await one.held({ "src/a.test.ts": "test.only(\"a\", () => {});\n" }, "a change");
  one.world.clock.advance(MINUTES_MS);
  await one.release(head, ALICE, { kind: "override", reason: "production is down", expires_s: 3600 });
  one.world.clock.advance(MINUTES_MS);
  one.world.core.run_usage.report("web", { run_id: "r", calls_made: 3, calls_reported: 2, tokens: 20, micro_usd: null });
  writeFileSync(recording, `${lines.join("\n")}\n`);
  return { events: lines.length };
}

beforeAll(async () => {
  mkdirSync(folder);
  // With the daemon's own events beside them they are the rules that ship; else their ids would be taken.
  copyFileSync(join(SHIPPED, "events.yaml"), join(folder, "events.yaml"));
  const verdicts = await decided();
  recorded = { changes: verdicts.length, not_admitted: verdicts.filter((verdict) => verdict !== "admit").length, file: recording, ...(await events()) };
  expect([recorded.changes, recorded.not_admitted]).toEqual([3, 2]);
}, 300_000);
afterAll(() => world.dispose(), 120_000);

async function onServed(task: (page: Page) => Promise<void>): Promise<void> {
  await using ui = ServedUi.start(world.home, ["studio", "--folder", folder, "--socket", world.socket_path]);
  const link = await ui.link();
  const { browser, close } = await openBrowser("chromium");
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 900 });
    const { requests, complaints } = heard(page);
    await page.goto(link.href);
    await page.waitForFunction("document.querySelector('.folder')?.hidden === false");
    await task(page);
    expect([complaints, elsewhere(requests, link.origin)]).toEqual([[], []]);
  } finally {
    await close();
  }
}

const tool = { name: "chromium", version: (await output([BROWSERS.chromium, "--version"])).trim().replace(/\s+/g, " ") };

accepts(tool, "ten rules that ship come out of the studio by clicks and keys, tried on examples and on what was recorded, and saved after a look", () =>
  onServed(async (page) => {
    const hands = new Hands(page);
    for (const { name, write } of STORIES) {
      await write(hands, recorded);
      const text = await hands.value("yaml");
      expect(await hands.save(name)).toContain(`A new file: ${text.trimEnd().split("\n").length} lines put in`);
      expect([name, readFileSync(join(folder, name), "utf8")]).toEqual([name, text]);
    }
    expect(readdirSync(folder).sort()).toEqual([...STORIES.map(({ name }) => name), "events.yaml"].sort());
    expect((await world.run(["invariants", "check", folder])).code).toBe(0);
    for (const { name } of STORIES) expect([name, readFileSync(join(folder, name), "utf8")]).toEqual([name, readFileSync(join(SHIPPED, name), "utf8")]);
  }),
  900_000,
);
