/** The page's only script: filled in where a browser is older, then started. */
import { fillIn } from "../page/older-browsers.ts";

fillIn();
