/** Strings as CEL counts and orders them: by code points, where JavaScript has UTF-16 units. */

export function pointsIn(text: string): number {
  let surrogates = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) surrogates += 1;
  return text.length - surrogates;
}

/** Below, above or zero. UTF-16 puts U+FF5E before U+1F600, but after its surrogates. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  if (i === length) return a.length - b.length;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  return beyond(x) === beyond(y) ? x - y : beyond(x) ? 1 : -1;
}

/** Half of a character that UTF-16 writes in two. */
const beyond = (unit: number): boolean => (unit & 0xf800) === 0xd800;
