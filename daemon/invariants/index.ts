/**
 * The language of invariants: YAML and expressions in, typed conditions out.
 * Pure: no disk, network or clock, so that the daemon, the command line and a
 * page read every rule alike.
 */
export { compileDocument, type Compiled, type CompileOptions, type CompileResult } from "./document/build.ts";
export { compile } from "./document/compile.ts";
export { compileAll, type FileProblem, type Folder, type InvariantFile } from "./document/folder.ts";
export type { Clause, Judged, TemporalClause } from "./document/clauses.ts";
export { readEvents, type Events } from "./document/fields.ts";
export { judgeTrace, type Trace, type TraceEvent, type Verdict } from "./temporal/trace.ts";
export { predicate, type Outcome, type Predicate } from "./evaluate/predicate.ts";
export type { Around } from "./evaluate/closures.ts";
export type { Context } from "./evaluate/values.ts";
export type { TypedFormula } from "./types/formula.ts";
export { everyNode, type Node, type Value } from "./types/node.ts";
export type { Count, Field, Fields } from "./types/scope.ts";
export type { Type } from "./types/type.ts";
export type { Problem } from "./problem.ts";
export { emitSmt, SMT_LIST_ITEMS_MAX, type SmtQuery } from "./emit/smt.ts";
export { emitTla, emitTlaFormula, type TlaText } from "./emit/tla.ts";
export { emitArbitraries, type Arbitraries, type Arbitrary } from "./emit/arbitrary.ts";
export { emitJs, jsReader, type JsText } from "./emit/js.ts";
export { jsFunctions } from "./emit/js-functions.ts";
export type { Targets } from "./document/targets.ts";
export type { Path } from "./document/path.ts";
export { readYaml } from "./document/yaml.ts";
export { knownEvents, type AboutEvent, type Known } from "./writing/catalogue.ts";
export { compileOwn, keptName, takenBeside } from "./repository.ts";
export { look, type Look, type PlacedProblem } from "./writing/look.ts";
export { fieldsRead, planOf, type Action, type Argument, type Plan, type PropertyInvariant } from "./property/plan.ts";
export { testText, type Inside, type Written } from "./property/test-text.ts";
export { rewritten, written } from "./writing/write.ts";
export { parseType, typeText } from "./types/type.ts";
export type { Emitted } from "./emit/expressible.ts";
export { SCHEMA_FILES } from "./json-schema.ts";
