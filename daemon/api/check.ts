import { type TSchema, Type } from "@sinclair/typebox";
import type { ValueError } from "@sinclair/typebox/value";
import { MaestroError } from "../../proto/errors.ts";
import { lazyCheck } from "../platform/lazy-check.ts";

/**
 * Compiles a schema, or a record of schemas, into a check that returns the
 * value with its type. `null` accepts nothing but `undefined`.
 * The check throws `request.malformed`, naming the first wrong field and never
 * its content.
 */
export function checker<T>(schema: TSchema | Readonly<Record<string, TSchema>> | null, where: string): (value: unknown) => T {
  const whole = schema === null ? Type.Undefined() : isSchema(schema) ? schema : Type.Object({ ...schema }, { additionalProperties: false });
  const check = lazyCheck(Type.Unsafe<T>(whole));
  return (value) => {
    if (check().Check(value)) return value;
    const first = check().Errors(value).First();
    const { path, message } = first === undefined ? { path: "", message: "does not fit its schema" } : plain(first);
    throw new MaestroError("request.malformed", `${where}${path}: ${message}`);
  };
}

/** Faults of one of several shapes that are counted; more make it no less near. */
const FAULTS_COUNTED_MAX = 32;

/** Of several shapes the one with the fewest faults says what is wrong; where a value of some kind or one of some words is expected, these are named. */
function plain(error: ValueError): { readonly path: string; readonly message: string } {
  const options = error.schema["anyOf"] as readonly { readonly const?: unknown; readonly type?: string; readonly properties?: unknown }[] | undefined;
  if (options === undefined) return error;
  if (options.every((option) => option.properties === undefined)) return { path: error.path, message: `Expected ${options.map((option) => (option.const === undefined ? option.type : JSON.stringify(option.const))).join(" or ")}` };
  const nearest = error.errors.map((faults) => taken(faults)).sort((a, b) => a.length - b.length)[0]?.[0];
  return nearest === undefined ? error : plain(nearest);
}

function taken(faults: Iterable<ValueError>): ValueError[] {
  const seen: ValueError[] = [];
  for (const fault of faults) {
    seen.push(fault);
    if (seen.length === FAULTS_COUNTED_MAX) break;
  }
  return seen;
}

function isSchema(schema: TSchema | Readonly<Record<string, TSchema>>): schema is TSchema {
  return Object.getOwnPropertySymbols(schema).some((symbol) => symbol.description === "TypeBox.Kind");
}
