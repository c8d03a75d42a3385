/** Files of every kind that somebody may drop: what is a card is read, and what is none is said by name. */
import { describe, expect, test } from "bun:test";
import { canonicalBytes } from "../../../proto/canonical.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import type { Card } from "../../../proto/card.ts";
import type { CardRow } from "../../../proto/cards.ts";
import type { EvidenceBundle } from "../../../proto/evidence-bundle.ts";
import { makeBundle, newRing, NOW, SAMPLE_ATTEMPT } from "../../testing/evidence.ts";
import { XSS } from "../testing/cases.ts";
import { asLines, manyRows } from "../testing/rows.ts";
import { CARDS_LIMITS } from "./limits.ts";
import type { PageCard } from "./model.ts";
import { readFile, type GivenFile } from "./reading.ts";
import { answered } from "./worker.ts";

const ROWS = manyRows(20, NOW.getTime());
const [ROW] = ROWS as [CardRow];
const ring = newRing();
const bundleBytes = makeBundle(ring);
const bundle = JSON.parse(new TextDecoder().decode(bundleBytes)) as Bundle;
const card = bundle.card as Card;

interface Read {
  readonly cards: PageCard[];
  readonly problems: string[];
  readonly unknown: string[];
  readonly parts: number;
}

async function read(content: string | Uint8Array, { name = "given.json", room = CARDS_LIMITS.cards_max }: { readonly name?: string; readonly room?: number } = {}): Promise<Read> {
  const all = { cards: [] as PageCard[], problems: [] as string[], unknown: [] as string[], parts: 0 };
  for await (const part of readFile({ file: 3, name, blob: new Blob([content as string]) }, room)) {
    all.cards.push(...part.cards);
    all.problems.push(...part.problems);
    all.unknown.push(...part.unknown);
    all.parts++;
  }
  return all;
}

describe("what is a card", () => {
  test("rows as lines, each with where it stands, so that it can be read again", async () => {
    const text = asLines(ROWS);
    const { cards, problems } = await read(`\ufeff${text}`, { name: "rows.ndjson" });
    expect(problems).toEqual([]);
    expect(cards.map(({ gate_id, title }) => [gate_id, title])).toEqual(ROWS.map(({ gate_id, title }) => [gate_id, title]));
    const bytes = new TextEncoder().encode(`\ufeff${text}`);
    for (const [i, { origin }] of cards.slice(1).entries()) {
      if (origin.kind !== "file") throw new Error("from a file");
      expect(JSON.parse(new TextDecoder().decode(bytes.slice(origin.start, origin.end)))).toEqual(ROWS[i + 1]);
    }
  });

  test("costs stay exact, and what was not reported stays unknown", async () => {
    const row = { ...ROW, cost: { reported_micro_usd: null, whole_micro_usd: "90071992547409931" } };
    const { cards } = await read(JSON.stringify(row));
    expect([cards[0]?.reported_micro_usd, cards[0]?.whole_micro_usd]).toEqual([null, 90071992547409931n]);
    const unpriced = (await read(JSON.stringify({ card: { ...card, cost: { reported: false, micro_usd: null } } }))).cards[0];
    expect([unpriced?.reported_micro_usd, unpriced?.whole_micro_usd]).toEqual([null, null]);
  });

  test("a bundle, with the time of its signed statement; a whole evidence bundle, with every attempt in it", async () => {
    const one = await read(bundleBytes);
    expect([one.problems, one.cards.map(({ at, gate_id, verdict }) => ({ at, gate_id, verdict }))]).toEqual([[], [{ at: SAMPLE_ATTEMPT.issued_at, gate_id: card.gate_id, verdict: card.verdict }]]);
    const evidence: EvidenceBundle = { type: "maestro.evidence-bundle", v: 1, readme: "", trust_sha256: "0".repeat(64), gate: { bundle }, earlier: [{ bundle: { ...bundle, card: { ...card, attempt: 1 } } }], releases: [], provenance: [], files: [], left_out: [] };
    const both = await read(canonicalBytes(evidence));
    expect([both.problems, both.cards.map(({ attempt, origin }) => [attempt, origin.kind === "file" ? origin.form : ""])]).toEqual([[], [[1, "bundle"], [card.attempt, "bundle"]]]);
    expect(new Set(both.cards.map(({ key }) => key)).size).toBe(2);
  });

  test("a card as the command line prints it, alone, in a list and beside others", async () => {
    for (const given of [{ card }, card, { gate_id: card.gate_id, attempts: [1], card, proof: {}, timings: null }, [card], { rows: [ROW] }]) {
      const { cards, problems } = await read(JSON.stringify(given, null, 2));
      expect([problems, cards.length]).toEqual([[], 1]);
    }
    const mixed = await read([JSON.stringify(ROW), JSON.stringify({ card }), new TextDecoder().decode(bundleBytes)].join("\n"));
    expect([mixed.problems, mixed.cards.map(({ origin }) => (origin.kind === "file" ? origin.form : ""))]).toEqual([[], ["row", "card", "bundle"]]);
  });

  test("of a card with fields that a newer Maestro wrote the rest is shown, and they are named", async () => {
    const { cards, problems, unknown } = await read(`${JSON.stringify({ ...ROW, mood: "good" })}\n${JSON.stringify(ROWS[1])}\n`);
    expect([cards.length, problems, unknown]).toEqual([2, [], ["mood"]]);
  });
});

describe("what is none is said by name, and the rest stays", () => {
  const good = asLines(ROWS.slice(0, 3));
  const cases: readonly (readonly [title: string, text: string | Uint8Array, cards: number, said: RegExp])[] = [
    ["a broken line among others", `${good}{"v":1,\n${asLines(ROWS.slice(3, 4))}`, 4, /^given\.json: line 4 is no JSON\.$/],
    ["a file that was half written", good + JSON.stringify(ROWS[3]).slice(0, 200), 3, /^given\.json: the last line, 4, is cut off: the file was half written/],
    ["a half-written card", JSON.stringify({ card }).slice(0, 500), 0, /^given\.json ends in the middle: the file was half written or half copied\.$/],
    ["a card without its last bracket", JSON.stringify({ card: {}, said: "a \\\" ] } in a string" }).slice(0, -1), 0, /^given\.json ends in the middle/],
    ["a card with a bracket too many", `${JSON.stringify({ card })}}`, 0, /^given\.json is broken: it is no JSON from end to end\.$/],
    ["a newer version of a row", good + asLines([{ ...ROW, v: 2 } as never]), 3, /line 4 is a row of cards of version 2, and this page reads version 1: open it with the page of the Maestro that wrote it/],
    ["a newer version of a card", JSON.stringify({ card: { ...card, v: 7 } }), 0, /is a card of version 7, and this page reads version 1/],
    ["an older version", JSON.stringify({ card: { ...card, v: 0 } }), 0, /version 0.*have it written again by a Maestro of today/],
    ["a wrong value", JSON.stringify({ ...ROW, verdict: "maybe" }), 0, /is not whole as a row of cards: \/verdict: is none of "admit", "refuse", "hold"\.$/],
    ["a missing field", JSON.stringify({ ...ROW, title: undefined }), 0, /is not whole as a row of cards: \/title: is missing\.$/],
    ["a field by another name", JSON.stringify({ ...ROW, title: undefined, titel: "x" }), 0, /\/title: is missing; it has titel, which may have been meant\.$/],
    ["a cost below nothing", JSON.stringify({ ...ROW, cost: { reported_micro_usd: "-5000000", whole_micro_usd: "-5000000" } }), 0, /says that it cost less than nothing/],
    ["a card that cost less than nothing", JSON.stringify({ card: { ...card, cost: { reported: true, micro_usd: "-1" } } }), 0, /says that it cost less than nothing/],
    ["a trust file", '{"body":{"keys":[]},"type":"maestro.trust","v":1}', 0, /is no card: it calls itself maestro\.trust/],
    ["another program's JSON", '{"a":1}', 0, /is no card, no row of one and no evidence bundle/],
    ["a number", "42", 0, /is no card: a card is a JSON object/],
    ["no JSON", "hello", 0, /^given\.json is no JSON\.$/],
    ["an empty file", "", 0, /^given\.json is empty\.$/],
    ["UTF-16, as some shells write it", new Uint8Array([0xff, 0xfe, 0x7b, 0x00]), 0, /is UTF-16, as some shells write it/],
    ["bytes that are no text", new Uint8Array([0x7b, 0xff, 0xff, 0x7d]), 0, /is not UTF-8 text/],
    ["a bundle whose card is hidden", canonicalBytes({ ...bundle, card: null } as never), 0, /is an evidence bundle whose card is hidden/],
    ["a line that is endless", `${good}"${"x".repeat(CARDS_LIMITS.line_bytes_max + 2_000_000)}"\n${asLines(ROWS.slice(3, 4))}`, 4, /^given\.json: line 4 is longer than 4 MiB and is left out\.$/],
    ["lists in lists", "[[[]]]", 0, /entry 1 is a list in a list/],
  ];
  for (const [title, text, count, said] of cases) {
    test(title, async () => {
      const { cards, problems } = await read(text);
      expect([cards.length, problems.length]).toEqual([count, 1]);
      expect(problems[0]).toMatch(said);
    });
  }

  test("many broken lines are counted, and a file of another kind is not read to its end", async () => {
    const { cards, problems } = await read(`${asLines(ROWS.slice(0, 1))}${"oops\n".repeat(500)}`);
    expect([cards.length, problems.length, problems.at(-1)]).toEqual([1, 11, "given.json: 490 more lines like these."]);
    const other = await read("some,csv\n".repeat(100_000), { name: "export.ndjson" });
    expect(other.problems).toEqual([expect.stringContaining("export.ndjson: no line of the first 11 is a card; the rest was not read")]);
  });

  test("the 10,001st card is over the limit; what came before it stays, and the place is told", async () => {
    const rows = manyRows(30, NOW.getTime());
    const { cards, problems } = await read(asLines(rows), { name: "rows.ndjson", room: 25 });
    expect([cards.length, problems]).toEqual([25, [expect.stringMatching(/^rows\.ndjson: not read from line 26 on, since this page holds 10,000 cards at most/)]]);
    const exact = await read(asLines(rows), { name: "rows.ndjson", room: 30 });
    expect([exact.cards.length, exact.problems]).toEqual([30, []]);
    const list = await read(JSON.stringify(rows), { room: 25 });
    expect([list.cards.length, list.problems]).toEqual([25, [expect.stringContaining("5 of its cards are left out")]]);
    expect((await read(asLines(rows), { room: 0 })).problems).toEqual([expect.stringContaining("was not read: this page holds 10,000 cards at most")]);
  });

  test("a document of 200 MB is not read, and why is said; nothing of it is loaded", async () => {
    let loaded = 0;
    const head = new TextEncoder().encode('{"card":{');
    const blob: GivenFile["blob"] = {
      size: 200 * 1024 * 1024,
      slice: (from = 0, to = 0) => {
        loaded += to - from;
        return new Blob([head]);
      },
      arrayBuffer: () => Promise.reject(new RangeError("too large to load")),
    };
    const parts = [];
    for await (const part of readFile({ file: 0, name: "big.json", blob }, 10)) parts.push(part);
    expect(parts).toEqual([{ cards: [], unknown: [], problems: [expect.stringMatching(/^big\.json has 200 MiB, and of one document at most 128 MiB are read/)] }]);
    expect(loaded).toBeLessThan(1024 * 1024);
  });

  test("one that no kind of file may be as large as is refused by its name, and no byte of it is read", async () => {
    const never = (): never => {
      throw new Error("it was read");
    };
    const blob: GivenFile["blob"] = { size: CARDS_LIMITS.lines_bytes_max + 1, slice: never, arrayBuffer: never };
    const parts = [];
    for await (const part of readFile({ file: 0, name: "vast.ndjson", blob }, 10)) parts.push(part);
    expect(parts).toEqual([{ cards: [], unknown: [], problems: [expect.stringMatching(/^vast\.ndjson has 1025 MiB, and of a file at most 1024 MiB are read/)] }]);
  });

  test("how far a file is, is told piece by piece, up to its size", async () => {
    const text = `${asLines(ROWS)}${" ".repeat(3 * 1024 * 1024)}`;
    for (const [name, bytes] of [["rows.ndjson", text], ["rows.json", JSON.stringify(ROWS).padEnd(text.length)]] as const) {
      const seen: number[] = [];
      for await (const _part of readFile({ file: 0, name, blob: new Blob([bytes]) }, 1_000, (read_bytes) => void seen.push(read_bytes))) expect(seen).not.toEqual([]);
      expect([seen, seen.length > 3, seen.at(-1)]).toEqual([[...seen].sort((a, b) => a - b), true, new Blob([bytes]).size]);
    }
  });

  test("a file that went away since it was chosen is told, and the next one is read", async () => {
    const gone = new DOMException("gone", "NotReadableError");
    const blob = { size: 5, slice: () => ({ arrayBuffer: () => Promise.reject(gone) }), arrayBuffer: () => Promise.reject(gone) } as never;
    const replies: string[] = [];
    let cards = 0;
    await answered({ kind: "read", id: 1, room: 5, files: [{ file: 0, name: "gone.json", blob }, { file: 1, name: "there.json", blob: new Blob([JSON.stringify(ROW)]) }] }, (reply) => {
      if (reply.kind !== "read") return;
      replies.push(...reply.part.problems);
      cards += reply.part.cards.length;
    });
    expect([cards, replies]).toEqual([1, ["gone.json could not be read (NotReadableError): it was changed, moved or taken away since it was chosen. Choose it again."]]);
  });

  test("attack: names that would be markup, prototypes, endless texts and marks that turn the reading direction round are text of bounded length", async () => {
    const hostile = { ...ROW, title: `${XSS}\u202e`, actor: { ...ROW.actor, name: "\u0000".repeat(300) }, reasons: ROW.reasons.map((reason) => ({ ...reason, because: XSS })) };
    const { cards, problems } = await read(`${JSON.stringify(hostile)}\n{"__proto__":{"v":1},"place":1,"counts":{}}\n`, { name: `<img src=x>\u202e${"n".repeat(500)}.ndjson` });
    expect([cards.length, cards[0]?.title]).toEqual([1, `${XSS}\u202e`]);
    expect(problems.length).toBe(1);
    expect(problems[0]).not.toMatch(/[\u202e\u0000]/);
    expect(problems[0]?.length).toBeLessThan(400);
    expect(({} as Record<string, unknown>)["v"]).toBeUndefined();
  });
});

test("the first rows are handed over long before the last are read, and ten megabytes cut anywhere lose nothing", async () => {
  const rows = manyRows(3_000, NOW.getTime());
  const { cards, parts, problems } = await read(asLines(rows));
  expect([cards.length, problems, parts]).toEqual([3_000, [], 4]);
  expect(cards.map(({ gate_id }) => gate_id)).toEqual(rows.map(({ gate_id }) => gate_id));
});
