import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Card } from "../../../../proto/card.ts";
import { card as sample } from "../../../cli/card/testing/card.ts";
import { makeBundle, newRing } from "../../../testing/evidence.ts";
import type { Live } from "../../page/live.ts";
import { fillIn } from "../../page/older-browsers.ts";
import type { PageCard } from "../model.ts";
import { readFile } from "../reading.ts";
import { ofThisCard } from "./evidence.ts";
import { placedIn } from "./place.ts";
import { earlierCard, gatePath, loadWhole, type Whole } from "./whole.ts";

beforeAll(fillIn);
const files: File[] = [];
afterAll(() => files.splice(0));

/** As the page has them: read by the list first, then asked for whole. */
async function cardsOf(name: string, text: string | Uint8Array): Promise<PageCard[]> {
  const given = new File([typeof text === "string" ? text : text.slice()], name);
  const file = files.push(given) - 1;
  const cards: PageCard[] = [];
  for await (const { cards: some } of readFile({ file, name, blob: given }, 100)) cards.push(...some);
  return cards;
}

const whole = (row: PageCard, live: Live | null = null): Promise<Whole> => loadWhole(row, (file) => files[file], live, placedIn);
const attempt = (of: number, change: Partial<Card> = {}): Card => sample({ attempt: of, ...change });

describe("the whole of a card out of the file that it came from", () => {
  test("as it is printed, with what stands around it", async () => {
    const timings = { total_us: 5, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };
    const [row] = await cardsOf("card.json", JSON.stringify({ gate_id: sample().gate_id, attempts: [1, 2], card: attempt(2), timings }));
    expect(await whole(row!)).toMatchObject({ card: attempt(2), attempts: [1, 2], timings, evidence: null, missing: null });
  });

  test("each of several: in lines, in a list, in an auditor's file", async () => {
    const all = [attempt(1), attempt(2, { verdict: "refuse" }), attempt(3, { head: "f".repeat(40) })];
    for (const [name, text] of [["cards.ndjson", `${all.map((one) => JSON.stringify({ card: one })).join("\n")}\n`], ["cards.json", JSON.stringify(all)]] as const) {
      const rows = await cardsOf(name, text);
      expect((await Promise.all(rows.map((row) => whole(row)))).map(({ card }) => card)).toEqual(all);
    }
  });

  test("a bundle is its own evidence, byte for byte", async () => {
    const bytes = makeBundle(newRing());
    const [row] = await cardsOf("bundle.json", bytes);
    const { card, evidence } = await whole(row!);
    expect(card?.title).toBe("Speed up the parser");
    expect((await evidence?.bytes())?.toHex()).toBe(bytes.toHex());
  });

  test("a file that is gone, changed or another says so, and the row stays", async () => {
    const [row] = await cardsOf("card.json", JSON.stringify({ card: attempt(1) }));
    const missing = async (file: Blob | undefined): Promise<string | null> => (await loadWhole(row!, () => file, null, placedIn)).missing;
    expect(await missing(undefined)).toContain("give it again");
    expect(await missing(new Blob(["{"]))).toContain("does not hold this card any more");
    expect(await missing(new Blob([JSON.stringify({ card: attempt(7) })]))).toContain("does not hold this card any more");
    const gone: Pick<Blob, "slice" | "size" | "arrayBuffer"> = { size: 9, slice: () => gone as Blob, arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) };
    const taken = gone as Blob;
    expect(await missing(taken)).toContain("NotReadableError");
  });
});

test("a daemon that stopped, and one of another form, leave the row with the reason", async () => {
  const [row] = await cardsOf("card.json", JSON.stringify({ card: attempt(1) }));
  const live: PageCard = { ...row!, origin: { kind: "live" } };
  const asked: string[] = [];
  const from = (answer: Awaited<ReturnType<Live["daemon"]>>): Live => ({ about: { version: "1", folder: "", folder_there: false, signer: "user" }, daemon: (path) => (asked.push(path), Promise.resolve(answer as never)), ask: () => Promise.reject(new Error("not asked")), events: () => Promise.reject(new Error("not asked")) });
  expect((await whole(live, from({ ok: false, failure: { why: "daemon", code: "daemon.unreachable", said: "the daemon is stopped" } }))).missing).toContain("the daemon is stopped");
  expect((await whole(live, from({ ok: true, value: { card: { v: 2 } } }))).missing).toContain("a form that this page does not read");
  expect((await whole(live, from({ ok: true, value: { card: attempt(1), attempts: [1] } }))).card).toEqual(attempt(1));
  expect((await whole(live, from({ ok: true, value: { card: attempt(1, { gate_id: `gate:${"z".repeat(52)}` }), attempts: [1] } }))).missing).toContain("another gate");
  // What the card says stands over what its row said: by now there is a newer attempt.
  const newer = await whole({ ...live, verdict: "admit", title: "what the row said" }, from({ ok: true, value: { card: attempt(2, { verdict: "refuse" }), attempts: [1, 2] } }));
  expect(newer.row).toMatchObject({ attempt: 2, verdict: "refuse", title: sample().title, at: null, key: live.key });
  expect(asked[0]).toBe(gatePath(live.gate_id!));
  expect((await whole(live)).missing).toContain("nothing is connected");
});

test("an earlier attempt is found in the daemon's file for an auditor; none, a daemon that stopped and somebody who did not wait are told apart", async () => {
  const gates = { type: "maestro.evidence-bundle", gate: { bundle: { card: attempt(2) } }, earlier: [{ bundle: { card: attempt(1) } }] };
  const from = (answer: Awaited<ReturnType<Live["daemon"]>>): Live => ({ about: { version: "1", folder: "", folder_there: false, signer: "user" }, daemon: () => Promise.resolve(answer as never), ask: () => Promise.reject(new Error("not asked")), events: () => Promise.reject(new Error("not asked")) });
  const live = from({ ok: true, value: { content: btoa(JSON.stringify(gates)) } });
  const gate_id = sample().gate_id!;
  expect(await earlierCard(gate_id, 1, live, placedIn)).toEqual({ card: attempt(1) });
  expect(await earlierCard(gate_id, 7, live, placedIn)).toEqual({ card: null });
  expect(await earlierCard(gate_id, 1, live, () => Promise.resolve("given up"))).toEqual({ said: expect.stringContaining("given up") });
  expect(await earlierCard(gate_id, 1, from({ ok: false, failure: { why: "daemon", code: "x", said: "the daemon is stopped" } }), placedIn)).toEqual({ said: "the daemon is stopped" });
});

test("whoever does not wait for a large file has the row, and can ask again", async () => {
  const [row] = await cardsOf("card.json", JSON.stringify({ card: attempt(1) }));
  expect(await loadWhole(row!, (file) => files[file], null, () => Promise.resolve("given up"))).toMatchObject({ card: null, missing: expect.stringContaining("given up"), again: "asked" });
});

describe("what a verdict over evidence says of the card that is open", () => {
  const answer = { verdict: "verified", headline: "VERIFIED offline  HOLD of it", reasons: [], remarks: [], steps: [] } as const;
  const card = attempt(1);

  test("with the reader's trust file it is proved; with the daemon's own it is not called so", () => {
    expect(ofThisCard(answer, "reader", card, structuredClone(card))).toEqual(answer);
    expect(ofThisCard(answer, "daemon", card, card)).toMatchObject({ verdict: "unknown_signer", headline: "SOUND BY THE DAEMON'S OWN WORD  HOLD of it" });
  });

  test("attack: sound evidence of another card, of a card with one word changed, and of none", () => {
    for (const other of [attempt(1, { title: "another" }), attempt(1, { reasons: [] }), attempt(2)]) expect(ofThisCard(answer, "reader", other, card)).toMatchObject({ verdict: "failed", headline: expect.stringContaining("not the one in it") });
    expect([ofThisCard(answer, "reader", card, null).verdict, ofThisCard(answer, "reader", null, card).verdict]).toEqual(["not_judged", "not_judged"]);
  });

  test("the card of an earlier attempt in an auditor's file is the one that is compared", async () => {
    const gates = { type: "maestro.evidence-bundle", gate: { bundle: { card: attempt(2) } }, earlier: [{ bundle: { card: attempt(1) } }] };
    const [row] = await cardsOf("card.json", JSON.stringify({ card: attempt(1) }));
    expect((await placedIn(new Blob([JSON.stringify(gates)]), row!))?.card).toEqual(attempt(1));
  });
});
