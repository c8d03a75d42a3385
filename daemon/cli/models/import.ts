/** Files of a model that a person has. */
import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { ImportHead, ModelImported } from "../../../proto/models-api.ts";
import { MODEL_KINDS, MODEL_TEMPLATES, type FileRole, type LockedModel, type ModelKind, type ModelTemplate } from "../../../proto/model-store.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { textOf, type Values } from "../command.ts";
import { lockedModel, shipped } from "./locked.ts";
import { sendModel, type Sending } from "./send.ts";

const OPTION: Readonly<Record<FileRole, string>> = { weights: "weights", tokenizer: "tokenizer", tokenizer_config: "tokenizer-config", config: "model-config", licence: "licence", notice: "notice" };
const ROLES = Object.keys(OPTION) as FileRole[];

const usage = (detail: string): MaestroError => new MaestroError("cli.usage", detail);

function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) throw usage(`${path} is no file`);
  if (found.size === 0) throw usage(`${path} is empty`);
  return found.size;
}

const fileOf = (role: FileRole, path: string, name: string): Sending => ({ role, name, bytes: sizeOf(path), read: () => createReadStream(path, { highWaterMark: 1024 * 1024 }) });

function countOf(values: Values, name: string): number | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw usage(`--${name} takes a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** Of a model that the lock names: what was given takes its part by role, and what ships with us is added. */
function lockedFiles(model: LockedModel, values: Values): Sending[] {
  const taken = new Set<string>();
  const files = model.files.map((file) => {
    const path = textOf(values, OPTION[file.role]);
    if (file.from === undefined) return shipped(model.name, file);
    if (path === undefined || taken.has(file.role)) throw usage(`${model.name} needs --${OPTION[file.role]} FILE: ${file.name}, SHA-256 ${file.sha256}`);
    taken.add(file.role);
    return fileOf(file.role, path, file.name);
  });
  const idle = ROLES.find((role) => textOf(values, OPTION[role]) !== undefined && !model.files.some((file) => file.role === role));
  if (idle !== undefined) throw usage(`${model.name} has no file for --${OPTION[idle]} in the lock`);
  return files;
}

function templateOf(values: Values): ModelTemplate {
  const named = textOf(values, "template") ?? "none";
  const found = MODEL_TEMPLATES.find((one) => one === named);
  if (found === undefined) throw usage(`${named} is no chat template; --template ${MODEL_TEMPLATES.join("|")}`);
  return found;
}

function saidOf(values: Values, weights_bytes: number): NonNullable<ImportHead["said"]> {
  const kind = textOf(values, "kind");
  if (kind === undefined || !(MODEL_KINDS as readonly string[]).includes(kind)) throw usage(`no lock names this model, so say what it is: --kind ${MODEL_KINDS.join("|")}`);
  const [context_tokens, id, dimensions, base] = [countOf(values, "context"), textOf(values, "licence-id"), countOf(values, "dimensions"), textOf(values, "base")];
  if (context_tokens === undefined) throw usage("no lock names this model, so say --context TOKENS");
  if (id === undefined) throw usage("no lock names this model, so say --licence-id ID of the licence whose text you give");
  return {
    kind: kind as ModelKind,
    licence: { id, summary: id },
    context_tokens,
    template: templateOf(values),
    quantisation: textOf(values, "quantisation") ?? "",
    memory_bytes: countOf(values, "memory-bytes") ?? 2 * weights_bytes,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(base === undefined ? {} : { base }),
  };
}

/** An embedding's engine looks for these names. */
const KNOWN_NAME: Readonly<Partial<Record<FileRole, string>>> = { tokenizer: "tokenizer.json", tokenizer_config: "tokenizer_config.json", config: "config.json" };
const plainName = (path: string): string => basename(path).replace(/[^A-Za-z0-9._-]/g, "_").replace(/^[^A-Za-z0-9]+/, "").slice(0, 128) || "file";

export async function importFiles(client: MaestroClient, name: string, values: Values): Promise<ModelImported> {
  const locked = lockedModel(name);
  if (locked !== undefined) return sendModel(client, { name, origin: "file" }, lockedFiles(locked, values));
  const files = ROLES.flatMap((role) => {
    const path = textOf(values, OPTION[role]);
    const embedding = textOf(values, "kind") === "embedding";
    return path === undefined ? [] : [fileOf(role, path, KNOWN_NAME[role] ?? (embedding && role === "weights" ? "model_quantized.onnx" : plainName(path)))];
  });
  const weights = files.find(({ role }) => role === "weights");
  if (weights === undefined) throw usage("import takes --weights FILE");
  if (!files.some(({ role }) => role === "licence")) throw usage("import takes --licence FILE, the text of the model's licence; nothing is stored without it");
  return sendModel(client, { name, origin: "file", said: saidOf(values, weights.bytes) }, files);
}
