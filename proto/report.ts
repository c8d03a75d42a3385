/** What trusted configuration asks of a report's numbers. */
import { Type, type Static } from "@sinclair/typebox";
import { CommandName, InnerPath } from "./command.ts";
import { RangeBitsSchema } from "./range.ts";
import { Base64, Choice, Closed, Scale } from "./scalar.ts";

export const ReportName = Type.String({ pattern: "^[a-z][a-z0-9-]{0,31}$", description: "at most 32 lower-case letters, digits and dashes" });
export const ObligationName = Type.String({ pattern: "^(?=.{1,64}$)[a-z][a-z0-9-]*(?:\\.[a-z0-9-]+)*$" });

/** What can be read out of each format; `json` is read by pointer instead. */
export const METRICS = {
  lcov: ["line", "branch", "function"],
  junit: ["failed", "errors", "skipped", "passed", "total"],
  stryker: ["score", "killed", "survived", "timeout", "no-coverage", "total"],
  json: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export const ReportFormat = Choice(["lcov", "junit", "stryker", "json"]);
export type ReportFormat = Static<typeof ReportFormat>;

const Bound = Type.String({ maxLength: 64, description: 'a decimal in quotes, such as "80.00"' });

export const ObligationRule = Closed({
  from: Closed(
    {
      command: Type.Optional(CommandName),
      file: Type.Optional(InnerPath),
      report: Type.Optional(ReportName),
    },
    { description: "either `command` and `file` (below its /scratch), or `report`, which the job hands in" },
  ),
  format: ReportFormat,
  metric: Type.Optional(Choice([...new Set(Object.values(METRICS).flat())])),
  pointer: Type.Optional(Type.String({ maxLength: 1024, pattern: "^(?:/(?:[^~]|~[01])*)?$", description: "RFC 6901, for format json" })),
  kind: Type.Optional(Choice(["numeric", "boolean"])),
  unit: Type.Optional(Type.String({ minLength: 1, maxLength: 32 })),
  scale: Type.Optional(Scale),
  min: Type.Optional(Bound),
  max: Type.Optional(Bound),
  required: Type.Optional(Type.Boolean({ description: "default true: failed or unknown, nothing is admitted" })),
  hide: Type.Optional(Type.Boolean({ description: "default false. true: the number stays here, behind a commitment; that it is within its bounds is proved without it; docs/hidden-numbers.md" })),
  hide_bits: Type.Optional({ ...RangeBitsSchema, description: "how far from its bound a hidden number can be shown to lie: less than 2^bits units of its scale; default 32" }),
  accept_from_job: Type.Optional(Type.Boolean({ description: "default false: what a job says of itself satisfies nothing required" })),
});
export type ObligationRule = Static<typeof ObligationRule>;

export const ObligationRules = Type.Record(ObligationName, ObligationRule, { additionalProperties: false, maxProperties: 64, description: "numbers and switches of reports, with their bounds; docs/commands.md" });
export type ObligationRules = Static<typeof ObligationRules>;

/** A report the job hands in beside its change. */
export const HandedReport = Closed({ name: ReportName, bytes: Base64 });
export type HandedReport = Static<typeof HandedReport>;

/** The check that a JUnit report of the job is: whose its failed tests are. */
export const reportCheck = (name: string): string => `report.${name}`;

/** Every test that such a report says failed; always a note. */
export const REPORT_RULE = "report.test-failed";

/** In front of what such a test says, so that no face shows it without. */
export const saidByJob = (message: string): string => `said by the job: ${message}`;

/** The check that all obligations are together. */
export const OBLIGATIONS_CHECK = "obligations";
