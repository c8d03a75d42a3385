import type { Commit, Facts, FileChange, Gap } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { defineCheck } from "./check.ts";
import { addedLines, isBinary, lastStart, lineGaps, newSide, oldSide, unseenBecause } from "./reading/lines.ts";
import { findingList, type FindingList } from "./reporting/finding.ts";
import { believable } from "./secret/believable.ts";
import { privateKeys } from "./secret/pem.ts";
import type { Match } from "./secret/scan.ts";

/** Where a stretch of the scanned text comes from. */
interface Place {
  readonly start: number;
  readonly text: string;
  readonly file: FileChange | null;
  readonly line: number;
  /** Said of texts that are not lines of a file. */
  readonly where: string;
  readonly commit?: Commit;
}

/** A line no pattern can reach across, between lines that are not neighbours. */
const SEPARATOR = "\n\u0001\n";

/** All texts of one scan in one string: a scan costs milliseconds to set up, and a change has thousands of lines. */
function joined(places: readonly Omit<Place, "start">[]): { content: string; places: Place[] } {
  const parts: string[] = [];
  const out: Place[] = [];
  let start = 0;
  let last: Omit<Place, "start"> | null = null;
  for (const place of places) {
    const follows = last !== null && place.file !== null && place.file === last.file && place.line === last.line + 1;
    const glue = last === null ? "" : follows ? "\n" : SEPARATOR;
    parts.push(glue, place.text);
    start += glue.length;
    out.push({ ...place, start });
    start += place.text.length;
    last = place;
  }
  return { content: parts.join(""), places: out };
}

/** UTF-16 text arrives with a NUL beside each letter; without them its tokens read like any other. */
function plain(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "") : text;
}

function fileTexts(files: readonly FileChange[]): Omit<Place, "start">[] {
  return files.flatMap((file) => [...addedLines(file)].map(({ number, text }) => ({ text: plain(text), file, line: number, where: "" })));
}

function commitTexts(facts: Facts): Omit<Place, "start">[] {
  const of = (commit: Commit) => {
    const texts = [commit.subject, ...commit.trailers.map(({ key, value }) => `${key}: ${value}`), commit.author.name, commit.author.email];
    // Named only where something is found: a rebase gives the commit another name and says nothing else by it.
    return texts.map((text) => ({ text, file: null, line: 0, where: "", commit }));
  };
  const paths = facts.files.filter((file) => file.status !== "deleted").map((file) => ({ text: pathText(file.path), file: null, line: 0, where: "a file name" }));
  return [...facts.commits.flatMap(of), { text: facts.title, file: null, line: 0, where: "the title" }, ...paths];
}

function report(matches: readonly Match[], places: readonly Place[], list: FindingList): void {
  const values = new Map<Place, string[]>();
  const starts = places.map(({ start }) => start);
  const placeAt = (match: Match): Place | undefined => places[lastStart(starts, match.start)];
  for (const match of matches) {
    const place = placeAt(match);
    if (place === undefined) continue;
    const known = values.get(place) ?? [];
    known.push(match.value);
    values.set(place, known);
  }
  const said = new Set<string>();
  for (const match of matches) {
    const place = placeAt(match);
    if (place === undefined || !believable(match) || said.has(`${place.start} ${match.value}`)) continue;
    said.add(`${place.start} ${match.value}`);
    const named = place.commit === undefined ? place.where : `commit ${place.commit.oid.slice(0, 9)}`;
    const message = `a ${match.provider} credential${named === "" ? "" : ` in ${named}`}, ${match.value.length} characters`;
    const fix = "Revoke it at its issuer, then remove it; taking it out of the history is not enough.";
    const where = place.file === null ? {} : { file: place.file, line: place.line };
    list.add({ rule: "secret.token", severity: "error", message, text: around(place.text, match.start - place.start), identity: match.value, secrets: values.get(place) ?? [], fix, ...where });
  }
}

/** The part of a line an excerpt is cut from: a minified line would not show its token otherwise. */
function around(text: string, at: number): string {
  const from = at > 2000 ? at - 40 : 0;
  return text.slice(from, from + 16 * 1024);
}

function keys(file: FileChange, list: FindingList): void {
  const found = privateKeys([...newSide(file)].map((line) => ({ ...line, text: plain(line.text) })));
  // Keys with a body, not markers: code that names the marker must not excuse a key beside it.
  let replaced = found.length === 0 ? 0 : privateKeys([...oldSide(file)]).length;
  for (const key of found) {
    if (!key.added) {
      replaced -= 1;
      continue;
    }
    const kind = key.kind === "" ? "" : `${key.kind} `;
    list.add({
      rule: "secret.private-key", severity: "error", file, line: key.start, end_line: key.end, text: `-----BEGIN ${kind}PRIVATE KEY-----`,
      identity: key.body,
      message: `${kind}private key, ${key.end - key.start + 1} ${key.end === key.start ? "line" : "lines"}`, at_base: replaced > 0,
      fix: "Replace the key everywhere it is trusted, then remove it.",
    });
    replaced -= 1;
  }
}

/** Text that is not there whole cannot be called free of secrets; a binary file, never read as text, is a gap. */
function blindness(facts: Facts): string | null {
  const hidden = facts.files.filter((file) => !isBinary(file) && !file.lfs && file.new?.mode !== "160000" && unseenBecause(file) !== null);
  const [first] = hidden;
  return first === undefined ? null : `${hidden.length} changed files were not scanned whole: ${pathText(first.path)}, ${unseenBecause(first) ?? ""}`;
}

export default defineCheck({
  id: "secrets",
  question: "Does the change publish a credential?",
  contents: [],
  reads: ["commit_words", "title"],
  rules: [
    {
      id: "secret.token",
      content: true,
      title: "Credential of a known provider",
      why: "A pushed credential is read by strangers within minutes and stays in the history for ever.",
      passes: { says: "Written like a token, but its checksum is wrong: GitHub never issued it.", change: [{ path: "src/client.ts", old: "", new: `const token = "${"ghp"}_${"16C7e42F292c6912E7710c838347Ae178B4a"}";\n` }] },
      fails: { says: "A token with a right checksum outside of tests.", change: [{ path: "src/client.ts", old: "", new: `const token = "${"ghp"}_${"a8Kx2ZqT7bNc4RmW9vYd1LsF6hPj3E"}${"2f3OhS"}";\n` }] },
      cannot_see: "Secrets without a known format, short or weak passwords, AWS key ids and Google API keys standing alone, values split over expressions or encoded again, archives, images and other binaries, bodies of commit messages, whether a token is still valid.",
      replay: "2 of 2,200 changes, both tests of redaction in test paths",
    },
    {
      id: "secret.private-key",
      content: true,
      title: "Private key",
      why: "Whoever reads the repository can act as the key's owner.",
      passes: { says: "Code that writes a key holds the marker without a body.", change: [{ path: "src/pem.ts", old: "", new: `export const pem = (der: string) => "${"-----BEGIN"} PRIVATE KEY-----\\n" + der;\n` }] },
      fails: {
        says: "A key file with its body.",
        change: [{ path: "deploy/server.key", old: null, new: `${"-----BEGIN"} PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n` }],
      },
      cannot_see: "Keys in binary containers (PKCS #12, JKS), JWK, PuTTY files, a body whose BEGIN line is outside the visible lines.",
      replay: "2 of 2,200 changes: a key written into a program's source is refused, a test's fixture noted",
    },
  ],
  async run(facts, { signal }) {
    if (facts.files.length === 0 && facts.commits.length === 0) return { not_applicable: "the change has no text" };
    const { scan } = await import("./secret/scan.ts");
    const list = findingList();
    const npmrc = (file: FileChange) => pathText(file.path).endsWith(".npmrc");
    const batches = [
      { texts: [...fileTexts(facts.files.filter((file) => !npmrc(file))), ...commitTexts(facts)], npmrc: false },
      { texts: fileTexts(facts.files.filter(npmrc)), npmrc: true },
    ];
    for (const batch of batches) {
      const { content, places } = joined(batch.texts);
      report(await scan(content, batch.npmrc, signal), places, list);
    }
    for (const file of facts.files) keys(file, list);
    const gaps: Gap[] = lineGaps(facts.files);
    return list.seen(gaps, blindness(facts));
  },
});
