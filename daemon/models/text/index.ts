/** Text from local models: one supervised worker for each model, started when somebody asks and ended when nobody does. */
export { type Counted, createTextModels, type GenerateOptions, type TextDeps, type TextFiles, type TextModels, type TextModelStatus } from "./models.ts";
