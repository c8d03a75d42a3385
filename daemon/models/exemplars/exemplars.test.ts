import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../../../proto/encoding.ts";
import { flipped } from "../../store/testing/flipped.ts";
import { opened, type OpenedVectors, unit } from "../vectors/testing/opened.ts";
import { addedText, PIECE_BYTES_MAX } from "./hunks.ts";
import { type ExemplarDeps, Exemplars, expireTexts, forgetTexts, openTextTable, type TextTable } from "./index.ts";

const MODEL = { digest: "c".repeat(64), dimensions: 16 };
/** Words that two texts share bring them nearer. */
const embed: ExemplarDeps["embed"] = async (texts) => ({
  model_digest: MODEL.digest,
  vectors: texts.map((text) => {
    const counts = new Array<number>(MODEL.dimensions).fill(0.01);
    for (const word of text.match(/[a-z]+/g) ?? []) counts[createHash("md5").update(word).digest()[0]! % MODEL.dimensions]! += 1;
    return unit(counts);
  }),
});

let folder: string;
let open: OpenedVectors;
let now_s: number;
let table: TextTable;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-exemplars-"));
  now_s = 1_000;
  open = opened(folder, { now_s: () => now_s });
  table = openTextTable(open.store);
});
afterEach(async () => {
  await open.close();
  rmSync(folder, { recursive: true, force: true });
});

const RED = { owner: "red", repository: "shop" };
const piece = (text: string, language = "javascript") => ({ sha256: createHash("sha256").update(text).digest("hex"), language, commit: "1".repeat(40), text });
const exemplars = (over: Partial<ExemplarDeps> = {}): Exemplars => new Exemplars({ store: open.store, texts: table, vectors: open.vectors, embed, model: MODEL, now_s: () => now_s, ...over });
const texts = (found: readonly { readonly text: string }[]): string[] => found.map(({ text }) => text);

test("what is like the question comes first, in its language alone where one is named, and is known by the digest of its text", async () => {
  const own = exemplars();
  const [parse, price, python] = [piece("parse header field colon"), piece("price market bid slot"), piece("parse header in", "python")];
  expect(await own.learn(RED, [parse, price, python])).toBe(3);
  expect(await own.learn(RED, [parse, price, python])).toBe(0);
  const found = await own.nearest(RED, "parse header field colon", 2);
  expect(found[0]).toEqual({ ...parse, score: expect.closeTo(1, 2) });
  expect(texts(await own.nearest(RED, "parse header field", 1, { language: "python" }))).toEqual([python.text]);
});

test("attack: another tenant, or the same one in another repository, asks for the very text and is shown nothing of it", async () => {
  const own = exemplars();
  await own.learn(RED, [piece("the secret sauce of red")]);
  for (const whose of [{ owner: "blue", repository: "shop" }, { owner: "red", repository: "bank" }]) {
    expect(await own.nearest(whose, "the secret sauce of red", 5)).toEqual([]);
    await own.learn(whose, [piece("something else")]);
    expect(texts(await own.nearest(whose, "the secret sauce of red", 5))).toEqual(["something else"]);
  }
});

test("the oldest go where there are more than are kept; what expires is shown to nobody, and its text is gone before its vector", async () => {
  const own = exemplars({ kept_max: 3 });
  await own.learn(RED, ["a", "b", "c"].map((word) => piece(`word ${word}`)));
  await own.learn(RED, [piece("word d")]);
  expect(texts(await own.nearest(RED, "word", 9)).sort()).toEqual(["word a", "word b", "word d"]);
  now_s = 5_000;
  await own.learn(RED, [piece("word e")]);
  await expireTexts(open.store, table, 4_000);
  expect(texts(await own.nearest(RED, "word", 9))).toEqual(["word e"]);
});

test("a model that goes takes the texts along that only its vectors led to: another owner's, another repository's and another model's stay", async () => {
  const [mine, theirs] = [exemplars(), exemplars({ model: { ...MODEL, digest: "d".repeat(64) }, embed: async (asked) => ({ ...(await embed(asked)), model_digest: "d".repeat(64) }) })];
  const [both, own] = [piece("word both"), piece("word own")];
  await mine.learn(RED, [both, own]);
  await theirs.learn(RED, [both]);
  await theirs.learn({ ...RED, repository: "bank" }, [own]);
  await open.vectors.forget(MODEL.digest);
  await forgetTexts(open.store, table, open.vectors);
  expect([await mine.nearest(RED, "word", 9), texts(await theirs.nearest(RED, "word", 9)), texts(await theirs.nearest({ ...RED, repository: "bank" }, "word", 9))]).toEqual([[], ["word both"], ["word own"]]);
  expect([...table.entries()].map(({ value }) => value.text).sort()).toEqual(["word both", "word own"]);
});

test("many texts are looked at a few at a time: others have their turn in between, and what is learned by then stays", async () => {
  const pieces = Array.from({ length: 1_300 }, (_, n) => piece(`word ${n}`)).sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const own = exemplars();
  await own.learn(RED, pieces);
  await open.vectors.forget(MODEL.digest);
  let turns = 0;
  const turn = (): void => void (turns += 1);
  const ticking = setInterval(turn, 0);
  const forgotten = forgetTexts(open.store, table, open.vectors);
  const last = pieces.at(-1)!;
  expect(await own.learn(RED, [last])).toBe(1);
  await forgotten;
  clearInterval(ticking);
  expect([turns > 0, [...table.entries()].map(({ value }) => value.text), texts(await own.nearest(RED, last.text, 9))]).toEqual([true, [last.text], [last.text]]);
});

describe("bad luck: the disk gives a text back that nobody wrote", () => {
  const [hit, whole] = [piece("word hit"), piece("word whole")];
  const left = (): number => open.store.scanner.count("exemplars.texts");
  const damaged = (): readonly string[] => open.store.scanner.slice("exemplars.texts", undefined, 9).damaged.map(({ what }) => what);
  beforeEach(async () => {
    await exemplars().learn(RED, [hit, whole]);
    await open.close();
    expect(flipped(folder, hit.text)).toBeGreaterThan(0);
    open = opened(folder, { now_s: () => now_s });
    table = openTextTable(open.store);
    expect(damaged()).toEqual(["the record's hash does not match"]);
  });

  test("its model is removed all the same, and every text with it", async () => {
    await open.vectors.forget(MODEL.digest);
    await forgetTexts(open.store, table, open.vectors);
    expect(left()).toBe(0);
  });

  test("another model is removed: it stays for fsck, and so does the whole one", async () => {
    await open.vectors.forget("d".repeat(64));
    await forgetTexts(open.store, table, open.vectors);
    expect([left(), damaged().length]).toEqual([2, 1]);
  });

  test("how old it is nobody knows: it goes with what is past its time, which is said, and what is younger stays", async () => {
    expect(await expireTexts(open.store, table, 500)).toMatchObject({ code: "store.corrupt", detail: expect.stringContaining(hit.sha256) });
    expect([texts(await exemplars().nearest(RED, "word", 9)), left()]).toEqual([["word whole"], 1]);
    expect(await expireTexts(open.store, table, 2_000)).toBeNull();
    expect(left()).toBe(0);
  });

  test("it is shown to nobody, hides no other, and is written anew when it is read again", async () => {
    const own = exemplars();
    expect(texts(await own.nearest(RED, "word", 9))).toEqual(["word whole"]);
    expect(await own.learn(RED, [hit, whole])).toBe(1);
    expect([texts(await own.nearest(RED, "word", 9)).sort(), damaged()]).toEqual([["word hit", "word whole"], []]);
  });
});

const added = (...lines: readonly string[]) => lines.map((line) => ({ op: "+" as const, bytes: utf8(line), cut: false }));

test("a piece is the longest run of added lines, masked, of whole lines, and never more than a row holds", () => {
  const [one, two, three] = ["const alpha = first(1);", "const beta = second(alpha);", "return third(alpha, beta);"];
  const kept = { op: " " as const, bytes: utf8("kept"), cut: false };
  expect(addedText([...added("lonely"), kept, ...added(one!, `${two}  `, three!), kept])).toBe([one, two, three].join("\n"));
  expect(addedText(added("short", "is", "nothing"))).toBeNull();
  expect(addedText([...added(one!, two!), { op: "+", bytes: Uint8Array.of(0xff, 0xfe), cut: false }, ...added(three!)])).toBeNull();
  const token = `ghp_${"A1b2C3d4E5f6".repeat(3)}`;
  const masked = addedText(added(one!, `const token = "${token}";`, three!, "mail(\"ada@example.org\");")) ?? "";
  expect([masked.includes(token.slice(4)), masked.includes("ada@example.org"), masked.includes("third(alpha")]).toEqual([false, false, true]);
  const long = addedText(added(...Array.from({ length: 200 }, (_, place) => `line ${place} ${"ü".repeat(20)}`))) ?? "";
  expect([Buffer.byteLength(long) <= PIECE_BYTES_MAX, long.startsWith("line 0"), long.endsWith("ü".repeat(20))]).toEqual([true, true, true]);
});
