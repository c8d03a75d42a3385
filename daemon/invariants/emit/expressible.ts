/** What an engine cannot say is said so, never replaced by something weaker. */

/** Thrown inside this folder. */
export class NotExpressible extends Error {
  constructor(why: string) {
    super(why);
    this.name = "NotExpressible";
  }
}

export type Emitted<T> = { readonly ok: T } | { readonly not_expressible: string };

export function emitted<T>(make: () => T): Emitted<T> {
  try {
    return { ok: make() };
  } catch (error) {
    if (error instanceof NotExpressible) return { not_expressible: error.message };
    throw error;
  }
}
