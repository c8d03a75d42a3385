/** `maestro learn fit` and `maestro learn eval`: a candidate from what was decided, and whether it may decide. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { fromBase64, fromUtf8, toBase64 } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { EvaluationReply } from "../../../proto/evaluation.ts";
import { LEARNED_BYTES_MAX } from "../../../proto/learned.ts";
import { readNamed } from "../bounded-file.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type Values } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { required } from "../values.ts";
import { writeFile } from "../write-file.ts";

const FILE_MODE = 0o644;

function countMin(values: Values): { count_min?: number } {
  const text = textOf(values, "count-min");
  if (text === undefined) return {};
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new MaestroError("cli.usage", `--count-min takes a number from 1 on, not ${JSON.stringify(text)}`);
  return { count_min: Number(text) };
}

export async function fit(router: string | undefined, values: Values): Promise<number> {
  if (router === undefined) throw new MaestroError("cli.usage", "learn fit takes the name of a router");
  const out = required("learn fit", values, "out");
  if (existsSync(out)) throw new MaestroError("cli.usage", `${out} is there already`);
  const { policy, ...said } = await connect(values).client.fit({ router, ...countMin(values) });
  const bytes = fromBase64(policy);
  if (bytes === null) throw new MaestroError("worker.protocol", "the daemon's reply carries no strict base64");
  writeFile(out, bytes, FILE_MODE, "nothing was kept of it");
  if (values["json"] === true) printJson({ ...said, out });
  else {
    print(`${out}: ${said.cells} cells from ${said.rows} episodes of the search split, sha256:${said.sha256}`);
    if (said.skipped.length > 0) note(`left out, because the cells would have been too small: ${said.skipped.map((field) => escapeTerminal(field)).join(", ")}`);
  }
  return EXIT.admit;
}

/** The document says whose it is. */
function routerIn(bytes: Uint8Array): string {
  const text = fromUtf8(bytes);
  try {
    const document: unknown = JSON.parse(text ?? "");
    if (typeof document === "object" && document !== null && "router" in document && typeof document.router === "string") return document.router;
  } catch (error) {
    throw new MaestroError("cli.usage", "the file is no policy: not JSON", { cause: error });
  }
  throw new MaestroError("cli.usage", "the file is no policy: it names no router");
}

const EXITS = { promote: EXIT.admit, reject: EXIT.refuse, insufficient: EXIT.hold } as const;

function lines({ report: { verdict, reasons, more, gain, tried, delta, share }, sha256 }: EvaluationReply): string[] {
  return [
    verdict === "insufficient" ? "insufficient support" : verdict,
    ...reasons.map((reason) => `  ${escapeTerminal(reason)}`),
    ...(more === null ? [] : [`  about ${more} more episodes with an outcome are needed; asking over more of them is a new question, which has less of delta`]),
    `  gain ${gain.estimate === null ? "unknown" : gain.estimate.toPrecision(4)}, proven at least ${gain.lower.toPrecision(4)}, at most ${gain.upper.toPrecision(4)}; question ${tried} to this router's episodes, with ${share.toPrecision(2)} of ${delta}`,
    `  report sha256:${sha256}`,
  ];
}

export async function evaluate(path: string | undefined, values: Values): Promise<number> {
  if (path === undefined) throw new MaestroError("cli.usage", "learn eval takes the file of a candidate");
  const out = textOf(values, "out");
  if (out !== undefined && existsSync(out)) throw new MaestroError("cli.usage", `${out} is there already`);
  const bytes = readNamed(path, LEARNED_BYTES_MAX);
  const reply = await connect(values).client.evaluate({ router: routerIn(bytes), candidate: toBase64(bytes) });
  if (out !== undefined) {
    mkdirSync(out, { recursive: true });
    const files = [["report.json", canonicalNumbers(reply.report)], ["report.md", reply.markdown], ["report.svg", reply.svg]] as const;
    for (const [name, text] of files) writeFile(join(out, name), text, FILE_MODE, "the question was asked all the same, and asking again spends nothing");
  }
  if (values["json"] === true) printJson({ ...reply.report, sha256: reply.sha256 });
  else print(lines(reply).join("\n"));
  return EXITS[reply.report.verdict];
}
