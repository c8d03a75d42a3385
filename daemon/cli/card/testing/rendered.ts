/** What a Markdown renderer makes of a text: its elements, and what stands outside code. */

export interface Rendered {
  /** Tags with attributes, in order, for example `a href`. */
  readonly tags: readonly string[];
  /** Text outside `<code>`, entities decoded: where code hosts look for mentions and references. */
  readonly outside: string;
}

/** Renders as CommonMark with every extension on, the least guarded way, and reads the HTML back with an HTML parser. */
export async function render(markdown: string): Promise<Rendered> {
  const html = Bun.markdown.html(markdown, { autolinks: true, tables: true, strikethrough: true, tasklists: true });
  const tags: string[] = [];
  let depth = 0;
  let outside = "";
  const rewriter = new HTMLRewriter()
    .on("*", {
      element(element) {
        tags.push([element.tagName, ...[...element.attributes].map(([name]) => name)].join(" "));
        if (element.tagName !== "code" || element.selfClosing) return;
        depth++;
        element.onEndTag(() => {
          depth--;
        });
      },
    })
    .onDocument({
      text(chunk) {
        if (depth === 0) outside += chunk.text;
      },
      comments() {
        tags.push("comment");
      },
    });
  await rewriter.transform(new Response(html)).text();
  return { tags, outside: outside.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (_all, decimal?: string, hex?: string, name?: string) => named(decimal, hex, name)) };
}

function named(decimal?: string, hex?: string, name?: string): string {
  if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
  if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
  return { lt: "<", gt: ">", amp: "&", quot: '"' }[name ?? ""] ?? "";
}
