/**
 * Every state of the charts as a picture that somebody has looked at, in `end2end/pictures`.
 *
 * After a change that is meant to be seen: `npx playwright test pictures --update-snapshots`, and look at what git shows.
 */

import { appendFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import type { DashboardPage } from "./fixtures/dashboard_page.ts";
import { Gate } from "./fixtures/gate.ts";
import type { Reading } from "./fixtures/influx.ts";
import { expectAccessible, expectNoSidewaysScrolling } from "./fixtures/looks.ts";
import { expect, register, test } from "./fixtures/test.ts";

const HOUR = 3_600_000;
const END = Date.parse("2026-02-01T00:00:00Z");
const DAY = `from=${new Date(END - 24 * HOUR).toISOString()}&to=${new Date(END).toISOString()}`;
const YEAR = `from=${new Date(END - 365 * 24 * HOUR).toISOString()}&to=${new Date(END).toISOString()}`;

/** What the charts of a device show, and in which span. */
interface State {
  name: string;
  device: string;
  query: string;
  /** As it is without a word: every field has a line. */
  show?: (page: Page, dashboardPage: DashboardPage) => Promise<unknown>;
}

const drawn = (_: Page, dashboardPage: DashboardPage) => dashboardPage.drawn();
const layersDrawn = async (_: Page, dashboardPage: DashboardPage) => {
  await expect(dashboardPage.layer("Temperature")).toHaveAttribute("data-drawn");
};

const STATES: State[] = [
  { name: "day", device: "full", query: DAY },
  { name: "year", device: "full", query: YEAR },
  { name: "compared", device: "full", query: `${DAY}&compare=previous` },
  { name: "gaps", device: "gaps", query: DAY },
  { name: "one-point", device: "one", query: DAY, show: layersDrawn },
  { name: "field-missing", device: "deaf", query: DAY, show: layersDrawn },
  {
    name: "none",
    device: "none",
    query: DAY,
    show: (page) => expect(page.getByRole("main")).toContainText("No data in this range"),
  },
  {
    name: "failing",
    device: "full",
    query: DAY,
    show: (page) => expect(page.getByText("The points could not be read")).toBeVisible(),
  },
  {
    name: "loading",
    device: "full",
    query: DAY,
    show: (page) => expect(page.getByText("Loading points…")).toBeVisible(),
  },
];

/** The same at all times and places: a curve a field, with a peak that no reduction may lose. */
function readings(device: string, times: number[]): Reading[] {
  return times.map((time) => {
    const hours = time / HOUR;
    const turn = Math.sin((hours / 24) * 2 * Math.PI);
    const season = Math.sin((hours / 24 / 365) * 2 * Math.PI);
    return {
      device,
      time,
      fields: {
        Temperature: 18 + 6 * turn + 8 * season + (time === END - 7 * HOUR ? 9 : 0),
        Humidity: 50 - 15 * turn + Math.cos(hours) * 3,
        Pressure: 1_005 + 8 * Math.sin(hours / 31),
        CO2: Math.round(700 + 250 * Math.abs(turn)),
        TVOC: Math.round(200 + 80 * Math.sin(hours / 5) + 40 * season),
        Lat: 50.0873 + turn / 100,
        Lon: 14.4071 + Math.cos(hours / 9) / 80,
      },
    };
  });
}

/** Times before the end, `step` minutes apart. */
const every = (step: number, hours: number, before = 0): number[] =>
  Array.from({ length: (hours * 60) / step }, (_, index) => END - before * HOUR - (index + 1) * step * 60_000);

// So high that nothing sticks to an edge and covers a chart.
for (const [size, viewport] of [["desk", { width: 1280, height: 2000 }], ["hand", { width: 360, height: 2800 }]] as const) {
  test.describe(size, () => {
    test.use({ viewport, reducedMotion: "reduce" });

    test(`the charts in every state (${size})`, async ({ server, page, dashboardPage, guard }, info) => {
      test.setTimeout(240_000);
      guard.provokes(/ERR_FAILED|read_series|Failed to fetch/);
      for (const device of ["full", "gaps", "one", "deaf", "none"]) await register(server, device);
      const influx = server.influx();
      const day = every(1, 48);
      const year = day.concat(every(10, 363 * 24, 48));
      for (let start = 0; start < year.length; start += 10_000) await influx.write(readings("full", year.slice(start, start + 10_000)));
      await influx.write(readings("gaps", day).filter(({ time }) => Math.floor((END - time) / (3 * HOUR)) % 2 === 0));
      await influx.write(readings("one", [END - 12 * HOUR]));
      await influx.write(readings("deaf", day).map((reading) => ({ ...reading, fields: withoutCo2(reading.fields) })));

      for (const { name, device, query, show = drawn } of STATES) {
        const held = new Gate();
        if (name === "failing") await page.route("**/rpc/read_series**", (route) => route.abort());
        if (name === "loading") await page.route("**/rpc/read_series**", (route) => held.opened.then(() => route.abort()));
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await dashboardPage.open(device, `?${query}`);
          await show(page, dashboardPage);
          await expectNoSidewaysScrolling(page);
          if (name !== "loading") await expectAccessible(page);
          const picture = `${name}-${size}-${colorScheme}.png`;
          if (await hasTheFontsOfThePictures(page)) {
            // A line of one pixel across one chart is a thousandth of the picture.
            const options = { maxDiffPixelRatio: 0.001, mask: [page.locator("main time")] };
            await expect.soft(page.locator(".charts"), picture).toHaveScreenshot(picture, options);
          } else {
            await skip(`${info.title}: the pictures were made with other fonts`);
          }
        }
        held.open();
        await page.unrouteAll({ behavior: "ignoreErrors" });
      }
    });
  });
}

function withoutCo2({ CO2: _, ...fields }: Record<string, number>): Record<string, number> {
  return fields;
}

/** Where texts are as wide as they were on the machine that made the pictures. */
async function hasTheFontsOfThePictures(page: Page): Promise<boolean> {
  const width = await page.evaluate(() => {
    const context = document.createElement("canvas").getContext("2d")!;
    context.font = `16px ${getComputedStyle(document.body).fontFamily}`;
    return context.measureText("Temperature 0123456789 °C, Loading points…").width;
  });
  return Math.abs(width - FONT_WIDTH) < 0.5;
}

/** In pixels. */
const FONT_WIDTH = 376.015625;

/** The end of `make test` names what was not tested. */
async function skip(what: string): Promise<void> {
  const notes = process.env.IOT_CENTER_SKIP_NOTES;
  if (notes) await appendFile(notes, `${what}\n`);
}
