/**
 * The little of a browser that the page uses. The project's own types are a
 * server's, and the whole of the browser's beside them would let a daemon say
 * `document` without a word from the compiler.
 */
export interface Events {
  addEventListener(type: string, listener: (event: PageEvent) => void, options?: { readonly capture: boolean }): void;
}

export interface PageEvent {
  preventDefault(): void;
  /** Of a key. */
  readonly key?: string;
  readonly ctrlKey?: boolean;
  readonly metaKey?: boolean;
  readonly altKey?: boolean;
  readonly shiftKey?: boolean;
  /** An input method is still putting a character together. */
  readonly isComposing?: boolean;
  /** Of what is about to change a text: `historyUndo` and the like. */
  readonly inputType?: string;
  readonly dataTransfer?: { readonly files: Iterable<File>; dropEffect: string } | null;
}

export interface PageElement extends Events {
  textContent: string | null;
  className: string;
  hidden: boolean;
  readonly dataset: Record<string, string | undefined>;
  append(...children: (PageElement | string)[]): void;
  replaceChildren(...children: (PageElement | string)[]): void;
  replaceWith(other: PageElement): void;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  getAttribute(name: string): string | null;
  click(): void;
  focus(options?: { readonly preventScroll?: boolean }): void;
}

/** What a list that draws only what can be seen needs to know of its place, and to change in it. */
export interface PageBox extends PagePlace {
  scrollTop: number;
  readonly clientHeight: number;
  readonly offsetHeight: number;
  readonly offsetTop: number;
  readonly firstChild: PageBox | null;
  readonly nextSibling: PageBox | null;
  insertBefore(child: PageElement, before: PageElement | null): void;
  remove(): void;
}

export interface PageInput extends PageElement {
  value: string;
  readonly files: Iterable<File> | null;
}

export interface PageKey extends PageEvent {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  /** An input method is still putting a character together. */
  readonly isComposing: boolean;
}

/** What somebody types into, where the cursor stands in it, and whether it may be changed. */
export interface PageTyped extends PageElement {
  value: string;
  checked: boolean;
  disabled: boolean;
  readonly id: string;
  readonly tagName: string;
  blur(): void;
  scrollLeft: number;
  scrollTop: number;
  getBoundingClientRect(): { readonly top: number };
  readonly selectionStart: number | null;
  readonly selectionEnd: number | null;
  setSelectionRange(start: number, end: number): void;
  dispatchEvent(event: Event): boolean;
  removeAttribute(name: string): void;
}

/** What other elements stand in. */
export interface PagePlace extends PageElement {
  contains(other: PageElement | null): boolean;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

/** What may lie beyond the edge of its own window. */
export interface PageScrolled extends PageElement {
  scrollIntoView(how: { readonly block: "nearest" | "center" }): void;
}

export interface PageDetails extends PageElement {
  open: boolean;
}

export interface PageDialog extends PageElement {
  readonly open: boolean;
  showModal(): void;
  close(): void;
}

export interface PageDocument extends Events {
  title: string;
  readonly documentElement: PageElement;
  readonly currentScript: PageElement | null;
  createElement(tag: string): PageElement;
  createElementNS(namespace: string, tag: string): PageElement;
  getElementById(id: string): PageElement | null;
  readonly activeElement: PageElement | null;
}

/** Chromium asks that whatever becomes a script went through a policy of the page's own. */
export interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}
