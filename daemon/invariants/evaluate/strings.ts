/** Strings as CEL counts and orders them: by code points, where JavaScript has UTF-16 units. */

export function pointsIn(text: string): number {
  let surrogates = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) surrogates += 1;
  return text.length - surrogates;
}

/** Below, above or zero. UTF-16 puts U+FF5E before U+1F600, but after its surrogates. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const beyond = (unit: number): boolean => (unit & 0xf800) === 0xd800;
    return beyond(x) === beyond(y) ? x - y : beyond(x) ? 1 : -1;
  }
  return a.length - b.length;
}
