/** `/status`: how everything is and what to do about what is wrong, in all its states. */

import type { Page } from "@playwright/test";

import { expectAccessible, expectNoSidewaysScrolling, expectTargets } from "./fixtures/looks.ts";
import { IotCenter } from "./fixtures/program.ts";
import { StatusPage } from "./fixtures/status_page.ts";
import { expect, filledTest, FULL, guardedTest, register, upstreamTest } from "./fixtures/test.ts";

const DESK = { width: 1280, height: 800 };
const HAND = { width: 360, height: 740 };

/** On a desk and in a hand, by day and by night. */
async function looksRight(page: Page): Promise<void> {
  for (const viewport of [DESK, HAND]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page);
      await expectNoSidewaysScrolling(page);
    }
    await expectTargets(page, false);
  }
}

filledTest("where all is well it says so, and how the server is configured", async ({ page, server }) => {
  const status = new StatusPage(page);
  await status.goto("/status");
  await expect(status.heading).toHaveText("Status");
  await expect(status.summary).toHaveText("Everything is in order.");
  await expect(status.check("Backend")).toContainText("in order");
  await expect(status.check("Registrations")).toContainText("3 devices are registered");
  await expect(status.setting("INFLUX_BUCKET")).toContainText(/iot_center\s*default/);
  await expect(status.setting("INFLUX_TOKEN")).toContainText("not set");
  await expect(status.setting("LEPTOS_SITE_ADDR")).toContainText("environment");
  expect(await page.content()).not.toContain(server.influx().token);
  await looksRight(page);
});

filledTest("Prometheus reads what requests took, and no ids", async ({ page, server }) => {
  await page.goto(`/devices/${FULL}`);
  const metrics = await fetch(`${server.url}/metrics`);
  expect(metrics.headers.get("content-type")).toContain("application/openmetrics-text");
  const text = await metrics.text();
  expect(text).toContain('http_request_duration_seconds_count{route="/devices/{id}",method="GET",status="2xx"}');
  expect(text).not.toContain(FULL);
});

upstreamTest("while InfluxDB is down the page says so, and is well again by itself", async ({ page, server, upstream }) => {
  await register(server, FULL);
  const status = new StatusPage(page);
  await status.goto("/status");
  await expect(status.check("Backend")).toContainText("in order");
  await upstream.misbehave("down");
  // The header learns of it with the next probe.
  await expect(async () => {
    await status.goto("/status");
    await expect(status.check("Backend")).toContainText("failing", { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  await expect(status.summary).toHaveText("It does not work as it should: 1 thing is wrong.");
  await expect(status.check("Backend")).toContainText(/InfluxDB at .* cannot be reached/);
  await expect(status.check("Registrations")).toContainText("unknown");
  await looksRight(page);
  await upstream.recover();
  await expect(status.check("Backend")).toContainText("in order", { timeout: 30_000 });
  await expect(status.check("Registrations")).toContainText("1 device is registered");
});

const TROUBLES: [name: string, settings: Record<string, string>, isMisconfigured: boolean, summary: string, said: RegExp][] = [
  [
    "a wrong configuration",
    { INFLUX_TOKEN: "a-secret-of-the-tests" },
    true,
    "It does not work as it should: 2 things are wrong.",
    /INFLUX_TOKEN is set, but INFLUX_URL is not\./,
  ],
  [
    "one bucket for both",
    { INFLUX_BUCKET_AUTH: "iot_center" },
    false,
    "It works, but it is not safe.",
    /Every device can read the tokens of all other devices/,
  ],
];

for (const javaScriptEnabled of [true, false]) {
  guardedTest.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    guardedTest.use({ javaScriptEnabled });

    for (const [name, settings, isMisconfigured, summary, said] of TROUBLES) {
      guardedTest(`${name} is named, with what to do`, async ({ page }) => {
        const server = isMisconfigured ? await IotCenter.startMisconfigured(settings) : await IotCenter.start(settings);
        try {
          const status = new StatusPage(page);
          await page.goto(`${server.url}/status`);
          await expect(status.summary).toHaveText(summary);
          await expect(status.main).toContainText(said);
          await expect(status.retry).toHaveCount(isMisconfigured ? 1 : 0);
          expect(await page.content()).not.toContain("a-secret-of-the-tests");
          // axe is a script.
          if (javaScriptEnabled) await looksRight(page);
        } finally {
          await server.stop();
        }
      });
    }
  });
}

upstreamTest.describe("without JavaScript", () => {
  upstreamTest.use({ javaScriptEnabled: false });

  upstreamTest("Retry is a form", async ({ page, upstream, server }) => {
    await register(server, FULL);
    const status = new StatusPage(page);
    await upstream.misbehave("down");
    await expect(async () => {
      await page.goto("/status");
      await expect(status.check("Backend")).toContainText("failing", { timeout: 500 });
    }).toPass({ timeout: 15_000 });
    await upstream.recover();
    await expect(async () => {
      await status.pressRetry();
      await expect(status.check("Backend")).toContainText("in order", { timeout: 500 });
    }).toPass({ timeout: 15_000 });
    await expect(page).toHaveURL("/status?");
  });
});
