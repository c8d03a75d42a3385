/** What stands on the Invariant Studio before anything was given to it. */
import type { PageBody } from "../page/document.ts";

export const studioBody: PageBody = (version) => ({
  title: "Maestro Invariant Studio",
  body: `<header>
<h1>Invariant Studio</h1>
<p class="lead">Write a rule about the events of a system, see what it means to each engine, and try it on what happened. Nothing leaves this computer.</p>
</header>
<main>
<section id="keeping" aria-label="Files and drafts"></section>
<div class="desk">
<section id="form" aria-labelledby="form-title">
<h2 id="form-title">Rule</h2>
<p id="form-closed" class="closed" hidden></p>
<div id="form-fields"></div>
</section>
<div class="beside">
<div id="quick" class="quick" role="group" aria-label="Save and run"></div>
<div class="rest">
<section id="text" aria-labelledby="text-title">
<h2 id="text-title">YAML</h2>
<label for="yaml" class="unseen">The document as YAML</label>
<textarea id="yaml" rows="20" spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off" aria-describedby="yaml-hint"></textarea>
<p class="hint" id="yaml-hint">Either side changes the other. What you type here stays as it is; the form changes only the part it is about.</p>
<h3 id="problems-title">Mistakes</h3>
<p id="problems-count" class="hint">Not looked at yet.</p>
<p id="problems-said" class="unseen" role="status"></p>
<ol id="problems" class="problems" aria-labelledby="problems-title"></ol>
</section>
<section id="engines" aria-labelledby="engines-title">
<h2 id="engines-title">What it means to each engine</h2>
<div id="tabs" class="tabs" role="tablist" aria-labelledby="engines-title"></div>
<div id="preview" role="tabpanel" tabindex="0"></div>
</section>
</div>
</div>
</div>
<section id="trying" aria-label="Try it"></section>
</main>
<footer>
<p>Maestro ${version}. The language: docs/invariants.md. This page compiles with the very code of <code>maestro invariants check</code>.</p>
</footer>`,
});
