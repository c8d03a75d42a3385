/** How ten of the rules that ship were written in the Invariant Studio: what was clicked, what was typed, what the list was left to write, and what was tried on the way. */
import { basename } from "node:path";
import type { InvariantDocument } from "../../proto/invariant.ts";
import { by, type Hands, type Keys, shown } from "./studio-hands.ts";

/** What was recorded, and what the rule says of it. */
export interface Recordings {
  /** Changes that the daemon behind the page decided; of them, how many it did not admit. */
  readonly changes: number;
  readonly not_admitted: number;
  /** Events of a whole daemon as a file, and how many; it decided twice, and admitted one of both. */
  readonly file: string;
  readonly events: number;
}

interface Story {
  /** The file it became. */
  readonly name: string;
  readonly write: (hands: Hands, recorded: Recordings) => Promise<void>;
}

type Head = Pick<InvariantDocument, "id" | "scope" | "rationale"> & Required<Pick<InvariantDocument, "severity" | "owner">>;

async function head(hands: Hands, { id, scope, severity, owner, rationale }: Head): Promise<void> {
  for (const [name, text] of Object.entries({ id, scope, owner, rationale })) if (text !== undefined) await hands.write(`f-${name}`, text);
  await hands.pick("f-severity", severity);
}

async function events(hands: Hands, ...names: readonly Keys[]): Promise<void> {
  for (const [i, name] of names.entries()) {
    await hands.add("f-when-add", `f-when-${i}-event`);
    await hands.write(`f-when-${i}-event`, name);
  }
}

async function condition(hands: Hands, at: number, expr: Keys, message: Keys): Promise<void> {
  await hands.add("f-assert-add", `f-assert-${at}-expr`);
  await hands.write(`f-assert-${at}-expr`, expr);
  await hands.write(`f-assert-${at}-message`, message);
}

/** Fields of single events, one example after the other. */
async function examples(hands: Hands, kind: "holds" | "breaks", ...given: readonly Readonly<Record<string, string>>[]): Promise<void> {
  for (const [i, fields] of given.entries()) {
    const idOf = (name: string): string => `f-examples-${kind}${i === 0 ? "" : `-${i}`}-with-${name}`;
    await hands.add(`f-examples-${kind}-add`, idOf(Object.keys(fields)[0] ?? ""));
    for (const [name, text] of Object.entries(fields)) await hands.write(idOf(name), text);
  }
}

const CHANGE: Keys = [by("change_d", "change_decided")];
const fires = (count: number, of: number): string => `It would have fired ${count === 1 ? "once" : `${count} times`} in ${of} events, from `;
const silent = (of: number): string => `It would not have fired in ${of} events, from `;

async function says(told: Promise<string>, wanted: string): Promise<void> {
  const said = await told;
  if (!said.startsWith(wanted)) throw new Error(`it says ${JSON.stringify(said)} and not ${JSON.stringify(wanted)}`);
}

async function blank(hands: Hands): Promise<void> {
  await hands.begin("A cap");
  await hands.clear();
}

const GATE = shown("gat", "gate_id");
const ADMIT: Keys = [by("deci", "decision"), " == ", by("'a", "'admit'")];

const named: Story = {
  name: "change-reason-named.yaml",
  async write(hands, { changes, not_admitted }) {
    await blank(hands);
    await head(hands, { id: "INV.CHANGE.REASON_NAMED", scope: "change", severity: "high", owner: "gate", rationale: "Whoever is not let through is told by which rule." });
    await events(hands, CHANGE);
    // Too strict at first, to see that it is asked of what was recorded.
    await condition(hands, 0, ADMIT, [GATE, " is listed as ", shown("dec", "decision"), ", and no rule is named"]);
    await says(hands.live(), fires(not_admitted, changes));
    await hands.write("f-assert-0-expr", [...ADMIT, " || size(", by("rul", "rules"), ") > 0"]);
    await examples(hands, "holds", { gate_id: "g", decision: "hold", rules: "[ci.changed]" }, { gate_id: "g", decision: "admit", rules: "[]" });
    await examples(hands, "breaks", { gate_id: "g", decision: "hold", rules: "[]" }, { gate_id: "g", decision: "refuse", rules: "[]" });
    await hands.tried(4);
    await says(hands.live(), silent(changes));
  },
};

const counts: Story = {
  name: "change-counts.yaml",
  async write(hands, { changes }) {
    await blank(hands);
    await head(hands, { id: "INV.CHANGE.COUNTS", scope: "change", severity: "high", owner: "gate", rationale: "Of the checks that were asked, some are required, some failed and some gave no answer: no part is more than the whole." });
    await events(hands, CHANGE);
    const checks = by("chec", "checks");
    await condition(hands, 0, [by("requ", "required"), " <= ", checks, " && ", by("fai", "failed"), " + ", by("unav", "unavailable"), " <= ", checks], [GATE, " is listed with ", shown("requ", "required"), " required, ", shown("fai", "failed"), " failed and ", shown("unav", "unavailable"), " unavailable checks of ", shown("chec", "checks")]);
    await condition(hands, 1, [by("required_", "required_unavailable"), " <= ", by("requ", "required"), " && ", by("required_", "required_unavailable"), " <= ", by("unav", "unavailable")], [GATE, " is listed with ", shown("required_", "required_unavailable"), " required checks without an answer, of ", shown("unav", "unavailable"), " in all"]);
    const given = { gate_id: "g", checks: "3", required: "2", failed: "0", unavailable: "2", required_unavailable: "0" };
    await examples(hands, "holds", { ...given, failed: "1", required_unavailable: "2" });
    await examples(hands, "breaks", { ...given, required: "4" }, { ...given, failed: "2" }, { ...given, required: "1", required_unavailable: "2" }, { ...given, unavailable: "1", required_unavailable: "2" });
    await hands.tried(5);
    await says(hands.live(), silent(changes));
  },
};

/** Out of the template of a cap, whose event it keeps. */
const waits: Story = {
  name: "change-waits-since.yaml",
  async write(hands, { changes, not_admitted }) {
    await hands.begin("A cap");
    await head(hands, { id: "INV.CHANGE.WAITS_SINCE", scope: "change", severity: "high", owner: "gate", rationale: "A change waits from its first no on: without that its wait is in no figure." });
    await hands.write("f-assert-0-expr", ["has(", by("wai", "waited"), ")"]);
    await says(hands.live(), fires(changes - not_admitted, changes));
    await hands.write("f-assert-0-expr", [...ADMIT, " || (has(", by("wai", "waited"), ") && ", by("wai", "waited"), " >= duration(\"0s\"))"]);
    await hands.write("f-assert-0-message", [GATE, " is listed as ", shown("dec", "decision"), ", and since when it waits is not known"]);
    for (const name of ["Holds 2", "Holds 1", "Breaks 1"]) await hands.press(`Remove: ${name}`);
    await examples(hands, "holds", { gate_id: "g", decision: "hold", waited: "0s" }, { gate_id: "g", decision: "admit" });
    await examples(hands, "breaks", { gate_id: "g", decision: "hold" }, { gate_id: "g", decision: "refuse", waited: "-1" });
    await hands.tried(4);
    await says(hands.live(), silent(changes));
  },
};

/** The examples are written on the YAML's side. */
const lines: Story = {
  name: "change-lines-in-files.yaml",
  async write(hands, { changes }) {
    await blank(hands);
    await head(hands, { id: "INV.CHANGE.LINES_IN_FILES", scope: "change", severity: "high", owner: "gate", rationale: "Lines stand in files: a change of lines and of no file was counted wrong." });
    await events(hands, CHANGE);
    await condition(hands, 0, [by("fil", "files"), " == 0"], [GATE, " is listed with ", shown("add", "added_lines"), " lines added and ", shown("rem", "removed_lines"), " removed in ", shown("fil", "files"), " files"]);
    await says(hands.live(), fires(changes, changes));
    await hands.write("f-assert-0-expr", [by("fil", "files"), " > 0 || ", by("add", "added_lines"), " + ", by("rem", "removed_lines"), " == 0"]);
    await hands.append(`examples:
  holds:
    - {with: {gate_id: g, files: 1, added_lines: 3, removed_lines: 0}}
    # A change of modes alone, or one that could not be read.
    - {with: {gate_id: g, files: 0, added_lines: 0, removed_lines: 0}}
  breaks:
    - {with: {gate_id: g, files: 0, added_lines: 3, removed_lines: 0}}
    - {with: {gate_id: g, files: 0, added_lines: 0, removed_lines: 1}}
`);
    await hands.tried(4);
    await says(hands.live(), silent(changes));
  },
};

const agent: Story = {
  name: "change-agent-named.yaml",
  async write(hands, { changes }) {
    await blank(hands);
    await head(hands, { id: "INV.CHANGE.AGENT_NAMED", scope: "change", severity: "critical", owner: "gate", rationale: "What an agent had a hand in is nobody else's work: other rules go by that." });
    await events(hands, CHANGE);
    await condition(hands, 0, [by("age", "agent"), " == ''"], [GATE, " names an agent, and is listed as made by ", shown("act", "actor")]);
    await says(hands.live(), fires(changes, changes));
    await hands.write("f-assert-0-expr", [by("age", "agent"), " == '' || ", by("act", "actor"), " == ", by("'ag", "'agent'")]);
    await examples(hands, "holds", { gate_id: "g", agent: "Claude", actor: "agent" }, { gate_id: "g", agent: "''", actor: "human" });
    await examples(hands, "breaks", { gate_id: "g", agent: "Claude", actor: "human" });
    await hands.tried(3);
    await says(hands.live(), silent(changes));
  },
};

const counted: Story = {
  name: "change-as-counted.yaml",
  async write(hands, { changes, not_admitted }) {
    await blank(hands);
    await head(hands, { id: "INV.CHANGE.AS_COUNTED", scope: "change", severity: "high", owner: "gate", rationale: "The strictest reason that is counted decides, and no rule is named without one: whoever counts refusals would count others than there were." });
    await events(hands, CHANGE);
    const [refusing, holding] = [by("refu", "refusing"), by("hold", "holding")];
    await condition(hands, 0, [refusing, " + ", holding, " == 0"], [GATE, " is listed as ", shown("dec", "decision"), ", with ", shown("refu", "refusing"), " reasons that refuse and ", shown("hold", "holding"), " that hold"]);
    await says(hands.live(), fires(not_admitted, changes));
    await hands.write("f-assert-0-expr", [by("deci", "decision"), " == (", refusing, " > 0 ? 'refuse' : ", holding, " > 0 ? 'hold' : 'admit')"]);
    await condition(hands, 1, ["size(", by("rul", "rules"), ") <= ", refusing, " + ", holding, " && size(", by("observed_", "observed_rules"), ") <= ", by("obs", "observed")], [GATE, " names rules without a reason: ", shown("rul", "rules"), ", or of those that only observe ", shown("observed_", "observed_rules")]);
    const given = { gate_id: "g", decision: "hold", refusing: "0", holding: "1", rules: "[ci.changed]", observed: "0", observed_rules: "[]" };
    await examples(hands, "holds", given, { ...given, decision: "refuse", refusing: "2" }, { ...given, decision: "admit", holding: "0", rules: "[]", observed: "2", observed_rules: "[size.large]" });
    await examples(hands, "breaks", { ...given, refusing: "1" }, { ...given, decision: "admit" }, { ...given, holding: "0" }, { ...given, rules: "[ci.changed, size.large]" }, { ...given, observed_rules: "[size.large]" });
    await hands.tried(8);
    await says(hands.live(), silent(changes));
  },
};

/** In time, out of the template of an order; the examples are written on the YAML's side. */
const told: Story = {
  name: "change-told.yaml",
  async write(hands, { file, events: all }) {
    await hands.begin("Order in time");
    await head(hands, { id: "INV.CHANGE.TOLD", scope: "change", severity: "high", owner: "gate", rationale: "A decision on record is told: else no rule about changes is asked of it, and who follows them misses one." });
    await hands.write("f-when-0-event", [by("gate_cr", "gate_created")]);
    await hands.write("f-when-1-event", CHANGE);
    await hands.write("f-per", "gate_id, attempt");
    await hands.write("f-temporal-0-message", ["attempt ", shown("att", "attempt"), " of ", GATE, " is on record, and nobody was told"]);
    // As if each were admitted, to see that it is asked of what was recorded.
    await hands.write("f-temporal-0-formula", [by("gate_cr", "gate_created"), " leads_to (", by("change_d", "change_decided"), " where ", ...ADMIT, ") within 1m"]);
    await says(hands.recorded(file), fires(1, all));
    await hands.write("f-temporal-0-formula", [by("gate_cr", "gate_created"), " leads_to ", by("change_d", "change_decided"), " within 1m"]);
    for (const name of ["Holds 1", "Breaks 1"]) await hands.press(`Remove: ${name}`);
    await hands.append(`examples:
  holds:
    trace:
      - {at: 0s, event: gate_created, with: {gate_id: g, attempt: 1, verdict: hold}}
      - {at: 1m, event: change_decided, with: {gate_id: g, attempt: 1, decision: hold}}
      - {at: 5m}
  breaks:
    - trace:
        - {at: 0s, event: gate_created, with: {gate_id: g, attempt: 1}}
        - {at: 60001ms, event: change_decided, with: {gate_id: g, attempt: 1}}
        - {at: 5m}
    # Another attempt was told, this one was not.
    - trace:
        - {at: 0s, event: gate_created, with: {gate_id: g, attempt: 1}}
        - {at: 1s, event: change_decided, with: {gate_id: g, attempt: 2}}
        - {at: 5m}
`);
    await hands.tried(3);
    await says(hands.recorded(file), silent(all));
  },
};

const override_ends: Story = {
  name: "decide-override-ends.yaml",
  async write(hands, { file, events: all }) {
    await blank(hands);
    await head(hands, { id: "INV.DECIDE.OVERRIDE_ENDS", scope: "gate", severity: "critical", owner: "release", rationale: "An override is for an emergency: one that does not end within a month is a policy nobody agreed to." });
    await events(hands, [by("gate_dec", "gate_decided")]);
    await condition(hands, 0, ["!", by("over", "overridden")], [GATE, " rests on an override that holds for ", shown("rele", "released_for")]);
    await says(hands.recorded(file), fires(1, all));
    await hands.write("f-assert-0-expr", ["!", by("over", "overridden"), " || ", by("rele", "released_for"), " <= duration(\"744h\")"]);
    await examples(hands, "holds", { gate_id: "g", overridden: "true", released_for: "744h" }, { gate_id: "g", overridden: "false", released_for: "8760h" });
    await examples(hands, "breaks", { gate_id: "g", overridden: "true", released_for: "745h" });
    await hands.tried(3);
    await says(hands.recorded(file), silent(all));
  },
};

/** The second event and the examples, which name theirs, are written on the YAML's side. */
const reported: Story = {
  name: "usage-reported-within.yaml",
  async write(hands, { file, events: all }) {
    await blank(hands);
    await head(hands, { id: "INV.USAGE.REPORTED_WITHIN", scope: "usage", severity: "high", owner: "tenants", rationale: "A run reports no more calls than it made: what is missing of its cost would look like nothing." });
    await events(hands, [by("run_", "run_usage_created")]);
    await hands.append("  - event: run_usage_changed\n");
    await condition(hands, 0, [by("calls_m", "calls_made"), " < 0"], ["a run of ", shown("pay", "payer"), " would have reported ", shown("calls_r", "calls_reported"), " of ", shown("calls_m", "calls_made"), " calls"]);
    await says(hands.recorded(file), fires(1, all));
    await hands.write("f-assert-0-expr", [by("calls_m", "calls_made"), " < 0 || ", by("calls_r", "calls_reported"), " <= ", by("calls_m", "calls_made")]);
    await hands.append(`examples:
  holds:
    - {event: run_usage_created, with: {payer: web, calls_made: 3, calls_reported: 3}}
    - {event: run_usage_changed, with: {payer: web, calls_made: -1, calls_reported: 3}} # how many it made is not known
  breaks: {event: run_usage_created, with: {payer: web, calls_made: 3, calls_reported: 4}}
`);
    await hands.tried(3);
    await says(hands.recorded(file), silent(all));
  },
};

/** Begun on the YAML's side, and ended in the form. */
const kept: Story = {
  name: "witness-kept.yaml",
  async write(hands, { file, events: all }) {
    await blank(hands);
    await hands.append(`# yaml-language-server: $schema=./invariant.schema.json
id: INV.WITNESS.KEPT
scope: witness
severity: critical
owner: witness
rationale: 'What a witness cosigned is not forgotten: it would cosign another history from the beginning.'
when:
  - event: witness_head_removed
`);
    await condition(hands, 0, [by("si", "size"), " == 0"], ["that ", shown("ori", "origin"), " was cosigned at ", shown("si", "size"), " entries would be forgotten"]);
    await examples(hands, "holds", { origin: "a", size: "0" });
    await examples(hands, "breaks", { origin: "a", size: "7" });
    await hands.tried(2);
    // No sound daemon forgets one.
    await says(hands.recorded(file), `Nothing could be asked: none of the ${all} events of ${basename(file)} is one that the rule is about.`);
  },
};

export const STORIES: readonly Story[] = [named, counts, counted, waits, lines, agent, told, override_ends, reported, kept];
