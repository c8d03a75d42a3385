/**
 * How much longer the tests look than in every run: `MAESTRO_TEST_SCALE`, a
 * whole number, which `npm run nightly` sets. Anything else is a mistake and not 1.
 */
const given = process.env["MAESTRO_TEST_SCALE"] ?? "";
const SCALE = given === "" ? 1 : Number(given);
if (!Number.isSafeInteger(SCALE) || SCALE < 1) throw new Error(`MAESTRO_TEST_SCALE is ${JSON.stringify(given)}, not a whole number from 1`);

/** So many runs, rounds or milliseconds, scaled. */
export const times = (count: number): number => count * SCALE;
