import { renderMarkdown } from "../card/markdown.ts";
import { renderAnnotations } from "./annotations.ts";
import { renderCodeQuality } from "./code-quality.ts";
import { renderJunit } from "./junit.ts";
import type { Report } from "./report.ts";
import { renderSarif } from "./sarif.ts";

/** Every form a recorded gate can be printed in, by the name `maestro card --format` knows it by. */
export const FORMATS = {
  sarif: renderSarif,
  junit: renderJunit,
  "code-quality": renderCodeQuality,
  annotations: renderAnnotations,
  markdown: ({ card, proof, timings, cost }: Report) => renderMarkdown(card, proof, timings, cost),
} as const satisfies Readonly<Record<string, (report: Report) => string>>;

export type Format = keyof typeof FORMATS;

export const isFormat = (name: string): name is Format => Object.hasOwn(FORMATS, name);
