/** One script is page, reader of files and judge of evidence: the page starts its workers from its own text. */
import type { PageDocument } from "../page/dom.ts";
import { fillIn } from "../page/older-browsers.ts";
import { startJudge } from "./judging.ts";
import { startPage } from "./start.ts";
import { startReading } from "./worker.ts";

declare const document: PageDocument | undefined;

fillIn();
if (typeof document !== "undefined") startPage(document.currentScript?.textContent ?? "");
else if (!startJudge()) startReading();
