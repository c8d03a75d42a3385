/** An archive that is not read, with the reason; whoever asked for it says which archive and what to do. */
export class ArchiveError extends Error {}
