/** Declared models, before and after the change: what is weaker now, and whether TLC still finds nothing. Runs in a check process. */
import { fromBase64, fromUtf8Lossy, toBase64 } from "../../../../proto/encoding.ts";
import type { Facts, FileChange, RunnerFile } from "../../../../proto/facts.ts";
import type { SpecEntry } from "../../../../proto/formal.ts";
import { ModelLimits } from "../../../../proto/model.ts";
import { Value } from "@sinclair/typebox/value";
import { canonicalText } from "../../../../proto/canonical.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { readConfig } from "../../../analysis/modelcheck/config.ts";
import { MODULE_NAME, requestProblem } from "../../../analysis/modelcheck/request.ts";
import { replayed } from "../../../checking/replayed.ts";
import { matchesPath } from "../../../checking/globs.ts";
import type { Answer, CheckContext } from "../check.ts";
import { findingList, type FindingList } from "../reporting/finding.ts";
import { weakerThan } from "./cfg.ts";
import { candidateOf, cexText, violated } from "./model-cex.ts";
import { anewFor, brokenAfter, modelAfter } from "./declared.ts";
import { cfgOf, folderOfPath, nameOfPath } from "./places.ts";
import { changedPieces } from "./tla-text.ts";

type Side = "old" | "new";

interface Model {
  readonly cfg: Uint8Array;
  readonly modules: ReadonlyMap<string, Uint8Array>;
}

const NAMES_SHOWN_MAX = 12;
const some = (names: readonly string[]): string => `${names.slice(0, NAMES_SHOWN_MAX).join(", ")}${names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : ""}`;

class Declared {
  readonly spec: string;
  readonly cfg: string;
  readonly name: string;
  readonly folder: string;
  private readonly beside: ReadonlyMap<string, RunnerFile>;

  constructor(readonly entry: SpecEntry, private readonly facts: Facts) {
    this.spec = entry.spec;
    this.cfg = cfgOf(entry);
    this.name = nameOfPath(entry.spec).replace(/\.tla$/, "");
    this.folder = folderOfPath(entry.spec);
    this.beside = new Map(facts.formal.files.filter(({ path }) => path === this.cfg || (folderOfPath(path) === this.folder && path.endsWith(".tla"))).map((file) => [file.path, file]));
  }

  /** Why some of it could not be read. */
  get unread(): string | null {
    const file = [...this.beside.values()].find(({ unread }) => unread !== null);
    return file === undefined ? null : `${file.path}: ${file.unread}`;
  }

  private bytes(path: string, side: Side): Uint8Array | null {
    const text = this.beside.get(path)?.[side] ?? null;
    return text === null ? null : fromBase64(text);
  }

  /** The module and those of its folder that it names; null where the module or its configuration is not there. More than it extends does no harm. */
  model(side: Side): Model | null {
    const cfg = this.bytes(this.cfg, side);
    const modules = new Map<string, Uint8Array>();
    const all = new Map([...this.beside.keys()].filter((path) => path.endsWith(".tla")).flatMap((path) => {
      const bytes = this.bytes(path, side);
      return bytes === null ? [] : [[nameOfPath(path).slice(0, -".tla".length), bytes] as const];
    }));
    const open = [this.name];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const bytes = all.get(name);
      if (bytes === undefined || modules.has(name) || !MODULE_NAME.test(name)) continue;
      modules.set(name, bytes);
      open.push(...new Set((fromUtf8Lossy(bytes).match(/[A-Za-z0-9_]+/g) ?? []).filter((word) => all.has(word) && !modules.has(word))));
    }
    return cfg === null || !modules.has(this.name) ? null : { cfg, modules };
  }

  file(path: string): FileChange | undefined {
    return this.facts.files.find((file) => pathText(file.path) === path) ?? this.facts.files.find(({ old_path }) => old_path !== null && pathText(old_path) === path);
  }

  get touches(): { readonly code: boolean; readonly files: boolean } {
    const changed = this.facts.files.flatMap(({ path, old_path }) => [path, ...(old_path === null ? [] : [old_path])].map(pathText));
    return { code: changed.some((path) => matchesPath(this.entry.code, path)), files: changed.some((path) => path === this.cfg || (folderOfPath(path) === this.folder && path.endsWith(".tla"))) };
  }
}

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean => a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
const unchanged = (a: Model, b: Model): boolean => sameBytes(a.cfg, b.cfg) && a.modules.size === b.modules.size && [...a.modules].every(([name, bytes]) => sameBytes(bytes, b.modules.get(name)));

function place(declared: Declared, path: string) {
  const file = declared.file(path);
  return file === undefined ? {} : { file };
}

/** In words; a configuration that cannot be read is compared with none. */
function asksLess(before: Model, after: Model): string[] {
  if (sameBytes(before.cfg, after.cfg)) return [];
  const [old, now] = [readConfig(fromUtf8Lossy(before.cfg)), readConfig(fromUtf8Lossy(after.cfg))];
  if ("because" in old) return [`what it asked at the base cannot be read: ${old.because}`];
  return "because" in now ? [`what it asks cannot be read: ${now.because}`] : weakerThan(old, now);
}

/** What is no UTF-8 looks the same here whatever it is, and it need not to TLC. */
const NO_UTF8 = "\uFFFD";

function changedIn(old: Uint8Array | undefined, now: Uint8Array | undefined): string[] {
  const [was, is] = [old, now].map((bytes) => (bytes === undefined ? "" : fromUtf8Lossy(bytes)));
  const pieces = changedPieces(was ?? "", is ?? "");
  return pieces.length === 0 && !sameBytes(old, now) && `${was}${is}`.includes(NO_UTF8) ? ["bytes that are no UTF-8"] : pieces;
}

/** Nothing proves that TLA+ text means no less than it did, so what TLC reads may not change unseen. */
function compared(declared: Declared, before: Model, after: Model, list: FindingList): void {
  const { spec, cfg, folder } = declared;
  const weaker = asksLess(before, after);
  if (weaker.length > 0) list.add({ rule: "model.weakened", severity: "error", message: `${cfg} asks less: ${some(weaker)}`, ...place(declared, cfg), identity: weaker.join("\n"), fix: "Leave the configuration as strict as it is at the base, or have a person release the change." });
  for (const name of new Set([...before.modules.keys(), ...after.modules.keys()])) {
    const pieces = changedIn(before.modules.get(name), after.modules.get(name));
    if (pieces.length === 0) continue;
    const path = folder === "" ? `${name}.tla` : `${folder}/${name}.tla`;
    list.add({ rule: "model.changed", severity: "warning", message: `${path}, which ${spec} rests on, says something else of ${some(pieces)}; whether that is weaker cannot be shown`, ...place(declared, path), identity: pieces.join("\n") });
  }
}

/** Null where it was answered; else why it was not. */
async function asked(declared: Declared, model: Model, whose: string, { runs }: CheckContext, list: FindingList): Promise<string | null> {
  const { spec, name, folder } = declared;
  const problem = requestProblem({ spec: name, ...model }, Value.Create(ModelLimits));
  if (problem !== null) return `${spec}: ${problem}`;
  const modules = Object.fromEntries([...model.modules].map(([one, bytes]) => [one, toBase64(bytes)]));
  const ask = { spec: name, cfg: toBase64(model.cfg), modules };
  const first = runs?.model({ ...ask, again: false }) ?? null;
  if (first === null) return `${spec} was not run`;
  const { outcome } = first;
  if (outcome.result === "unavailable") return `${spec}${whose}: ${outcome.because}`;
  if (outcome.result === "pass") return null;
  const second = runs?.model({ ...ask, again: true }) ?? null;
  if (second === null) return `${spec} was not run a second time`;
  const paths = new Map([...model.modules.keys()].map((one) => [one, folder === "" ? `${one}.tla` : `${folder}/${one}.tla`]));
  const claimed = candidateOf(outcome, { spec: name, folder, paths, spec_sha256: first.spec_sha256 });
  const report = { rule: "model.violated", severity: "error", message: `${spec}${whose}: ${violated(outcome)}`, ...place(declared, spec), identity: canonicalText(outcome.violation) } as const;
  if ("because" in claimed) {
    list.add({ ...report, counterexample: `the counterexample is not kept: ${claimed.because}` });
    return null;
  }
  const seen = await replayed(claimed, { engine: "tlc", breaks: () => Promise.resolve(canonicalText(second.outcome) === canonicalText(outcome)) });
  if (seen.kind === "not-reproduced") return `${spec}${whose}: TLC answered another thing when it was asked again; please report it`;
  list.add({ ...report, cex: cexText(seen.counterexample), counterexample: `${claimed.trace?.length ?? 0} states to ${violated(outcome)}` });
  return null;
}

/** Where the change declares the same model with the same text instead: then it was moved, and is not gone. */
function movedTo(declared: Declared, facts: Facts): Declared | null {
  const before = declared.model("old");
  if (before === null || declared.unread !== null) return null;
  const same = (there: Declared): boolean => {
    const now = there.unread === null && there.name === declared.name ? there.model("new") : null;
    return now !== null && unchanged(before, now);
  };
  return anewFor(declared.entry, facts).map((entry) => new Declared(entry, facts)).find(same) ?? null;
}

/** One declared model. Null: nothing of it was touched. */
async function judged(declared: Declared, moved: Declared | null, context: CheckContext, list: FindingList): Promise<readonly string[] | null> {
  const { spec, cfg, touches } = declared;
  if (!touches.code && !touches.files) return null;
  if (declared.unread !== null) return [`a model could not be read: ${declared.unread}`];
  const [before, after] = [declared.model("old"), (moved ?? declared).model("new")];
  if (after === null) {
    if (before === null) return [`${spec} is declared and stands with its configuration ${cfg} neither at the base nor in the change`];
    list.add({ rule: "model.removed", severity: "error", message: `${spec} or its configuration ${cfg} is gone; the base declares it`, ...place(declared, spec), fix: "Put it back; a model that is no longer wanted leaves maestro.yaml first, in a change of its own." });
    return [];
  }
  if (before !== null && unchanged(before, after) && !touches.code) return null;
  if (before !== null) compared(declared, before, after, list);
  const blind = [await asked(declared, after, "", context, list)];
  // What the base asked, of the model as it is now: nobody passes by asking less.
  if (before !== null && asksLess(before, after).length > 0) blind.push(await asked(declared, { ...after, cfg: before.cfg }, " under the base's configuration", context, list));
  return blind.filter((one) => one !== null);
}

export async function judgeModels(facts: Facts, context: CheckContext): Promise<Answer> {
  const list = findingList();
  const blind: string[] = [];
  const broken = brokenAfter(facts, "model.changed");
  if (broken !== null) list.add(broken);
  let touched = broken === null ? 0 : 1;
  for (const entry of facts.formal.specs) {
    if (context.signal.aborted) break;
    const declared = new Declared(entry, facts);
    const moved = movedTo(declared, facts);
    const report = moved === null ? modelAfter(entry, facts) : null;
    if (report !== null) list.add(report);
    const said = await judged(declared, moved, context, list);
    if (said !== null || report !== null) touched += 1;
    blind.push(...(said ?? []));
  }
  if (touched === 0) return { not_applicable: "the change touches no declared model and none of the code they mirror" };
  return list.seen([], blind.length === 0 ? null : some(blind));
}
