import { defineConfig } from "@playwright/test";

import tests from "./playwright.config.ts";

/** Not a test: makes the picture in README. `scripts/screenshot` runs it. */
export default defineConfig({ ...tests, testDir: "screenshot", workers: 1, reporter: [["line"]] });
