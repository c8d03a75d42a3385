/** What saving would do to the file that lies there: decided before anybody is asked, and once more by whoever writes it. */
import type { InvariantText } from "../../../../proto/ui.ts";
import type { Base } from "./drafts.ts";

/**
 * `same`: what lies there is this text. `new`: nothing lies there, and the text is of no file. `changes`: the file is as it was when the text began.
 * `conflict`: somebody else wrote it meanwhile, took it away, or it lies there although this is a new rule.
 */
export type Standing =
  | { readonly is: "same"; readonly disk: InvariantText }
  | { readonly is: "new" }
  | { readonly is: "changes"; readonly disk: InvariantText }
  | { readonly is: "conflict"; readonly began: string | null; readonly disk: InvariantText | null };

export function standing(name: string, text: string, base: Base | null, disk: InvariantText | null): Standing {
  if (disk !== null && disk.text === text) return { is: "same", disk };
  const began = base !== null && base.name === name ? base : null;
  if (disk === null) return began === null ? { is: "new" } : { is: "conflict", began: began.text, disk: null };
  return began?.sha256 === disk.sha256 ? { is: "changes", disk } : { is: "conflict", began: began?.text ?? null, disk };
}

const NAME_CHARACTERS_MAX = 90;

/** A file's name for a rule: `TEAM.CALL.CAP` as `team-call-cap.yaml`. */
export function nameFor(id: unknown): string {
  const stem = typeof id === "string" ? id.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, NAME_CHARACTERS_MAX) : "";
  return `${stem === "" ? "invariant" : stem}.yaml`;
}
