/** One script is page and worker: the page starts its workers from its own text. */
import type { PageDocument } from "../page/dom.ts";
import { fillIn } from "../page/older-browsers.ts";
import { startPage } from "./page.ts";
import { startWorker } from "./worker.ts";

declare const document: PageDocument | undefined;

fillIn();
if (typeof document === "undefined") startWorker();
else startPage(document.currentScript?.textContent ?? "");
