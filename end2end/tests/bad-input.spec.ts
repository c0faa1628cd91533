/** What nobody should type, and what somebody will. */

import { type Page } from "@playwright/test";

import { expect, filledTest, FULL, minutes, register, revealToken, test } from "./fixtures/test.ts";

const WRONG_IDS = ["../x", '"', "x".repeat(65), "__proto__", "", " ", "a b", "-a", "ä", "<script>alert(1)</script>", 'a" or true', "a\\", "${x}"];

test("a wrong ID gets a sentence and registers nothing", async ({ devicesPage, guard }) => {
  guard.provokes(/400/);
  await devicesPage.goto("/devices");
  for (const id of WRONG_IDS) {
    await test.step(JSON.stringify(id), async () => {
      await devicesPage.deviceId.fill(id);
      await devicesPage.register.click();
      await expect(devicesPage.error).toContainText(/letters, digits/);
      await expect(devicesPage.deviceId).toHaveValue(id);
      // Typed again, so that the next answer is seen to come.
      await devicesPage.goto("/devices");
    });
  }
  await expect(devicesPage.main).toContainText("No device is registered");
});

test("64 characters are an ID, 65 are none", async ({ page, devicesPage, frame }) => {
  const id = `A${"0123456789._:-".repeat(5)}`.slice(0, 64);
  await devicesPage.goto("/devices");
  await devicesPage.deviceId.fill(id);
  await devicesPage.register.click();
  await expect(frame.heading).toHaveText(id);
  expect(decodeURIComponent(new URL(page.url()).pathname)).toBe(`/devices/${id}`);
});

test("an existing ID gets a sentence and keeps its token", async ({ server, devicesPage, guard }) => {
  guard.provokes(/409/);
  await register(server, "twice");
  const token = await revealToken(server, "twice");
  await devicesPage.goto("/devices");
  await devicesPage.deviceId.fill("twice");
  await devicesPage.register.click();
  await expect(devicesPage.error).toContainText(/"twice" is already registered/);
  await expect(devicesPage.ids).toHaveText(["twice"]);
  expect(await server.influx(token).tryWrite(["environment,clientId=twice Temperature=1.5"])).toBe(204);
});

test("ten people register the same ID at once: one of them does", async ({ server }) => {
  const answers = await Promise.allSettled(Array.from({ length: 10 }, () => register(server, "race")));
  expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(1);
});

test("a device never sees what another one, whose ID begins the same, has measured", async ({
  server, fleetPage, devicesPage, devicePage, dashboardPage,
}) => {
  for (const id of ["dev1", "dev10", "dev"]) await register(server, id);
  const points = (device: string, temperature: number) =>
    minutes(device, 30).map((reading) => ({ ...reading, fields: { ...reading.fields, Temperature: temperature } }));
  await server.influx().write([...points("dev1", 11), ...points("dev10", 33)]);

  await devicePage.open("dev1");
  await expect(devicePage.field("Temperature")).toContainText("11.0");
  await expect(devicePage.fields).not.toContainText("33.0");
  await expect(devicePage.missing).toHaveText(/^10,05\d minutes missing/);
  await devicePage.open("dev10");
  await expect(devicePage.field("Temperature")).toContainText("33.0");
  await expect(devicePage.fields).not.toContainText("11.0");
  await devicePage.open("dev");
  await expect(devicePage.main).toContainText("No values in the last 30 days");

  await dashboardPage.open("dev1", "?range=1h");
  await dashboardPage.drawn();
  await expect(dashboardPage.gauges).toContainText("11.0");
  await expect(dashboardPage.gauges).not.toContainText("33.0");

  await fleetPage.goto("/");
  await expect(fleetPage.tile("dev1")).toContainText("11.0");
  await expect(fleetPage.tile("dev10")).toContainText("33.0");

  // Unregistering the one leaves the other its token.
  const [short, long] = [await revealToken(server, "dev1"), await revealToken(server, "dev10")];
  await devicesPage.goto("/devices");
  await devicesPage.unregister("dev1").click();
  await devicesPage.confirmUnregister.click();
  await expect(devicesPage.ids).toHaveText(["dev", "dev10"]);
  expect(await server.influx(short).tryWrite(["environment,clientId=dev1 Temperature=1.5"])).toBe(401);
  expect(await server.influx(long).tryWrite(["environment,clientId=dev10 Temperature=33.0"])).toBe(204);
});

test("what others have put into the registry is shown as text", async ({ server, devicesPage, page }) => {
  const hostile = '<img src=x onerror=alert(1)>';
  await registryPoint(server.influx().url, server.influx().token, hostile);
  await devicesPage.goto("/devices");
  await expect(devicesPage.ids).toHaveText([hostile]);
  await expect(page.locator("main img")).toHaveCount(0);
  await expect(devicesPage.table.getByRole("link", { name: hostile })).toHaveCount(0);
  await devicesPage.unregister(hostile).click();
  await expect(devicesPage.dialog).toContainText(hostile);
  await devicesPage.confirmUnregister.click();
  await expect(devicesPage.main).toContainText("No device is registered");
});

/** Addresses that nobody made for a person: where they lead, with what status and what sentence. */
const ADDRESSES: [path: string, status: number, heading: string | RegExp, sentence: RegExp][] = [
  ["/devices/%2e%2e%2fx", 404, "Not found", /./],
  ["/devices/%22", 404, "Not found", /./],
  ["/devices/__proto__", 404, "Not found", /./],
  [`/devices/${"x".repeat(65)}`, 404, "Not found", /./],
  ["/devices/nobody", 404, "Not found", /not registered and has no data/],
  ["/devices/%3Cscript%3Ealert(1)%3C%2Fscript%3E", 404, "Not found", /./],
  ["/devices/%E0%A4%A", 404, "Not found", /./],
  ["/dashboard/%22%20or%20true", 404, "Not found", /./],
  ["/dashboard/nobody", 404, "Not found", /./],
  ["/dashboard/%00", 404, "Not found", /./],
  [`/dashboard/${FULL}?range=evil`, 400, /./, /5m, 15m, 1h/],
  [`/dashboard/${FULL}?from=yesterday&to=now`, 400, /./, /not a time like/],
  [`/dashboard/${FULL}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`, 400, /./, /must lie before/],
  [`/dashboard/${FULL}?from=2026-01-02T00:00:00Z`, 400, /./, /either/],
  ["/devices?page=-1", 200, "Devices", /3 devices/],
  ["/devices?page=99999999999999999999", 200, "Devices", /3 devices/],
  ["/devices?page=77", 200, "Devices", /3 devices/],
  ["/devices?size=100000&sort=evil", 200, "Devices", /3 devices/],
  ["/devices?size=0", 200, "Devices", /3 devices/],
  ["/devices?q=%22%20or%20true", 200, "Devices", /No device matches/],
  ["/devices?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", 200, "Devices", /No device matches/],
  [`/devices?q=${"x".repeat(4_000)}`, 200, "Devices", /No device matches/],
  ["/devices?unregister=%3Cb%3E", 200, "Devices", /3 devices/],
  [`/devices/${FULL}?written=evil`, 200, FULL, /minutes? missing/],
  ["/no/such/page", 404, "Not found", /no page at this address/],
];

for (const [path, status, heading, sentence] of ADDRESSES) {
  filledTest(`the address ${path.slice(0, 60)}`, async ({ frame, page, guard }) => {
    if (status >= 400) guard.provokes(new RegExp(String(status)));
    // What the page asks for again by itself, to no better end.
    guard.provokes(/\/rpc\//);
    const answer = await frame.goto(path);
    expect(answer?.status()).toBe(status);
    await expect(frame.heading).toHaveText(heading);
    await expect(frame.main).toContainText(sentence);
    await staysAlive(page);
  });
}

/** Navigation by script still works, so the page was not broken on the way. */
async function staysAlive(page: Page): Promise<void> {
  const dialog = page.getByRole("dialog");
  if (await dialog.isVisible()) await page.keyboard.press("Escape");
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "Fleet" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Fleet");
  expect(await page.evaluate(() => "sameDocument" in window), "the page was not loaded anew").toBe(true);
}

async function registryPoint(url: string, token: string, id: string): Promise<void> {
  const tag = id.replace(/[ ,=]/g, (character) => `\\${character}`);
  const answer = await fetch(`${url}/api/v2/write?org=iot-center&bucket=iot_center_devices`, {
    method: "POST",
    headers: { Authorization: `Token ${token}` },
    body: `deviceauth,deviceId=${tag} key="0123456789abcdef",createdAt="2026-01-01T00:00:00Z"`,
  });
  expect(answer.status).toBe(204);
}
