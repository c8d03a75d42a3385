/** The name alone, for whoever lists what may be signed. */
export const MARKET_PREDICATE = "urn:maestro:predicate:market:v1";
