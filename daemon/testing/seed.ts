import { times } from "./scale.ts";

/** Of a test's dice: the same for everybody who judges a commit, another one each night (`MAESTRO_TEST_SCALE`), and `MAESTRO_SEED` where it is given. */
export const SEED = Number(process.env["MAESTRO_SEED"] ?? (times(1) === 1 ? 20_261_124 : Math.floor(performance.timeOrigin) % 1_000_000_000));
