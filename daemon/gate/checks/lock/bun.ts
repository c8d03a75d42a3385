import { isFields } from "../reading/json.ts";
import { lockedSource, npmShaped, sourceOf, splitSpec, type Lock, type LockEntry } from "./entry.ts";

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** `["name@1.0.0", registry or "", {…}, "sha512-…"]` from a registry, `["name@address", {…}, digest]` otherwise. */
function entryOf(fields: readonly unknown[]): LockEntry | null {
  const { name, rest } = splitSpec(text(fields[0]));
  if (/^(?:workspace|link|file|root):/.test(rest)) return null;
  const registry = fields[1];
  const digest = text(fields.at(-1));
  const integrity = /^sha\d+-/.test(digest) ? [digest] : [];
  if (typeof registry === "string") return { name, version: rest, source: lockedSource(registry, () => true), integrity, installs: false };
  return { name, version: rest, source: sourceOf(rest.replace(/#.*$/, ""), npmShaped), integrity, installs: false };
}

export function readBunLock(content: string): Lock {
  let root: unknown;
  try {
    root = Bun.JSONC.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return { broken: "it is not JSON" };
    throw error;
  }
  if (!isFields(root)) return { broken: "it is not an object" };
  const packages = isFields(root["packages"]) ? Object.values(root["packages"]) : [];
  return { entries: packages.flatMap((fields) => (Array.isArray(fields) ? (entryOf(fields) ?? []) : [])) };
}
