import { type TSchema, Type } from "@sinclair/typebox";
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
    throw new MaestroError("request.malformed", `${where}${first?.path ?? ""}: ${first?.message ?? "does not fit its schema"}`);
  };
}

function isSchema(schema: TSchema | Readonly<Record<string, TSchema>>): schema is TSchema {
  return Object.getOwnPropertySymbols(schema).some((symbol) => symbol.description === "TypeBox.Kind");
}
