/** The charts as something to work with: by mouse, wheel, touch and keyboard, and by nothing at all. */

import type { Page } from "@playwright/test";

import { CHARTED, type DashboardPage } from "./fixtures/dashboard_page.ts";
import { expect, FULL, filledTest, minutes, register, test } from "./fixtures/test.ts";

const DAY = 86_400_000;

/** Drags from one place of a chart to another, by shares of its width. */
async function drag(page: Page, dashboardPage: DashboardPage, from: number, to: number): Promise<void> {
  const start = await dashboardPage.place("Humidity", from);
  const end = await dashboardPage.place("Humidity", to);
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move((start.x + end.x) / 2, start.y);
  await page.mouse.move(end.x, end.y);
  await page.mouse.up();
}

filledTest.describe("by mouse", () => {
  filledTest("dragging zooms, Back undoes it, a double click goes back", async ({ page, dashboardPage }) => {
    await dashboardPage.open(FULL, "?range=1d");
    await dashboardPage.drawn();
    await drag(page, dashboardPage, 0.4, 0.6);
    await expect(page).toHaveURL(/from=.*&to=/);
    const first = dashboardPage.span();
    expect(first.length / DAY).toBeGreaterThan(0.15);
    expect(first.length / DAY).toBeLessThan(0.25);
    await dashboardPage.drawn();
    await drag(page, dashboardPage, 0.3, 0.7);
    await expect.poll(() => dashboardPage.span().length).toBeLessThan(first.length * 0.6);
    await page.goBack();
    await expect.poll(() => dashboardPage.span()).toEqual(first);
    await dashboardPage.drawn();
    const { x, y } = await dashboardPage.place("CO2", 0.5);
    await page.mouse.dblclick(x, y);
    await expect(page).toHaveURL(/range=1d/);
    await dashboardPage.drawn();
  });

  filledTest("dragging with Shift moves", async ({ page, dashboardPage }) => {
    await dashboardPage.open(FULL, "?range=1d");
    await dashboardPage.drawn();
    await page.keyboard.down("Shift");
    await drag(page, dashboardPage, 0.3, 0.8);
    await page.keyboard.up("Shift");
    await expect(page).toHaveURL(/from=.*&to=/);
    const { to, length } = dashboardPage.span();
    expect(length / DAY).toBeCloseTo(1, 2);
    expect((Date.now() - to) / DAY).toBeGreaterThan(0.4);
  });

  filledTest("a wheel zooms where the pointer was moved to, and scrolls the page elsewhere", async ({ page, dashboardPage }) => {
    await dashboardPage.open(FULL, "?range=1d");
    await dashboardPage.drawn();
    const { x, y } = await dashboardPage.place("Temperature", 0.5);
    await page.mouse.move(x - 5, y);
    await page.waitForTimeout(500);
    await page.mouse.move(x, y);
    const top = await page.evaluate(() => window.scrollY);
    await page.mouse.wheel(0, -400);
    await expect(page).toHaveURL(/from=.*&to=/);
    expect(dashboardPage.span().length).toBeLessThan(DAY * 0.7);
    expect(await page.evaluate(() => window.scrollY)).toBe(top);
    // The heading is no chart.
    await page.mouse.move(200, 100);
    await page.mouse.wheel(0, 300);
    await expect.poll(() => page.evaluate(() => window.scrollY)).toBeGreaterThan(top);
  });

  filledTest("a page that scrolls under the pointer goes on scrolling", async ({ page, dashboardPage }) => {
    await dashboardPage.open(FULL, "?range=1d");
    await dashboardPage.drawn();
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.mouse.move(640, 120);
    // The charts come below the pointer, which does not move.
    for (let step = 0; step < 12; step += 1) {
      await page.mouse.wheel(0, 60);
      await page.waitForTimeout(30);
    }
    await page.waitForTimeout(600);
    await expect(page).toHaveURL(/range=1d/);
    expect(await page.evaluate(() => window.scrollY)).toBeGreaterThan(300);
  });

  filledTest("the cursor is at the same time on all charts", async ({ page, dashboardPage }) => {
    await dashboardPage.open(FULL, "?range=6h");
    await dashboardPage.drawn();
    const { x, y } = await dashboardPage.place("Pressure", 0.5);
    await page.mouse.move(x, y);
    const chips = page.locator(".chart__chip[data-shown]");
    await expect(chips).toHaveCount(CHARTED.length);
    await expect(chips.nth(0)).toHaveText(/^-?\d+\.\d °C$/);
    await expect(chips.nth(3)).toHaveText(/^\d+ ppm$/);
    const places = await page.locator(".chart__cursor[data-shown]").evaluateAll((cursors) => cursors.map((cursor) => cursor.getBoundingClientRect().left));
    expect(new Set(places).size).toBe(1);
    await expect(page.locator(".time-axis__chip[data-shown]")).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d/);
    await page.mouse.move(10, 10);
    await expect(chips).toHaveCount(0);
  });

  filledTest("a cursor that moves draws nothing anew", async ({ page, dashboardPage }) => {
    await dashboardPage.open(FULL, "?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z");
    const to = new Date(Date.now() - 3_600_000).toISOString();
    await dashboardPage.open(FULL, `?from=${new Date(Date.now() - 4 * 3_600_000).toISOString()}&to=${to}`);
    await dashboardPage.drawn();
    await page.evaluate(() => {
      const counted = window as unknown as { drawn: number };
      counted.drawn = 0;
      const stroke = CanvasRenderingContext2D.prototype.stroke;
      CanvasRenderingContext2D.prototype.stroke = function (this: CanvasRenderingContext2D) {
        counted.drawn += 1;
        (stroke as (this: CanvasRenderingContext2D) => void).call(this);
      };
    });
    for (const share of [0.3, 0.4, 0.5, 0.6]) {
      const { x, y } = await dashboardPage.place("CO2", share);
      await page.mouse.move(x, y);
    }
    await expect(page.locator(".chart__chip[data-shown]")).toHaveCount(CHARTED.length);
    expect(await page.evaluate(() => (window as unknown as { drawn: number }).drawn)).toBe(0);
  });
});

filledTest.describe("by touch", () => {
  filledTest.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  /** Fingers that go from places to others, in steps, as a screen reports them. */
  async function swipe(page: Page, paths: [from: { x: number; y: number }, to: { x: number; y: number }][]): Promise<void> {
    const client = await page.context().newCDPSession(page);
    const steps = 12;
    const at = (step: number) =>
      paths.map(([from, to], id) => ({ id, x: from.x + ((to.x - from.x) * step) / steps, y: from.y + ((to.y - from.y) * step) / steps }));
    await client.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0) });
    for (let step = 1; step <= steps; step += 1) {
      await client.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(step) });
      await page.waitForTimeout(16);
    }
    await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await client.detach();
  }

  filledTest("a vertical swipe scrolls the page", async ({ page, dashboardPage }) => {
    await dashboardPage.open(FULL, "?range=1d");
    await dashboardPage.drawn();
    const { x, y } = await dashboardPage.place("Temperature", 0.5);
    const top = await page.evaluate(() => window.scrollY);
    await swipe(page, [[{ x, y }, { x: x + 6, y: y - 250 }]]);
    await expect.poll(() => page.evaluate(() => window.scrollY)).toBeGreaterThan(top + 100);
    await expect(page).toHaveURL(/range=1d/);
  });

  filledTest("a sideways swipe moves in time, two fingers zoom, two taps go back", async ({ page, dashboardPage }) => {
    await dashboardPage.open(FULL, "?range=1d");
    await dashboardPage.drawn();
    const place = (share: number) => dashboardPage.place("Humidity", share);
    await swipe(page, [[await place(0.3), await place(0.8)]]);
    await expect(page).toHaveURL(/from=.*&to=/);
    expect(dashboardPage.span().length / DAY).toBeCloseTo(1, 2);
    await dashboardPage.drawn();
    await swipe(page, [
      [await place(0.45), await place(0.25)],
      [await place(0.55), await place(0.75)],
    ]);
    await expect.poll(() => dashboardPage.span().length / DAY).toBeLessThan(0.5);
    await dashboardPage.drawn();
    const { x, y } = await place(0.5);
    await page.touchscreen.tap(x, y);
    await expect(page.locator(".chart__chip[data-shown]").first()).toBeVisible();
    await page.waitForTimeout(500);
    await page.touchscreen.tap(x, y);
    await page.touchscreen.tap(x, y);
    await expect(page).toHaveURL(/range=1d/);
  });
});

filledTest("by keyboard: values are read, and the span moves", async ({ page, dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=6h");
  await dashboardPage.drawn();
  const chart = page.getByRole("slider", { name: "Temperature" });
  await chart.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(chart).toHaveAttribute("aria-valuetext", /^-?\d+\.\d °C, \d{4}-\d\d-\d\d \d\d:\d\d/);
  const newest = await chart.getAttribute("aria-valuetext");
  await page.keyboard.press("ArrowLeft");
  await expect(chart).not.toHaveAttribute("aria-valuetext", newest!);
  await page.keyboard.press("End");
  await expect(chart).toHaveAttribute("aria-valuetext", newest!);
  await page.keyboard.press("Home");
  await expect(chart).toHaveAttribute("aria-valuenow", "0");
  await page.keyboard.press("+");
  await expect(page).toHaveURL(/from=.*&to=/);
  await expect(chart).toBeFocused();
  const zoomed = dashboardPage.span();
  expect(zoomed.length / 3_600_000).toBeCloseTo(3, 1);
  await page.keyboard.press("Shift+ArrowLeft");
  await expect.poll(() => dashboardPage.span().to).toBeLessThan(zoomed.to);
  await page.keyboard.press("0");
  await expect(page).toHaveURL(/range=6h/);
});

filledTest("without any gesture: links move and zoom", async ({ page, dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=1d");
  const movement = page.getByRole("navigation", { name: "Move in time" });
  await movement.getByRole("link", { name: "Zoom in" }).click();
  await expect(page).toHaveURL(/from=.*&to=/);
  expect(dashboardPage.span().length / DAY).toBeCloseTo(0.5, 2);
  const { from } = dashboardPage.span();
  await movement.getByRole("link", { name: "Earlier" }).click();
  await expect.poll(() => dashboardPage.span().from).toBeLessThan(from);
  await dashboardPage.drawn();
});

filledTest("a comparison is drawn over the chart and stands in the address", async ({ page, dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=1d");
  await dashboardPage.drawn();
  await dashboardPage.compare.selectOption("previous");
  await expect(page).toHaveURL(/compare=previous/);
  await expect(page.locator(".line--compared").first()).toBeAttached();
  await dashboardPage.drawn();
  const { x, y } = await dashboardPage.place("CO2", 0.5);
  await page.mouse.move(x, y);
  await expect(page.locator(".chart__chip[data-shown]").first()).toHaveText(/compared/);
  await dashboardPage.range("6h").click();
  await expect(page).toHaveURL(/range=6h&compare=previous/);
});

filledTest("the charts stand in the HTML, and as a table", async ({ request, server }) => {
  const html = await (await request.get(`${server.url}/dashboard/${FULL}?range=7d`)).text();
  expect(html.match(/class="line"/g)).toHaveLength(CHARTED.length);
  expect(html).not.toMatch(/ style="/);
  expect(html).toContain("Values as a table, 8 h a row, lowest to highest");
  expect(html).toContain("one column = 48 min, min to max");
});

test("one point is a dot, and a missing field is named", async ({ server, page, dashboardPage }) => {
  await register(server, "one");
  const [point] = minutes("one", 1, 2);
  delete point!.fields["CO2"];
  await server.influx().write([point!]);
  await dashboardPage.open("one", "?range=1h");
  await expect(page.locator("path.dot")).toHaveCount(CHARTED.length - 1);
  await expect(dashboardPage.chart("CO2")).toContainText("No values of CO2 in this range");
  await expect(dashboardPage.gauges).toContainText("CO2");
  await expect(dashboardPage.layer("Temperature")).toHaveAttribute("data-drawn");
});

filledTest("what is shown can be taken along as CSV, SVG and PNG", async ({ page, dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=6h");
  await dashboardPage.drawn();
  await page.getByText("Export", { exact: true }).click();
  const download = async (press: Promise<void>) => {
    const [file] = await Promise.all([page.waitForEvent("download"), press]);
    const stream = await file.createReadStream();
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { name: file.suggestedFilename(), bytes: Buffer.concat(chunks) };
  };
  const csv = await download(page.getByRole("link", { name: "CSV, all points" }).click());
  expect(csv.name).toMatch(/^greenhouse-1_.*\.csv$/);
  const rows = csv.bytes.toString().trim().split("\r\n");
  expect(rows[0]).toBe("time,Temperature,Humidity,Pressure,CO2,TVOC,Lat,Lon");
  expect(rows.length).toBeGreaterThan(355);
  const svg = await download(page.getByRole("link", { name: "SVG, the charts" }).click());
  expect(svg.name).toMatch(/\.svg$/);
  expect(svg.bytes.toString().match(/<path class="line"/g)).toHaveLength(CHARTED.length);
  const png = await download(page.getByRole("button", { name: "PNG, as shown" }).click());
  expect(png.name).toMatch(/^greenhouse-1_.*\.png$/);
  expect(png.bytes.subarray(1, 4).toString()).toBe("PNG");
  expect(png.bytes.length).toBeGreaterThan(20_000);
  // Nothing of it was a navigation.
  await expect(page).toHaveURL(/range=6h/);
  await expect(dashboardPage.canvases).toHaveCount(CHARTED.length);
});

filledTest("the way of the device is drawn without a map", async ({ page, dashboardPage }) => {
  await dashboardPage.open(FULL, "?range=1d");
  await dashboardPage.drawn();
  const track = page.getByRole("figure", { name: "Track" });
  await expect(track).toContainText("50.08");
  await expect(track).toContainText(/The device has (moved over|stayed)/);
  await expect(track.locator("canvas")).toHaveAttribute("data-drawn");
  // Another range, another way.
  await dashboardPage.range("7d").click();
  await expect(page).toHaveURL(/range=7d/);
  await expect(track.locator("canvas")).toHaveAttribute("data-drawn");
});
