/**
 * The little of a browser that the page uses. The project's own types are a
 * server's, and the whole of the browser's beside them would let a daemon say
 * `document` without a word from the compiler.
 */
export interface Events {
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
}

export interface PageEvent {
  preventDefault(): void;
  readonly dataTransfer?: { readonly files: Iterable<File>; dropEffect: string } | null;
}

export interface PageElement extends Events {
  textContent: string | null;
  className: string;
  hidden: boolean;
  readonly dataset: Record<string, string | undefined>;
  append(...children: (PageElement | string)[]): void;
  replaceChildren(...children: (PageElement | string)[]): void;
  setAttribute(name: string, value: string): void;
  focus(): void;
}

export interface PageInput extends PageElement {
  value: string;
  readonly files: Iterable<File> | null;
}

export interface PageDetails extends PageElement {
  open: boolean;
}

export interface PageDocument extends Events {
  title: string;
  readonly documentElement: PageElement;
  readonly currentScript: PageElement | null;
  createElement(tag: string): PageElement;
  createElementNS(namespace: string, tag: string): PageElement;
  getElementById(id: string): PageElement | null;
}

/** Chromium asks that whatever becomes a script went through a policy of the page's own. */
export interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}
