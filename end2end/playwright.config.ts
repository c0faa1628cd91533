import { defineConfig } from "@playwright/test";

/**
 * Chromium of the system, so that nothing is downloaded. It must be quiet: a browser that looks for updates of itself
 * makes requests that no test has asked for.
 */
export const browser = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  snapshotPathTemplate: "pictures/{arg}{ext}",
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  // A test that passes the second time only has found something: here it fails. CI's machines may be slow for a moment; there
  // it is listed as flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  // Dots tell of failures at the end, where the end is all that is kept of a long output.
  reporter: process.env.CI ? [["dot"]] : [["list"]],
  use: {
    browserName: "chromium",
    launchOptions: browser,
    locale: "en-US",
    timezoneId: "UTC",
    // Recording costs a third of the time; `npx playwright test --trace on` records what fails.
    screenshot: "only-on-failure",
    viewport: { width: 1280, height: 800 },
  },
});
