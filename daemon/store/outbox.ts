/**
 * Bytes that a transaction promises and a blob will hold. They stand in the
 * transaction itself until the blob is on disk, so that a process that dies in
 * between leaves a promise that the next start keeps.
 */
import { Type } from "@sinclair/typebox";
import { concatBytes } from "../../proto/encoding.ts";
import { Closed, Count } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";

export interface Held {
  readonly id: number;
  /** What its owner calls it; at most 128 characters. */
  readonly name: string;
  readonly blobs: readonly Uint8Array[];
}

export interface Outbox {
  /** Inside `Store.atomic`. Drops what was `sent` since the last call, so that this costs no transaction of its own. */
  hold(held: Held): void;
  /** Its blobs are on disk. Forgotten by a crash, it is sent once more, which changes nothing. */
  sent(id: number): void;
  /** Inside `Store.atomic`: what is sent goes now, and not with the next that is held. */
  dropSent(): void;
  /** What a start finds, oldest first. */
  pending(): Held[];
  /** Names of what is held and not sent: its blobs may not be on disk yet, and the next start would write them. */
  owed(): ReadonlySet<string>;
  /** Drops everything: for a start that has sent all of it. */
  clear(): void;
}

/** One LMDB value holds 2 KiB, name and framing included. */
const PART_BYTES = 1_800;
const Part = Closed({ name: Type.String({ maxLength: 128 }), blob: Count, bytes: Type.Uint8Array({ maxByteLength: PART_BYTES }) });

export function openOutbox(store: Store): Outbox {
  const parts = store.table<readonly [number, number], typeof Part>("outbox", Part);
  const done = new Set<number>();

  function drop(id: number): void {
    for (const { key } of [...parts.entries({ start: [id, 0], end: [id + 1, 0] })]) parts.remove(key);
  }

  function dropSent(): void {
    for (const sent of done) drop(sent);
    done.clear();
  }

  return {
    dropSent,
    hold({ id, name, blobs }) {
      dropSent();
      let part = 0;
      blobs.forEach((bytes, blob) => {
        // An empty blob is still a blob: it has one part without bytes.
        for (let at = 0; at === 0 || at < bytes.length; at += PART_BYTES) parts.put([id, part++], { name, blob, bytes: bytes.slice(at, at + PART_BYTES) });
      });
    },
    sent: (id) => void done.add(id),
    pending() {
      const found = new Map<number, { name: string; blobs: Uint8Array[][] }>();
      for (const { key: [id], value: { name, blob, bytes } } of parts.entries()) {
        const held = found.get(id) ?? { name, blobs: [] };
        found.set(id, held);
        (held.blobs[blob] ??= []).push(bytes);
      }
      return Array.from(found, ([id, { name, blobs }]) => ({ id, name, blobs: blobs.map((each) => concatBytes(...each)) }));
    },
    owed: () => new Set([...parts.entries()].flatMap(({ key: [id], value: { name } }) => (done.has(id) ? [] : [name]))),
    clear() {
      store.atomic(() => {
        for (const { key } of [...parts.entries()]) parts.remove(key);
      });
      done.clear();
    },
  };
}
