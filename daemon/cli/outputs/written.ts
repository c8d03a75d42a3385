/** What `maestro gate` leaves beside the card: report files, annotations, the job's summary. */
import type { GateResult } from "../../../proto/api.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { renderMarkdown } from "../card/markdown.ts";
import { textOf, type Values } from "../command.ts";
import { note } from "../output.ts";
import { writeFile } from "../write-file.ts";
import { FORMATS } from "./formats.ts";
import type { Report } from "./report.ts";
import { appendJobFile, appendSummary } from "./summary.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Decided = Pick<GateResult, "card" | "proof" | "timings" | "cost">;

const FILES = ["sarif", "junit", "code-quality"] as const;

/** `github` in GitHub Actions unless the caller chose. Throws `cli.usage`. */
function annotates(values: Values, env: Environment): boolean {
  const chosen = textOf(values, "annotations") ?? (env["GITHUB_ACTIONS"] === "true" ? "github" : "none");
  if (chosen !== "github" && chosen !== "none") throw new MaestroError("cli.usage", `--annotations takes github or none, not ${JSON.stringify(chosen)}`);
  return chosen === "github";
}

/** What was asked for, known before anything is gated. Throws `cli.usage`. */
export function wantedOutputs(values: Values, env: Environment): { readonly files: readonly (readonly [(typeof FILES)[number], string])[]; readonly annotate: boolean } {
  const files = FILES.flatMap((format) => {
    const path = textOf(values, format);
    return path === undefined ? [] : [[format, path] as const];
  });
  return { files, annotate: annotates(values, env) };
}

/** By the bundle's digest, which names this very attempt whatever others do meanwhile. */
export async function reportOf(client: MaestroClient, { card, proof, timings, cost }: Decided): Promise<Report> {
  const [found, { rules }] = await Promise.all([client.findings(`sha256:${proof.bundle_sha256}`), client.rules()]);
  return { card, proof, timings, found, rules, ...(cost === undefined ? {} : { cost }) };
}

/** Annotations go to stderr, which the runner reads too, so that stdout stays one document. Their failure is said and changes nothing; a file that was asked for by name must come to be. */
export async function writeOutputs(client: MaestroClient, decided: Decided, wanted: ReturnType<typeof wantedOutputs>, env: Environment): Promise<void> {
  if (wanted.files.length > 0) {
    const report = await reportOf(client, decided);
    for (const [format, path] of wanted.files) writeFile(path, FORMATS[format](report), 0o644, "the daemon has the evidence all the same");
    if (wanted.annotate) annotate(report, env);
  } else if (wanted.annotate) {
    try {
      annotate(await reportOf(client, decided), env);
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      note(`maestro: no annotations: ${error.row.sentence}`);
    }
  }
}

/** Also tells later steps of this job that it was done, so that a comment which cannot be written does not say it all again. */
export function annotate(report: Report, env: Environment): void {
  const lines = FORMATS.annotations(report);
  if (lines !== "") note(lines.trimEnd());
  const path = env["GITHUB_STEP_SUMMARY"] ?? "";
  const exported = env["GITHUB_ENV"] ?? "";
  const troubles = [
    path === "" ? null : appendSummary(path, renderMarkdown(report.card, report.proof, report.timings, report.cost)),
    exported === "" || report.proof === null ? null : appendJobFile(exported, `MAESTRO_ANNOTATED=${report.proof.bundle_sha256}\n`),
  ];
  for (const trouble of troubles) if (trouble !== null) note(`maestro: ${trouble}`);
}
