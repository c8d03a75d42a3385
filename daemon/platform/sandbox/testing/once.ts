/**
 * One job in this very process, without the launcher's session and supervision: arguments are a wire job in JSON and what is taken out.
 * Prints the result as one line.
 */
import { carryOut } from "../jail/order.ts";
import type { Removed } from "../jail/protections.ts";
import { orderOf, type Piece } from "../wire.ts";

const [job = "", ...names] = Bun.argv.slice(2);
const pieces: Piece[] = [];
const place = { tools: ["/usr/local/bin", "/usr/bin", "/bin"], private_paths: [], work_paths: [] };
const result = await carryOut(orderOf({ kind: "run", place, job: JSON.parse(job) }), new Set(names) as ReadonlySet<string> as Removed, (news) => void ("of" in news && pieces.push(news)));
const text = (of: Piece["of"]): string => pieces.filter((piece) => piece.of === of).map(({ base64 }) => Buffer.from(base64, "base64").toString()).join("");
console.log(JSON.stringify({ ...result, stdout: text("stdout"), stderr: text("stderr"), first_file: text(0) }));
