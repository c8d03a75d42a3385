/**
 * Hex and base64 of byte arrays are methods that browsers have had since 2024
 * (Firefox 133) and 2025 (Chromium 140, Safari 18.2). Where they are missing
 * these take their place; the strictness is in `proto/encoding.ts`, before and after.
 */
const CHUNK = 0x8000;

export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const fromHex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}

export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

const set = (on: object, name: string, value: unknown): void => {
  if (!(name in on)) Object.defineProperty(on, name, { value, writable: true, configurable: true });
};

export function fillIn(): void {
  set(Uint8Array, "fromHex", fromHex);
  set(Uint8Array, "fromBase64", fromBase64);
  set(Uint8Array.prototype, "toHex", function (this: Uint8Array) { return toHex(this); });
  set(Uint8Array.prototype, "toBase64", function (this: Uint8Array) { return toBase64(this); });
}
