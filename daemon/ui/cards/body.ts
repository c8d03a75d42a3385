/** What stands on the page of Decision Cards before anything was given to it. */
import type { PageBody } from "../page/document.ts";

const option = ([value, text]: readonly [string, string]): string => `<option value="${value}">${text}</option>`;
const select = (id: string, label: string, options: readonly (readonly [string, string])[]): string => `<div class="field"><label for="${id}">${label}</label><select id="${id}">${options.map(option).join("")}</select></div>`;

const SELECTS = [
  select("verdict", "Decision", [["", "all"], ["refuse", "refused"], ["hold", "held"], ["admit", "admitted"]]),
  select("since", "Decided", [["", "at any time"], ["24h", "last 24 hours"], ["7d", "last 7 days"], ["30d", "last 30 days"], ["90d", "last 90 days"]]),
  select("actor", "Actor", [["", "all"], ["agent", "agents"], ["human", "people"], ["bot", "bots"], ["unknown", "unknown"]]),
  select("rule", "Rule", [["", "all"]]),
  select("repository", "Repository", [["", "all"]]),
  select("sort", "Sort by", []),
  select("direction", "Order", []),
  select("group", "Group by", [["", "nothing"], ["actor", "actor"], ["rule", "rule"], ["repository", "repository"]]),
].join("\n");

export const cardsBody: PageBody = (version) => ({
  title: "Maestro cards",
  body: `<header>
<h1>Decision Cards</h1>
<p class="lead" id="from">What was decided about changes, why, and what it cost.</p>
</header>
<main>
<div id="problem" class="told bad" role="alert" hidden></div>
<details id="giving" class="drop" open>
<summary id="giving-summary">Open files</summary>
<div class="fields">
<div>
<label for="given">Files</label>
<input id="given" type="file" multiple aria-describedby="given-hint">
<p class="hint" id="given-hint">Rows of cards (<code>maestro cards --out FILE.ndjson</code>), what <code>maestro card --json</code> and <code>gate --json</code> print, evidence bundles.</p>
</div>
<div>
<label for="folder">A folder of such files</label>
<input id="folder" type="file" webkitdirectory aria-describedby="folder-hint">
<p class="hint" id="folder-hint">Files and folders may also be dropped anywhere on this page. Nothing of them leaves this computer.</p>
</div>
</div>
<details>
<summary>Paste text instead</summary>
<form id="paste">
<label for="pasted">Text of a card, of rows or of a bundle</label>
<textarea id="pasted" rows="4" spellcheck="false" autocomplete="off"></textarea>
<div class="actions"><button type="submit">Add text</button></div>
</form>
</details>
</details>
<div id="reading" class="reading" hidden></div>
<section id="told" class="told odd" aria-labelledby="told-title" hidden>
<h2 id="told-title">What could not be shown</h2>
<ul id="told-list"></ul>
<p id="told-more" class="hint" hidden></p>
<div class="actions"><button type="button" id="told-close">Dismiss</button></div>
</section>
<form id="filters" role="search" aria-label="Cards" hidden>
<div class="field wide">
<label for="query">Search</label>
<div class="combo">
<input id="query" type="text" role="combobox" aria-expanded="false" aria-controls="hints" aria-autocomplete="list" aria-describedby="query-hint" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="1000">
<ul id="hints" role="listbox" aria-label="Ways to go on" hidden></ul>
</div>
<p class="hint" id="query-hint">Every word must be there; &quot;words in quotes&quot; together. <code>rule:</code> <code>actor:</code> <code>repo:</code> <code>verdict:</code> ask for one field. <kbd>/</kbd> comes here.</p>
</div>
${SELECTS}
</form>
<div id="absent" class="told odd" role="status" hidden></div>
<div id="summary" class="summary" hidden>
<p id="count" class="count"></p>
<div class="actions"><button type="button" id="reset">Clear filters</button><button type="button" id="clear" hidden>Remove files\u2026</button></div>
</div>
<p id="said" class="unseen" role="status" aria-live="polite"></p>
<div id="charts-part" hidden></div>
<div id="both" class="both" hidden>
<section id="list-part" aria-labelledby="list-title">
<h2 id="list-title" class="unseen">Cards</h2>
<div id="nothing" class="nothing" hidden></div>
<div id="list" class="cards" role="grid" aria-labelledby="list-title" aria-describedby="list-hint"></div>
<p class="hint list-hint" id="list-hint">Arrow keys move, <kbd>Enter</kbd> opens a card, <kbd>Space</kbd> or its box marks it; two that are marked are compared.</p>
<p id="printed" class="paper"></p>
</section>
<section id="one" class="one-card" aria-label="The card that is open" tabindex="-1" hidden>
<p class="close"><button type="button" id="one-close">Close</button> <span class="hint">or <kbd>Esc</kbd></span></p>
<div id="one-reading" class="reading" hidden></div>
<div id="one-card"></div>
</section>
</div>
<dialog id="removing" aria-labelledby="removing-title" aria-describedby="removing-what">
<h2 id="removing-title">Remove what was read from files?</h2>
<p id="removing-what"></p>
<div class="actions"><button type="button" id="removing-no">Keep them</button><button type="button" id="removing-yes">Remove them</button></div>
</dialog>
<noscript><p class="told bad">This page needs JavaScript.</p></noscript>
</main>
<footer>
<p>Maestro ${version}. A card is shown as its file or the daemon says it; only verifying its evidence tells whether that is true.</p>
</footer>`,
});
