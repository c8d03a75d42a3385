/** Episodes as columns: each field flat and typed, nothing lost. docs/parquet.md lists them for whoever reads the files. */
import type { ParquetWriter } from "hyparquet-writer";
import { RESOURCES } from "../../../proto/resource.ts";
import { type ContextField, PII_CLASSES, type Share } from "../../../proto/routing.ts";
import type { ExportRow } from "../../../proto/partition.ts";

/** Of the format: the parts of a schema, depth first. */
export type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number];

/** What a cell may hold before it is encoded. `null`: the field is absent, or null in the episode. */
type Cell = boolean | number | bigint | string | readonly Share[] | null;

export interface Column {
  readonly name: string;
  readonly schema: readonly SchemaElement[];
  readonly cell: (row: ExportRow) => Cell;
}

/** What of a router's configuration decides on columns. */
export interface Declared {
  readonly context: readonly ContextField[];
  readonly constraints: readonly string[];
}

type Kind = "text" | "flag" | "number" | "count" | "version" | "time";

const TYPES: Readonly<Record<Kind, Pick<SchemaElement, "type" | "converted_type" | "logical_type">>> = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  flag: { type: "BOOLEAN" },
  number: { type: "DOUBLE" },
  count: { type: "INT64" },
  version: { type: "INT32" },
  // UTC, as pandas and DuckDB then say.
  time: { type: "INT64", converted_type: "TIMESTAMP_MILLIS", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" } },
};

/** A number that no file may hold is a bug before it is written: whoever reads NaN as a reward learns nonsense. */
function finite(name: string, value: Cell): Cell {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`column ${name}: ${value} is no number`);
  return value;
}

/** INT64 is written from a bigint, which holds what a double does not. */
const whole = (value: number | null | undefined): bigint | null => (value === null || value === undefined ? null : BigInt(value));

function column(name: string, kind: Kind, cell: Column["cell"], repetition_type: "REQUIRED" | "OPTIONAL" = "REQUIRED"): Column {
  return { name, schema: [{ name, ...TYPES[kind], repetition_type }], cell: (row) => finite(name, cell(row)) };
}

const perhaps = (name: string, kind: Kind, cell: Column["cell"]): Column => column(name, kind, cell, "OPTIONAL");

/** A value of another type than is declared now was logged under an older configuration: `context` still has it. */
function contextColumn({ name, type }: ContextField): Column {
  const [kind, is] = type === "number" ? (["number", "number"] as const) : type === "boolean" ? (["flag", "boolean"] as const) : (["text", "string"] as const);
  return perhaps(`context_${name}`, kind, ({ episode }) => {
    const value = episode.context[name];
    return value !== undefined && typeof value === is ? value : null;
  });
}

const ELIGIBLE: Column = {
  name: "eligible",
  schema: [
    { name: "eligible", repetition_type: "REQUIRED", num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "REQUIRED", num_children: 2 },
    { name: "arm", ...TYPES.text, repetition_type: "REQUIRED" },
    { name: "propensity", ...TYPES.number, repetition_type: "REQUIRED" },
  ],
  cell: ({ episode }) => episode.eligible,
};

const DECIDED: readonly Column[] = [
  ELIGIBLE,
  column("drawn", "text", ({ episode }) => episode.drawn),
  column("executed", "text", ({ episode }) => episode.executed),
  column("propensity", "number", ({ episode }) => episode.propensity),
  perhaps("forced", "text", ({ episode }) => episode.forced),
  column("policy", "text", ({ episode }) => episode.policy),
  column("seed", "text", ({ episode }) => episode.seed),
  column("counter", "count", ({ episode }) => whole(episode.counter)),
  column("epoch", "count", ({ episode }) => whole(episode.epoch)),
  ...RESOURCES.map((resource) => perhaps(`price_${resource}`, "number", ({ episode }) => episode.prices[resource] ?? null)),
  ...RESOURCES.map((resource) => perhaps(`reserved_${resource}`, "count", ({ episode }) => whole(episode.reserved[resource]))),
  column("reason", "text", ({ episode }) => episode.reason),
];

const CAME: readonly Column[] = [
  // An outcome may hold no reward: without this column the two would look alike.
  column("outcome", "flag", ({ episode }) => episode.outcome !== null),
  perhaps("reward", "number", ({ episode }) => episode.outcome?.reward ?? null),
  perhaps("reward_definition", "text", ({ episode }) => episode.outcome?.definition ?? null),
  perhaps("reward_version", "count", ({ episode }) => whole(episode.outcome?.version)),
  perhaps("censored", "flag", ({ episode }) => episode.outcome?.censored ?? null),
  perhaps("delay_ms", "count", ({ episode }) => whole(episode.outcome?.delay_ms)),
  ...RESOURCES.map((resource) => perhaps(`used_${resource}`, "count", ({ episode }) => whole(episode.outcome?.usage[resource]))),
  perhaps("constraints", "text", ({ episode }) => (episode.outcome === null ? null : JSON.stringify(episode.outcome.constraints))),
];

/** The columns of one router's files, in their order. */
export function columnsOf({ context, constraints }: Declared): Column[] {
  return [
    column("v", "version", ({ episode }) => episode.v),
    column("id", "text", ({ episode }) => episode.id),
    // `at` alone is a word of SQL.
    column("decided_at", "time", ({ episode }) => whole(episode.at_ms)),
    column("space", "text", ({ episode }) => episode.space),
    column("split", "text", ({ episode }) => episode.split),
    column("learnable", "flag", ({ learnable }) => learnable),
    // Escapes what UTF-8 cannot hold, so that a text with half a surrogate pair comes back as it was.
    column("context", "text", ({ episode }) => JSON.stringify(episode.context)),
    ...context.map(contextColumn),
    ...PII_CLASSES.map((of) => perhaps(`redacted_${of}`, "count", ({ episode }) => whole(episode.redacted[of]))),
    ...DECIDED,
    ...CAME,
    ...constraints.map((name) => perhaps(`constraint_${name}`, "number", ({ episode }) => episode.outcome?.constraints[name] ?? null)),
  ];
}

/** Depth first, below one root, as the format wants it. */
export const schemaOf = (columns: readonly Column[]): SchemaElement[] => [{ name: "episode", num_children: columns.length }, ...columns.flatMap(({ schema }) => schema)];
