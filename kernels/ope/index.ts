/** The ope kernel: off-policy estimates, bounds and resamples over columns of decisions. */
export { DIRECT, type Estimate, type Estimates, type Estimator, MODELLED, NO_TUNING, type Tuning } from "./estimates.ts";
export { type Bounds, createOffPolicy, type Decisions, type Model, type OffPolicy, type SequencePoint } from "./wasm.ts";
