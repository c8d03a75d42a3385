/** Where vectors lie together. Neighbours are looked for inside one space alone, and whose it is and what model made it are parts of its name. */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../../proto/canonical.ts";

export interface VectorSpace {
  /** A tenant by its name, or a user of this machine by its uid in digits. */
  readonly owner: string;
  readonly repository: string;
  /** What lies there, as `exemplars`. */
  readonly of: string;
  readonly model_digest: string;
  readonly dimensions: number;
}

export const spaceId = ({ owner, repository, of, model_digest, dimensions }: VectorSpace): string =>
  createHash("sha256").update("maestro/vectors/v1\0").update(canonicalBytes({ owner, repository, of, model_digest, dimensions })).digest("hex");
