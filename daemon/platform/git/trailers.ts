/** A message may be a megabyte; what is looked at is bounded. */
export const TRAILERS_MAX = 64;
const MESSAGE_CHARS_MAX = 256 * 1024;
const VALUE_CHARS_MAX = 2000;
const KEY = /^([A-Za-z0-9][A-Za-z0-9-]{0,127})[ \t]*:[ \t]*(.*)$/;
const DIVIDER = /^-{3,}$/;

export interface Trailer {
  readonly key: string;
  readonly value: string;
}

export interface Trailers {
  readonly trailers: readonly Trailer[];
  /** Lines past a limit were not looked at. */
  readonly truncated: boolean;
}

/**
 * `Key: value` lines of the closing paragraphs of a commit message, first to last, values unfolded. Wider than
 * git-interpret-trailers, which reads the last paragraph only and gives up when it also holds prose: squash
 * merges leave several closing paragraphs, and a trailer can only raise scrutiny, so a line too many is the safe side.
 */
export function parseTrailers(message: string): Trailers {
  const cut = message.length > MESSAGE_CHARS_MAX;
  const text = cut ? message.slice(-MESSAGE_CHARS_MAX) : message;
  const paragraphs = text.replaceAll("\r\n", "\n").split(/\n[ \t]*(?:\n[ \t]*)+/);
  const blocks: (readonly Trailer[])[] = [];
  // The first paragraph is the subject: `fix: …` is not a trailer.
  for (let at = paragraphs.length - 1; at > 0; at--) {
    const { found, prose } = trailersOf(paragraphs[at] ?? "");
    if (prose && (found.length === 0 || blocks.length > 0)) break;
    blocks.unshift(found);
    if (prose) break;
  }
  const all = blocks.flat();
  return { trailers: all.slice(-TRAILERS_MAX), truncated: cut || all.length > TRAILERS_MAX };
}

/** Trailers of one paragraph, and whether it holds anything else; blank and divider lines are neither. */
function trailersOf(paragraph: string): { readonly found: readonly Trailer[]; readonly prose: boolean } {
  const found: { key: string; value: string }[] = [];
  let prose = false;
  for (const line of paragraph.split("\n")) {
    if (line.trim() === "" || DIVIDER.test(line.trim())) continue;
    const last = found.at(-1);
    const [, key, value] = KEY.exec(line) ?? [];
    if (key !== undefined && value !== undefined) found.push({ key, value: value.trim().slice(0, VALUE_CHARS_MAX) });
    else if (/^[ \t]/.test(line) && last !== undefined) last.value = `${last.value} ${line.trim()}`.slice(0, VALUE_CHARS_MAX);
    else prose = true;
  }
  return { found, prose };
}
