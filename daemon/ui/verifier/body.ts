/** What stands on the verifier page before anything was given to it. */
import type { PageBody } from "../page/document.ts";

export const verifierBody: PageBody = (version) => ({
  title: "Maestro verifier",
  body: `<header>
<h1>Maestro verifier</h1>
<p class="lead">Checks evidence on this computer. Nothing is sent anywhere: the page has no network and needs none.</p>
</header>
<main>
<div id="drop" class="drop">
<div class="fields">
<div>
<label for="evidence">Evidence</label>
<input id="evidence" type="file" multiple aria-describedby="evidence-hint">
<p class="hint" id="evidence-hint">An evidence bundle or a Sigstore bundle; beside it a leaf with its proof, a second checkpoint, or the artifact.</p>
</div>
<div>
<label for="trust">Trust file or key</label>
<input id="trust" type="file" multiple aria-describedby="trust-hint">
<p class="hint" id="trust-hint">From the operator, never from whoever gave you the bundle: trust.json, or a public key and trusted_root.json.</p>
</div>
</div>
<p class="hint">Files may also be dropped anywhere on this page. They are told apart by what is in them.</p>
<details>
<summary>Paste text instead</summary>
<form id="paste">
<label for="pasted">Text of a bundle, trust file, key, leaf or checkpoint</label>
<textarea id="pasted" rows="5" spellcheck="false" autocomplete="off"></textarea>
<div class="actions"><button type="submit">Add text</button></div>
</form>
</details>
<div id="files"></div>
<div class="actions"><button type="button" id="clear">Start again</button></div>
</div>
<h2 id="verdict-title">Verdict</h2>
<div id="verdict" class="verdict absent" role="status" aria-live="polite" aria-atomic="true" aria-labelledby="verdict-title"><p class="word">This page needs JavaScript.</p></div>
<p id="note" class="hint"></p>
<section id="questions" aria-labelledby="questions-title" hidden>
<h2 id="questions-title">What was asked, and what it means</h2>
<ol id="steps" class="steps"></ol>
</section>
</main>
<footer>
<p>Maestro ${version}. This page runs the same verifier as <code>maestro verify</code>. That the page itself is unchanged you must know from where you got it.</p>
</footer>`,
});
