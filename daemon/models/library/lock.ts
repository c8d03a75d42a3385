/** Models whose every byte is known before it is asked for. */
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../../proto/errors.ts";
import { ModelsLock, type LockedModel, type StoredModel } from "../../../proto/model-store.ts";
import { inOrder, modelDigest } from "./digest.ts";
import document from "./models.lock.json";

let read: ModelsLock | null = null;

function lock(): ModelsLock {
  if (read !== null) return read;
  const value: unknown = document;
  if (!Value.Check(ModelsLock, value)) throw new MaestroError("internal.bug", `models.lock.json: ${Value.Errors(ModelsLock, value).First()?.path ?? "?"}`);
  return (read = value);
}

export const lockedNames = (): string[] => lock().models.map(({ name }) => name).sort();

/** Null where the lock names no such model. */
export const lockedModel = (name: string): LockedModel | null => lock().models.find((one) => one.name === name) ?? null;

/** The record it will have. */
export function recordOf({ files, licence, ...model }: Omit<LockedModel, "files"> & Pick<StoredModel, "files">, origin: StoredModel["origin"], imported_at: string): StoredModel {
  const ordered = inOrder(files);
  return { ...model, digest: modelDigest(ordered), licence_id: licence.id, files: ordered, origin, imported_at };
}
