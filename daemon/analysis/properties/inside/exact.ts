/** JSON that keeps what JSON has not: integers beyond 2^53, -0, fractions to the last bit, NaN and the infinities. */

export function exactly(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return { "#bigint": String(value) };
  if (typeof value !== "number" || (Number.isSafeInteger(value) && !Object.is(value, -0))) return value;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return { "#double": view.getBigUint64(0).toString(16).padStart(16, "0") };
}

/** As it is now: a target may change its state in place. Throws for what cannot be written down. */
export function copied(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const copy: unknown = structuredClone(value);
  JSON.stringify(copy, exactly);
  return copy;
}

export function asItWas(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return value;
  if ("#bigint" in value) return BigInt(String(value["#bigint"]));
  if (!("#double" in value)) return value;
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${String(value["#double"])}`));
  return view.getFloat64(0);
}
