const MiB = 1024 * 1024;

/** For a person: `1.5 MiB`. */
export const mebibytes = (bytes: number): string => `${(bytes / MiB).toFixed(1)} MiB`;
