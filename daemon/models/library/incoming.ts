/** One model on its way into the store: every file is received and looked at before any of them has a name. */
import { MaestroError } from "../../../proto/errors.ts";
import type { ImportHead } from "../../../proto/models-api.ts";
import type { LockedModel, ModelFile, StoredModel } from "../../../proto/model-store.ts";
import type { Blobs, Received } from "../../store/blobs.ts";
import { lockedModel, recordOf } from "./lock.ts";

const refused = (detail: string): MaestroError => new MaestroError("models.refused", detail);

/** What the sender or the lock says of it. Throws `models.refused` where that is not a whole model. */
export function announced(head: ImportHead): Omit<LockedModel, "files"> & { readonly files: LockedModel["files"] | null } {
  const locked = lockedModel(head.name);
  const { said } = head;
  if (locked !== null && said !== undefined) throw refused(`${head.name} is a name of the lock, which says what it is; give the model another name`);
  const model = locked ?? (said === undefined ? null : { name: head.name, ...said, files: null });
  if (model === null) throw refused(`no lock names ${head.name}; say its kind, licence and context`);
  if (model.kind === "embedding" && model.dimensions === undefined) throw refused(`${head.name}: an embedding needs its dimensions`);
  if (model.kind === "adapter" && model.base === undefined) throw refused(`${head.name}: an adapter needs the text model it belongs to`);
  return model;
}

/** Throws `models.refused` where the files that are announced cannot be that model, before a byte of them is read. */
export function requireWhole({ name, files }: Pick<ImportHead, "name" | "files">, locked: LockedModel["files"] | null): void {
  const seen = new Set<string>();
  for (const file of files) {
    if (seen.has(file.name)) throw refused(`${name}: two files are called ${file.name}`);
    seen.add(file.name);
  }
  if (!files.some(({ role }) => role === "licence")) throw refused(`${name} comes without the text of its licence`);
  if (files.filter(({ role }) => role === "weights").length !== 1) throw refused(`${name} needs exactly one file of weights`);
  if (locked === null) return;
  for (const file of locked) {
    const sent = files.find((one) => one.name === file.name);
    if (sent === undefined) throw refused(`${file.name} is missing, which ${name} has in the lock`);
    if (sent.role !== file.role || sent.bytes !== file.bytes) throw refused(`${file.name} has ${sent.bytes} bytes as ${sent.role}; the lock says ${file.bytes} as ${file.role}`);
  }
  const stranger = files.find((one) => !locked.some((file) => file.name === one.name));
  if (stranger !== undefined) throw refused(`${stranger.name} is none of the files that ${name} has in the lock`);
}

/** Receives what was announced, file after file. Throws `models.refused` for bytes that are not the lock's; nothing is left then. */
export async function receiveAll({ name, files }: Pick<ImportHead, "name" | "files">, locked: LockedModel["files"] | null, bytesOf: (bytes: number) => AsyncGenerator<Uint8Array, void>, blobs: Pick<Blobs, "receive">): Promise<{ readonly files: ModelFile[]; readonly received: readonly Received[] }> {
  const received: Received[] = [];
  const found: ModelFile[] = [];
  try {
    for (const { role, name: file, bytes } of files) {
      const one = await blobs.receive(bytesOf(bytes), bytes);
      received.push(one);
      if (one.size !== bytes) throw refused(`${file} ended after ${one.size} of ${bytes} bytes`);
      const sha256 = one.digest.slice("sha256:".length);
      const wanted = locked?.find((entry) => entry.name === file);
      if (wanted !== undefined && wanted.sha256 !== sha256) throw refused(`${file} is ${sha256}; the lock of ${name} says ${wanted.sha256}`);
      found.push({ role, name: file, sha256, bytes });
    }
    return { files: found, received };
  } catch (error) {
    await Promise.all(received.map((one) => one.drop()));
    throw error;
  }
}

export const recordFor = (model: ReturnType<typeof announced>, files: ModelFile[], origin: StoredModel["origin"], imported_at: string): StoredModel => recordOf({ ...model, files }, origin, imported_at);
