/** The document around script and style. It is written once, when the page is built; nothing of any evidence goes through here. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toBase64, utf8 } from "../../../proto/encoding.ts";

const hashed = (text: string): string => `'sha256-${toBase64(sha256(utf8(text)))}'`;

/**
 * Nothing may be loaded and nothing sent; the one script and the one style are
 * named by their digests, and the worker is the page's own text in a blob.
 */
export function contentPolicy(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashed(script)} 'wasm-unsafe-eval'`,
    `style-src ${hashed(style)}`,
    "worker-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types worker",
  ].join("; ");
}

/** Neither text may hold what would end its element; the build refuses such a one instead of changing it behind the digest. */
export function pageHtml({ script, style, version }: { readonly script: string; readonly style: string; readonly version: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(script, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Maestro verifier</title>
<style>${style}</style>
</head>
<body>
<header>
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
</footer>
<script>${script}</script>
</body>
</html>
`;
}
