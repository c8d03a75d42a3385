/** The page of cards in each of its states, reached as a person reaches them: from disk, and over a daemon's history. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import type { Card } from "../../proto/card.ts";
import { type Counterexample, counterexampleBytes } from "../../proto/counterexample.ts";
import { card as sample } from "../../daemon/cli/card/testing/card.ts";
import type { CardRow } from "../../proto/cards.ts";
import type { CiHost } from "../../daemon/e2e/testing/ci-host.ts";
import { until } from "../../daemon/e2e/testing/world.ts";
import { makeBundle, newRing } from "../../daemon/testing/evidence.ts";
import { PAGE_DEADLINE_MS } from "../../daemon/ui/testing/browser.ts";
import { choose, giveCards, searchFor, untilListed } from "../../daemon/ui/testing/cards-page.ts";
import { asLines, manyRows } from "../../daemon/ui/testing/rows.ts";
import { CHANGES } from "./decided-changes.ts";

export interface State {
  readonly name: string;
  /** From the state before it. */
  readonly enter: () => Promise<unknown>;
}

const CEX: Counterexample = {
  type: "maestro.cex/v1", invariant: "LEDGER.BALANCED", engine: "tlc", message: "a booking is counted twice", inputs: null,
  trace: [
    { action: "Init", location: null, state: { booked: [], balance: 0, retry: false } },
    { action: "Book(4200)", location: { path: { u: "specs/ledger.tla" }, start_line: 31, end_line: 34 }, state: { booked: [4200], balance: 4200, retry: false } },
    { action: "Timeout", location: { path: { u: "specs/ledger.tla" }, start_line: 40, end_line: 42 }, state: { booked: [4200], balance: 4200, retry: true } },
    { action: "Retry", location: { path: { u: "specs/ledger.tla" }, start_line: 44, end_line: 49 }, state: { booked: [4200, 4200], balance: 8400, retry: false } },
  ],
  loop_at: null, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: "b".repeat(64), replay: { command: ["maestro", "modelcheck", "specs/ledger.tla"], verdict: "reproduced" },
};
const violated: Card["reasons"][number] = { rule: "model.violated", check: "modelcheck", effect: "refuse", observed: false, because: "LEDGER.BALANCED does not hold: a booking is counted twice", ranges: [{ path: { u: "specs/ledger.tla" }, start_line: 44, end_line: 49 }], excerpt: "+ Retry == /\\ retry\n+          /\\ booked' = Append(booked, last)", fingerprints: ["c".repeat(64)] };

const BROKEN: Card = sample({
  verdict: "refuse",
  attempt: 2,
  title: "Book again after a timeout",
  repository: "git.example.org/pay/ledger",
  reasons: [violated, ...sample().reasons],
  counterexamples: { listed: [{ check: "modelcheck", rule: "model.violated", fingerprint: "c".repeat(64), sha256: "d".repeat(64), document: new TextDecoder().decode(counterexampleBytes(CEX)) }], more: 0 },
  checks: [{ check: "modelcheck", result: "fail", required: true, because: null, findings: 1 }, ...sample().checks, { check: "command.coverage", result: "unavailable", required: true, because: "ended at its deadline of 300 s", findings: 0 }],
  obligations: [{ name: "coverage.line", kind: "numeric", required: true, result: "unavailable", observer: "sandbox", value: null, unit: "percent", scale: 2, min: "8000", max: null, because: "its command ended at its deadline" }, { name: "bundle.bytes", kind: "numeric", required: false, result: "pass", observer: "sandbox", value: "181204", unit: "bytes", scale: 0, min: null, max: "200000", because: null }],
  gaps: [{ what: "assets/logo.png", because: "binary" }],
  cost: { reported: true, micro_usd: "1840000" },
});
const EARLIER: Card = { ...BROKEN, attempt: 1, verdict: "hold", reasons: sample().reasons.slice(), checks: sample().checks, cost: { reported: true, micro_usd: "910000" } };

export interface DiskFiles {
  readonly rows: string;
  readonly cards: readonly string[];
  readonly broken: string;
  readonly trust: string;
}

/** Every ninth one that was admitted had waited for a person first. */
function releasedAfter(row: CardRow, i: number): CardRow {
  if (row.verdict !== "admit" || i % 9 !== 0) return row;
  return { ...row, held_at: new Date(Date.parse(row.at) - (i + 1) * 180_000).toISOString().replace(/\.\d+/, ""), released: [{ kind: "approve", person: "carol", at: row.at }] };
}

/** 300 rows, two attempts of a change with a counterexample, and an evidence bundle with its trust file. */
export function diskFiles(folder: string, now_ms: number): DiskFiles {
  const file = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const ring = newRing();
  return {
    rows: file("rows.ndjson", asLines(manyRows(300, now_ms).map(releasedAfter))),
    cards: [file("attempt-1.json", JSON.stringify({ card: EARLIER })), file("attempt-2.json", JSON.stringify({ card: BROKEN })), file("bundle.json", makeBundle(ring))],
    broken: file("half-written.json", '{"card":{"v":1'),
    trust: file("trust.json", ring.trust),
  };
}

const openLine = async (page: Page, search: string, says: string): Promise<void> => {
  await searchFor(page, search);
  await untilListed(page, 1);
  await page.focus("#list .row");
  await page.keyboard.press("Enter");
  await page.waitForFunction(`document.querySelector("#opened-title")?.textContent.includes(${JSON.stringify(says)})`);
};
const pressIn = (page: Page, within: string, text: string): Promise<unknown> => page.evaluate(`[...document.querySelectorAll(${JSON.stringify(`${within} button`)})].find(({ textContent }) => textContent === ${JSON.stringify(text)}).click()`);
const saying = (page: Page, selector: string, text: string): Promise<unknown> => page.waitForFunction(`document.querySelector(${JSON.stringify(selector)})?.innerText.includes(${JSON.stringify(text)})`, { timeout: PAGE_DEADLINE_MS });
const closed = async (page: Page): Promise<void> => {
  await page.evaluate("document.getElementById('one-close').click(); document.getElementById('reset').click()");
  await page.waitForFunction("document.getElementById('one').hidden");
};

export function diskStates(page: Page, files: DiskFiles): State[] {
  return [
    { name: "empty", enter: () => Promise.resolve() },
    { name: "listed", enter: () => giveCards(page, [files.rows, ...files.cards]) },
    { name: "told", enter: () => giveCards(page, [files.broken]) },
    { name: "hints", enter: async () => {
      await page.evaluate("document.getElementById('told-close').click()");
      await searchFor(page, "verdict:");
      await page.waitForFunction("!document.getElementById('hints').hidden");
      await page.keyboard.press("ArrowDown");
    } },
    { name: "nothing fits", enter: async () => {
      await page.keyboard.press("Escape");
      await searchFor(page, "colour:none fits");
      await untilListed(page, 0);
    } },
    { name: "grouped", enter: async () => {
      await searchFor(page, "");
      await choose(page, "group", "rule");
      await page.focus("#list .row[tabindex='0']");
      await page.keyboard.press("ArrowRight");
    } },
    { name: "charts and their tables", enter: async () => {
      await choose(page, "group", "");
      await page.evaluate("document.getElementById('charts').open = true");
      await page.waitForFunction("document.querySelectorAll('#charts .chart details').length === 4");
      await page.evaluate("for (const one of document.querySelectorAll('#charts details')) one.open = true");
    } },
    { name: "opened with a counterexample", enter: async () => {
      await page.evaluate("document.getElementById('charts').open = false");
      await openLine(page, "\"again after a timeout\" verdict:refuse", "Book again");
      await page.waitForFunction("document.querySelector('#part-counterexamples .walk') !== null");
      await page.evaluate("for (const one of document.querySelectorAll('#one details')) one.open = true");
    } },
    { name: "compared", enter: async () => {
      await pressIn(page, "#one", "Compare with attempt 1");
      await saying(page, "#opened-title", "Two cards compared");
    } },
    { name: "evidence verified", enter: async () => {
      await closed(page);
      await openLine(page, "22222222222222222222", "Speed up the parser");
      await (await page.$("#card-trust"))?.uploadFile(files.trust);
      await saying(page, "#part-evidence .verdict", "VERIFIED offline");
      await page.evaluate("for (const one of document.querySelectorAll('#one details')) one.open = true");
    } },
    { name: "a card that is nowhere", enter: async () => {
      await closed(page);
      await page.evaluate(`location.hash = "#?card=gate:${"z".repeat(52)}"`);
      await page.waitForFunction("!document.getElementById('absent').hidden");
    } },
    { name: "files to be removed", enter: async () => {
      await pressIn(page, "#absent", "Do not look for it");
      await page.evaluate("document.getElementById('clear').click()");
    } },
  ];
}

/** `page` is at the link of a running `maestro ui`. */
export function servedStates(page: Page, host: CiHost): State[] {
  return [
    { name: "listed", enter: () => page.waitForFunction(`document.documentElement.dataset.following === "true" && Number(document.documentElement.dataset.listed) === ${CHANGES.length}`, { timeout: PAGE_DEADLINE_MS }) },
    { name: "admitted", enter: async () => {
      await openLine(page, "\"thousands separator\"", "thousands");
      await saying(page, "#part-checks", "passed");
    } },
    { name: "refused, with lines of the change", enter: async () => {
      await closed(page);
      await openLine(page, "\"tax table\"", "tax table");
      await saying(page, "#part-findings .diff-lines", "<<<<<<<");
    } },
    { name: "released", enter: async () => {
      await closed(page);
      await openLine(page, "\"two architectures\"", "ADMITTED");
      await saying(page, "#part-releases", "line by line");
    } },
    { name: "compared with an earlier attempt", enter: async () => {
      await pressIn(page, "#one", "Compare with attempt 1");
      await saying(page, "#opened-title", "Two cards compared");
    } },
    { name: "held by the daemon's own word", enter: async () => {
      await closed(page);
      await openLine(page, "\"from a tag alone\"", "HELD");
      await saying(page, "#part-findings .diff-lines", "write-all");
      await pressIn(page, "#part-evidence", "Hold it against the daemon's own trust file");
      await saying(page, "#part-evidence .verdict", "SOUND BY THE DAEMON'S OWN WORD");
    } },
    { name: "evidence verified", enter: async () => {
      await (await page.$("#card-trust"))?.uploadFile(host.trust);
      await saying(page, "#part-evidence .verdict", "VERIFIED offline");
      await page.evaluate("document.querySelector('#part-evidence details').open = true");
    } },
    { name: "a release offered", enter: async () => {
      await page.focus("#release-reason");
      await page.keyboard.type("looked at it");
      await pressIn(page, "#part-approve", "Show what would be signed");
      await saying(page, "#part-approve .offer", "looked at it");
    } },
    { name: "the daemon stopped", enter: async () => {
      await host.world.run(["stop"]);
      await until(async () => !(await host.world.client.answers()));
      await page.waitForFunction("!document.getElementById('problem').hidden", { timeout: PAGE_DEADLINE_MS });
    } },
  ];
}
