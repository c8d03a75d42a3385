/** One script is page and worker: the page starts the worker from its own text, so there is one copy of the verifier to look at. */
import type { PageDocument } from "../page/dom.ts";
import { fillIn } from "../page/older-browsers.ts";
import { startPage } from "./page.ts";
import { startWorker } from "./worker.ts";

declare const document: PageDocument | undefined;

fillIn();
if (typeof document === "undefined") startWorker();
else startPage(document.currentScript?.textContent ?? "");
