/** What stands on the Invariant Studio before anything was given to it. */
import type { PageBody } from "../page/document.ts";

export const studioBody: PageBody = (version) => ({
  title: "Maestro invariant studio",
  body: `<header>
<h1>Invariant Studio</h1>
</header>
<main>
<div id="drop" class="drop">
<label for="given">Invariants (YAML), events or counterexamples</label>
<input id="given" type="file" multiple>
<p class="hint">Files may also be dropped anywhere on this page.</p>
</div>
</main>
<footer>
<p>Maestro ${version}.</p>
</footer>`,
});
