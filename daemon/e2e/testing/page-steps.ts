/** A page that is to be followed, as data: what somebody who follows it writes and types, in its order. */
export type Step = { readonly path: string; readonly text: string } | { readonly command: string };

/** Files by the line above their block; commands indented, or in a table's second column. Blocks without a name are to look at. */
export function stepsOf(page: string): Step[] {
  return [...page.matchAll(/^`([\w./-]+)`\n\n```\w+\n([^]*?)^```$|^```\w+\n[^]*?^```$|^ {4}(\S.*)$|^\| [^|]+ \| `(maestro [^`]+)` \|$/gm)].flatMap(([, path, text = "", typed, listed]): Step[] => {
    if (path !== undefined) return [{ path, text }];
    const command = typed ?? listed;
    return command === undefined ? [] : [{ command }];
  });
}
