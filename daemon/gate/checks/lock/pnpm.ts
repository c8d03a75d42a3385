import { isFields } from "../reading/json.ts";
import { readYaml } from "../reading/yaml.ts";
import { lockedSource, npmShaped, splitSpec, type Lock, type LockEntry } from "./entry.ts";

const YAML_CHARACTERS_MAX = 6 * 1024 * 1024;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** `/name/1.0.0_peer@2.0.0` (lock 5), `/name@1.0.0(peer)` (6) and `name@1.0.0` (9). */
function nameAndVersion(key: string): { name: string; version: string } {
  const [, fifth, pinned] = /^\/((?:@[^/@]{1,214}\/)?[^/@]{1,214})\/([0-9][^_/()]{0,199})(?:_|$)/.exec(key) ?? [];
  if (fifth !== undefined && pinned !== undefined) return { name: fifth, version: pinned };
  const bare = key.replace(/^\//, "").replace(/\(.*$/, "");
  const { name, rest } = splitSpec(bare);
  if (rest !== "") return { name, version: rest };
  const slash = bare.lastIndexOf("/");
  return slash <= 0 ? { name: bare, version: "" } : { name: bare.slice(0, slash), version: bare.slice(slash + 1) };
}

export function readPnpmLock(content: string): Lock {
  const read = readYaml(content, { characters_max: YAML_CHARACTERS_MAX, aliases_max: 0 });
  if ("broken" in read) return read;
  if (!isFields(read.value)) return { broken: "it is not a map" };
  const packages = isFields(read.value["packages"]) ? read.value["packages"] : {};
  const entries = Object.entries(packages).flatMap(([key, fields]): LockEntry[] => {
    if (!isFields(fields)) return [];
    const { name, version } = nameAndVersion(key);
    const resolution = isFields(fields["resolution"]) ? fields["resolution"] : {};
    const repository = text(resolution["repo"]);
    const address = repository === "" ? text(resolution["tarball"]) : `git+${repository.replace(/^git\+/, "")}`;
    const local = text(resolution["type"]) === "directory" || /^(?:file|link):/.test(version);
    const integrity = text(resolution["integrity"]);
    const source = local ? null : lockedSource(address, npmShaped);
    return [{ name: text(fields["name"]) || name, version: text(fields["version"]) || version, source, integrity: integrity === "" ? [] : integrity.trim().split(/\s+/), installs: fields["requiresBuild"] === true }];
  });
  return { entries };
}
