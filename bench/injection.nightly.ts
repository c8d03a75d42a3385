/**
 * Words in a change that want to be obeyed, 155 of them, each planted in a title, a body, an author's name, a file's name, a comment, a string
 * and a text: verdict, reasons and evidence are those of the same change with harmless words of the same shape, and no face lets any of them act.
 */
import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderMarkdown } from "../daemon/cli/card/markdown.ts";
import { renderTerminal } from "../daemon/cli/card/terminal.ts";
import { World, type GateDocument } from "../daemon/e2e/testing/world.ts";
import type { Bundle } from "../proto/bundle.ts";
import type { Source } from "../daemon/platform/git/testing/scratch.ts";
import { BROWSERS, give, openBrowser, openPage, type BrowserName } from "../daemon/ui/testing/browser.ts";
import { buildPage } from "../daemon/ui/build.ts";
import { CANARY, harmless, PAYLOADS, type Payload } from "./eval/payloads.ts";
import { accepts, output } from "./rig/accepts.ts";

/** What acts on a terminal or is not seen there. Line feeds are ours. */
const ACTIVE = /[^\P{C}\n]|\p{Zl}|\p{Zp}/u;
/** What a build host takes for a command. */
const COMMAND = /^\s*(?:::|##\[)/m;
/** Markup that a forge would render, outside of code. */
const RENDERED = /<(?:img|script|svg|details|style|a |base|h1)|\]\((?:javascript|https?):|@everyone|<https?:/i;
/** Findings about the planted characters themselves: they make a verdict harder, never easier. */
const ABOUT_CHARACTERS = new Set(["text.bidi-control", "path.unsafe"]);
const RANK = { admit: 0, hold: 1, refuse: 2 } as const;
const NAME_CHARACTERS = 40;
const BESIDE_EACH_OTHER = 2;

/** Real code of this repository; the change adds a message. In every second one it also does what a gate refuses. */
const CODE = readFileSync(join(import.meta.dir, "../daemon/money.ts"), "utf8");

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

const nameOf = (text: string): string => `${[...text.replace(/[/\0\n]/g, "-")].slice(0, NAME_CHARACTERS).join("")}x`;

/** A name that no file system should have is refused by itself, so in every third change the file's name is an ordinary one. */
async function planted(text: string, refused: boolean, named: boolean): Promise<Source> {
  const repository = await world.repository({ "src/money.ts": CODE, "src/a.ts": "export const a = 1;\n" });
  repository.git("switch", "-qc", "change");
  const lines = text.replaceAll("\0", "").split("\n");
  const files = {
    "src/money.ts": `${CODE}\n${lines.map((line) => `// ${line}`).join("\n")}\nexport const SAID = ${JSON.stringify(text)};\n`,
    "docs/said.md": `# Said\n\n${text}\n`,
    [`test/${named ? nameOf(text) : "said"}.test.ts`]: `import { expect, test } from "bun:test";\ntest${refused ? ".only" : ""}(${JSON.stringify(text)}, () => expect(1).toBe(1));\n`,
  };
  for (const [name, content] of Object.entries(files)) await Bun.write(`${repository.path}/${name}`, content);
  repository.git("add", "-A");
  repository.bytes(["commit", "-q", "--cleanup=verbatim", "-F", "-"], `money: ${text}\n\nSaid: ${text}\n`, { GIT_AUTHOR_NAME: `A ${text.replace(/[<>\n]/g, "").slice(0, 100)}` });
  return repository;
}

const reasonsOf = ({ card }: GateDocument): string[] => [...new Set(card.reasons.map(({ rule, effect }) => `${rule} ${effect}`))].sort();
const leavesOf = ({ bundle }: GateDocument): string[] => (JSON.parse(readFileSync(bundle, "utf8")) as Bundle).manifest.leaves.map((slot) => ("leaf" in slot && "name" in slot.leaf ? `${slot.leaf.kind} ${slot.leaf.name}` : "identity"));
/** A card shows first what failed, so their order says nothing that the reasons do not. */
const checksOf = ({ card, verified }: GateDocument): unknown => [card.checks.map(({ check, required }) => `${check} ${required}`).sort(), verified];
const stepsOf = ({ card }: GateDocument): unknown => card.next.map(({ command }) => command === null);

/** Code spans and fences show text as it is; what is outside of them a forge renders. */
const outside = (markdown: string): string => markdown.replace(/(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, "");

/** What acts on one of the faces; empty where nothing does. */
function acting(terminal: string, markdown: string, json: string): string[] {
  const found = Object.entries({ terminal, markdown, json }).flatMap(([face, text]) => [...(ACTIVE.test(text.trimEnd()) ? [`${face}: ${JSON.stringify(ACTIVE.exec(text)?.[0])}`] : []), ...(face !== "json" && COMMAND.test(text) ? [`${face}: a command`] : [])]);
  return RENDERED.test(outside(markdown)) ? [...found, `markdown: ${RENDERED.exec(outside(markdown))?.[0]}`] : found;
}

async function judged(text: string, refused: boolean, named = true): Promise<{ readonly document: GateDocument; readonly acts: string[] }> {
  const ran = await world.gate(await planted(text, refused, named), ["--json"]);
  const document = JSON.parse(ran.stdout) as GateDocument;
  return { document, acts: acting(renderTerminal(document.card, { colour: false, ascii: false }), renderMarkdown(document.card, document.proof), ran.stdout) };
}

interface Found {
  readonly id: string;
  readonly wrong: readonly string[];
}

async function tried({ id, text }: Payload, place: number): Promise<Found> {
  const [refused, named] = [place % 2 === 0, place % 3 !== 2];
  const [hostile, plain] = [await judged(text, refused, named), await judged(harmless(text), refused, named)];
  const extra = reasonsOf(hostile.document).filter((reason) => !reasonsOf(plain.document).includes(reason));
  const gone = reasonsOf(plain.document).filter((reason) => !reasonsOf(hostile.document).includes(reason));
  const foreign = extra.filter((reason) => !ABOUT_CHARACTERS.has(reason.split(" ")[0] ?? ""));
  const same = (of: (document: GateDocument) => unknown): boolean => JSON.stringify(of(hostile.document)) === JSON.stringify(of(plain.document));
  const wrong = [
    ...(RANK[hostile.document.verdict] < RANK[plain.document.verdict] || (extra.length === 0 && hostile.document.verdict !== plain.document.verdict) ? [`verdict ${plain.document.verdict} -> ${hostile.document.verdict}`] : []),
    ...(refused && hostile.document.verdict !== "refuse" ? ["not refused"] : []), ...gone.map((reason) => `gone: ${reason}`), ...foreign.map((reason) => `new: ${reason}`), ...hostile.acts,
    ...(same(checksOf) ? [] : ["other checks"]),
    ...(extra.length > 0 || same(stepsOf) ? [] : ["other steps"]),
    ...(extra.length > 0 || same(leavesOf) ? [] : ["other leaves in the evidence"]),
  ];
  return { id, wrong };
}

async function beside<T, R>(list: readonly T[], work: (one: T, place: number) => Promise<R>): Promise<R[]> {
  const out: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < list.length; at = next++) {
      const one = list[at];
      if (one !== undefined) out.push(await work(one, at));
    }
  };
  await Promise.all(Array.from({ length: BESIDE_EACH_OTHER }, lane));
  return out;
}

const maestro = { name: "maestro", version: "of this tree" };
const categories = [...new Set(PAYLOADS.map(({ category }) => category))];

accepts(maestro, "the corpus has at least 150 payloads of twelve kinds, and none says the word that obeying would", () => {
  expect([PAYLOADS.length >= 150, categories.length, PAYLOADS.filter(({ text }) => CANARY.test(text)).length, new Set(PAYLOADS.map(({ text }) => text)).size]).toEqual([true, 12, 0, PAYLOADS.length]);
});

accepts(maestro, "canary: a face that escapes nothing is caught for every control, direction, invisible, tag and markup payload", () => {
  const bare = (text: string): string[] => acting(`ADMIT ${text}`, `**${text}**`, JSON.stringify(text));
  const loud = PAYLOADS.filter(({ category }) => ["control", "bidi", "tag", "markup"].includes(category));
  expect(loud.filter(({ text }) => bare(text).length === 0 && /[^\P{C}\n]/u.test(text))).toEqual([]);
  expect(loud.filter(({ text }) => bare(text).length > 0).length).toBeGreaterThan(loud.length * 0.8);
});

for (const category of categories) {
  accepts(maestro, `${category}: no verdict, reason or leaf of the evidence changes, and nothing acts on terminal, Markdown or JSON`, async () => {
    const results = await beside(PAYLOADS.filter((one) => one.category === category), tried);
    expect(results.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  });
}

for (const browser of Object.keys(BROWSERS) as BrowserName[]) {
  accepts({ name: browser, version: (await output([BROWSERS[browser], "--version"])).trim() }, "the page shows hostile gates as text: nothing runs, nothing is fetched, nothing invisible is drawn", async () => {
    const page_file = join(world.home, "verifier.html");
    await Bun.write(page_file, await buildPage("verifier"));
    const opened = await openBrowser(browser);
    try {
      const { page, requests, complaints } = await openPage(opened, page_file);
      for (const { text } of PAYLOADS.filter((_, i) => i % 12 === 0)) {
        const { document } = await judged(text, true);
        const shown = await give(page, { trust: [(await world.status()).trust_path], evidence: [document.bundle] });
        expect(shown.verdict).toBe("verified");
        expect(ACTIVE.test(String(await page.evaluate("document.body.innerText")).replace(/[\t\r\u00a0]/g, " "))).toBe(false);
      }
      expect([complaints, requests.filter((url) => !/^(?:file|blob|data):/.test(url))]).toEqual([[], []]);
    } finally {
      await opened.close();
    }
  });
}
