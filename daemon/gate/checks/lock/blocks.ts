/**
 * Cargo.lock, uv.lock and poetry.lock: TOML that their tools write as
 * `[[package]]` blocks of one-line fields. Read by line, since only a few
 * fields count; whatever else stands there is not believed to be a package.
 */
import { anyShaped, DEFAULT_SOURCE, sourceOf, type Lock, type LockEntry } from "./entry.ts";

const FIELD = /^(name|version|source|checksum)\s*=\s*(.{1,4000})$/;
const QUOTED = /^"([^"]{0,2000})"/;
const HASH = /\bhash\s*=\s*"((?:sha\d+|md5|blake2b?):[0-9a-f]{16,200})"/g;
const INLINE_SOURCE = /\b(registry|git|url|path|directory|editable|virtual)\s*=\s*"([^"]{0,2000})"/;
/** Poetry's own table for packages that come from elsewhere. */
const POETRY_SOURCE = /^\[package\.source\]/;
const POETRY_FIELD = /^(type|url)\s*=\s*"([^"]{0,2000})"/;

interface Block {
  name: string;
  version: string;
  source: string | null;
  integrity: string[];
  poetry_type: string;
}

/** Cargo writes `registry+address`, uv an inline table of the kind and the address. */
function sourceField(value: string): string | null {
  const quoted = QUOTED.exec(value)?.[1];
  if (quoted !== undefined) return sourceOf(quoted, anyShaped);
  const [, kind = "", address = ""] = INLINE_SOURCE.exec(value) ?? [];
  if (kind === "git") return sourceOf(`git+${address}`, anyShaped);
  if (kind === "url") return sourceOf(address, () => false);
  return kind === "registry" ? sourceOf(address, anyShaped) : null;
}

function readField(block: Block, line: string): void {
  const [, key = "", value = ""] = FIELD.exec(line) ?? [];
  const quoted = QUOTED.exec(value)?.[1] ?? "";
  if (key === "name") block.name = quoted;
  else if (key === "version") block.version = quoted;
  else if (key === "checksum") block.integrity.push(`sha256:${quoted}`);
  else if (key === "source") block.source = sourceField(value);
  for (const match of line.matchAll(HASH)) block.integrity.push(match[1] ?? "");
}

/** `local_without_source`: Cargo and uv state where a package comes from, so one without lies in the repository; poetry states only exceptions. */
export function readBlocks(content: string, local_without_source: boolean): Lock {
  const entries: LockEntry[] = [];
  let block: Block | null = null;
  let inSource = false;
  const close = () => {
    if (block !== null && block.name !== "") entries.push({ name: block.name, version: block.version, source: block.source, integrity: block.integrity, installs: false });
  };
  for (const raw of content.split("\n")) {
    const line = raw.trim();
    if (line === "[[package]]") {
      close();
      block = { name: "", version: "", source: local_without_source ? null : DEFAULT_SOURCE, integrity: [], poetry_type: "" };
      inSource = false;
      continue;
    }
    if (block === null) continue;
    if (line.startsWith("[")) inSource = POETRY_SOURCE.test(line);
    if (inSource) {
      const [, key = "", value = ""] = POETRY_FIELD.exec(line) ?? [];
      if (key === "type") block.poetry_type = value;
      if (key === "url") block.source = block.poetry_type === "git" ? sourceOf(`git+${value}`, anyShaped) : sourceOf(value, () => block?.poetry_type === "legacy");
      if (key === "type" && (value === "directory" || value === "file")) block.source = null;
    } else readField(block, line);
  }
  close();
  return { entries };
}
