/** The dashboard: ranges, gaps, sharpness, and that its address is its state. */

import { columnsOf, colourOf } from "./fixtures/canvas.ts";
import { CHARTED } from "./fixtures/dashboard_page.ts";
import { expect, FRESH, FULL, filledTest, minutes, openWatched, register, STALE, test } from "./fixtures/test.ts";

const RANGES = ["5m", "15m", "1h", "6h", "1d", "3d", "7d", "30d"];

filledTest("every range is a click away and stands in the address", async ({ page, dashboardPage }) => {
  await dashboardPage.open(FULL);
  await dashboardPage.drawn();
  for (const code of RANGES) {
    await dashboardPage.range(code).click();
    await expect(page).toHaveURL(`/dashboard/${FULL}?range=${code}`);
    await expect(dashboardPage.range(code)).toHaveAttribute("aria-current", /.+/);
    // The newest points of the shortest range grow too old while the tests run.
    if (code !== "5m") await dashboardPage.drawn();
  }
});

filledTest("reload, Back and a bookmark show the same", async ({ page, dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=6h");
  await dashboardPage.drawn();
  await dashboardPage.range("7d").click();
  await expect(page).toHaveURL(/range=7d/);
  await page.reload();
  await dashboardPage.hydrated();
  await expect(dashboardPage.range("7d")).toHaveAttribute("aria-current", /.+/);
  await dashboardPage.drawn();
  await page.goBack();
  await expect(page).toHaveURL(/range=6h/);
  await expect(dashboardPage.range("6h")).toHaveAttribute("aria-current", /.+/);
  await expect(dashboardPage.range("7d")).not.toHaveAttribute("aria-current", /.+/);
  await dashboardPage.drawn();
});

filledTest("another device is chosen, and the range stays", async ({ page, dashboardPage, frame }) => {
  await dashboardPage.open(FULL, "?range=7d");
  await dashboardPage.choose(STALE);
  await expect(page).toHaveURL(`/dashboard/${STALE}?range=7d`);
  await expect(frame.heading).toHaveText(STALE);
  await dashboardPage.drawn();
  await page.goBack();
  await expect(frame.heading).toHaveText(FULL);
  await dashboardPage.drawn();
});

filledTest("the address without a device leads to the one shown last, or offers a choice", async ({ page, dashboardPage, frame }) => {
  await frame.goto("/dashboard");
  await expect(frame.main).toContainText(FULL);
  await dashboardPage.open(STALE, "?range=7d");
  await dashboardPage.drawn();
  await page.goto("/dashboard");
  await expect(page).toHaveURL(new RegExp(`/dashboard/${STALE}`));
});

filledTest("an absolute range", async ({ dashboardPage, frame }) => {
  const hour = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  await dashboardPage.open(FULL, `?from=${hour(50)}&to=${hour(2)}`);
  await dashboardPage.drawn();
  await expect(frame.main).not.toContainText("No data in this range");
});

filledTest("a range without data says what to do", async ({ page, dashboardPage, frame }) => {
  await dashboardPage.open(FULL, "?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z");
  await expect(frame.main).toContainText("No data in this range");
  await dashboardPage.open(STALE, "?range=5m");
  await expect(frame.main).toContainText("No data in this range");
  // The dead end has a way out.
  await dashboardPage.range("7d").click();
  await dashboardPage.drawn();
  await dashboardPage.open(FRESH);
  await expect(frame.main).toContainText("No data in this range");
  await page.getByRole("main").getByRole("link", { name: "Go to Write Missing Data" }).click();
  await expect(page).toHaveURL(`/devices/${FRESH}`);
});

filledTest("a stale gauge says so", async ({ dashboardPage }) => {
  await dashboardPage.open(STALE);
  await expect(dashboardPage.gauges).toContainText("3 h ago");
});

test("a gap stays a gap", async ({ server, dashboardPage }) => {
  await register(server, "gaps");
  // Twenty minutes of points, twenty without, twenty with.
  await server.influx().write([...minutes("gaps", 18, 1), ...minutes("gaps", 18, 41)]);
  await dashboardPage.open("gaps", "?range=1h");
  await dashboardPage.drawn();
  for (const [index, field] of CHARTED.entries()) {
    const canvas = dashboardPage.canvases.nth(index);
    const columns = await columnsOf(canvas, await colourOf(canvas, `--series-${field.toLowerCase()}`));
    const painted = columns.flatMap((count, column) => (count > 0 ? [column] : []));
    const [first, last] = [painted[0]!, painted.at(-1)!];
    const breaks = painted.slice(1).filter((column, index) => column - painted[index]! > (last - first) / 5);
    expect(breaks, `${field}: one gap in the middle`).toHaveLength(1);
    expect(painted.length, field).toBeGreaterThan((last - first) / 2);
  }
});

for (const deviceScaleFactor of [1, 2]) {
  filledTest.describe(`with ${deviceScaleFactor} device pixels a CSS pixel`, () => {
    filledTest.use({ deviceScaleFactor });

    filledTest("charts are crisp, also when the window changes", async ({ page, dashboardPage }) => {
      await dashboardPage.open(FULL, "?range=1d");
      await dashboardPage.drawn();
      for (const width of [1280, 700, 360, 1600]) {
        await page.setViewportSize({ width, height: 900 });
        await expect.poll(async () => {
          const drawings = await dashboardPage.drawings();
          return drawings.every(
            (drawing) =>
              !drawing.isBlank &&
              drawing.devicePixelRatio === deviceScaleFactor &&
              Math.abs(drawing.width - drawing.cssWidth * deviceScaleFactor) <= 1 &&
              Math.abs(drawing.height - drawing.cssHeight * deviceScaleFactor) <= 1,
          );
        }, `drawn anew at ${width}`).toBe(true);
      }
    });
  });
}

filledTest("the plots of all charts begin and end in the same columns", async ({ dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=1d");
  await dashboardPage.drawn();
  const edges = [];
  for (const [index, field] of CHARTED.entries()) {
    const canvas = dashboardPage.canvases.nth(index);
    const columns = await columnsOf(canvas, await colourOf(canvas, `--series-${field.toLowerCase()}`));
    edges.push([columns.findIndex((count) => count > 0), columns.findLastIndex((count) => count > 0)]);
  }
  for (const [first, last] of edges) {
    expect(Math.abs(first! - edges[0]![0]!)).toBeLessThanOrEqual(2);
    expect(Math.abs(last! - edges[0]![1]!)).toBeLessThanOrEqual(2);
  }
});

filledTest("another theme draws the charts anew", async ({ page, dashboardPage, frame }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await dashboardPage.open(FULL, "?range=1d");
  await dashboardPage.drawn();
  const canvas = dashboardPage.canvases.first();
  const share = async () => {
    const columns = await columnsOf(canvas, await colourOf(canvas, "--series-temperature"));
    return columns.filter((count) => count > 0).length / columns.length;
  };
  expect(await share()).toBeGreaterThan(0.5);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(share, "the system's theme has changed").toBeGreaterThan(0.5);
  await frame.theme.click();
  await expect(frame.theme).toHaveAccessibleName(/^Theme: light/);
  await expect.poll(share, "the theme was switched").toBeGreaterThan(0.5);
});

filledTest("changing one's mind quickly ends at the last choice", async ({ page, dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=30d");
  for (const code of ["7d", "1h", "3d", "6h"]) await dashboardPage.range(code).click();
  await expect(page).toHaveURL(/range=6h/);
  await expect(dashboardPage.range("6h")).toHaveAttribute("aria-current", /.+/);
  await dashboardPage.drawn();
});

filledTest("two windows of different people do not meet", async ({ browser, server, guard, dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=7d");
  const other = await browser.newContext();
  const page = await openWatched(other, guard);
  // No cookie says which device was shown last.
  await page.goto(`${server.url}/dashboard`);
  await expect(page.getByRole("heading", { level: 1 })).not.toHaveText(FULL);
  await other.close();
});
