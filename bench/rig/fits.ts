/** Whether a value fits a JSON Schema, for the keywords that `schemaGrammar` knows: plain and written apart from it. */
type Schema = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

const OF_TYPE: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isRecord,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

function within(size: number, schema: Schema, least: string, most: string): boolean {
  return size >= Number(schema[least] ?? -Infinity) && size <= Number(schema[most] ?? Infinity);
}

export function fits(value: unknown, schema: Schema): boolean {
  const { type, enum: values, anyOf, oneOf, properties, required, items } = schema;
  if ("const" in schema && schema["const"] !== value) return false;
  if (Array.isArray(values) && !values.includes(value)) return false;
  if (Array.isArray(anyOf) && !anyOf.some((one) => fits(value, one))) return false;
  if (Array.isArray(oneOf) && oneOf.filter((one) => fits(value, one)).length !== 1) return false;
  const types = type === undefined ? null : Array.isArray(type) ? type : [type];
  if (types !== null && !types.some((one) => OF_TYPE[String(one)]?.(value) === true)) return false;
  if (typeof value === "number") return within(value, schema, "minimum", "maximum");
  // Characters are code points (RFC 8259 section 1).
  if (typeof value === "string") return within([...value].length, schema, "minLength", "maxLength");
  if (Array.isArray(value)) return within(value.length, schema, "minItems", "maxItems") && (!isRecord(items) || value.every((one) => fits(one, items)));
  if (!isRecord(value)) return true;
  if (Array.isArray(required) && !required.every((name) => Object.hasOwn(value, String(name)))) return false;
  const of = isRecord(properties) ? properties : {};
  return Object.entries(value).every(([name, one]) => {
    const known = Object.hasOwn(of, name) ? of[name] : undefined;
    return isRecord(known) ? fits(one, known) : schema["additionalProperties"] !== false;
  });
}
