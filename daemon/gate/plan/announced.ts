/**
 * What the checks say of a change that does not exist yet. Runs in a check process, like every look at a path. The announcement is put into
 * the form of facts, so that the very rules of a gate answer; what only the bytes would show is said as not seen.
 */
import { toBase64, utf8 } from "../../../proto/encoding.ts";
import type { Facts, FileChange, FileContent } from "../../../proto/facts.ts";
import { GUARD_PLACES } from "../../../proto/guard-paths.ts";
import type { AnnouncedPackage, PlanJob, PlanJobReply } from "../../../proto/plan.ts";
import { runCheck, type Check } from "../checks/check.ts";
import ci from "../checks/ci.ts";
import dependencies from "../checks/dependencies.ts";
import guards from "../checks/guards.ts";
import paths from "../checks/paths.ts";
import size from "../checks/size.ts";

/** The checks that can say something by path, size and package names alone. */
const CHECKS: readonly Check[] = [paths, dependencies, ci, guards, size];
const PATTERN = /[*?[\]{}]/;
const SIDE = { mode: "100644", oid: "0".repeat(40), size: 0 } as const;
/** Whatever a workflow will hold, it gives no rights here: that is for the gate to see. */
const NO_WORKFLOW = "on: push\njobs: {}\n";
const WORKFLOW = /(?:^|\/)(?:workflows\/[^/]+|action)\.ya?ml$/i;
const LINE = { op: "+" as const, text: "" };
const LINES_MAX = 200_000;
const NOT_SEEN_MAX = 60;
const DEFAULT_MANIFEST = "package.json";

function manifestWith(manifest: string, names: readonly string[]): { readonly old: string; readonly new: string } | null {
  const name = manifest.split("/").at(-1)?.toLowerCase() ?? "";
  if (name === "package.json") return { old: "{}\n", new: `${JSON.stringify({ dependencies: Object.fromEntries(names.map((one) => [one, "*"])) })}\n` };
  if (/^requirements[\w.-]*\.txt$/.test(name)) return { old: "", new: names.map((one) => `${one}\n`).join("") };
  if (name === "cargo.toml") return { old: "[dependencies]\n", new: `[dependencies]\n${names.map((one) => `${one} = "1"\n`).join("")}` };
  return null;
}

function fileOf(path: string, does: "create" | "edit" | "delete", lines: number): FileChange {
  const hunks = lines === 0 ? [] : [{ old_start: 0, old_lines: 0, new_start: 1, new_lines: lines, lines: Array.from({ length: lines }, () => LINE) }];
  const status = does === "create" ? "added" : does === "delete" ? "deleted" : "modified";
  return { path: { u: path }, old_path: null, status, old: does === "create" ? null : SIDE, new: does === "delete" ? null : { ...SIDE, oid: "1".repeat(40) }, binary: false, lfs: false, hunks, truncated: false };
}

/** Without what stands for nothing in a path: empty steps and dots. The root itself is empty. */
const plainOf = (path: string): string => path.split("/").filter((step) => step !== "" && step !== ".").join("/");

/** The guards and manifests that a pattern reaches. */
function reached(pattern: string): string[] {
  const glob = new Bun.Glob(pattern.toLowerCase());
  return [...GUARD_PLACES, DEFAULT_MANIFEST].filter((place) => glob.match(place.toLowerCase()));
}

interface Announced {
  readonly files: Map<string, FileChange>;
  readonly not_seen: string[];
  readonly lines: number;
}

function announced({ files }: Pick<PlanJob, "files">): Announced {
  const out: Announced & { lines: number } = { files: new Map(), not_seen: [], lines: 0 };
  for (const { path, does = "edit", lines = 0 } of files) {
    const kept = Math.min(lines, LINES_MAX - out.lines);
    out.lines += kept;
    if (kept < lines) out.not_seen.push(`lines beyond ${LINES_MAX} were not counted`);
    const plain = plainOf(path);
    // Whether a name is a file or a folder is not known here, so a folder with guards in it is one however it is spelt.
    const folder = plain === "" || /\/\.?$/.test(path) || GUARD_PLACES.some((place) => place.toLowerCase().startsWith(`${plain.toLowerCase()}/`));
    const many = PATTERN.test(plain) || folder;
    const guarded = many ? reached(folder ? plainOf(`${plain}/**`) : plain) : [];
    // Where no guard is reached it stands for one file: itself, with the stars taken as names.
    const itself = PATTERN.test(plain) ? plain.replace(/\*\*\/?/g, "").replace(/[*?[\]{}]/g, "x") : plain;
    const stands = guarded.length === 0 || (folder && plain !== "" && !PATTERN.test(plain)) ? [itself, ...guarded] : guarded;
    if (many) out.not_seen.push(`${JSON.stringify(path.slice(0, 120))} is a pattern: it was held against the usual places of guards, not against the files of the repository`);
    stands.forEach((one, at) => out.files.set(one, fileOf(one, does, at === 0 ? kept : 0)));
  }
  return out;
}

function withPackages(all: Announced, packages: readonly AnnouncedPackage[]): { readonly contents: FileContent[]; readonly told: ReadonlySet<string> } {
  const byManifest = new Map<string, string[]>();
  for (const { name, manifest = DEFAULT_MANIFEST } of packages) byManifest.set(manifest, [...(byManifest.get(manifest) ?? []), name]);
  const contents: FileContent[] = [];
  for (const [manifest, names] of byManifest) {
    const sides = manifestWith(manifest, names);
    if (!all.files.has(manifest)) all.files.set(manifest, fileOf(manifest, "edit", 0));
    if (sides === null) all.not_seen.push(`what ${JSON.stringify(manifest.slice(0, 120))} would bring in: such manifests are read only in a change`);
    else for (const side of ["old", "new"] as const) contents.push({ path: { u: manifest }, side, bytes: toBase64(utf8(sides[side])) });
  }
  return { contents, told: new Set(byManifest.keys()) };
}

function factsOf(all: Announced, contents: FileContent[]): Facts {
  const files = [...all.files.values()];
  const workflows = [...all.files.keys()].filter((path) => WORKFLOW.test(path)).flatMap((path) => (["old", "new"] as const).map((side) => ({ path: { u: path }, side, bytes: toBase64(utf8(NO_WORKFLOW)) })));
  return {
    basis: "base..head", history: "known", conflicts: [], commits: [], title: "", files, tree: [], contents: [...contents, ...workflows],
    actor: { class: "unknown", authenticated: false, name: "", agent: null, signs: [] },
    added_lines: all.lines, removed_lines: 0, revert: false, merge: false, base_policy: null, commands: [], runners: [], formal: { specs: [], invariants: null, files: [] }, learned: { entries: [], files: [] }, waived: [], gaps: [],
  };
}

export async function planJob({ files, packages, thresholds }: PlanJob): Promise<PlanJobReply> {
  const all = announced({ files });
  const { contents } = withPackages(all, packages);
  const facts = factsOf(all, contents);
  const outcomes = [];
  for (const check of CHECKS) outcomes.push(await runCheck(check, facts, { thresholds, signal: new AbortController().signal }));
  all.not_seen.push("contents: secrets, workflow rights, tests and text are judged when there is a change", "maestro.yaml of the repository, which may ask for more than the host does");
  return { kind: "plan", outcomes, not_seen: [...new Set(all.not_seen)].slice(0, NOT_SEEN_MAX), files: facts.files.length, lines: all.lines };
}
