/** Going from page to page without loading one: what a person sees, keeps and gets back, also when it goes wrong. */

import type { Page } from "@playwright/test";

import { elapse, expectMark, expectNoMark, hold, installClock, mark, scrolled } from "./fixtures/navigation.ts";
import { awayFromTheMinutesEnd, expect, filledTest, FRESH, FULL, register, STALE, test, upstreamTest } from "./fixtures/test.ts";

const ID = "field-station";

/** A page is on its way. */
const loading = (page: Page) => page.locator("html[data-loading]");

filledTest.describe("without a page load", () => {
  filledTest("links, Back and Forward: title, address, mark and focus follow", async ({ page, frame, devicesPage }) => {
    await frame.goto("/");
    await mark(page);
    const pages = frame.navigation.getByRole("link");
    const shows = async (path: string, title: string, heading: string, current: string) => {
      await expect(frame.heading).toHaveText(heading);
      await expect(page).toHaveURL(path);
      await expect(page).toHaveTitle(`${title} · IoT Center`);
      await expect(pages.and(page.locator("[aria-current=page]"))).toHaveText([current]);
      await expect(frame.main).toBeFocused();
      await expectMark(page);
    };
    await pages.filter({ hasText: "Devices" }).click();
    await shows("/devices", "Devices", "Devices", "Devices");
    await devicesPage.row(STALE).getByRole("link", { name: STALE, exact: true }).click();
    await shows(`/devices/${STALE}`, STALE, STALE, "Devices");
    await page.goBack();
    await shows("/devices", "Devices", "Devices", "Devices");
    await page.goBack();
    await shows("/", "Fleet", "Fleet", "Fleet");
    await page.goForward();
    await shows("/devices", "Devices", "Devices", "Devices");
  });

  filledTest("ranges, orders and searches keep the focus", async ({ page, dashboardPage, devicesPage }) => {
    await dashboardPage.open(FULL);
    await mark(page);
    await page.evaluate(() => window.scrollTo(0, 40));
    await dashboardPage.range("7d").click();
    await expect(page).toHaveURL(`/dashboard/${FULL}?range=7d`);
    await expect(dashboardPage.range("7d")).toHaveAttribute("aria-current", "true");
    await expect(dashboardPage.range("7d")).toBeFocused();
    await dashboardPage.drawn();
    expect(await scrolled(page), "the range was changed in place").toBe(40);
    await dashboardPage.navigation.getByRole("link", { name: "Devices" }).click();
    await devicesPage.sortBy("Device").press("Enter");
    await expect(devicesPage.ids).toHaveText([STALE, FULL, FRESH]);
    await expect(devicesPage.sortBy("Device")).toBeFocused();
    await devicesPage.search.fill("roof");
    await devicesPage.search.press("Enter");
    await expect(devicesPage.ids).toHaveText([STALE]);
    await expect(devicesPage.search).toBeFocused();
    await expect(page).toHaveURL("/devices?q=roof&sort=id-descending");
    await devicesPage.search.fill("no such");
    await page.getByRole("link", { name: "Show all devices" }).click();
    await expect(devicesPage.ids).toHaveCount(3);
    await expect(devicesPage.search).toHaveValue("");
    await expectMark(page);
  });

  filledTest("Reload asks again, at the same address", async ({ page, dashboardPage, frame }) => {
    await frame.goto("/");
    await mark(page);
    await page.getByRole("link", { name: `Dashboard of ${FULL}` }).click();
    await dashboardPage.drawn();
    const answer = page.waitForResponse(`**/dashboard/${FULL}*`);
    await page.getByRole("button", { name: "Reload" }).click();
    await answer;
    await expect(loading(page)).toHaveCount(0);
    await expect(page).toHaveURL(`/dashboard/${FULL}`);
    await page.goBack();
    await expect(frame.heading).toHaveText("Fleet");
    await expectMark(page);
  });

  test("a new page begins at its top, Back leads to where one was", async ({ page, server, frame, devicesPage }) => {
    for (let number = 100; number < 161; number += 1) await register(server, `n-${number}`);
    await devicesPage.goto("/devices?size=30");
    await mark(page);
    await page.evaluate(() => window.scrollTo(0, 900));
    await devicesPage.row("n-120").getByRole("link", { name: "n-120", exact: true }).click();
    await expect(frame.heading).toHaveText("n-120");
    await expect.poll(() => scrolled(page)).toBe(0);
    await page.goBack();
    await expect(devicesPage.ids).toHaveCount(30);
    await expect.poll(() => scrolled(page)).toBe(900);
    await page.evaluate(() => window.scrollTo(0, 150));
    await page.getByRole("link", { name: "Next" }).click();
    await expect(devicesPage.ids.first()).toHaveText("n-130");
    await expect.poll(() => scrolled(page)).toBe(0);
    await page.goBack();
    await expect(devicesPage.ids.first()).toHaveText("n-100");
    await expect.poll(() => scrolled(page)).toBe(150);
    await page.goForward();
    await expect(devicesPage.ids.first()).toHaveText("n-130");
    await page.evaluate(() => window.scrollTo(0, 150));
    await page.getByRole("link", { name: "Previous" }).click();
    await expect(devicesPage.ids.first()).toHaveText("n-100");
    await expect.poll(() => scrolled(page)).toBe(0);
    await expectMark(page);
  });

  test("Enter on Next, and again, leads from page to page", async ({ page, server, devicesPage }) => {
    for (const id of ["a", "b", "c"]) await register(server, id);
    await devicesPage.goto("/devices?size=1");
    await page.getByRole("link", { name: "Next" }).focus();
    for (const id of ["b", "c"]) {
      await page.keyboard.press("Enter");
      await expect(devicesPage.ids).toHaveText([id]);
    }
  });
});

filledTest.describe("redirects", () => {
  filledTest("the device picker: final address, top of the page, one Back", async ({ page, frame, dashboardPage }) => {
    await page.setViewportSize({ width: 1280, height: 500 });
    await frame.goto("/");
    await page.getByRole("link", { name: `Dashboard of ${FULL}` }).click();
    await dashboardPage.drawn();
    await mark(page);
    await page.evaluate(() => window.scrollTo(0, 100));
    await dashboardPage.choose(STALE);
    await expect(frame.heading).toHaveText(STALE);
    await expect(page).toHaveURL(`/dashboard/${STALE}`);
    await expect(frame.main).toBeFocused();
    await expect.poll(() => scrolled(page)).toBe(0);
    await page.goBack();
    await expect(frame.heading).toHaveText(FULL);
    await expect(page).toHaveURL(`/dashboard/${FULL}`);
    await expectMark(page);
  });

  filledTest("from the choice of a dashboard to one: a new page", async ({ page, frame, dashboardPage }) => {
    await frame.goto("/dashboard");
    await mark(page);
    await dashboardPage.choose(STALE);
    await expect(frame.heading).toHaveText(STALE);
    await expect(page).toHaveURL(`/dashboard/${STALE}`);
    await expect(dashboardPage.device).toHaveValue("");
    await expect(frame.main).toBeFocused();
    await expectMark(page);
  });
});

filledTest.describe("changing one's mind", () => {
  filledTest("the last choice is shown, whatever comes late", async ({ page, frame, dashboardPage }) => {
    await dashboardPage.open(FULL);
    await mark(page);
    const older = await hold(page, /\/devices$|range=30d/);
    await frame.navigation.getByRole("link", { name: "Devices" }).click();
    await expect(loading(page)).toHaveCount(1);
    await frame.navigation.getByRole("link", { name: "Fleet" }).click();
    await expect(frame.heading).toHaveText("Fleet");
    older.open();
    await page.getByRole("link", { name: `Dashboard of ${FULL}` }).click();
    for (const code of ["30d", "6h", "30d", "1h"]) await dashboardPage.range(code).click();
    await expect(dashboardPage.range("1h")).toHaveAttribute("aria-current", "true");
    await expect(loading(page)).toHaveCount(0);
    await expect(page).toHaveURL(/range=1h/);
    await expectMark(page);
  });

  filledTest("a double click is a click", async ({ page, frame }) => {
    await frame.goto("/");
    await page.setViewportSize({ width: 1280, height: 400 });
    await page.evaluate(() => window.scrollTo(0, 200));
    const answer = await hold(page, `**/devices/${FULL}`);
    await page.getByRole("list").getByRole("link", { name: FULL, exact: true }).dblclick();
    answer.open();
    await expect(frame.heading).toHaveText(FULL);
    await expect(frame.main).toBeFocused();
    await expect.poll(() => scrolled(page)).toBe(0);
  });

  filledTest("who types a search and then follows a link gets what the link leads to", async ({ page, frame, devicesPage }) => {
    await installClock(page);
    await devicesPage.goto("/devices");
    await page.clock.pauseAt(Date.now() + 1_000);
    await devicesPage.search.press("r");
    await frame.navigation.getByRole("link", { name: "Fleet" }).click();
    await expect(frame.heading).toHaveText("Fleet");
    await page.clock.runFor(1_000);
    await expect(page).toHaveURL("/");
    await expect(loading(page)).toHaveCount(0);
    await expect(frame.heading).toHaveText("Fleet");
  });

  test("a registration that is done after one has left leads nowhere", async ({ page, frame, devicesPage }) => {
    await devicesPage.goto("/devices");
    const visited: string[] = [];
    page.on("framenavigated", (frame) => visited.push(new URL(frame.url()).pathname));
    const held = await hold(page, "**/rpc/register_device");
    await devicesPage.deviceId.fill(ID);
    await devicesPage.register.click();
    await frame.navigation.getByRole("link", { name: "Fleet" }).click();
    await expect(frame.heading).toHaveText("Fleet");
    const registered = page.waitForResponse("**/rpc/register_device");
    held.open();
    await (await registered).finished();
    await frame.navigation.getByRole("link", { name: "Devices" }).click();
    await expect(devicesPage.ids).toHaveText([ID]);
    expect(visited).toEqual(["/", "/devices"]);
  });

  filledTest("after Stop, address and page come together again", async ({ page, frame }) => {
    await installClock(page);
    await frame.goto("/");
    const held = await hold(page, "**/devices");
    await frame.navigation.getByRole("link", { name: "Devices" }).click();
    await expect(loading(page)).toHaveCount(1);
    await page.evaluate(() => window.stop());
    await expect(loading(page)).toHaveCount(0);
    held.open();
    await elapse(page);
    await expect(frame.heading).toHaveText(new URL(page.url()).pathname === "/" ? "Fleet" : "Devices");
  });

  filledTest("the skip link while a page is on its way does not lose it", async ({ page, frame }) => {
    await installClock(page);
    await frame.goto("/");
    const held = await hold(page, "**/devices");
    await frame.navigation.getByRole("link", { name: "Devices" }).click();
    await frame.skipLink.press("Enter");
    held.open();
    await expect(frame.heading).toHaveText("Devices");
    await expect(loading(page)).toHaveCount(0);
  });
});

test("who goes back before the page has come finds all as it was", async ({ page, server, devicePage }) => {
  await register(server, ID);
  await devicePage.open(ID);
  await devicePage.reveal.click();
  const token = await devicePage.token.inputValue();
  const held = await hold(page, "**/dashboard/**");
  await devicePage.dashboard.click();
  await expect(loading(page)).toHaveCount(1);
  const back = page.waitForResponse(`**/devices/${ID}`);
  await page.goBack();
  await (await back).finished();
  await expect(loading(page)).toHaveCount(0);
  held.open();
  await expect(devicePage.token).toHaveValue(token);
});

test("a browser without the Navigation API loads its pages", async ({ page, server, frame, fleetPage, devicesPage, devicePage, dashboardPage }) => {
  await page.addInitScript(() => Object.defineProperty(window, "navigation", { value: undefined }));
  await awayFromTheMinutesEnd(20);
  await fleetPage.goto("/");
  await mark(page);
  await fleetPage.deviceId.fill(ID);
  await fleetPage.register.click();
  await expect(page).toHaveURL(`/devices/${ID}`);
  await expectNoMark(page);
  await devicePage.hydrated();
  await devicePage.reveal.click();
  await expect(devicePage.token).toBeVisible();
  await devicePage.write.click();
  await expect(devicePage.result).toHaveText("10,080 minutes written");
  await expect(devicePage.field("CO2")).toContainText("10,080");
  await devicePage.dashboard.click();
  await dashboardPage.drawn();
  await dashboardPage.range("7d").click();
  await expect(dashboardPage.range("7d")).toHaveAttribute("aria-current", "true");
  await dashboardPage.drawn();
  await register(server, "other");
  await frame.navigation.getByRole("link", { name: "Devices" }).click();
  await devicesPage.hydrated();
  await devicesPage.search.pressSequentially("oth", { delay: 400 });
  await expect(devicesPage.search).toHaveValue("oth");
  await devicesPage.search.press("Enter");
  await expect(devicesPage.ids).toHaveText(["other"]);
  await devicesPage.hydrated();
  await devicesPage.unregister("other").click();
  await devicesPage.confirmUnregister.click();
  await expect(devicesPage.ids).toHaveText([ID]);
});

filledTest("what is no page of this application is the browser's business", async ({ page, context, frame }) => {
  await frame.goto("/");
  await mark(page);
  const devices = frame.navigation.getByRole("link", { name: "Devices" });
  const link = (attributes: Record<string, string>) =>
    page.evaluate((attributes) => {
      const link = Object.assign(document.createElement("a"), { textContent: "Injected", ...attributes });
      document.querySelector("main")!.prepend(link);
    }, attributes);
  const injected = page.getByRole("link", { name: "Injected" }).first();
  await link({ href: "/devices", target: "_blank" });
  for (const press of [
    () => devices.click({ modifiers: ["ControlOrMeta"] }),
    () => devices.click({ button: "middle" }),
    () => injected.click(),
  ]) {
    const [other] = await Promise.all([context.waitForEvent("page"), press()]);
    await expect(other).toHaveURL("/devices");
    await expect(other.getByRole("heading", { level: 1 })).toHaveText("Devices");
    await other.close();
  }
  await link({ href: "/favicon.svg", download: "mark.svg" });
  const [download] = await Promise.all([page.waitForEvent("download"), injected.click()]);
  expect(download.suggestedFilename()).toBe("mark.svg");
  await frame.skipLink.press("Enter");
  await expect(frame.main).toBeFocused();
  await expect(page).toHaveURL("/#main");
  await page.goBack();
  await expect(page).toHaveURL("/");
  await expect(frame.heading).toHaveText("Fleet");
  await expectMark(page);
  for (const path of ["/health", "/favicon.svg"]) {
    await mark(page);
    await link({ href: path });
    await injected.click();
    await expect(page).toHaveURL(path);
    await expectNoMark(page);
    await page.goBack();
    await expect(frame.heading).toHaveText("Fleet");
    await frame.hydrated();
  }
});

filledTest("leaving a dashboard while its points are loading cancels the request", async ({ page, frame, dashboardPage }) => {
  await hold(page, "**/rpc/read_series**");
  const asked = page.waitForRequest("**/rpc/read_series**");
  await dashboardPage.open(FULL);
  await asked;
  const cancelled = page.waitForEvent("requestfailed", (request) => request.url().includes("read_series"));
  await frame.navigation.getByRole("link", { name: "Fleet" }).click();
  expect((await cancelled).failure()?.errorText).toBe("net::ERR_ABORTED");
});

upstreamTest("leaving a device by a link while its data is written stops the writing", async ({ page, server, upstream, frame, devicePage }) => {
  await register(server, ID);
  await awayFromTheMinutesEnd(20);
  await devicePage.open(ID);
  upstream.misbehaveAfterWrites(1, "slow");
  await devicePage.write.click();
  await expect(devicePage.main).toContainText(/2,520 of 10,080 minutes/);
  const stopped = page.waitForEvent("requestfailed", (request) => request.url().includes("/rpc/write_missing_data"));
  await frame.navigation.getByRole("link", { name: "Fleet" }).click();
  await stopped;
  await upstream.recover();
  await expect(frame.heading).toHaveText("Fleet");
});
