/** Work on one kind of record after another, where damage of one keeps no other one waiting. */
import { MaestroError } from "../../proto/errors.ts";

/** Each in turn. Throws the first `store.corrupt` after the last of them, and anything else at once. */
export async function everyKind(kinds: readonly (() => Promise<void>)[]): Promise<void> {
  let damage: MaestroError | null = null;
  for (const work of kinds) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof MaestroError) || error.code !== "store.corrupt") throw error;
      damage ??= error;
    }
  }
  if (damage !== null) throw damage;
}
