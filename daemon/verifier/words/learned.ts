/** Learned policies of a change: what the log says, and where another arm answers than before. Every name in it may be the change's own. */
import type { Card } from "../../../proto/card.ts";
import type { CardPolicy } from "../../../proto/learned.ts";
import { decimalText } from "../../../proto/decimal.ts";

const PPM_PER_TENTH = 1_000;

/** Without the tables of any locale. */
function percent(ppm: number): string {
  const tenths = Math.round(ppm / PPM_PER_TENTH);
  return `${Math.trunc(tenths / 10)}.${tenths % 10} %`;
}

const VERDICTS: Readonly<Record<CardPolicy["verdict"], string>> = { promote: "the log bears it out", reject: "the log shows that it does harm", insufficient: "the log cannot tell yet" };

/** Four digits after the point are enough for a person; the obligation has all of them. */
function shortDecimal(value: string, scale: number): string {
  const text = decimalText(value, scale);
  const point = text.indexOf(".");
  return point < 0 ? text : text.slice(0, point + 5).replace(/\.?0+$/, "") || "0";
}

function policyLines({ path, router, verdict, gain, more, tried, before, cells, changed, mass_ppm, listed }: CardPolicy): string[] {
  const bound = gain === null ? "its gain is hidden" : `gain of an episode at least ${shortDecimal(gain.lower, gain.scale)}, ${shortDecimal(gain.needed, gain.scale)} is asked for`;
  const wanted = more === null ? "" : `; about ${more} more episodes with an outcome are needed`;
  const moved = changed === 0 ? `none of ${cells} cells has another arm by reward alone` : `${changed} of ${cells} cells have another arm by reward alone, ${percent(mass_ppm)} of what the file counts`;
  return [
    `${path} decides for ${router}: ${VERDICTS[verdict]}; ${bound}${wanted}; question ${tried} to this log`,
    `${moved}${before === null ? ", held against the baseline" : ""}`,
    ...listed.map(({ where, from, to, mass_ppm: mass }) => `${where}: ${from} to ${to}, ${percent(mass)}`),
    ...(changed > listed.length ? [`and ${changed - listed.length} cells more`] : []),
  ];
}

export const learnedLines = ({ learned = [] }: Pick<Card, "learned">): string[] => learned.flatMap(policyLines);
