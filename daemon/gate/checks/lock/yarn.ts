import { isFields } from "../reading/json.ts";
import { readYaml } from "../reading/yaml.ts";
import { DEFAULT_SOURCE, lockedSource, npmShaped, sourceOf, splitSpec, type Lock, type LockEntry } from "./entry.ts";

const YAML_CHARACTERS_MAX = 6 * 1024 * 1024;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** `name@range`, or `other@npm:name@range` for a package that goes by another name here. */
function classicName(spec: string): string {
  const { name, rest } = splitSpec(spec);
  return rest.startsWith("npm:") ? splitSpec(rest.slice("npm:".length)).name : name;
}

/** Yarn 1: its own format, one block per package, two spaces of indent. */
function readClassic(content: string): Lock {
  const entries: LockEntry[] = [];
  let current: { name: string; version: string; resolved: string; integrity: string[] } | null = null;
  const close = () => {
    if (current === null) return;
    const { name, version, resolved, integrity } = current;
    entries.push({ name, version, source: lockedSource(resolved, npmShaped), integrity, installs: false });
  };
  for (const raw of content.split("\n")) {
    const line = raw.trimEnd();
    if (line === "" || line.startsWith("#")) continue;
    if (!line.startsWith(" ")) {
      if (!line.endsWith(":")) return { broken: "a block does not start as Yarn's do" };
      close();
      const first = (line.slice(0, -1).split(",")[0] ?? "").trim().replace(/^"|"$/g, "");
      current = { name: classicName(first), version: "", resolved: "", integrity: [] };
      continue;
    }
    const field = /^ {2}(version|resolved|integrity) "?([^"]*)"?$/.exec(line);
    if (current === null || field === null) continue;
    const value = field[2] ?? "";
    if (field[1] === "version") current.version = value;
    else if (field[1] === "integrity") current.integrity = value.split(/\s+/);
    else current.resolved = value;
  }
  close();
  return { entries };
}

/** Where a Berry resolution leads: `name@npm:1.0.0`, an address, or a patch of either. */
function berrySource(rest: string): string | null {
  const archive = /::__archiveUrl=([^&]{1,2000})/.exec(rest)?.[1];
  if (archive !== undefined) return sourceOf(decoded(archive), npmShaped);
  if (rest.startsWith("npm:")) return DEFAULT_SOURCE;
  if (rest.startsWith("patch:")) return berrySource(decoded(splitSpec(rest.slice("patch:".length)).rest));
  return sourceOf(rest.replace(/#.*$/, ""), npmShaped);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

function readBerry(content: string): Lock {
  const read = readYaml(content, { characters_max: YAML_CHARACTERS_MAX, aliases_max: 0 });
  if ("broken" in read) return read;
  if (!isFields(read.value)) return { broken: "it is not a map" };
  const entries = Object.entries(read.value).flatMap(([key, fields]): LockEntry[] => {
    if (key === "__metadata" || !isFields(fields)) return [];
    const { name, rest } = splitSpec(text(fields["resolution"]));
    const checksum = text(fields["checksum"]);
    return [{ name, version: text(fields["version"]), source: berrySource(rest), integrity: checksum === "" ? [] : [checksum], installs: false }];
  });
  return { entries };
}

export function readYarnLock(content: string): Lock {
  return /^__metadata:/m.test(content) ? readBerry(content) : readClassic(content);
}
