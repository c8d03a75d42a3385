/** One comment of ours on a request: found by marker and author, updated in place, and never two for long. */
import { CommentTrouble } from "./api.ts";
import type { Comment, CommentHost } from "./host.ts";

export interface Text {
  /** Nothing that a reader has to do. */
  readonly clean: boolean;
  /** Begins with the marker. */
  readonly body: string;
}

/** `stale`: a newer commit stands, and its own job will speak. */
export type Done = "none" | "created" | "updated" | "unchanged" | "stale";

const sameText = (a: string, b: string): boolean => a.replaceAll("\r\n", "\n").trim() === b.replaceAll("\r\n", "\n").trim();

/** The marker stands first, so that a card which quotes somebody else's marker is not taken for theirs. */
async function own(host: CommentHost, marker: string, author: string): Promise<readonly Comment[]> {
  return (await host.list()).filter((one) => one.author === author && one.body.trimStart().startsWith(marker));
}

async function remove(host: CommentHost, id: number): Promise<void> {
  try {
    await host.remove(id);
  } catch (error) {
    // Another job took it away first, or may not delete at all: neither is worth failing for.
    if (!(error instanceof CommentTrouble) || error.kind !== "denied") throw error;
  }
}

async function settle(host: CommentHost, first: Comment, body: string): Promise<Done> {
  if (sameText(first.body, body)) return "unchanged";
  await host.update(first.id, body);
  return "updated";
}

/** Null where the host's answer was lost: whether it stands is then seen by looking. */
async function create(host: CommentHost, body: string): Promise<{ readonly id: number | null; readonly lost: CommentTrouble | null }> {
  try {
    return { id: await host.create(body), lost: null };
  } catch (error) {
    if (error instanceof CommentTrouble && error.kind === "lost") return { id: null, lost: error };
    throw error;
  }
}

/** Throws `CommentTrouble`. `head` is the commit this job is about. */
export async function keepOne(host: CommentHost, marker: string, { clean, body }: Text, head: string): Promise<Done> {
  const author = await host.whoami();
  const mine = await own(host, marker, author);
  if ((await host.head()) !== head) return "stale";
  const [first, ...more] = mine;
  if (first !== undefined) {
    for (const { id } of more) await remove(host, id);
    return settle(host, first, body);
  }
  if (clean) return "none";
  const { id, lost } = await create(host, body);
  // Another job may have looked at the same moment and found none either: whoever is not the oldest goes.
  const after = await own(host, marker, author);
  const oldest = after[0];
  if (oldest === undefined) {
    if (lost !== null) throw lost;
    return "created";
  }
  if (oldest.id === id) return "created";
  if (id !== null) await remove(host, id);
  await settle(host, oldest, body);
  return "created";
}
