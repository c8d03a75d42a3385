/** The document around a page's body, script and style. It is written once, when the page is built; nothing that a page later reads goes through here. */
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

interface Body {
  readonly title: string;
  /** Markup of ours between <body> and the script. */
  readonly body: string;
}
export type PageBody = (version: string) => Body;

interface Parts extends Body {
  readonly script: string;
  readonly style: string;
}

/** Neither script nor style may hold what would end its element; the build refuses such a one instead of changing it behind the digest. */
export function pageHtml({ title, body, script, style }: Parts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(script, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
<script>${script}</script>
</body>
</html>
`;
}
