export type Fields = { readonly [key: string]: unknown };

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The one object of a JSON text, or why there is none. */
export function readJsonObject(content: string): { readonly fields: Fields } | { readonly broken: string } {
  let root: unknown;
  try {
    root = JSON.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return { broken: "it is not JSON" };
    throw error;
  }
  return isFields(root) ? { fields: root } : { broken: "it is not an object" };
}
