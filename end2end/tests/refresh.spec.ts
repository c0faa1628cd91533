/** A page that is open keeps itself up to date, takes nothing from who uses it, and says when it cannot. */

import { disconnect, elapse, expectMark, expectNoMark, installClock, mark, refreshed } from "./fixtures/navigation.ts";
import { expect, filledTest, FULL, minutes, register, revealToken, test, upstreamTest } from "./fixtures/test.ts";

const ID = "field-station";

test.describe("the background refresh", () => {
  test.beforeEach(({ page }) => installClock(page));

  test("brings new data, and takes nothing from who types", async ({ page, server, devicesPage, frame }) => {
    await register(server, ID);
    await devicesPage.goto("/devices");
    await mark(page);
    await frame.howItWorks.click();
    await devicesPage.deviceId.fill("half a na");
    await expect(devicesPage.row(ID)).toContainText("never seen");
    await server.influx().write(minutes(ID, 3));
    await refreshed(page);
    await expect(devicesPage.row(ID)).toContainText("online");
    await expect(devicesPage.deviceId).toHaveValue("half a na");
    await expect(devicesPage.deviceId).toBeFocused();
    await expect(page.locator("details.how")).toHaveAttribute("open");
    await expectMark(page);
  });

  test("a revealed token and an open question stay", async ({ page, server, devicePage }) => {
    await register(server, ID);
    await devicePage.open(ID);
    await devicePage.reveal.click();
    const token = await devicePage.token.inputValue();
    await server.influx().write(minutes(ID, 3));
    await refreshed(page);
    await expect(devicePage.field("CO2")).toContainText("3");
    await expect(devicePage.token).toHaveValue(token);
    await expect(devicePage.token).toBeFocused();
    await devicePage.unregister.click();
    await server.influx().write(minutes(ID, 17));
    await refreshed(page);
    await expect(devicePage.field("CO2")).toContainText("17");
    await expect(devicePage.dialog).toBeVisible();
    await expect(devicePage.confirmUnregister).toBeVisible();
    await expect(devicePage.token).toHaveValue(token);
  });

  test("the focus goes with a row that moves", async ({ page, server, devicesPage }) => {
    for (const id of ["a", "b"]) await register(server, id);
    await server.influx().write([...minutes("a", 1, 3), ...minutes("b", 1, 5)]);
    await devicesPage.goto("/devices?sort=last-seen-descending");
    await expect(devicesPage.ids).toHaveText(["a", "b"]);
    await devicesPage.unregister("b").focus();
    await server.influx().write(minutes("b", 1));
    await refreshed(page);
    await expect(devicesPage.ids).toHaveText(["b", "a"]);
    await expect(devicesPage.unregister("b")).toBeFocused();
  });

  test("what comes or goes above leaves the rest as it is", async ({ page, server, frame, dashboardPage }) => {
    await server.influx().write(minutes(ID, 3));
    await dashboardPage.open(ID, "?range=1h");
    await expect(frame.main).toContainText("not registered");
    await frame.howItWorks.click();
    await dashboardPage.device.fill("half a na");
    await register(server, ID);
    await refreshed(page);
    await expect(frame.main).not.toContainText("not registered");
    await expect(page.locator("details.how")).toHaveAttribute("open");
    await expect(dashboardPage.device).toHaveValue("half a na");
    await expect(dashboardPage.device).toBeFocused();
  });

  test("goes on after the skip link", async ({ page, server, frame, devicesPage }) => {
    await register(server, ID);
    await devicesPage.goto("/devices");
    await frame.skipLink.press("Enter");
    await expect(page).toHaveURL("/devices#main");
    await server.influx().write(minutes(ID, 3));
    await refreshed(page);
    await expect(devicesPage.row(ID)).toContainText("online");
  });
});

test.describe("a server that does not answer", () => {
  test.beforeEach(async ({ page, guard }) => {
    await installClock(page);
    guard.provokes(/ERR_CONNECTION_REFUSED/);
  });

  test("is told of, and nothing is lost", async ({ page, server, devicesPage, frame }) => {
    await register(server, ID);
    await devicesPage.goto("/devices");
    await mark(page);
    await devicesPage.deviceId.fill("half a na");
    const notice = page.locator("#unreachable");
    for (const again of [() => elapse(page), () => notice.getByRole("link", { name: "Try again" }).click()]) {
      const reconnect = await disconnect(page);
      await elapse(page);
      await expect(notice).toBeVisible();
      await expect(devicesPage.ids).toHaveText([ID]);
      await reconnect();
      await again();
      await expect(notice).toBeHidden();
      await expect(devicesPage.deviceId).toHaveValue("half a na");
    }
    const reconnect = await disconnect(page);
    await frame.navigation.getByRole("link", { name: "Fleet" }).click();
    await expect(notice).toBeVisible();
    await reconnect();
    await elapse(page);
    await expect(notice).toBeHidden();
    await expect(frame.heading).toHaveText("Fleet");
    await expect(page).toHaveTitle("Fleet · IoT Center");
    await expect(frame.main).toBeFocused();
    await expectMark(page);
  });

  test("a device's token is not taken for another's", async ({ page, server, frame, devicesPage, devicePage }) => {
    for (const id of ["a", "b"]) await register(server, id);
    await revealToken(server, "a");
    await devicesPage.goto("/devices");
    for (const id of ["a", "b"]) {
      await frame.navigation.getByRole("link", { name: "Devices" }).click();
      await devicesPage.row(id).getByRole("link", { name: id, exact: true }).click();
      await expect(frame.heading).toHaveText(id);
    }
    await devicePage.reveal.click();
    await expect(devicePage.token).toBeVisible();
    const reconnect = await disconnect(page);
    for (const path of ["/devices", "/devices/a"]) {
      await page.goBack();
      await expect(page).toHaveURL(path);
    }
    await expect(page.locator("#unreachable")).toBeVisible();
    await reconnect();
    await elapse(page);
    await expect(frame.heading).toHaveText("a");
    await expect(devicePage.token).toBeHidden();
    await expect(devicePage.main).toContainText("Revealed at");
  });
});

upstreamTest("InfluxDB fails under a page that is open: a note above it, which goes again", async ({ page, server, upstream, devicesPage, frame }) => {
  await installClock(page);
  await register(server, ID);
  await devicesPage.goto("/devices");
  await devicesPage.deviceId.fill("half a na");
  const note = frame.main.getByRole("alert").filter({ has: frame.retry });
  await upstream.misbehave("503");
  for (let times = 0; times < 2; times += 1) {
    await elapse(page);
    await expect(note).toHaveCount(1);
    await expect(devicesPage.ids).toHaveText([ID]);
  }
  await upstream.recover();
  await upstream.influx.write(minutes(ID, 3));
  await expect(async () => {
    await elapse(page);
    await expect(note).toHaveCount(0, { timeout: 1_000 });
    // A refresh between recovery and write may come first.
    await expect(devicesPage.row(ID)).toContainText("online", { timeout: 1_000 });
  }).toPass({ timeout: 15_000 });
  await expect(devicesPage.deviceId).toHaveValue("half a na");
});

test("a server that was upgraded: the next link loads its page, the refresh does not", async ({ page, server, frame, devicesPage }) => {
  await installClock(page);
  await register(server, ID);
  await devicesPage.goto("/devices");
  await mark(page);
  await page.route(/\/devices/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replaceAll(/\/pkg\/[^"]+\.js/g, "$&?upgraded") });
  });
  await refreshed(page);
  await devicesPage.deviceId.fill("half a na");
  await refreshed(page);
  await expectMark(page);
  await expect(devicesPage.deviceId).toHaveValue("half a na");
  await devicesPage.row(ID).getByRole("link", { name: ID, exact: true }).click();
  await expect(frame.heading).toHaveText(ID);
  await expectNoMark(page);
  await expect(page).toHaveURL(`/devices/${ID}`);
  await frame.hydrated();
  await mark(page);
  await frame.navigation.getByRole("link", { name: "Devices" }).click();
  await expect(frame.heading).toHaveText("Devices");
  await expectMark(page);
});

filledTest("thirty dashboards later, the refresh of one asks once", async ({ page, frame, dashboardPage }) => {
  await installClock(page);
  await frame.goto("/");
  await mark(page);
  for (let visits = 0; visits < 30; visits += 1) {
    await page.getByRole("link", { name: `Dashboard of ${FULL}` }).click();
    await expect(frame.heading).toHaveText(FULL);
    if (visits < 29) await frame.navigation.getByRole("link", { name: "Fleet" }).click();
  }
  await dashboardPage.range("1h").click();
  await expect(page).toHaveURL(/range=1h/);
  await dashboardPage.drawn();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await refreshed(page);
  // New points come by themselves; a clock that jumps is a sleep, after which the stream is a new one.
  const once = [`/dashboard/${FULL}`, "/rpc/follow_series"];
  await expect.poll(() => asked.toSorted()).toEqual(once);
  await dashboardPage.drawn();
  expect(asked.toSorted()).toEqual(once);
  await expectMark(page);
});
