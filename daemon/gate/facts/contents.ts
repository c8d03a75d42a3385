import type { FactsLimits } from "../../../proto/config.ts";
import { toBase64 } from "../../../proto/encoding.ts";
import type { FileChange, FileContent, Gap } from "../../../proto/facts.ts";
import { pathText, type PathBytes } from "../../../proto/scalar.ts";
import type { GitReader } from "../../platform/git/reader.ts";

type Wants = (path: string, mode: string) => boolean;

/** Whole old and new contents of the changed files that checks asked for by pattern; a file over the limit is a gap. */
export async function wantedContents(reader: GitReader, files: readonly FileChange[], wants: Wants, limits: FactsLimits): Promise<{ contents: FileContent[]; gaps: Gap[] }> {
  const contents: FileContent[] = [];
  const gaps: Gap[] = [];
  let left = limits.contents_bytes_max;
  for (const file of files) {
    const sides: [side: "old" | "new", path: PathBytes, at: FileChange["new"]][] = [
      ["old", file.old_path ?? file.path, file.old],
      ["new", file.path, file.new],
    ];
    if (!sides.some(([, path, at]) => at !== null && wants(pathText(path), at.mode))) continue;
    for (const [side, path, at] of sides) {
      if (at === null || at.mode === "160000") continue;
      const read = await reader.objects.read(at.oid, Math.min(limits.content_bytes_max, left));
      if (read.result === "read") {
        left -= read.content.length;
        contents.push({ path, side, bytes: toBase64(read.content) });
      } else {
        gaps.push({ what: pathText(path).slice(0, 500), because: read.result === "missing" ? `its ${side} content is missing` : `its ${side} content of ${at.size} bytes is over the limit` });
      }
    }
  }
  return { contents, gaps };
}
