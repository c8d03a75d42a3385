import { utf8 } from "../../../proto/encoding.ts";
import { checkpointText } from "../../verifier/checkpoint.ts";
import { signatureLine, type NoteKey } from "../../verifier/note.ts";
import type { Growth } from "./tree.ts";

/** The log's key with its private half. */
export interface LogSigner {
  readonly key: NoteKey;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** The signed note of a head (C2SP tlog-checkpoint); by two keys where one follows the other. */
export function signedCheckpoint({ frontier, root }: Pick<Growth, "frontier" | "root">, signer: LogSigner, next?: LogSigner): string {
  const text = checkpointText({ origin: signer.key.name, size: frontier.size, root });
  const lines = [signer, ...(next === undefined ? [] : [next])].map(({ key, sign }) => signatureLine(key, sign(utf8(text))));
  return `${text}\n${lines.join("")}`;
}
