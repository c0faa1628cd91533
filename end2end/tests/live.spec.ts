/** Live: new points come by themselves, and what was missed is filled in. */

import { expect, minutes, register, test } from "./fixtures/test.ts";

test("a new point is there within a second", async ({ server, page, dashboardPage }) => {
  await register(server, "alive");
  const influx = server.influx();
  await influx.write(minutes("alive", 30, 1));
  await dashboardPage.open("alive", "?range=1h");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  const value = dashboardPage.chart("Temperature").locator(".chart__value");
  const [point] = minutes("alive", 1, 0);
  point!.fields["Temperature"] = 38.4;
  await influx.write([{ ...point!, time: Date.now() }]);
  const written = Date.now();
  await expect(value).toHaveText("38.4");
  // A second, and what this test needs to look.
  expect(Date.now() - written).toBeLessThan(2_500);
  await expect(dashboardPage.chart("Temperature").locator(".chart__extent")).toContainText("38.4");
  // The gauges are the page's, and follow.
  await expect(dashboardPage.gauges).toContainText("38.4");
  await expect(page).toHaveURL(/range=1h/);
});

test("the axis moves on without data", async ({ server, dashboardPage }) => {
  await register(server, "quiet");
  await server.influx().write(minutes("quiet", 3, 1));
  await dashboardPage.open("quiet", "?range=5m");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  const axis = dashboardPage.page.locator(".time-axis__canvas");
  const before = await axis.screenshot();
  await expect.poll(async () => before.equals(await axis.screenshot()), { timeout: 5_000 }).toBe(false);
});

test("what was measured while the network was gone is filled in", async ({ server, page, context, dashboardPage, guard }) => {
  test.setTimeout(120_000);
  guard.provokes(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK|Failed to fetch/);
  await register(server, "away");
  const influx = server.influx();
  await influx.write(minutes("away", 30, 2));
  await dashboardPage.open("away", "?range=1h");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  await context.setOffline(true);
  await expect(dashboardPage.liveState).toHaveText("Offline");
  const [point] = minutes("away", 1, 0);
  point!.fields["Temperature"] = 39.5;
  await influx.write([{ ...point!, time: Date.now() }]);
  await page.waitForTimeout(30_000);
  await expect(dashboardPage.chart("Temperature").locator(".chart__value")).not.toHaveText("39.5");
  await context.setOffline(false);
  await expect(dashboardPage.liveState).toHaveText("Live");
  await expect(dashboardPage.chart("Temperature").locator(".chart__value")).toHaveText("39.5");
});

test("what is compared with moves on as well", async ({ server, page, dashboardPage }) => {
  await register(server, "twice");
  const influx = server.influx();
  await influx.write(minutes("twice", 150));
  await dashboardPage.open("twice", "?range=1h&compare=previous");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  // Points are fresh for ten seconds.
  await page.waitForTimeout(11_000);
  const readAgain = page.waitForRequest(/\/rpc\/read_series/);
  const [point] = minutes("twice", 1, 0);
  await influx.write([{ ...point!, time: Date.now() }]);
  await readAgain;
  await expect(dashboardPage.liveState).toHaveText("Live");
});

test("a device's first point brings its charts", async ({ server, dashboardPage, frame }) => {
  await register(server, "newborn");
  await dashboardPage.open("newborn", "?range=1h");
  await expect(frame.main).toContainText("No data in this range");
  const [point] = minutes("newborn", 1, 0);
  await server.influx().write([{ ...point!, time: Date.now() }]);
  await expect(dashboardPage.canvases).toHaveCount(5);
  await expect(dashboardPage.layer("Temperature")).toHaveAttribute("data-drawn");
});

test("a span that has ended is not live", async ({ server, dashboardPage }) => {
  await register(server, "past");
  await server.influx().write(minutes("past", 120));
  const hour = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  await dashboardPage.open("past", `?from=${hour(2)}&to=${hour(1)}`);
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("");
});
