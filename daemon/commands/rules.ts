/** What `maestro explain` says of outside tools and obligations. Their rules are kinds: a tool's own rules are many and not ours. */
import type { RuleDoc } from "../../proto/api.ts";

type Text = Pick<RuleDoc, "check" | "title" | "why" | "passes" | "fails" | "cannot_see">;

const TOOL_BLIND = "what the tool does not look for; code of the change runs with it and can make it say less; a repository's own configuration of the tool comes from head, unless a guard rule covers it";

/** Findings of a required command are `command.NAME.RULE`; these rows say what they lead to, by the level the tool gave them. */
export const TOOL_RULES = {
  "command.error": {
    check: "command",
    title: "a declared tool reports an error",
    why: "Trusted configuration asked for this tool, and it did not accept the merged tree: a finding of level error, a failed test, or an exit code other than 0.",
    passes: "the tool ends with 0 and reports nothing",
    fails: "`lint` reports no-undef at src/a.ts:3, as command.lint.no-undef",
    cannot_see: TOOL_BLIND,
  },
  "command.warning": {
    check: "command",
    title: "a declared tool warns",
    why: "The tool itself does not call it an error; a person may want to know.",
    passes: "no finding of level warning",
    fails: "`lint` warns of complexity at src/a.ts:90",
    cannot_see: TOOL_BLIND,
  },
  "command.note": {
    check: "command",
    title: "a declared tool remarks on something",
    why: "Kept, so that the card holds what the tool said.",
    passes: "no finding of level note",
    fails: "a result of kind review in a SARIF file",
    cannot_see: TOOL_BLIND,
  },
  "command.advisory": {
    check: "command",
    title: "a tool that is not required reports something",
    why: "Its declaration says `required: false`: its word is heard and decides nothing.",
    passes: "the tool reports nothing",
    fails: "an optional `spelling` command finds a typo",
    cannot_see: TOOL_BLIND,
  },
  "obligation.failed": {
    check: "obligations",
    title: "a required number is out of its bounds, or a required switch is off",
    why: "Trusted configuration set this bound; the exact value was compared, and what is shown is rounded toward failing.",
    passes: "coverage.line: 80.00 percent, at least 80.00 is required",
    fails: "coverage.line: 79.99 percent, at least 80.00 is required",
    cannot_see: "whether the number means what it says: code of the change runs while it is measured, and can leave files out or write the report itself",
  },
  "obligation.unavailable": {
    check: "obligations",
    title: "a required number is not known",
    why: "A report that is missing, broken or of another format says nothing, and nothing is never taken for enough.",
    passes: "the report is there and holds the number",
    fails: "the test command crashed before it wrote coverage/lcov.info",
    cannot_see: "a report that is well-formed and false",
  },
  "obligation.claimed": {
    check: "obligations",
    title: "only the job itself says that a requirement is met",
    why: "What a job claims about itself satisfies nothing required, unless trusted configuration accepts it by name (`accept_from_job: true`).",
    passes: "a command in the sandbox produced the report",
    fails: "`maestro gate --report mutation=report.json` for a required obligation",
    cannot_see: "who wrote the report that was handed in",
  },
  "obligation.advisory": {
    check: "obligations",
    title: "a number that is not required is out of its bounds or not known",
    why: "Its declaration says `required: false`.",
    passes: "the number is within its bounds",
    fails: "bundle.bytes: 251000 byte, at most 250000 is required",
    cannot_see: "why the number is what it is",
  },
} as const satisfies Readonly<Record<string, Text>>;

export type ToolRuleId = keyof typeof TOOL_RULES;
