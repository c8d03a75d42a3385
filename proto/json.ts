/** JSON without fractions: numbers are safe integers, measured quantities are decimal strings. */
export type Json = null | boolean | string | number | readonly Json[] | { readonly [key: string]: Json };
