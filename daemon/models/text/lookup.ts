/** Tokens that may come next because they came next before: a text that repeats parts of its prompt, as a diff does, is guessed from it. Pure. */

/** The longest end that is looked for, and the shortest that counts. */
const PATTERN_MAX = 4;
const PATTERN_MIN = 2;

/** At most `most` tokens that followed the newest earlier place where the last few tokens stood. */
export function guess<Token>(tokens: readonly Token[], most: number): Token[] {
  for (let length = Math.min(PATTERN_MAX, tokens.length - 1); length >= PATTERN_MIN; length--) {
    const end = tokens.length - length;
    for (let at = end - 1; at >= 0; at--) {
      let same = 0;
      while (same < length && tokens[at + same] === tokens[end + same]) same++;
      if (same === length) return tokens.slice(at + length, Math.min(at + length + most, tokens.length));
    }
  }
  return [];
}
