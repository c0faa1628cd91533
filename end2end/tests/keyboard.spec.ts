/** The loop with nothing but a keyboard. */

import type { Locator, Page } from "@playwright/test";

import { expect, FULL, filledTest, register, test } from "./fixtures/test.ts";

/** Presses Tab until the focus is on what is wanted. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await expect(wanted).toBeVisible();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((element) => element === document.activeElement)) return expectRing(wanted);
  }
  throw new Error(`Tab does not lead to ${wanted}`);
}

/** A person sees where the focus is. */
async function expectRing(focused: Locator): Promise<void> {
  const outline = await focused.evaluate((element) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return { outlineStyle, outlineWidth: Number.parseFloat(outlineWidth) };
  });
  expect(outline.outlineStyle).not.toBe("none");
  expect(outline.outlineWidth).toBeGreaterThanOrEqual(2);
}

test("the loop by keyboard", async ({ page, frame, fleetPage, devicePage, devicesPage, dashboardPage }) => {
  await fleetPage.goto("/");
  await page.keyboard.press("Tab");
  await expect(frame.skipLink).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(frame.main).toBeFocused();

  await tabTo(page, fleetPage.deviceId);
  await page.keyboard.type("by-hand");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/devices/by-hand");
  // The reading goes on in the new page, not at the end of the old one.
  await expect(frame.main).toBeFocused();

  await tabTo(page, devicePage.reveal);
  await page.keyboard.press("Enter");
  await expect(devicePage.token).toBeFocused();

  await tabTo(page, devicePage.write);
  await page.keyboard.press("Space");
  await expect(devicePage.result).toHaveText(/^10,0\d\d minutes written$/);

  await tabTo(page, frame.navigation.getByRole("link", { name: "Devices" }));
  await page.keyboard.press("Enter");
  await tabTo(page, devicesPage.row("by-hand").getByRole("link", { name: "Dashboard" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/dashboard/by-hand");
  await dashboardPage.drawn();
  await tabTo(page, dashboardPage.range("7d"));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/dashboard/by-hand?range=7d");
  await dashboardPage.drawn();

  await page.goto("/devices/by-hand");
  await frame.hydrated();
  await tabTo(page, devicePage.unregister);
  await page.keyboard.press("Enter");
  await expect(devicePage.dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(devicePage.dialog).toBeHidden();
  await expect(devicePage.unregister).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, devicePage.confirmUnregister);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/devices");
});

test("a dialog keeps the focus until it is answered", async ({ page, server, devicesPage }) => {
  await register(server, "one");
  await devicesPage.goto("/devices");
  await devicesPage.unregister("one").focus();
  await page.keyboard.press("Enter");
  for (let presses = 0; presses < 6; presses += 1) {
    await page.keyboard.press("Tab");
    const where = await page.evaluate(() => {
      const focused = document.activeElement;
      return focused === document.body || Boolean(focused?.closest("dialog"));
    });
    expect(where, "the focus is in the dialog, or with the browser").toBe(true);
  }
});

test("a dialog that says it was closed after its page is gone disturbs nobody", async ({ page, server, frame, devicesPage, fleetPage }) => {
  await register(server, "one");
  await devicesPage.goto("/devices");
  const dialog = await page.locator("dialog").elementHandle();
  await frame.navigation.getByRole("link", { name: "Fleet" }).click();
  await expect(fleetPage.heading).toHaveText("Fleet");
  // The guard fails the test if anything panics.
  await expect.poll(() => dialog?.evaluate((element) => element.isConnected)).toBe(false);
  await dialog?.evaluate((element) => element.dispatchEvent(new Event("close")));
  await frame.navigation.getByRole("link", { name: "Devices" }).click();
  await expect(devicesPage.row("one")).toBeVisible();
});

filledTest("everything that can be pressed can be reached", async ({ page, frame }) => {
  for (const path of ["/", "/devices", `/devices/${FULL}`, `/dashboard/${FULL}`, `/data?device=${FULL}`, "/buckets"]) {
    await frame.goto(path);
    const targets = await page
      .locator("a[href], button, input:not([type=hidden]), select, textarea, summary")
      .evaluateAll((elements) => elements.filter((element) => (element as HTMLElement).checkVisibility()).length);
    const reached = new Set<string>();
    for (let presses = 0; presses < targets + 20; presses += 1) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return "";
        if (!element.id) element.setAttribute("data-reached", String(document.querySelectorAll("[data-reached]").length));
        return element.id || element.getAttribute("data-reached") || "";
      });
      if (focused !== "") reached.add(focused);
    }
    // A group of radio buttons is one stop.
    const groups = await page.locator("input[type=radio]").count();
    expect(reached.size, path).toBeGreaterThanOrEqual(targets - groups);
  }
});
