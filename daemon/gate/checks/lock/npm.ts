import { isFields, type Fields, readJsonObject } from "../reading/json.ts";
import { lockedSource, npmShaped, splitSpec, type Lock, type LockEntry } from "./entry.ts";

const DEPTH_MAX = 64;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function entryOf(folder: string, fields: Fields): LockEntry | null {
  if (fields["link"] === true) return null;
  const stated = text(fields["version"]);
  // Version 1 writes a package under another name as `npm:name@version`, and an address where a version belongs.
  const alias = stated.startsWith("npm:") ? splitSpec(stated.slice("npm:".length)) : null;
  const [name, version] = alias === null ? [text(fields["name"]) || folder, stated] : [alias.name, alias.rest];
  const address = text(fields["resolved"]) || (/^[0-9]/.test(version) ? "" : version);
  const integrity = text(fields["integrity"]);
  return {
    name,
    version,
    source: lockedSource(address, npmShaped),
    integrity: integrity === "" ? [] : integrity.trim().split(/\s+/),
    installs: fields["hasInstallScript"] === true,
  };
}

/** Lock versions 2 and 3: one flat map by folder. */
function packagesOf(packages: Fields): LockEntry[] {
  return Object.entries(packages).flatMap(([path, fields]) => {
    const at = path.lastIndexOf("node_modules/");
    if (at === -1 || !isFields(fields)) return [];
    return entryOf(path.slice(at + "node_modules/".length), fields) ?? [];
  });
}

/** Lock version 1, and the copy of it in version 2: a tree. */
function treeOf(dependencies: unknown, depth: number, out: LockEntry[]): boolean {
  if (!isFields(dependencies)) return true;
  if (depth > DEPTH_MAX) return false;
  for (const [name, fields] of Object.entries(dependencies)) {
    if (!isFields(fields)) continue;
    const entry = entryOf(name, fields);
    if (entry !== null) out.push(entry);
    if (!treeOf(fields["dependencies"], depth + 1, out)) return false;
  }
  return true;
}

export function readNpmLock(content: string): Lock {
  const read = readJsonObject(content);
  if ("broken" in read) return read;
  const root = read.fields;
  const entries = isFields(root["packages"]) ? packagesOf(root["packages"]) : [];
  if (!treeOf(root["dependencies"], 0, entries)) return { broken: `it is nested deeper than ${DEPTH_MAX}` };
  return { entries };
}
