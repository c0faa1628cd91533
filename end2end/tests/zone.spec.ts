/** UTC or the zone of the browser: one switch for all times of all pages. */

import { type Page } from "@playwright/test";

import { expectAccessible, expectNoShifts, expectNoSidewaysScrolling, expectTargets, watchShifts } from "./fixtures/looks.ts";
import { expectMark, mark } from "./fixtures/navigation.ts";
import { expect, FULL, filledTest, register, revealToken, STALE, test } from "./fixtures/test.ts";

const ZONE = "Europe/Berlin";

test.use({ timezoneId: ZONE });
filledTest.use({ timezoneId: ZONE });

const PAGES = ["/", "/devices", `/devices/${STALE}`, `/dashboard/${STALE}`];

filledTest("one switch changes all times of all pages, and back", async ({ page, frame }) => {
  await frame.goto("/");
  await expectTimes(page, "UTC");
  await expect(frame.zone).toHaveText("UTC");
  await expect(frame.zone).toHaveAccessibleName("Times: UTC. Switch to your local time");

  await mark(page);
  await frame.zone.click();
  await expect(frame.zone).toHaveText("Local");
  await expect(frame.zone).toHaveAccessibleName(`Times: Local, ${ZONE}. Switch to UTC`);
  await expect(frame.zone).toBeFocused();
  await expectTimes(page, ZONE);
  await expectMark(page);

  for (const path of PAGES) {
    await frame.goto(path);
    await expect(frame.zone).toHaveText("Local");
    await expect(page.getByRole("contentinfo")).toContainText(`Times are in ${ZONE}.`);
    await expectTimes(page, ZONE);
  }
  await page.reload();
  await frame.hydrated();
  await expectTimes(page, ZONE);

  await frame.zone.click();
  await expect(frame.zone).toHaveText("UTC");
  for (const path of PAGES) {
    await frame.goto(path);
    await expectTimes(page, "UTC");
  }
});

filledTest("the charts go by the same clocks", async ({ page, dashboardPage }) => {
  const hour = (hours: number) => new Date(Math.floor(Date.now() / 60_000) * 60_000 - hours * 3_600_000).toISOString();
  const [from, to] = [hour(50), hour(2)];
  await dashboardPage.open(FULL, `?from=${from}&to=${to}`);
  await dashboardPage.drawn();
  const caption = page.locator(".charts__caption");
  const description = page.locator("#chart-temperature-description");
  const axis = page.locator("canvas.time-axis__canvas");
  await expect(caption).toContainText(`to ${minute(to, "UTC")}`);
  // Of windows of twelve minutes it tells the middle of the first and of the last.
  await expect(description).toContainText(/columns from \S+ \S+ UTC to \S+ \S+ UTC,/);
  const before = await axis.screenshot();

  await dashboardPage.zone.click();
  await expect(caption).toContainText(`to ${minute(to, ZONE)}`);
  await expect(description).toContainText(/columns from \S+ \S+ UTC\+0[12]:00 to \S+ \S+ UTC\+0[12]:00,/);
  await dashboardPage.drawn();
  await expect.poll(async () => before.equals(await axis.screenshot()), "round times are others").toBe(false);
});

test("what only an island shows changes too", async ({ page, server, devicePage }) => {
  await register(server, "sensor-1");
  await revealToken(server, "sensor-1");
  await devicePage.open("sensor-1");
  const token = page.getByRole("region", { name: "Token", exact: true });
  await expect(token).toContainText(/Revealed at .* UTC\./);
  await devicePage.zone.click();
  await expect(token).toContainText(/Revealed at .* UTC\+0[12]:00\./);
  await expectTimes(page, ZONE);
});

filledTest("nothing of the header moves, and the switch can be reached and read", async ({ page, frame }) => {
  await watchShifts(page);
  for (const { width, height } of [{ width: 1280, height: 800 }, { width: 360, height: 740 }, { width: 320, height: 600 }]) {
    await page.setViewportSize({ width, height });
    await frame.goto("/devices");
    const before = await boxes(page);
    await frame.zone.click();
    await expect(frame.zone).toHaveText("Local");
    expect(await boxes(page)).toEqual(before);
    await expect(frame.zone).toBeInViewport({ ratio: 1 });
    await expect(page.locator(".backend__word")).toBeInViewport({ ratio: 1 });
    await expectNoOverlap(page);
    await expectAccessible(page);
    for (const path of PAGES) {
      await frame.goto(path);
      await expectNoSidewaysScrolling(page);
      await expectTargets(page, false);
      await expectNoShifts(page);
    }
    await frame.zone.click();
    await expect(frame.zone).toHaveText("UTC");
  }
});

filledTest("by keyboard, between the pages and the theme", async ({ page, frame }) => {
  await frame.goto("/");
  await frame.navigation.getByRole("link").last().focus();
  await page.keyboard.press("Tab");
  await expect(frame.zone).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(frame.zone).toHaveText("Local");
  await page.keyboard.press("Space");
  await expect(frame.zone).toHaveText("UTC");
  await page.keyboard.press("Tab");
  await expect(frame.theme).toBeFocused();
});

filledTest("a cookie of another kind is UTC", async ({ page, context, frame, server }) => {
  await context.addCookies([{ name: "zone", value: "Europe/Atlantis", url: server.url }]);
  await frame.goto("/devices");
  await expect(frame.zone).toHaveText("UTC");
  await expectTimes(page, "UTC");
});

filledTest.describe("without JavaScript", () => {
  filledTest.use({ javaScriptEnabled: false });

  filledTest("there is no switch, unless a zone was chosen: then it leads back to UTC", async ({ page, context, frame, server }) => {
    await page.goto("/devices");
    await expect(frame.zone).toBeHidden();
    await context.addCookies([{ name: "zone", value: ZONE, url: server.url }]);
    await page.goto("/devices?q=roof");
    await expect(frame.zone).toHaveText("Local");
    await frame.zone.click();
    await expect(page).toHaveURL("/devices?q=roof");
    await expect(page.getByRole("contentinfo")).toContainText("All times are in UTC.");
    await expect(frame.zone).toBeHidden();
  });
});

/** A time as clocks of a zone show it: `2022-02-08 23:39:00 UTC+01:00`. */
function written(time: string, timeZone: string): string {
  const instant = new Date(time);
  const parts = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" }).formatToParts(instant);
  const offset = parts.find(({ type }) => type === "timeZoneName")?.value.replace("GMT", "UTC").replace("UTC+00:00", "UTC");
  const reading = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" }).format(instant);
  return `${reading} ${offset}`;
}

/** The same without seconds. */
function minute(time: string, timeZone: string): string {
  return written(time, timeZone).replace(/:\d\d (?=UTC)/, " ");
}

/** Every time of the page is written as the clocks of a zone show it, in its text or in its title. */
async function expectTimes(page: Page, timeZone: string): Promise<void> {
  await expect
    .poll(async () => {
      const times = await page
        .locator("time")
        .evaluateAll((elements) => elements.map((element) => [element.getAttribute("datetime")!, `${element.getAttribute("title") ?? ""} ${element.textContent}`] as const));
      const wrong = times.filter(([time, shown]) => !shown.replace(/\s+/g, " ").includes(written(time, timeZone)));
      return times.length === 0 ? ["the page has no times"] : wrong;
    })
    .toEqual([]);
}

/** Where the parts of the header are. */
function boxes(page: Page): Promise<[string, DOMRect][]> {
  return page
    .locator(".header :is(a, p, button)")
    .evaluateAll((elements) => elements.map((element) => [element.className, element.getBoundingClientRect().toJSON() as DOMRect]));
}

async function expectNoOverlap(page: Page): Promise<void> {
  const parts = page.locator(":is(.brand, .backend__word, .zone__button, .button--icon)");
  const edges = await parts.evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect()).map(({ left, right }) => [left, right]));
  for (const [index, [, right]] of edges.slice(0, -1).entries()) expect(edges[index + 1]![0]!).toBeGreaterThanOrEqual(right!);
}
