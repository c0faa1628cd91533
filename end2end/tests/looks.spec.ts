/** Every page, on a desk and in a hand, by day and by night, with and without data. */

import { mkdir } from "node:fs/promises";

import type { Page, TestInfo } from "@playwright/test";

import {
  contentOf, expectAccessible, expectNoShifts, expectNoSidewaysScrolling, expectTargets, watchShifts,
} from "./fixtures/looks.ts";
import { Dribble } from "./fixtures/dribble.ts";
import type { Frame } from "./fixtures/frame.ts";
import { Gate } from "./fixtures/gate.ts";
import type { IotCenter } from "./fixtures/program.ts";
import { expect, FRESH, FULL, filledTest, test } from "./fixtures/test.ts";

/** A page, and how it shows that it has its points; without that it needs none. */
const FILLED: [name: string, path: string, points?: "drawn" | "none"][] = [
  ["fleet", "/"],
  ["devices", "/devices"],
  ["nothing found", "/devices?q=nothing-like-that"],
  ["unregister", `/devices?unregister=${FULL}`],
  ["device with data", `/devices/${FULL}`],
  ["device without data", `/devices/${FRESH}`],
  ["dashboard", `/dashboard/${FULL}?range=7d`, "drawn"],
  ["dashboard without data", `/dashboard/${FRESH}`],
  ["dashboard of an empty range", `/dashboard/${FULL}?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`, "none"],
  ["choice of dashboards", "/dashboard"],
  ["status", "/status"],
  ["data", `/data?device=${FULL}`],
  ["data of all fields", `/data?device=${FULL}&field=*&range=1h&window=15m`],
  ["data without rows", `/data?device=${FRESH}`],
  ["Flux", `/data?flux=${encodeURIComponent('from(bucket: "iot_center") |> range(start: -1h) |> last()')}`],
  ["Flux with a fault", `/data?flux=${encodeURIComponent('from(bucket: "iot_center")\n  |> lmit(n: 5)')}`],
  ["buckets", "/buckets"],
  ["not found", "/no/such/page"],
];
const EMPTY: [name: string, path: string][] = [
  ["empty fleet", "/"],
  ["empty list", "/devices"],
  ["empty choice of dashboards", "/dashboard"],
  ["data without devices", "/data"],
  ["empty buckets", "/buckets"],
];

const SIZES = [
  { size: "desk", viewport: { width: 1280, height: 800 }, touch: false },
  { size: "hand", viewport: { width: 360, height: 740 }, touch: true },
] as const;

for (const { size, viewport, touch } of SIZES) {
  test.describe(size, () => {
    test.use({ viewport, hasTouch: touch, isMobile: touch });
    filledTest.use({ viewport, hasTouch: touch, isMobile: touch });

    for (const [name, path, points] of FILLED) {
      filledTest(`${name} (${size})`, async ({ page, frame, dashboardPage, guard }, info) => {
        if (path.startsWith("/no/")) guard.provokes(/404/);
        await watchShifts(page);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await frame.goto(path);
          if (points === "drawn") await dashboardPage.drawn();
          if (points === "none") await expect(frame.main).toContainText("No data in this range");
          // Where only the answer tells that there are no points, the charts make way for a sentence.
          if (points !== "none") await expectNoShifts(page);
          await looksRight(page, `${name}-${size}-${colorScheme}`, touch, info);
        }
      });

      filledTest(`${name} is the same before and after hydration (${size})`, async ({ page, frame, guard }) => {
        if (path.startsWith("/no/")) guard.provokes(/404/);
        await staysTheSame(page, path, () => frame.hydrated());
      });
    }

    for (const [name, path] of EMPTY) {
      test(`${name} (${size})`, async ({ page, frame }, info) => {
        await watchShifts(page);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await frame.goto(path);
          await expectNoShifts(page);
          await looksRight(page, `${name}-${size}-${colorScheme}`, touch, info);
        }
        await staysTheSame(page, path, () => frame.hydrated());
      });
    }
  });
}

filledTest("what a dialog covers cannot be reached, and its question can be read", async ({ page, devicesPage }) => {
  await devicesPage.goto("/devices");
  await devicesPage.unregister(FULL).click();
  await expect(devicesPage.dialog).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(devicesPage.unregister(FULL)).toBeFocused();
});

filledTest("How it works opens, with calls and without tokens", async ({ page, frame, server }) => {
  for (const path of ["/", "/devices", `/devices/${FULL}`, `/dashboard/${FULL}`, `/data?device=${FULL}`, "/buckets"]) {
    await frame.goto(path);
    await frame.howItWorks.click();
    const how = page.locator("details.how");
    await expect(how).toContainText("/api/v2/query");
    await expect(how).toContainText("from(bucket:");
    expect(await page.content()).not.toContain(server.influx().token);
    await expectAccessible(page);
    await expectNoSidewaysScrolling(page);
  }
});

filledTest("a chosen theme wins over the system's and is there before any script", async ({ page, frame }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await frame.goto("/");
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await frame.theme.click();
  await frame.theme.click();
  await expect(frame.theme).toHaveAccessibleName(/^Theme: dark/);
  const dark = await background();
  expect(dark).not.toBe(light);
  const hydration = new Gate();
  await page.route("**/*.wasm", (route) => hydration.opened.then(() => route.continue()));
  await page.reload({ waitUntil: "domcontentloaded" });
  expect(await background()).toBe(dark);
  hydration.open();
  await frame.hydrated();
  await expect(frame.theme).toHaveAccessibleName(/^Theme: dark/);
});

for (const [reducedMotion, moves] of [["reduce", false], ["no-preference", true]] as const) {
  filledTest(`what is on its way ${moves ? "moves" : "stands still"} with reduced motion "${reducedMotion}"`, async ({ page, frame, dashboardPage }) => {
    await page.emulateMedia({ reducedMotion });
    await dashboardPage.open(FULL, "?range=1d");
    await dashboardPage.drawn();
    const next = new Gate();
    await page.route("**/devices", (route) => next.opened.then(() => route.continue()));
    await frame.navigation.getByRole("link", { name: "Devices" }).click();
    await expect(page.locator("[data-loading]")).toBeAttached();
    expect((await page.evaluate(() => document.getAnimations().length)) > 0).toBe(moves);
    next.open();
    await expect(frame.heading).toHaveText("Devices");
  });
}

const firstRow = (html: string) => html.indexOf("</tr>", html.indexOf("<tbody")) + "</tr>".length;

for (const path of [`/devices/${FULL}`, "/devices", "/status"]) {
  filledTest(`the table of ${path} does not move while the page is still coming`, async ({ page, frame, server }) => {
    await comesInTwoParts({ page, frame, server }, path, firstRow, "tbody tr");
  });
}

test("the footer does not move while it is still coming", async ({ page, frame, server }) => {
  const firstPart = (html: string) => html.indexOf("</nav>", html.indexOf("<footer")) + "</nav>".length;
  await comesInTwoParts({ page, frame, server }, "/buckets", firstPart, "footer > *");
});

/** The page is held back behind a place of its HTML, at which there is one of what is looked for, and then must not move. */
async function comesInTwoParts(
  { page, frame, server }: { page: Page; frame: Frame; server: IotCenter },
  path: string,
  place: (html: string) => number,
  parts: string,
): Promise<void> {
  const line = await Dribble.start(server.url, place);
  try {
    await watchShifts(page);
    await page.goto(`${line.url}${path}`, { waitUntil: "commit" });
    await expect(page.locator(parts)).toHaveCount(1);
    // Long enough for a browser that would show what it has.
    await page.waitForTimeout(500);
    line.rest.open();
    await frame.hydrated();
    await expectNoShifts(page);
    expect(await page.locator(parts).count()).toBeGreaterThan(1);
  } finally {
    await line.stop();
  }
}

async function looksRight(page: Page, name: string, touch: boolean, info: TestInfo): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expectNoSidewaysScrolling(page);
  await expectTargets(page, touch);
  await expectAccessible(page);
  const picture = await page.screenshot({ fullPage: true });
  await info.attach(name, { body: picture, contentType: "image/png" });
  if (process.env.SCREENSHOTS) {
    await mkdir("screenshots-out", { recursive: true });
    await page.screenshot({ fullPage: true, path: `screenshots-out/${name.replaceAll(" ", "-")}.png` });
  }
}

/** The WebAssembly is held back until the page of the server was looked at. */
async function staysTheSame(page: Page, path: string, hydrated: () => Promise<void>): Promise<void> {
  const hydration = new Gate();
  const whatComesAfterIt = new Gate();
  await page.route("**/*.wasm", (route) => hydration.opened.then(() => route.continue()));
  await page.route("**/rpc/**", (route) => whatComesAfterIt.opened.then(() => route.continue()));
  await page.goto(path, { waitUntil: "domcontentloaded" });
  await expect(page.locator("html[data-hydrated]")).not.toBeAttached();
  const before = await contentOf(page);
  expect(before).toContain("h1");
  hydration.open();
  await hydrated();
  expect(await contentOf(page)).toBe(before);
  whatComesAfterIt.open();
  await page.unrouteAll({ behavior: "wait" });
}
