/** What both code hosts can do for one comment. */

export interface Comment {
  readonly id: number;
  readonly author: string;
  readonly body: string;
}

/** One pull or merge request. Everything throws `CommentTrouble`. */
export interface CommentHost {
  readonly body_characters_max: number;
  /** Who the token speaks for, spelt as in `Comment.author`. */
  whoami(): Promise<string>;
  /** Newest commit of the request, as the host knows it now. */
  head(): Promise<string>;
  /** All of them, oldest first. */
  list(): Promise<readonly Comment[]>;
  create(body: string): Promise<number>;
  update(id: number, body: string): Promise<void>;
  /** One that is gone already is gone. */
  remove(id: number): Promise<void>;
}

/** More comments than this are not read, and without having read them all none is written. */
const PAGES_MAX = 50;
export const PER_PAGE = 100;

/** Reads page after page until one is short. `null` where there were too many. */
export async function everyPage<T>(page: (number: number) => Promise<readonly T[]>): Promise<readonly T[] | null> {
  const all: T[] = [];
  for (let number = 1; number <= PAGES_MAX; number++) {
    const items = await page(number);
    all.push(...items);
    if (items.length < PER_PAGE) return all;
  }
  return null;
}
