/** What a person sees of a report, and the file that its rows travel in. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOffPolicy } from "../../../kernels/ope/index.ts";
import { createColumns } from "./columns.ts";
import { markdownOf } from "./markdown.ts";
import { plotOf } from "./plot.ts";
import { evaluated } from "./report.ts";
import { lineOf, type LogRow } from "./row.ts";
import { rowsIn } from "./rows-file.ts";
import { always, candidateOf, logOf, routerOf, type WorldOptions } from "./testing/worlds.ts";

const OPTIONS: WorldOptions = { arms: [{ share: 0.7, reward: always(0.5), harm: 0 }, { share: 0.3, reward: always(0.7), harm: 0 }], favourite: 1, harm_max: 0.1 };
const folder = mkdtempSync(join(tmpdir(), "maestro-rows-"));
afterAll(() => rmSync(folder, { recursive: true }));

function reportOf(rows: number) {
  const columns = createColumns(routerOf(OPTIONS), candidateOf(OPTIONS));
  for (const row of logOf(OPTIONS, rows, 1)) columns.add(row);
  return evaluated(createOffPolicy(), { router: routerOf(OPTIONS), policy: candidateOf(OPTIONS), candidate: "c".repeat(64), rows_sha256: "d".repeat(64), tried: 3, left_out: 0 }, columns.taken());
}

test("the picture needs nothing beside itself, is read on dark pages, and tells what is proven from what is not", () => {
  const report = reportOf(1_000);
  const svg = plotOf(report);
  // Every element ends, and nothing is fetched.
  const open = [...svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)].reduce((depth, [, end, , alone]) => depth + (alone === "/" ? 0 : end === "/" ? -1 : 1), 0);
  expect([open, svg.includes("prefers-color-scheme:dark"), /href|url\(|<script|<image/.test(svg)]).toEqual([0, true, false]);
  expect(svg.match(/class="proven"/g)?.length).toBe(1 + report.intervals.filter(({ guarantee }) => guarantee === "finite-sample" || guarantee === "anytime").length);
  expect(svg.match(/class="none"/g)?.length).toBe(report.intervals.filter(({ guarantee }) => guarantee === "none" || guarantee === "no-coverage").length);
  expect(svg).toContain("dm, normal (no coverage)");
  expect(plotOf(reportOf(0))).toContain("insufficient");
});

test("the text names the verdict, why, every interval and what each proves", () => {
  const report = reportOf(1_000);
  const text = markdownOf(report);
  expect(text).toContain(`# world: ${report.verdict}`);
  for (const reason of report.reasons) expect(text).toContain(reason);
  expect(text.split("\n").filter((line) => line.includes("| betting |") || line.includes("| bca |")).length).toBe(4);
  expect(text).toContain("no: a model's belief");
  expect(text).toContain("Question 3");
  expect(markdownOf(reportOf(0))).toContain("more episodes with an outcome are needed");
});

async function read(path: string, sha256: string): Promise<LogRow[]> {
  const rows: LogRow[] = [];
  for await (const row of rowsIn(path, sha256)) rows.push(row);
  return rows;
}

test("rows come as they were written, and a file that was changed on the way is none", async () => {
  const rows = [...logOf(OPTIONS, 3_000, 2)];
  const [path, text] = [join(folder, "rows"), rows.map(lineOf).join("")];
  const sha256 = new Bun.CryptoHasher("sha256").update(text).digest("hex");
  writeFileSync(path, text);
  expect(await read(path, sha256)).toEqual(rows);
  for (const changed of [text.replace('"small"', '"large"'), text.slice(0, -1), text.slice(0, text.lastIndexOf("\n", text.length - 2) + 1)]) {
    writeFileSync(path, changed);
    expect(await read(path, sha256).then(() => null, (error: unknown) => error)).toMatchObject({ code: "worker.protocol" });
  }
  expect(readFileSync(path, "utf8").length).toBeLessThan(text.length);
});
