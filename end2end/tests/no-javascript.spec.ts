/** Without JavaScript: every page is complete, and every form does what its button says. */

import { awayFromTheMinutesEnd, expect, FRESH, FULL, filledTest, register, STALE, test } from "./fixtures/test.ts";

test.use({ javaScriptEnabled: false });
filledTest.use({ javaScriptEnabled: false });

test("the loop by forms alone", async ({ page, server, frame, fleetPage, devicesPage, devicePage }) => {
  await page.goto("/");
  await expect(frame.heading).toHaveText("Fleet");
  await expect(fleetPage.firstSteps).toBeVisible();

  await test.step("a wrong ID comes back with what is wrong", async () => {
    await fleetPage.deviceId.fill("../x");
    await fleetPage.register.click();
    await expect(frame.heading).toHaveText("Fleet");
    await expect(fleetPage.error).toContainText(/letters, digits/);
  });

  await test.step("registering leads to the device's page", async () => {
    await page.goto("/");
    await fleetPage.deviceId.fill("sensor-1");
    await fleetPage.register.click();
    await expect(page).toHaveURL("/devices/sensor-1");
    await expect(frame.heading).toHaveText("sensor-1");
  });

  await test.step("the token is shown by a page, once", async () => {
    await devicePage.reveal.click();
    await expect(frame.heading).toContainText("sensor-1");
    const token = (await page.locator("main code").textContent()) ?? "";
    expect(await server.influx(token).tryWrite([`environment,clientId=sensor-1 Temperature=20.5 ${Date.now() - 120_000}`])).toBe(204);
    await page.goto("/devices/sensor-1");
    await expect(devicePage.reveal).toBeHidden();
    expect(await page.content()).not.toContain(token);
  });

  await test.step("a second device that never wrote", async () => {
    await page.goto("/devices");
    await devicesPage.deviceId.fill("sensor-2");
    await devicesPage.register.click();
    await expect(page).toHaveURL("/devices/sensor-2");
  });

  await test.step("an existing ID comes back with a sentence", async () => {
    await page.goto("/devices");
    await devicesPage.deviceId.fill("sensor-2");
    await devicesPage.register.click();
    await expect(devicesPage.error).toContainText(/sensor-2.*already registered/);
    await expect(devicesPage.ids).toHaveText(["sensor-1", "sensor-2"]);
  });

  await test.step("the missing week is written, and comes back with the result", async () => {
    await awayFromTheMinutesEnd(20);
    await page.goto("/devices/sensor-2");
    await expect(devicePage.missing).toHaveText("10,080 minutes missing in the last 7 days");
    await devicePage.write.click();
    await expect(devicePage.result).toHaveText("10,080 minutes written");
    await expect(devicePage.field("CO2")).toContainText("10,080");
    await devicePage.write.click();
    await expect(devicePage.result).toHaveText("0 minutes missing");
  });

  await test.step("unregistering asks first", async () => {
    await page.goto("/devices/sensor-2");
    await devicePage.unregister.click();
    await expect(devicePage.dialog).toContainText("sensor-2");
    await devicePage.dialog.getByRole("link", { name: "Keep it" }).click();
    await expect(devicePage.dialog).toBeHidden();
    await page.goto("/devices");
    await devicesPage.unregister("sensor-2").click();
    await expect(devicesPage.dialog).toContainText("sensor-2");
    await devicesPage.confirmUnregister.click();
    await expect(devicesPage.dialog).toBeHidden();
    await expect(devicesPage.ids).toHaveText(["sensor-1"]);
  });
});

test("one reading by a form", async ({ page, server, devicePage }) => {
  await register(server, "sensor-1");
  await page.goto("/devices/sensor-1");
  await devicePage.sendOne.click();
  await expect(devicePage.sent).toHaveText(/^One reading was sent: Temperature -?\d+\.\d °C, .*, Lon 1\d\.\d{5}°\.$/);
  await expect(devicePage.field("CO2")).toContainText("virtual_CO2Sensor");
  await server.influx().write([
    { device: "sensor-1", time: Date.now() - 60_000, fields: { Temperature: 21 }, sensors: { TemperatureSensor: "DHT22" } },
  ]);
  await page.goto("/devices/sensor-1");
  await devicePage.confirmSending.check();
  await devicePage.sendOne.click();
  await expect(devicePage.sent).toHaveText(/^One reading was sent: /);
});

test("several devices by forms", async ({ page, server, devicesPage, registrationsPage, guard }) => {
  await page.goto("/devices");
  await devicesPage.registerList("a-1\na-2\n../x");
  await expect(registrationsPage.result).toHaveText("2 registered, 1 no device ID.");
  const tokens = await registrationsPage.download();
  expect(await server.influx(tokens.get("a-2")).tryWrite(["environment,clientId=a-2 Temperature=1.5"])).toBe(204);
  guard.provokes(/410/);
  await registrationsPage.reveal.click();
  await expect(registrationsPage.error).toHaveText("There is no token to show.");
  await registrationsPage.back.click();
  await expect(devicesPage.ids).toHaveText(["a-1", "a-2"]);
});

test("the virtual device by a form", async ({ page, fleetPage, frame }) => {
  await page.goto("/");
  await fleetPage.tryVirtualDevice.click();
  await expect(page).toHaveURL(/\/dashboard\/virtual_device/);
  await expect(frame.heading).toHaveText("virtual_device");
});

test("the list is searched, sorted and paged by links and a form", async ({ page, server, devicesPage }) => {
  for (const id of ["b-1", "a-1", "a-2", "c-1"]) await register(server, id);
  await page.goto("/devices?size=3");
  await expect(devicesPage.ids).toHaveText(["a-1", "a-2", "b-1"]);
  await page.getByRole("link", { name: "Next" }).click();
  await expect(devicesPage.ids).toHaveText(["c-1"]);
  await devicesPage.sortBy("Device").click();
  await expect(devicesPage.ids).toHaveText(["c-1", "b-1", "a-2"]);
  await devicesPage.search.fill("A-");
  await devicesPage.find.click();
  await expect(devicesPage.ids).toHaveText(["a-2", "a-1"]);
  await expect(devicesPage.search).toHaveValue("A-");
});

filledTest("the fleet, the list and a device are real HTML", async ({ page, frame, fleetPage, devicesPage, devicePage }) => {
  await page.goto("/");
  await expect(fleetPage.tile(FULL)).toContainText("hPa");
  await expect(fleetPage.figure("never seen")).toHaveText("1");
  await page.goto("/devices");
  await expect(devicesPage.ids).toHaveText([FRESH, FULL, STALE]);
  await expect(devicesPage.row(STALE)).toContainText("stale");
  await expect(devicesPage.row(STALE)).toContainText("3 h ago");
  await devicesPage.row(FULL).getByRole("link", { name: FULL, exact: true }).click();
  await expect(frame.heading).toHaveText(FULL);
  await expect(devicePage.field("Humidity")).toContainText("virtual_HumiditySensor");
  await frame.howItWorks.click();
  await expect(frame.main).toContainText('from(bucket: "iot_center")');
});

filledTest("spark lines are in the HTML, and a place for them where there is no data", async ({ page, fleetPage, devicesPage, devicePage }) => {
  await page.goto("/");
  await expect(fleetPage.line(FULL)).toBeVisible();
  await page.goto("/devices");
  await expect(devicesPage.line(FULL)).toBeVisible();
  await expect(devicesPage.line(FRESH)).toHaveCount(0);
  const sizes = await devicesPage.table.locator("td .spark").evaluateAll((lines) => lines.map((line) => {
    const { width, height } = line.getBoundingClientRect();
    return `${width} x ${height}`;
  }));
  expect(sizes).toHaveLength(3);
  expect(new Set(sizes).size, "all as large as one another").toBe(1);
  await page.goto(`/devices/${FULL}`);
  for (const name of ["Temperature", "Humidity", "Pressure", "CO2", "TVOC"]) await expect(devicePage.line(name)).toBeVisible();
  await expect(devicePage.line("Lat")).toHaveCount(0);
});

filledTest("the dashboard has its gauges and its charts, moves and compares by links and forms", async ({ page, frame, dashboardPage }) => {
  await page.goto(`/dashboard/${FULL}`);
  await expect(frame.heading).toHaveText(FULL);
  for (const unit of ["°C", "%", "hPa", "ppm", "ppb"]) await expect(dashboardPage.gauges).toContainText(unit);
  await expect(dashboardPage.drawnByServer).toHaveCount(5);
  for (const chart of await dashboardPage.drawnByServer.all()) await expect(chart.locator("path.line")).toBeVisible();
  await dashboardPage.range("7d").click();
  await expect(page).toHaveURL(`/dashboard/${FULL}?range=7d`);
  await page.getByText("Values as a table").click();
  await expect(page.getByRole("region", { name: "Values as a table" }).getByRole("row")).not.toHaveCount(1);
  await page.getByRole("link", { name: "Zoom in" }).click();
  await expect(page).toHaveURL(/from=.*&to=/);
  await expect(dashboardPage.drawnByServer.first().locator("path.line")).toBeVisible();
  await dashboardPage.compare.selectOption("previous");
  await page.getByRole("button", { name: "Compare" }).click();
  await expect(page.locator("path.line--compared").first()).toBeAttached();
});

filledTest("the theme is chosen by a form and kept", async ({ page, frame }) => {
  const theme = page.locator("html");
  await page.goto("/devices?q=roof");
  await expect(theme).not.toHaveAttribute("data-theme");
  await frame.theme.click();
  await expect(theme).toHaveAttribute("data-theme", "light");
  await expect(page).toHaveURL("/devices?q=roof");
  await frame.theme.click();
  await expect(theme).toHaveAttribute("data-theme", "dark");
  await page.goto("/");
  await expect(theme).toHaveAttribute("data-theme", "dark");
  await frame.theme.click();
  await expect(theme).not.toHaveAttribute("data-theme");
});

filledTest("a page that does not exist says so", async ({ page, frame, guard }) => {
  guard.provokes(/404/);
  const answer = await page.goto("/no/such/page");
  expect(answer?.status()).toBe(404);
  await expect(frame.heading).toHaveText("Not found");
  await frame.main.getByRole("link", { name: "See all devices" }).click();
  await expect(frame.heading).toHaveText("Devices");
});
