/** The name alone, for whoever lists what may be signed. */
export const DRAFT_PREDICATE = "urn:maestro:predicate:draft:v1";
