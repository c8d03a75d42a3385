import { utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Facts, FileChange } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { BASELINE_FILE_NAME, type WaiverEntry } from "../../../proto/waiver.ts";
import { mentionsWaiver } from "../../findings/comment.ts";
import { defineCheck } from "./check.ts";
import { contentReader, missingBecause, type ContentOf } from "./reading/contents.ts";
import { addedLines, isBinary, lineGaps, lineWith } from "./reading/lines.ts";
import { findingList, type FindingList } from "./reporting/finding.ts";

const CONFIG = /^(?:.*\/)?maestro\.yaml$/;

function addedComments(file: FileChange, list: FindingList): void {
  const path = pathText(file.path);
  for (const line of addedLines(file)) {
    if (!mentionsWaiver(line.text, path)) continue;
    list.add({ rule: "waiver.self-added", severity: "warning", message: "the change brings a waiver of its own; it counts once the target has it", file, line: line.number, text: line.text, fix: "Have a person accept the finding, in a change of its own." });
  }
}

/** What a `maestro.yaml` waives; null where nobody could use the file, since then it waives nothing. */
async function waiversOf(text: string | null): Promise<readonly WaiverEntry[] | null> {
  if (text === null) return [];
  const { parseRepositoryConfig } = await import("../../config/repository.ts");
  try {
    return parseRepositoryConfig(utf8(text)).waivers ?? [];
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

async function addedEntries(file: FileChange, contentOf: ContentOf, list: FindingList): Promise<string | null> {
  const sides = contentOf(file);
  if (file.new === null) return null;
  if (sides.missing !== null || sides.new === null) return missingBecause(file, sides);
  const now = await waiversOf(sides.new);
  // Under another folder the same entry speaks of other files.
  const moved = file.old_path !== null;
  const before = new Set(((moved ? [] : await waiversOf(sides.old)) ?? []).map((entry) => JSON.stringify(entry)));
  for (const entry of now ?? []) {
    if (before.has(JSON.stringify(entry))) continue;
    const line = lineWith(file, entry.reason);
    list.add({ rule: "waiver.self-added", severity: "warning", message: `the change brings or alters a waiver of ${entry.rule}; it counts once the target has it`, file, ...(line === null ? {} : { line: line.number, text: line.text }), identity: JSON.stringify(entry) });
  }
  return null;
}

async function grownBaseline(facts: Facts, contentOf: ContentOf, list: FindingList): Promise<string | null> {
  const file = facts.files.find(({ path }) => pathText(path) === BASELINE_FILE_NAME);
  if (file === undefined || file.new === null) return null;
  const { grownEntries, parseBaseline } = await import("../../findings/baseline-file.ts");
  const sides = contentOf(file);
  if (sides.missing !== null || sides.new === null) return missingBecause(file, sides);
  const read = (text: string | null) => {
    try {
      return text === null ? [] : parseBaseline(utf8(text));
    } catch (error) {
      if (error instanceof MaestroError) return null;
      throw error;
    }
  };
  const now = read(sides.new);
  if (now === null) {
    list.add({ rule: "baseline.grown", severity: "warning", message: `${BASELINE_FILE_NAME} cannot be read, so what it would accept is unknown`, file });
    return null;
  }
  const renamed = new Map(facts.files.flatMap(({ status, path, old_path }) => (status === "renamed" && old_path !== null ? [[pathText(old_path), pathText(path)] as const] : [])));
  for (const { rule, path, count } of grownEntries(file.old === null || file.old_path !== null ? [] : (read(sides.old) ?? []), now, renamed)) {
    list.add({ rule: "baseline.grown", severity: "warning", message: `${BASELINE_FILE_NAME} accepts ${count} more of ${rule} in ${path}`, file, fix: "Mend the finding; the file may only shrink." });
  }
  return null;
}

const line = (rule: string, until: string) => `// maestro-ignore ${rule} -- the tutorial stops here until ${until}\n`;
const entry = (until: string) => `version: 1\nwaivers:\n  - { rule: code.debugger, paths: [tutorial], owner: Ada, reason: the tutorial stops here, until: ${until} }\n`;
const accepts = (count: number) => `{"findings":[{"count":${count},"identity":"${"a".repeat(64)}","path":"src/a.ts","rule":"command.lint.no-undef"}],"version":1}\n`;

export default defineCheck({
  id: "waivers",
  question: "Does the change accept findings in its own favour?",
  contents: ["maestro.yaml", "**/maestro.yaml", BASELINE_FILE_NAME],
  reads: ["contents"],
  rules: [
    {
      id: "waiver.self-added",
      title: "A change that brings its own waiver",
      why: "Who is judged does not accept their own findings: a waiver, an altered date or a wider path is for a person to see.",
      passes: { says: "A waiver is taken away, and another stays where it is.", change: [{ path: "a.ts", old: `${line("code.debugger", "2026-12-01")}debugger;\n${line("test.skipped", "2026-12-01")}x();\n`, new: `${line("test.skipped", "2026-12-01")}x();\n` }] },
      fails: { says: "A date is moved.", change: [{ path: "maestro.yaml", old: entry("2026-12-01"), new: entry("2036-12-01") }] },
      cannot_see: "Suppressions of outside tools (eslint-disable, noqa, nolint); what an edit makes of the line under a waiver that stands there; a waiver comment that is only re-indented is taken for an added one; waivers that a policy bundle of the repository makes itself.",
      replay: "none: no replayed repository used waivers",
    },
    {
      id: "baseline.grown",
      title: "The list of accepted findings grows",
      why: "The file exists to become empty: what it lists was there on adoption, and whatever is new is mended or waived by name.",
      passes: { says: "An entry is taken away.", change: [{ path: BASELINE_FILE_NAME, old: accepts(2), new: accepts(1) }] },
      fails: { says: "One more finding is to be overlooked.", change: [{ path: BASELINE_FILE_NAME, old: accepts(1), new: accepts(2) }] },
      cannot_see: "Whether a listed finding is harmful; an entry replaced by the same one under a file's new name, which is no growth.",
      replay: "none: no replayed repository had the file",
    },
  ],
  async run(facts) {
    if (facts.files.length === 0) return { not_applicable: "the change touches no file" };
    const list = findingList();
    const contentOf = contentReader(facts);
    let blind: string | null = null;
    for (const file of facts.files) {
      if (!isBinary(file)) addedComments(file, list);
      if (CONFIG.test(pathText(file.path))) blind ??= await addedEntries(file, contentOf, list);
    }
    blind ??= await grownBaseline(facts, contentOf, list);
    const cut = facts.files.find((file) => file.truncated && !isBinary(file));
    if (cut !== undefined) blind ??= `the lines of ${pathText(cut.path)} were cut at a limit, so a waiver may stand among them`;
    return list.seen(lineGaps(facts.files), blind);
  },
});
