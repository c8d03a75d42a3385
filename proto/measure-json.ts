/** How deep a JSON text goes and how much stands in it, before anything is made of it. */
export interface JsonMeasure {
  readonly depth: number;
  /** Values and names of members, counted by what separates them: at most one too many for each empty list or object. */
  readonly values: number;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = [0x5b, 0x7b, 0x5d, 0x7d];

/** Where the string that begins at `start` ends; behind the bytes where it does not end. */
function afterString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
  return at;
}

/**
 * One pass over UTF-8 that stops at either limit. As far as the bytes are JSON the measure is exact; any reader
 * that stops at the first mistake has made no more than was counted up to there.
 */
export function measureJson(bytes: Uint8Array, limits: { readonly depth_max: number; readonly values_max?: number }): JsonMeasure {
  const { depth_max, values_max = Number.POSITIVE_INFINITY } = limits;
  let depth = 0;
  let deepest = 0;
  let values = 1;
  for (let at = 0; at < bytes.length && deepest <= depth_max && values <= values_max; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = afterString(bytes, at);
    else if (byte === COMMA || byte === COLON) values++;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      values++;
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  return { depth: deepest, values };
}
