/** What reading one number out of a report came to. */
import type { Rational } from "../../../proto/decimal.ts";

/** A report that cannot be read, or holds nothing of what was asked, has no value: it is never a zero. */
export type Reading = { readonly value: Rational | boolean } | { readonly broken: string };

/** A report of one format, read once; asked for one metric or pointer at a time. */
export type Report = (what: string) => Reading;

/** Thrown by the parsers of this folder alone; caught where the report was opened. */
export class BrokenReport extends Error {}

export const broken = (because: string): Reading => ({ broken: because });
