const OTHERS_WRITE = 0o022;

/** Whether somebody other than root and the user `reader_uid` could have written a file, by its owner and its mode. */
export const couldOthersWrite = ({ uid, mode }: { readonly uid: number; readonly mode: number }, reader_uid: number): boolean => (uid !== 0 && uid !== reader_uid) || (mode & OTHERS_WRITE) !== 0;
