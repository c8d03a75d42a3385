import { utf8 } from "../../../proto/encoding.ts";
import { checkpointText } from "../../verifier/checkpoint.ts";
import { signatureLine, type NoteKey } from "../../verifier/note.ts";
import type { Growth } from "./tree.ts";

/** The signed note of a head (C2SP tlog-checkpoint). */
export function signedCheckpoint({ frontier, root }: Pick<Growth, "frontier" | "root">, key: NoteKey, sign: (message: Uint8Array) => Uint8Array): string {
  const text = checkpointText({ origin: key.name, size: frontier.size, root });
  return `${text}\n${signatureLine(key, sign(utf8(text)))}`;
}
