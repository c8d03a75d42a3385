/** The studio in the browser: one document, and the parts that show it, each in a place of its own. */
import type { PageDocument } from "../page/dom.ts";
import { mountEngines } from "./preview/engines.ts";
import { draftOf, storeOf } from "./state.ts";
import { studioOf, type Studio } from "./studio.ts";
import { mountText } from "./text.ts";
import { mountForm } from "./form/form.ts";
import { mountWork } from "./work/work.ts";

declare const document: PageDocument;

/** Before anything was opened. */
const BLANK = "";

/** Each fills its own place of the body. */
const PARTS: readonly ((studio: Studio) => void)[] = [mountForm, mountText, mountEngines, mountWork];

export function startPage(script: string): void {
  const studio = studioOf(script, storeOf(draftOf(BLANK)));
  for (const mount of PARTS) mount(studio);
  studio.onLooked(({ took_ms }) => {
    const root = document.documentElement.dataset;
    root["looked"] = String(Number(root["looked"] ?? 0) + 1);
    root["tookMs"] = took_ms.toFixed(1);
  });
}
