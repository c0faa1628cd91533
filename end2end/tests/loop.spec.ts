/** The main job, as a person does it: register a device, write its missing week, see it on the dashboard. */

import { DevicePage } from "./fixtures/device_page.ts";
import { askForToken, awayFromTheMinutesEnd, expect, register, test } from "./fixtures/test.ts";

const ID = "virtual_device";

test("a person registers a device, fills its week and looks at it", async ({
  page, server, frame, fleetPage, devicesPage, devicePage, dashboardPage,
}) => {
  await test.step("the empty fleet shows the first steps", async () => {
    await fleetPage.goto("/");
    await expect(frame.heading).toHaveText("Fleet");
    await expect(fleetPage.firstSteps).toBeVisible();
    await expect(frame.howItWorks).toBeVisible();
  });

  await test.step("registering leads to the device's page", async () => {
    await fleetPage.deviceId.fill(ID);
    await fleetPage.register.click();
    await expect(page).toHaveURL(`/devices/${ID}`);
    await expect(frame.heading).toHaveText(ID);
    await expect(page).toHaveTitle(`${ID} · IoT Center`);
  });

  let token = "";
  await test.step("the token is shown once", async () => {
    await devicePage.reveal.click();
    await expect(devicePage.token).toBeVisible();
    token = await devicePage.token.inputValue();
    expect(token).toMatch(/^[\w-]{40,}=*$/);
    await page.reload();
    await devicePage.hydrated();
    await expect(devicePage.token).toBeHidden();
    await expect(devicePage.reveal).toBeHidden();
    await expect(devicePage.main).toContainText("Revealed at");
    expect(await page.content()).not.toContain(token);
    const again = await askForToken(server, ID);
    expect(again.status).toBe(410);
    expect(await again.text()).not.toContain(token);
  });

  await test.step("the token writes to the store, as the device would", async () => {
    const line = `environment,clientId=other Temperature=20.5 ${Date.now()}`;
    expect(await server.influx(token).tryWrite([line])).toBe(204);
  });

  await test.step("the missing week is written, with progress", async () => {
    await awayFromTheMinutesEnd(20);
    await page.reload();
    await devicePage.hydrated();
    await expect(devicePage.missing).toHaveText("10,080 minutes missing in the last 7 days");
    await devicePage.write.click();
    await expect(devicePage.result).toHaveText("10,080 minutes written");
    await expect(devicePage.field("Temperature")).toContainText("10,080");
    await expect(devicePage.fields.getByRole("rowheader")).toHaveText(
      ["Temperature", "Humidity", "Pressure", "CO2", "TVOC", "Lat", "Lon"],
    );
  });

  await test.step("the second time nothing is missing", async () => {
    await devicePage.write.click();
    await expect(devicePage.result).toHaveText("0 minutes missing");
    const values = await server.influx().valuesByMinute(ID, "CO2");
    expect(values.size).toBe(10_080);
    expect([...values.values()].every((count) => count === 1)).toBe(true);
  });

  await test.step("the dashboard has gauges and five charts", async () => {
    await devicePage.dashboard.click();
    await expect(page).toHaveURL(`/dashboard/${ID}`);
    await expect(frame.heading).toHaveText(ID);
    await dashboardPage.drawn();
    for (const unit of ["°C", "%", "hPa", "ppm", "ppb"]) await expect(dashboardPage.gauges).toContainText(unit);
    await dashboardPage.range("7d").click();
    await expect(page).toHaveURL(`/dashboard/${ID}?range=7d`);
    await dashboardPage.drawn();
  });

  await test.step("the list and the fleet show it online", async () => {
    await frame.navigation.getByRole("link", { name: "Devices" }).click();
    await expect(page).toHaveURL("/devices");
    await expect(devicesPage.row(ID)).toContainText("online");
    await frame.navigation.getByRole("link", { name: "Fleet" }).click();
    await expect(fleetPage.figure("online")).toHaveText("1");
    await expect(fleetPage.tile(ID)).toContainText("°C");
  });

  await test.step("unregistering asks, revokes the token and keeps the data", async () => {
    await fleetPage.tile(ID).getByRole("link", { name: ID, exact: true }).click();
    await devicePage.unregister.click();
    await expect(devicePage.dialog).toContainText("token is revoked");
    await devicePage.confirmUnregister.click();
    await expect(page).toHaveURL("/devices");
    await expect(devicesPage.main).toContainText("No device is registered");
    expect(await server.influx(token).tryWrite([`environment,clientId=${ID} Temperature=20.5`])).toBe(401);
    await devicePage.open(ID);
    await expect(devicePage.main).toContainText("not registered");
    await expect(devicePage.field("Temperature")).toContainText("10,080");
    await expect(devicePage.register).toBeVisible();
  });

  expect(server.log(), "the log of the server").not.toContain(token);
});

test("the virtual device is a click away", async ({ page, fleetPage, dashboardPage }) => {
  await fleetPage.goto("/");
  await fleetPage.tryVirtualDevice.click();
  await expect(page).toHaveURL(/\/dashboard\/virtual_device/, { timeout: 20_000 });
  await expect(dashboardPage.heading).toHaveText("virtual_device");
  await dashboardPage.drawn();
});

test("a token that was shown in another tab is not shown again", async ({ page, context, server, devicePage, guard }) => {
  guard.provokes(/410/);
  await register(server, ID);
  await devicePage.open(ID);
  const other = new DevicePage(await context.newPage());
  await other.open(ID);
  await other.reveal.click();
  await expect(other.token).toBeVisible();
  await devicePage.reveal.click();
  await expect(page.getByRole("region", { name: "Token" }).getByRole("alert")).toContainText(/shown already.*rotate/);
  await expect(devicePage.token).toBeHidden();
});

test("a real device is not filled without asking", async ({ server, devicePage }) => {
  await register(server, "kitchen");
  await server.influx().write([
    { device: "kitchen", time: Date.now() - 600_000, fields: { Temperature: 21 }, sensors: { TemperatureSensor: "DHT22" } },
  ]);
  await devicePage.open("kitchen");
  await expect(devicePage.field("Temperature")).toContainText("DHT22");
  await devicePage.write.click();
  // The browser itself asks for the box to be checked.
  await expect(devicePage.progress).toBeHidden();
  await expect(devicePage.result).toBeHidden();
  await devicePage.confirmForeign.check();
  await devicePage.write.click();
  await expect(devicePage.result).toHaveText(/^10,0\d\d minutes written$/);
});

test("the list searches, sorts and pages", async ({ page, server, devicesPage }) => {
  for (const id of ["b-1", "a-1", "a-2", "c-1"]) await register(server, id);
  await devicesPage.goto("/devices");
  await expect(devicesPage.ids).toHaveText(["a-1", "a-2", "b-1", "c-1"]);

  await devicesPage.search.pressSequentially("A-");
  await expect(devicesPage.ids).toHaveText(["a-1", "a-2"]);
  await expect(page).toHaveURL("/devices?q=A-");
  await expect(devicesPage.count).toContainText("2 of 4 devices match");
  await devicesPage.search.fill("");
  await expect(devicesPage.ids).toHaveCount(4);

  await devicesPage.sortBy("Device").click();
  await expect(devicesPage.ids).toHaveText(["c-1", "b-1", "a-2", "a-1"]);
  await page.goBack();
  await expect(devicesPage.ids).toHaveText(["a-1", "a-2", "b-1", "c-1"]);

  await devicesPage.goto("/devices?size=3");
  await expect(devicesPage.ids).toHaveText(["a-1", "a-2", "b-1"]);
  await page.getByRole("link", { name: "Next" }).click();
  await expect(devicesPage.ids).toHaveText(["c-1"]);
  await expect(page).toHaveURL("/devices?page=2&size=3");

  await devicesPage.unregister("c-1").click();
  await expect(devicesPage.dialog).toContainText("c-1");
  await devicesPage.keep.click();
  await expect(devicesPage.dialog).toBeHidden();
  await devicesPage.unregister("c-1").click();
  await page.keyboard.press("Escape");
  await expect(devicesPage.dialog).toBeHidden();
  await devicesPage.unregister("c-1").click();
  await devicesPage.confirmUnregister.click();
  await expect(devicesPage.dialog).toBeHidden();
  await expect(devicesPage.ids).toHaveText(["a-1", "a-2", "b-1"]);
});
