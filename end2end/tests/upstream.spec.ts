/** When InfluxDB is out of order: a page answers at once, says what is wrong, and is well again when InfluxDB is. */

import type { Fault, Upstream } from "./fixtures/upstream.ts";
import { IotCenter } from "./fixtures/program.ts";
import { awayFromTheMinutesEnd, expect, minutes, register, upstreamTest as test } from "./fixtures/test.ts";

const ID = "field-station";

/** A page may keep a person waiting this long for an InfluxDB that does not answer. */
const PATIENCE_MS = 1_500;

/** What a page says of each: enough to know what to do. */
const FAULTS: [fault: Fault, sentence: RegExp][] = [
  ["down", /InfluxDB.*(reach|connect|answer|running)/i],
  ["slow", /InfluxDB.*(answer|second|slow|time)/i],
  ["refuses the token", /token/i],
  ["without the bucket", /bucket/i],
  ["429", /asks to slow down/],
  ["503", /(unavailable|not ready|overloaded|busy|later|503)/i],
  ["500", /(InfluxDB|server)/i],
  ["cuts answers", /(answer|connection).*(cut|broke|end|incomplete|middle|lost|interrupt)|(cut|broke|incomplete|ended).*(answer|connection)/i],
];

const PAGES: [path: string, heading: string][] = [
  ["/", "Fleet"],
  ["/devices", "Devices"],
  [`/devices/${ID}`, ID],
  [`/dashboard/${ID}?range=1h`, ID],
  [`/data?device=${ID}`, "Data"],
  ["/buckets", "Buckets"],
];

for (const [fault, sentence] of FAULTS) {
  test(`InfluxDB ${fault}: every page answers, says so, and recovers by Retry`, async ({ page, server, upstream, frame, devicesPage, dashboardPage }) => {
    await register(server, ID);
    await upstream.influx.write(minutes(ID, 30));
    for (const [path, heading] of PAGES) {
      // That buckets are missing is no fault of the page that lists them.
      if (fault === "without the bucket" && path === "/buckets") continue;
      await test.step(path, async () => {
        await upstream.misbehave(fault);
        await page.goto(path, { waitUntil: "commit" });
        await expect(frame.heading).toHaveText(heading);
        const { start, end } = await page.evaluate(() => {
          const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
          return { start: navigation!.requestStart, end: navigation!.responseEnd || performance.now() };
        });
        expect(end - start, "time to the whole page").toBeLessThan(PATIENCE_MS);
        await frame.hydrated();
        const alert = frame.main.getByRole("alert").filter({ has: frame.retry }).first();
        await expect(alert).toContainText(sentence);
        await expect(alert).not.toContainText(/[{}]|error:|Error\(|panicked/);
        // Of a slow InfluxDB the page is still awaiting an answer, so this takes as long as that: once is enough.
        if (fault === "slow" && path !== "/") return;
        await upstream.recover();
        await expect(async () => {
          await frame.pressRetry();
          await expect(frame.main.getByRole("alert").filter({ hasText: /./ })).toHaveCount(0, { timeout: 1_000 });
        }).toPass({ timeout: 15_000 });
        await expect(frame.heading).toHaveText(heading);
      });
    }
    await upstream.recover();
    await dashboardPage.open(ID, "?range=1h");
    await dashboardPage.drawn();
    await devicesPage.goto("/devices");
    await expect(devicesPage.row(ID)).toContainText("online");
  });
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  for (const fault of ["down", "slow", "503"] as const) {
    test(`InfluxDB ${fault}: Retry is a form`, async ({ page, server, upstream, frame, devicesPage }) => {
      await register(server, ID);
      await upstream.misbehave(fault);
      const started = Date.now();
      await page.goto("/devices?q=field&sort=registered");
      expect(Date.now() - started).toBeLessThan(PATIENCE_MS + 500);
      await expect(frame.heading).toHaveText("Devices");
      await expect(frame.retry.first()).toBeVisible();
      await upstream.recover();
      await expect(async () => {
        await frame.pressRetry();
        await expect(devicesPage.ids).toHaveText([ID], { timeout: 1_000 });
      }).toPass({ timeout: 15_000 });
      await expect(page).toHaveURL("/devices?q=field&sort=registered");
      await expect(frame.retry).toHaveCount(0);
    });
  }
});

for (const fault of ["503", "500", "cuts answers", "refuses the token"] as const) {
  test(`a write that meets "${fault}" half-way says how far it came, and goes on from there`, async ({ server, upstream, devicePage }) => {
    await register(server, ID);
    await awayFromTheMinutesEnd(25);
    await devicePage.open(ID);
    upstream.misbehaveAfterWrites(1, fault);
    await devicePage.write.click();
    await expect(devicePage.failure).toContainText("2,520 minutes written; the next run goes on from there.", { timeout: 30_000 });
    await upstream.recover();
    await expect(async () => {
      await devicePage.writeOrRetry.click();
      await expect(devicePage.result).toHaveText(/^(7,560|5,040|2,520) minutes written$/, { timeout: 4_000 });
    }).toPass({ timeout: 20_000 });
    await everyMinuteOnce(upstream);
    await devicePage.open(ID);
    await expect(devicePage.missing).toHaveText(/^[01] minutes? missing/);
    await expect(devicePage.field("Temperature")).toContainText("10,080");
  });
}

test("a newer zoom gives up what an older one asks for, down to InfluxDB", async ({ page, server, upstream, dashboardPage }) => {
  await register(server, ID);
  await upstream.influx.write(minutes(ID, 60));
  await dashboardPage.open(ID, "?range=30d");
  await dashboardPage.drawn();
  await upstream.misbehave("slow points");
  const layer = dashboardPage.layer("Temperature");

  await layer.press("+");
  await expect(page).toHaveURL(/from=/);
  // Longer than a page waits: what is left is what the charts wait for.
  await page.waitForTimeout(2_000);
  const older = [...upstream.held];
  expect(older).toHaveLength(1);

  const given = Date.now();
  await layer.press("+");
  await expect.poll(() => [...upstream.held].filter((query) => older.includes(query))).toEqual([]);
  expect(Date.now() - given, "long before the answer would have come").toBeLessThan(3_000);
  await expect.poll(() => upstream.held.size).toBeGreaterThan(0);
});

test("writing is cancelled half-way, and goes on from there", async ({ server, upstream, devicePage }) => {
  await register(server, ID);
  await awayFromTheMinutesEnd(25);
  await devicePage.open(ID);
  upstream.misbehaveAfterWrites(1, "slow");
  await devicePage.write.click();
  await expect(devicePage.progress).toBeVisible();
  await expect(devicePage.main).toContainText(/2,520 of 10,080 minutes/);
  await expect(devicePage.write).toBeHidden();
  await devicePage.cancel.click();
  await expect(devicePage.result).toHaveText("Cancelled: 2,520 minutes written");
  await expect(devicePage.progress).toBeHidden();
  await upstream.recover();
  await expect(async () => {
    await devicePage.writeOrRetry.click();
    await expect(devicePage.result).toHaveText(/^(7,560|5,040|2,520) minutes written$|^0 minutes missing$/, { timeout: 4_000 });
  }).toPass({ timeout: 30_000 });
  await everyMinuteOnce(upstream);
});

test("leaving the page while it writes loses nothing", async ({ page, server, upstream, devicePage }) => {
  await register(server, ID);
  await awayFromTheMinutesEnd(30);
  await devicePage.open(ID);
  upstream.misbehaveAfterWrites(1, "slow");
  await devicePage.write.click();
  await expect(devicePage.main).toContainText(/2,520 of 10,080 minutes/);
  await page.goto("/");
  await upstream.recover();
  await expect(async () => {
    await devicePage.open(ID);
    await devicePage.writeOrRetry.click();
    await expect(devicePage.result).toHaveText(/minutes? (written|missing)$/, { timeout: 4_000 });
  }).toPass({ timeout: 30_000 });
  await everyMinuteOnce(upstream);
});

test("a registration that fails leaves no live token", async ({ page, server, upstream, devicesPage }) => {
  for (const fault of ["503", "cuts answers", "down"] as const) {
    await upstream.misbehave(fault);
    await page.goto("/devices");
    await devicesPage.hydrated();
    await devicesPage.deviceId.fill(ID);
    await devicesPage.register.click();
    await expect(devicesPage.error.first()).toBeVisible();
    await upstream.recover();
    const answer = await fetch(`${upstream.influx.url}/api/v2/authorizations`, { headers: { Authorization: `Token ${upstream.influx.token}` } });
    const { authorizations } = (await answer.json()) as { authorizations: { description: string; status: string }[] };
    const live = authorizations.filter(({ description, status }) => description.includes(ID) && status === "active");
    expect(live, fault).toEqual([]);
  }
  await expect(async () => {
    await page.goto("/devices");
    await devicesPage.hydrated();
    await devicesPage.deviceId.fill(ID);
    await devicesPage.register.click();
    // However long it takes: a second attempt at what has succeeded late would be refused.
    await expect(page.getByRole("heading", { level: 1, name: ID }).or(devicesPage.error.first())).toBeVisible({ timeout: 15_000 });
    await expect(page).toHaveURL(`/devices/${ID}`, { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  expect(server.log()).not.toContain("panicked");
});

test("a server whose InfluxDB is down starts, says so and recovers", async ({ upstream, browser, guard }) => {
  await upstream.misbehave("down");
  const server = await IotCenter.startOn(upstream.connection);
  const context = await browser.newContext({ baseURL: server.url });
  guard.provokes(/\/rpc\/|status of 5\d\d/);
  guard.watch(context);
  try {
    const page = await context.newPage();
    await page.goto("/");
    await expect(page.getByRole("button", { name: "Retry" }).first()).toBeVisible();
    expect((await page.request.get("/health")).status()).toBe(200);
    expect((await page.request.get("/ready")).status()).toBe(503);
    await upstream.recover();
    await expect.poll(async () => (await page.request.get("/ready")).status(), { timeout: 40_000 }).toBe(200);
    await page.goto("/");
    await expect(page.getByRole("heading", { name: "Register your first device" })).toBeVisible();
  } finally {
    await context.close();
    await server.stop();
  }
});

test("a wrong configuration is named, on the page and in the log", async ({ browser, guard }) => {
  const server = await IotCenter.startMisconfigured({ INFLUX_TOKEN: "a-secret-of-the-tests" });
  const context = await browser.newContext({ baseURL: server.url });
  guard.provokes(/\/rpc\/|status of 5\d\d/);
  guard.watch(context);
  try {
    const page = await context.newPage();
    await page.goto("/");
    await expect(page.getByRole("main")).toContainText("INFLUX_TOKEN is set, but INFLUX_URL is not.");
    expect(server.log()).toContain("INFLUX_TOKEN is set, but INFLUX_URL is not.");
    expect(server.log() + (await page.content())).not.toContain("a-secret-of-the-tests");
  } finally {
    await context.close();
    await server.stop();
  }
});

async function everyMinuteOnce(upstream: Upstream): Promise<void> {
  for (const field of ["Temperature", "CO2"]) {
    const values = await upstream.influx.valuesByMinute(ID, field);
    expect([10_080, 10_081], `minutes with ${field}`).toContain(values.size);
    expect(Math.max(...values.values()), `values of ${field} in a minute`).toBe(1);
  }
}
