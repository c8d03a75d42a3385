/** What stands on the page of Decision Cards before anything was given to it. */
import type { PageBody } from "../page/document.ts";

export const cardsBody: PageBody = (version) => ({
  title: "Maestro cards",
  body: `<header>
<h1>Decision Cards</h1>
</header>
<main>
<div id="drop" class="drop">
<label for="given">Cards, evidence bundles or rows of cards</label>
<input id="given" type="file" multiple>
<p class="hint">Files may also be dropped anywhere on this page.</p>
</div>
</main>
<footer>
<p>Maestro ${version}.</p>
</footer>`,
});
