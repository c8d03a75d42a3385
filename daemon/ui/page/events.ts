/** Events by delegation: one listener on what stays, for all that is drawn anew inside it. jQuery's events, and nothing else of it. */
import { jQueryFactory } from "jquery/factory-slim";
import type { PageElement } from "./dom.ts";

declare const window: object;

/** What a listener is told. `on` is the element that the selector named. */
export interface Heard {
  readonly on: PageElement;
  readonly target: PageElement;
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  preventDefault(): void;
}

type Raw = Omit<Heard, "on"> & { readonly currentTarget: PageElement };

// Made at the first use: the page's worker runs the same script and has no document.
let made: ReturnType<typeof jQueryFactory> | null = null;

/** Calls `listener` for events of an element inside `root` that `selector` names, now or later. */
export function listen(root: object, events: string, selector: string, listener: (heard: Heard) => void): void {
  made ??= jQueryFactory(window, true);
  made(root).on(events, selector, (event: Raw) => {
    const { currentTarget, target, key, ctrlKey, altKey, metaKey, shiftKey } = event;
    listener({ on: currentTarget, target, key, ctrlKey, altKey, metaKey, shiftKey, preventDefault: () => event.preventDefault() });
  });
}
