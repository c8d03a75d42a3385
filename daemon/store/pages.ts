/** A look at LMDB's own first pages, without mapping the file: reading a mapped page behind the end of a cut file kills the process (SIGBUS). */
import { metasIn, newestOf, withData } from "./metas.ts";

/**
 * Why the database in `folder` had better be opened in a child first; `null`
 * where nothing speaks against it. LMDB leaves unused last pages unwritten, so a short file
 * is a suspicion and not yet a proof.
 */
export function suspicionOf(folder: string): string | null {
  return withData(folder, (fd) => {
    const metas = metasIn(fd);
    if (metas === null) return "data.mdb does not start with two pages of LMDB";
    const { last_page, page_size } = newestOf(metas);
    const wanted = (last_page + 1) * page_size;
    return metas.bytes < wanted ? `data.mdb has ${metas.bytes} bytes, its newest page says ${wanted}` : null;
  });
}
