/** What the filter finds, what it misses and what it takes too much of, in figures that docs/learning.md repeats. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { CONTEXT_TEXT_MAX, type ContextField, PII_CLASSES, type PiiClass } from "../../../../proto/routing.ts";
import { maskPersonal } from "../../../checking/personal.ts";
import { credentialsIn } from "../../../checking/redact.ts";
import { filterContext, filterText } from "./index.ts";
import { type Case, CORPUS, HELD_OUT } from "./testing/corpus.ts";
import { cpuMs } from "../../../testing/cpu.ts";

/** Found of those there are, and what was taken for one and is none. */
function measured(cases: readonly Case[]): Record<PiiClass, string> {
  const figures = PII_CLASSES.map((of): [PiiClass, string] => {
    let [found, there, wrong] = [0, 0, 0];
    for (const { text, holds } of cases) {
      const [wanted, got] = [holds[of] ?? 0, filterText(text, CONTEXT_TEXT_MAX).redacted[of]];
      there += wanted;
      found += Math.min(wanted, got);
      wrong += Math.max(0, got - wanted);
    }
    return [of, `${found} of ${there}, ${wrong} wrong`];
  });
  return Object.fromEntries(figures) as Record<PiiClass, string>;
}

test("the corpus: everything with a form of its own is found; of names nine of ten that something stands around, and none without", () => {
  const figures = measured(CORPUS);
  expect(CORPUS.length).toBeGreaterThanOrEqual(200);
  expect(figures).toEqual({ person: "46 of 55, 1 wrong", email: "28 of 28, 0 wrong", phone: "97 of 97, 0 wrong", iban: "26 of 26, 0 wrong", card: "14 of 14, 0 wrong", token: "24 of 24, 0 wrong" });
});

test("held out: texts that no rule was made by", () => {
  const figures = measured(HELD_OUT);
  expect(figures).toEqual({ person: "6 of 12, 2 wrong", email: "5 of 6, 0 wrong", phone: "11 of 12, 0 wrong", iban: "5 of 5, 0 wrong", card: "4 of 4, 0 wrong", token: "5 of 7, 0 wrong" });
});

test("the page says the figures that this test pins", () => {
  const page = readFileSync(Bun.fileURLToPath(new URL("../../../../docs/learning.md", import.meta.url)), "utf8");
  const [one, two] = [measured(CORPUS), measured(HELD_OUT)];
  for (const of of PII_CLASSES) expect(page).toContain(`| \`${of}\` | ${one[of]} | ${two[of]} |`);
});

test("nothing of a value is left, not a piece of it", () => {
  const { text } = filterText("mail jane.doe+x@mail.example.co.uk, pay DE89 3704 0044 0532 0130 00, card 5555 5555 5555 4444, call +49 (30) 901820-44, password=hunter2x", CONTEXT_TEXT_MAX);
  expect(text).toBe("mail [email], pay [iban], card [card], call [phone], password=[token]");
});

test("what went through it once stays as it is, and the guard at the table's door finds nothing in it", () => {
  const piece = fc.oneof(fc.constantFrom(...CORPUS, ...HELD_OUT).map(({ text }) => text), fc.string({ unit: "grapheme", maxLength: 20 }), fc.string({ maxLength: 20 }), fc.constantFrom("+", "@", ":", "sk-", "0", " ", "://", "eyJ"));
  fc.assert(fc.property(fc.array(piece, { maxLength: 6 }), fc.constantFrom("", " ", "\n", ","), (pieces, between) => {
    const { text } = filterText(pieces.join(between), CONTEXT_TEXT_MAX);
    return maskPersonal(text) === text && credentialsIn(text) === 0;
  }), { seed: 8, numRuns: 400 });
  // A name against a number: only without the name does the number begin anywhere.
  expect(["", "assigned to Björn Sørensen+56 9 1234 5678"].map((text) => filterText(text, CONTEXT_TEXT_MAX).text)).toEqual(["", "assigned to [person][phone]"]);
});

const each = (text: string, as: (code: number, character: string) => string): string => [...text].map((character) => as(character.codePointAt(0) ?? 0, character)).join("");
/** Ways to carry a text past whoever looks at its letters. */
const CARRIERS: readonly (readonly [name: string, carried: (text: string) => string])[] = [
  ...["\u200b", "\u061c", "\u202e", "\u2069", "\u034f", "\ufe0f", "\u3164", "\u180e", "\u{e0041}", "\0", "\u001b", "\u20e3", "\u0336"].map((unseen) => [`U+${unseen.codePointAt(0)?.toString(16)} behind each letter`, (text: string) => each(text, (_, character) => character + unseen)] as const),
  ["percent", (text) => encodeURIComponent(text).replaceAll(/[A-Za-z0-9]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)],
  ["percent twice", (text) => encodeURIComponent(encodeURIComponent(text))],
  ["decimal entities", (text) => each(text, (code) => `&#${code};`)],
  ["hexadecimal entities", (text) => each(text, (code) => `&#x${code.toString(16)};`)],
  ["escapes of programs", (text) => each(text, (code, character) => (code > 0xffff ? character : `\\u${code.toString(16).padStart(4, "0")}`))],
  ["wide letters", (text) => each(text, (code, character) => (code > 0x20 && code < 0x7f ? String.fromCharCode(code + 0xfee0) : character))],
  ["digits of Thai", (text) => text.replaceAll(/[0-9]/g, (digit) => String.fromCharCode(0xe50 + Number(digit)))],
];
for (const [name, carried] of CARRIERS) test(`attack: carried past the filter as ${name}`, () => {
  const others = CORPUS.filter(({ text }) => filterText(carried(text), 1e6).text !== filterText(text, 1e6).text);
  expect(others.map(({ text }) => [text, carried(text)])).toEqual([]);
});

test("attack: forms that a writer makes up between the groups, and addresses as mail allows them", () => {
  const [emails, cards, ibans, phones] = [
    ["\"jane.doe\"@example.org", "'jane'@example.org", "o'brien@example.org", "用户@例子.中国", "jane@例え.jp", "jane@उदाहरण.भारत", "jane@example。org"],
    [".", "/", "_", "\n", "\t", "  ", " – ", "·"].map((between) => ["4111", "1111", "1111", "1111"].join(between)),
    [".", "_", "\n", "/"].map((between) => ["DE89", "3704", "0044", "0532", "0130", "00"].join(between)).concat("DE 89 3704 0044 0532 0130 00"),
    ["·", "_", "\t", "—"].map((between) => ["+49", "30", "1234567"].join(between)),
  ];
  for (const [of, texts] of [["email", emails], ["card", cards], ["iban", ibans], ["phone", phones]] as const) {
    expect(texts?.map((text) => [text, filterText(`see ${text}!`, CONTEXT_TEXT_MAX).text])).toEqual(texts?.map((text) => [text, `see [${of}]!`]));
  }
  expect(filterText('{\\"password\\":\\"hunter2x\\"}', CONTEXT_TEXT_MAX).text).toBe('{\\"password\\":\\"[token]\\"}');
});

test("attack: what is cut, because its masks are longer than it was, ends in half a number, which is another number", () => {
  const { text } = filterText(`${"x@b.co ".repeat(30)}${"w".repeat(44)} +${"1234567890".repeat(5)}`, 300);
  expect([text.length <= 300, maskPersonal(text) === text, filterText("a@b.co,".repeat(585), CONTEXT_TEXT_MAX).text.length]).toEqual([true, true, CONTEXT_TEXT_MAX]);
});

test("attack: a text made to take long", () => {
  const started_ms = cpuMs();
  for (const part of ["a@", "+1 ", "4 ", "DE00 ", "(1", "1-", "a at b dot ", "password=", "eyJ", "Dr. ", "Maria ", "van der ", "-----BEGIN PRIVATE KEY-----", "0.", "al-", "Xx-"]) filterText(part.repeat(4_096), Number.MAX_SAFE_INTEGER);
  expect(cpuMs() - started_ms).toBeLessThan(5_000);
});

test("a declared name becomes a pseudonym, the same for the same person however it is written; other fields stay", () => {
  const fields: ContextField[] = [{ name: "who", type: "text", pii: "person" }, { name: "size", type: "number" }, { name: "kind", type: "choice", values: ["Maria Schmidt"] }];
  const pseudonym = (name: string): string => new Bun.CryptoHasher("sha256").update(`k ${name}`).digest("hex");
  const of = (who: string) => filterContext(fields, { who, size: 4111111111111111, kind: "Maria Schmidt" }, pseudonym);
  const { context, redacted } = of("José Núñez");
  expect(context).toEqual({ who: expect.stringMatching(/^person-[0-9a-f]{16}$/), size: 4111111111111111, kind: "Maria Schmidt" });
  expect([of("JOSÉ NÚÑEZ ").context["who"], redacted.person]).toEqual([context["who"], 1]);
});
