import type { Facts, FileChange, Gap } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { folderOf } from "../../config/folder-of.ts";
import { defineCheck, type CheckContext } from "./check.ts";
import { contentReader, type ContentOf } from "./reading/contents.ts";
import { addedLines, removedLines } from "./reading/lines.ts";
import { foldedPath, linkLeads, unsafePath } from "./reading/path-safety.ts";
import { findingList, type FindingList } from "./reporting/finding.ts";

const LINK = "120000";
const SUBMODULE = "160000";

/** Files whose path is new in the tree. */
function arrived(file: FileChange): boolean {
  return file.status === "added" || file.status === "renamed" || file.status === "copied";
}

function unsafeNames(files: readonly FileChange[], list: FindingList): void {
  for (const file of files) {
    if (!arrived(file)) continue;
    const because = unsafePath(pathText(file.path), "u" in file.path);
    if (because !== null) list.add({ rule: "path.unsafe", severity: "error", message: `the path ${because}`, file, fix: "Give the file another name." });
  }
}

/** Reports links that lead out; says why where a link could not be followed. */
function links(facts: Facts, contentOf: ContentOf, list: FindingList): string | null {
  const changed = facts.files.filter((file) => file.new?.mode === LINK);
  if (changed.length === 0) return null;
  const targets = new Map<string, string | undefined>();
  for (const entry of facts.tree) if (entry.mode === LINK) targets.set(pathText(entry.path), undefined);
  let unread: string | null = null;
  for (const file of changed) {
    const target = contentOf(file).new;
    if (target === null && file.new?.oid !== file.old?.oid) unread ??= pathText(file.path);
    targets.set(pathText(file.path), target ?? undefined);
  }
  const targetOf = (path: string): string | null | undefined => (targets.has(path) ? targets.get(path) : null);
  for (const file of changed) {
    const target = targets.get(pathText(file.path));
    if (target === undefined) continue;
    const leads = linkLeads(pathText(file.path), target, targetOf);
    if (leads === "inside") continue;
    const message = leads === "outside" ? "the symbolic link leads out of the repository" : "the symbolic link passes through another one, so where it leads cannot be told";
    list.add({ rule: "path.unsafe", severity: "error", message, file, line: 1, text: target, fix: "Link to a path inside the repository, without a detour." });
  }
  return unread;
}

/** Every folder and file of the tree by its folded name; a path the change adds must be the only spelling. */
function caseCollisions(facts: Facts, list: FindingList): Gap[] {
  const added = facts.files.filter(arrived);
  if (added.length === 0) return [];
  const spelling = new Map<string, string>();
  const addedPaths = new Set(added.map((file) => pathText(file.path)));
  const seen = new Set<string>();
  const note = (path: string): void => {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const prefix = path.slice(0, end);
      if (seen.has(prefix)) return;
      seen.add(prefix);
      const key = foldedPath(prefix);
      if (!spelling.has(key)) spelling.set(key, prefix);
    }
  };
  for (const entry of facts.tree) if (!addedPaths.has(pathText(entry.path))) note(pathText(entry.path));
  const said = new Set<string>();
  for (const file of added) {
    const path = pathText(file.path);
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const prefix = path.slice(0, end);
      const other = spelling.get(foldedPath(prefix));
      if (other === undefined || other === prefix || said.has(prefix)) continue;
      said.add(prefix);
      list.add({ rule: "path.case-collision", severity: "error", message: `${prefix} and ${other} are one name where case or normalisation does not count`, file, counterexample: other, fix: "Rename one of the two." });
    }
    note(path);
  }
  const cut = facts.gaps.find(({ what }) => what === "merged tree");
  return cut === undefined ? [] : [{ what: "names of the rest of the tree", because: cut.because }];
}

function submodules(files: readonly FileChange[], list: FindingList): void {
  for (const file of files) {
    if (file.new?.mode === SUBMODULE && file.new.oid !== file.old?.oid) {
      const how = file.old?.mode === SUBMODULE ? "moved to another commit" : "added";
      list.add({ rule: "path.submodule", severity: "warning", message: `a submodule was ${how}; its content is not part of this gate`, file });
    }
    if (!/(?:^|\/)\.gitmodules$/i.test(pathText(file.path))) continue;
    const before = new Set([...removedLines(file)].map((line) => line.text.trim()));
    for (const line of addedLines(file)) {
      if (/^\s*(?:url|update)\s*=/i.test(line.text) && !before.has(line.text.trim())) list.add({ rule: "path.submodule", severity: "warning", message: "a submodule's source changed", file, line: line.number, text: line.text });
    }
  }
}

function largeBinaries(files: readonly FileChange[], { thresholds, folders }: CheckContext, list: FindingList): void {
  for (const file of files) {
    const bytes_max = (folderOf(folders, pathText(file.path)) ?? { thresholds }).thresholds.large_binary_bytes_max;
    if (!file.binary || file.new === null || file.new.oid === file.old?.oid || file.new.size <= bytes_max) continue;
    list.add({ rule: "file.large-binary", severity: "warning", message: `a binary file of ${file.new.size} bytes; the limit is ${bytes_max}`, file, fix: "Keep it out of git, or store it with Git LFS." });
  }
}

export default defineCheck({
  id: "paths",
  question: "Do the change's paths, links, submodules and binaries stay harmless on every machine?",
  contents: [`mode:${LINK}`],
  reads: ["contents", "tree"],
  rules: [
    {
      id: "path.unsafe",
      content: true,
      title: "Unsafe path or link",
      why: "Such names write outside the checkout, into git's own folder, or nowhere at all on another system.",
      passes: { says: "A link that stays inside, as agents' shared skill folders use.", change: [{ path: ".codex/skills", old: null, new: "../.claude/skills", mode: "120000" }] },
      fails: { says: "A link to a file of the machine that checks it out.", change: [{ path: "docs/hosts", old: null, new: "../../etc/hosts", mode: "120000" }] },
      cannot_see: "Links that were there before and now lead elsewhere because a folder on their way became a link; characters only Windows refuses (< > : \" | ? *).",
      replay: "0 of 2,200 changes; one link that stays inside passes",
    },
    {
      id: "path.case-collision",
      title: "Two names that are one elsewhere",
      why: "On macOS and Windows one of the two files overwrites the other; with a link among them, anywhere (CVE-2024-32002).",
      passes: { says: "Names that differ by more than case.", change: [{ path: "src/Button.tsx", old: null, new: "" }, { path: "src/button.test.tsx", old: null, new: "" }] },
      fails: { says: "Two spellings of one name.", change: [{ path: "src/Button.tsx", old: null, new: "" }, { path: "src/button.tsx", old: null, new: "" }] },
      cannot_see: "Collisions that were there before; short 8.3 names; the special folding of Turkish and a few other locales.",
      replay: "0 of 2,200 changes",
    },
    {
      id: "path.submodule",
      title: "Submodule added, moved or re-pointed",
      why: "It brings in another repository's code, which this gate has not read.",
      passes: { says: "A submodule is removed.", change: [{ path: "vendor/lib", old: "a", new: null, mode: "160000" }] },
      fails: { says: "A submodule is added.", change: [{ path: "vendor/lib", old: null, new: "a", mode: "160000" }] },
      cannot_see: "What the other repository holds.",
      replay: "0 of 2,200 changes",
    },
    {
      id: "file.large-binary",
      title: "Large binary file",
      why: "Nobody can review it, and every clone pays for it for ever.",
      passes: { says: "A small icon.", change: [{ path: "icon.png", old: null, new: "x", binary_bytes: 20_000 }] },
      fails: { says: "A five-megabyte model.", change: [{ path: "model.bin", old: null, new: "x", binary_bytes: 5_000_000 }] },
      cannot_see: "Many small ones; large files of text; what an LFS pointer stands for.",
      replay: "0 of 2,200 changes",
    },
  ],
  run(facts, context) {
    if (facts.files.length === 0) return { not_applicable: "the change touches no file" };
    const list = findingList();
    unsafeNames(facts.files, list);
    const unread = links(facts, contentReader(facts), list);
    const gaps = caseCollisions(facts, list);
    submodules(facts.files, list);
    largeBinaries(facts.files, context, list);
    const [unlisted] = gaps;
    const blind = unread !== null ? `the target of the symbolic link ${unread} was not handed over` : unlisted !== undefined ? `files were added, and ${unlisted.what} could not be compared: ${unlisted.because}` : null;
    return list.seen(gaps, blind);
  },
});
