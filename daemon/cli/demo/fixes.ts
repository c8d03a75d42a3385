/** Applies the exact fixes that `maestro gate --sarif` wrote (SARIF 2.1.0, 3.55), as any reader of that file could. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Replacement {
  readonly deletedRegion: { readonly startLine: number; readonly endLine: number };
  readonly insertedContent: { readonly text: string };
}

interface Sarif {
  readonly runs: readonly { readonly results: readonly { readonly ruleId: string; readonly fixes?: readonly { readonly artifactChanges: readonly { readonly artifactLocation: { readonly uri: string }; readonly replacements: readonly Replacement[] }[] }[] }[] }[];
}

export interface Edit {
  readonly path: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** Whole lines are replaced. Only files of `mine` are written: the rest of the clone is not the demo's to mend. */
export function applyFixes(sarif: string, rule: string, root: string, mine: readonly string[]): Edit[] {
  const { runs } = JSON.parse(readFileSync(sarif, "utf8")) as Sarif;
  const changes = runs.flatMap(({ results }) => results.filter(({ ruleId }) => ruleId === rule).flatMap(({ fixes = [] }) => fixes.flatMap(({ artifactChanges }) => artifactChanges)));
  return changes.flatMap(({ artifactLocation: { uri }, replacements }) => {
    if (!mine.includes(uri)) return [];
    const file = join(root, uri);
    return replacements.map(({ deletedRegion: { startLine, endLine }, insertedContent: { text } }) => {
      const lines = readFileSync(file, "utf8").split("\n");
      const before = lines.splice(startLine - 1, endLine - startLine + 1, text).join("\n");
      writeFileSync(file, lines.join("\n"));
      return { path: uri, line: startLine, before, after: text };
    });
  });
}
