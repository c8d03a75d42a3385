/** The document as a form. */
import { elementOf, foreign } from "../../page/element.ts";
import type { Studio } from "../studio.ts";

export function mountForm({ store }: Studio): void {
  const closed = elementOf("form-closed");
  const sync = (): void => {
    const { unread } = store.draft;
    closed.hidden = unread === null;
    closed.replaceChildren(foreign(unread === null ? "" : `${unread.line}:${unread.column} ${unread.message}`));
  };
  store.watch(sync);
  sync();
}
