/** Which version of the state folder a release reads and writes; in `db/schema` of the folder it stands as one line. */

/** Raised when a table changes in a way an older daemon would misread, and a field more is one: it takes such a row for damage; `store/migrations.ts` says how each version becomes the next. */
export const STORE_SCHEMA_VERSION = 6;

/** The version that the file's text names; `null` for anything else. */
export function stateVersionIn(text: string): number | null {
  return /^[1-9][0-9]{0,8}\n$/.test(text) ? Number(text) : null;
}
