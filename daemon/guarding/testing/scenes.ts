import { ACT_SCENES } from "./act-scenes.ts";
import { LOG_SCENES } from "./log-scenes.ts";
import { REPORTER_SCENES } from "./reporter-scenes.ts";
import { WORLD_SCENES } from "./world-scenes.ts";
import type { Scene } from "./scene.ts";
import { STORE_SCENES } from "./store-scenes.ts";

export const SCENES: Readonly<Record<string, Scene>> = { ...STORE_SCENES, ...LOG_SCENES, ...ACT_SCENES, ...REPORTER_SCENES, ...WORLD_SCENES };
