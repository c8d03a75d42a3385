/** The document around a page's body, script and style. It is written once, when the page is built; nothing that a page later reads goes through here. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toBase64, utf8 } from "../../../proto/encoding.ts";

const hashed = (text: string): string => `'sha256-${toBase64(sha256(utf8(text)))}'`;

/** Whom a page may speak with: one from disk nobody, one that `maestro ui` serves the address it came from. */
export type Reach = "nobody" | "self";

/**
 * Nothing may be loaded and nothing sent, but to who served the page where it was served; the one script and the one style are
 * named by their digests, and the worker is the page's own text in a blob.
 */
export function contentPolicy(script: string, style: string, reach: Reach = "nobody"): string {
  return [
    "default-src 'none'",
    `script-src ${hashed(script)} 'wasm-unsafe-eval'`,
    `style-src ${hashed(style)}`,
    "worker-src blob:",
    ...(reach === "self" ? ["connect-src 'self'"] : []),
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
  /** Markup above everything else, or nothing. */
  readonly above: string;
  readonly script: string;
  readonly style: string;
  readonly reach: Reach;
}

/** Neither script nor style may hold what would end its element; the build refuses such a one instead of changing it behind the digest. */
export function pageHtml({ title, above, body, script, style, reach }: Parts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(script, style, reach)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${above}${body}
<script>${script}</script>
</body>
</html>
`;
}
