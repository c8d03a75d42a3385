/** Writes archives for tests, honest and hostile ones. */
import { gzipSync } from "node:zlib";
import { utf8 } from "../../../../proto/encoding.ts";

export interface Entry {
  readonly name: string;
  readonly content: Uint8Array | string;
  /** ustar type flag; "0" is a regular file. */
  readonly kind?: string;
  readonly broken_checksum?: boolean;
  readonly stated_size?: number;
  /** Bytes put into the header at these places, before its checksum is made. */
  readonly fields?: Readonly<Record<number, string | Uint8Array>>;
  /** Put behind the content instead of zeros. */
  readonly padding?: number;
}

const bytesOf = (text: Uint8Array | string): Uint8Array => (typeof text === "string" ? utf8(text) : text);

function block({ name, content, kind = "0", broken_checksum = false, stated_size, fields = {}, padding = 0 }: Entry): Uint8Array {
  const bytes = bytesOf(content);
  const out = new Uint8Array(512 + Math.ceil(bytes.length / 512) * 512);
  out.set(utf8(name), 0);
  out.set(utf8("0000600\0"), 100);
  out.set(utf8(`${(stated_size ?? bytes.length).toString(8).padStart(11, "0")}\0`), 124);
  out.set(utf8(kind), 156);
  out.set(utf8("ustar\x0000"), 257);
  for (const [at, value] of Object.entries(fields)) out.set(bytesOf(value), Number(at));
  out.fill(0x20, 148, 156);
  const sum = out.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  out.set(utf8(`${(sum + (broken_checksum ? 1 : 0)).toString(8).padStart(6, "0")}\0 `), 148);
  out.set(bytes, 512);
  out.fill(padding, 512 + bytes.length);
  return out;
}

export function tar(entries: readonly Entry[]): Uint8Array {
  return Buffer.concat([...entries.map(block), new Uint8Array(1024)]);
}

export function tarGz(entries: readonly Entry[]): Uint8Array {
  return gzipSync(tar(entries));
}
