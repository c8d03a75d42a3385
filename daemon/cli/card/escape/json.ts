/** JSON text that is safe on a terminal: the same document, spelled with `\u` where a character would act or hide. */
const UNSEEN_UNIT = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

export function escapeJson(json: string): string {
  // Line feeds between tokens stay; inside strings JSON has none.
  return json.replace(UNSEEN_UNIT, (character) =>
    character === "\n" ? character : Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );
}
