import { expect, test } from "bun:test";
import type { EvaluationReport } from "../../proto/evaluation.ts";
import { MaestroError } from "../../proto/errors.ts";
import { type Evaluate, evaluationRun } from "./asked-evaluations.ts";

const ASK = { id: "a".repeat(64), router: "review", candidate: "e30=" };
const around = (mode: "host" | "fork" | "local", left_ms = 1_000) => ({ mode, left_ms, sees: null, lane: "web", signal: new AbortController().signal, used: () => undefined });
const said: Evaluate = () => Promise.resolve({ report: { verdict: "promote" } as EvaluationReport, markdown: "#", svg: "<svg/>" });

test("attack: strangers open pull requests, each with another candidate, to spend the questions that all share, or to read what the decisions brought", async () => {
  let asked = 0;
  const counted: Evaluate = (ask) => (asked++, said(ask));
  const [fork, host] = [await evaluationRun(ASK, counted, around("fork")), await evaluationRun(ASK, counted, around("host"))];
  expect([asked, fork.report, fork.because, host.because]).toEqual([1, null, expect.stringContaining("from a fork"), null]);
});

test("what was not judged, or not in time, is said to be so, and is no report", async () => {
  const broken: Evaluate = () => Promise.reject(new MaestroError("worker.deadline", "120000 ms"));
  const becauses = await Promise.all([evaluationRun(ASK, undefined, around("host")), evaluationRun(ASK, said, around("host", 0)), evaluationRun(ASK, broken, around("host")), evaluationRun(ASK, (ask) => new Promise((_, reject) => ask.signal.addEventListener("abort", () => reject(new Error("stopped")))), around("host", 1))]);
  expect(becauses.map(({ report, because }) => [report, because])).toEqual([
    [null, "no log of decisions is at hand here"],
    [null, "the gate's deadline passed before it was judged"],
    [null, expect.stringContaining("worker.deadline")],
    [null, "the gate's deadline passed while it was judged"],
  ]);
});
