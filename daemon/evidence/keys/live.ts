import type { Keys } from "./index.ts";

/** Keys that change under whoever holds them, when the log's key does. Read them where they are used, not before. */
export function liveKeys(now: () => Keys): Keys {
  return {
    get gate() {
      return now().gate;
    },
    get log() {
      return now().log;
    },
    get log_note() {
      return now().log_note;
    },
    get log_notes() {
      return now().log_notes;
    },
    get salt_secret() {
      return now().salt_secret;
    },
    get trust() {
      return now().trust;
    },
    get trust_bytes() {
      return now().trust_bytes;
    },
    get trust_path() {
      return now().trust_path;
    },
  };
}
