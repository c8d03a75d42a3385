/** A group of a merge queue: judged as one change, and what holds it back is said of the entry that brought it. */
import type { Card } from "../../proto/card.ts";
import type { Reason } from "../../proto/decision.ts";
import { MaestroError } from "../../proto/errors.ts";
import { pathText } from "../../proto/scalar.ts";
import { Clone } from "../client/landed/clone.ts";
import { membersOf, type Member, type Members } from "../client/landed/members.ts";
import { quoteTerminal, escapeTerminal } from "./card/escape/terminal.ts";
import type { Values } from "./command.ts";
import { ciChange } from "./outputs/ci/event.ts";
import { readEvent } from "./outputs/ci/read-event.ts";

export interface MemberRule {
  readonly rule: string;
  readonly effect: Reason["effect"];
  readonly paths: readonly string[];
}

export interface JudgedMember extends Omit<Member, "paths"> {
  readonly files: number;
  /** Rules that decide and stand in a file it touches. */
  readonly rules: readonly MemberRule[];
}

export interface JudgedGroup {
  readonly members: readonly JudgedMember[];
  readonly members_cut: boolean;
  /** Rules that decide and are about the group as a whole, or about files that no member touches. */
  readonly whole: readonly string[];
}

const PATHS_SHOWN_MAX = 3;

/** Throws `cli.usage` where nothing says which group is meant: the newest change of a clone is no group. */
export function requireGroup(values: Values, path: string | undefined, env: Readonly<Record<string, string | undefined>>): void {
  if (values["worktree"] === true) throw new MaestroError("cli.usage", "--merge-group judges commits, --worktree what is not committed: choose one");
  if (values["target"] !== undefined && values["head"] !== undefined) return;
  const event = path === undefined && values["target"] === undefined && values["head"] === undefined ? (ciChange(env, readEvent)?.event ?? null) : null;
  if (event === "merge_group" || event === "merge_train") return;
  throw new MaestroError("cli.usage", `--merge-group runs in a job of GitHub's merge_group or of a GitLab merge train${event === null ? "" : `, and this job is about ${event}`}; elsewhere name the group with --target BASE_SHA --head HEAD_SHA`);
}

/** Pure: which member each deciding rule belongs to, by the files it stands in. */
export function attribute({ list, cut }: Members, reasons: Card["reasons"]): JudgedGroup {
  const deciding = reasons.filter(({ effect, observed }) => effect !== "note" && !observed);
  const touched = list.map(({ paths }) => new Set(paths));
  const whole = new Set<string>();
  const rules = list.map(() => new Map<string, { rule: string; effect: Reason["effect"]; paths: Set<string> }>());
  for (const { rule, effect, ranges } of deciding) {
    const names = [...new Set(ranges.map(({ path }) => pathText(path)))];
    let found = false;
    for (const [i, mine] of touched.entries()) {
      const here = names.filter((name) => mine.has(name));
      if (here.length === 0) continue;
      found = true;
      const known = rules[i]!.get(rule) ?? { rule, effect, paths: new Set<string>() };
      for (const name of here) known.paths.add(name);
      rules[i]!.set(rule, known);
    }
    if (!found) whole.add(rule);
  }
  const members = list.map(({ paths, ...member }, i) => ({ ...member, files: paths.length, rules: [...rules[i]!.values()].map((one) => ({ ...one, paths: [...one.paths].sort() })) }));
  return { members, members_cut: cut, whole: [...whole] };
}

/** Null where the clone does not hold what the group is made of; the verdict stands all the same. */
export async function judgedGroup(path: string, card: Pick<Card, "base" | "head" | "reasons">, own_base: string): Promise<JudgedGroup | null> {
  if (card.base === null) return null;
  using clone = await Clone.open(path);
  const members = await membersOf(clone, card.base, own_base, card.head);
  return members === null ? null : attribute(members, card.reasons);
}

function memberLines({ commit, subject, files, ahead, rules }: JudgedMember, at: number, count: number): string[] {
  const state = rules.length === 0 ? "ok" : rules.some(({ effect }) => effect === "refuse") ? "REFUSES" : "HOLDS";
  const where = ahead ? ", an entry ahead in the queue" : "";
  const shown = (paths: readonly string[]): string => `${paths.slice(0, PATHS_SHOWN_MAX).map((one) => quoteTerminal(one)).join(" ")}${paths.length > PATHS_SHOWN_MAX ? ` and ${paths.length - PATHS_SHOWN_MAX} more` : ""}`;
  return [`  ${at} of ${count}  ${state}  ${commit.slice(0, 12)} ${quoteTerminal(subject)}, ${files} file(s)${where}`, ...rules.map(({ rule, paths }) => `      ${escapeTerminal(rule)} in ${shown(paths)}`)];
}

export function groupText(group: JudgedGroup | null): string {
  if (group === null) return "Group  its members cannot be named: this clone does not hold them all";
  const { members, members_cut, whole } = group;
  const lines = members.flatMap((member, i) => memberLines(member, i + 1, members.length));
  return [`Group  ${members.length}${members_cut ? " newest" : ""} member(s), in the order they would land`, ...lines, ...(whole.length === 0 ? [] : [`  of the group as a whole: ${whole.map((rule) => escapeTerminal(rule)).join(" ")}`])].join("\n");
}
