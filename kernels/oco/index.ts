/** The oco kernel: prices of budgeted resources, their regret certificate, and weights of promised shares. */
export { type Certificate, createFavours, createPricer, type Favours, type Priced, PRICED_MAX, type Pricer, type PricerSettings, type PricerState, SHARERS_MAX, startState } from "./wasm.ts";
