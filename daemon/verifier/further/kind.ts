import type { Static, TSchema } from "@sinclair/typebox";
import type { Statement } from "../../../proto/attestation.ts";
import { STATEMENT_LIMITS } from "../limits.ts";
import type { Coordinates } from "../leaves.ts";
import type { OpenManifest } from "../manifest.ts";
import { readDocument } from "../schema.ts";
import { stop, type Step } from "../step.ts";

/** What a further attestation is held against: the obligations statement, which every other one is about too. */
export interface About {
  readonly statement: Statement;
  /** SHA-256 of its DSSE payload, hex. */
  readonly statement_sha256: string;
  readonly manifest: OpenManifest;
}

/** One sentence's worth of a statement that agrees with the obligations. */
export interface Said {
  /** Whose result it is, where a gate may have several of one predicate type. */
  readonly of: string | null;
  readonly says: string;
}

/** A predicate type that may stand beside the obligations: one file and one line in `attestations.ts`. */
export interface Kind {
  readonly predicate_type: string;
  judge(payload: Uint8Array, about: About): Step<Said>;
  /** Whether it tells what this leaf tells: whoever hides the leaf hides it too. */
  tells(payload: Uint8Array, leaf: Coordinates): boolean;
}

/** A kind whose statements have exactly this shape. `check` never sees any other. */
export function kind<S extends TSchema>(predicate_type: string, schema: S, check: (statement: Static<S>, about: About) => Step<Said>, tells: (statement: Static<S>, leaf: Coordinates) => boolean = () => false): Kind {
  return {
    predicate_type,
    judge(payload, about) {
      const document = readDocument(schema, payload, STATEMENT_LIMITS);
      return "because" in document ? stop("statement.malformed", document.because) : check(document.value, about);
    },
    tells(payload, leaf) {
      const document = readDocument(schema, payload, STATEMENT_LIMITS);
      // What cannot be read is better left out than shown.
      return "because" in document || tells(document.value, leaf);
    },
  };
}
