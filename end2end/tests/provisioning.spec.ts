/** Getting devices to work: one reading, programs ready to paste, the token as a file, several devices at once. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

import { expectAccessible, expectNoSidewaysScrolling, expectTargets } from "./fixtures/looks.ts";
import { expect, FULL, filledTest, register, revealToken, test } from "./fixtures/test.ts";

const run = promisify(execFile);
const ID = "garden:1";

test("one reading is sent and told, and a token that is shown stays", async ({ page, server, devicePage }) => {
  await register(server, ID);
  await devicePage.open(ID);
  await devicePage.reveal.click();
  const token = await devicePage.token.inputValue();

  await devicePage.sendOne.click();
  await expect(devicePage.sent).toHaveText(/^One reading was sent: Temperature -?\d+\.\d °C, Humidity .*, Lon 1\d\.\d{5}°\.$/);
  await expect(page).toHaveURL(/\/devices\/garden:1\?sent=[\d._-]+$/);
  await expect(devicePage.field("Temperature").getByRole("cell").nth(5)).toHaveText("1");
  await expect(devicePage.token).toHaveValue(token);
  await expect(devicePage.sendOne).toBeFocused();

  const first = await devicePage.sent.textContent();
  await devicePage.sendOne.click();
  await expect(devicePage.sent).not.toHaveText(first ?? "");
  await expect(devicePage.field("Temperature").getByRole("cell").nth(5)).toHaveText("2");
  const values = await server.influx().valuesByMinute(ID, "CO2");
  expect([...values.values()].reduce((sum, count) => sum + count, 0)).toBe(2);
});

test("a real device is not spoken for without asking", async ({ server, devicePage }) => {
  await register(server, "kitchen");
  await server.influx().write([
    { device: "kitchen", time: Date.now() - 60_000, fields: { Temperature: 21 }, sensors: { TemperatureSensor: "DHT22" } },
  ]);
  await devicePage.open("kitchen");
  await devicePage.sendOne.click();
  // The browser itself asks for the box to be checked.
  await expect(devicePage.sent).toBeEmpty();
  await devicePage.confirmSending.check();
  await devicePage.sendOne.click();
  await expect(devicePage.sent).toHaveText(/^One reading was sent/);
  await expect(devicePage.field("Temperature")).toContainText("virtual_TemperatureSensor");
});

test("a reading that the bucket does not take is explained", async ({ server, devicePage, guard }) => {
  guard.provokes(/409/);
  await register(server, ID);
  expect(await server.influx().tryWrite([`environment,clientId=other CO2=612.5 ${Date.now()}`])).toBe(204);
  await devicePage.open(ID);
  await devicePage.sendOne.click();
  await expect(devicePage.sendingError).toContainText(/already holds CO2 as another type/);
  await expect(devicePage.sent).toBeEmpty();
});

test("the token is saved as a file that a shell can read", async ({ page, server, devicePage }) => {
  await register(server, ID);
  await devicePage.open(ID);
  await devicePage.reveal.click();
  const token = await devicePage.token.inputValue();
  const started = page.waitForEvent("download");
  await devicePage.downloadToken.click();
  const download = await started;
  expect(download.suggestedFilename()).toBe("garden-1.env");
  expect(await readFile(await download.path(), "utf8")).toBe(
    `DEVICE_ID=${ID}\nINFLUX_URL=${server.influx().url}\nINFLUX_ORG=iot-center\nINFLUX_BUCKET=iot_center\nINFLUX_TOKEN=${token}\n`,
  );
  // The page is still there, with the token.
  await expect(devicePage.token).toHaveValue(token);

  await test.step("with it the command on the page writes", async () => {
    const command = await devicePage.program("curl").textContent();
    const script = `set -a; . "$0"; set +a\n${command}`;
    await run("sh", ["-c", script, await download.path()]);
    await page.reload();
    await expect(devicePage.field("Temperature")).toContainText("21.5");
  });
});

test("programs fold open one at a time and are copied", async ({ page, context, server, devicePage }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await register(server, ID);
  await devicePage.open(ID);
  await expect(devicePage.program("curl")).toBeVisible();
  for (const title of ["Python", "Arduino", "Telegraf"]) {
    await devicePage.programHead(title).click();
    await expect(devicePage.program(title)).toBeVisible();
    await expect(devicePage.program("curl")).toBeHidden();
    const text = await devicePage.program(title).textContent();
    expect(text).toContain(ID);
    expect(text).toContain(server.influx().url);
    await devicePage.copyProgram(title).click();
    await expect(devicePage.connect.getByText("Copied").filter({ visible: true })).toHaveCount(1);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  }
  const token = await revealToken(server, ID);
  await page.reload();
  expect(await page.content()).not.toContain(token);
  await expect(devicePage.connect).toContainText("is reached by programs on this machine only");
});

for (const colorScheme of ["light", "dark"] as const) {
  filledTest(`the QR code is dark on light when the page is ${colorScheme}`, async ({ page, devicePage }) => {
    await page.emulateMedia({ colorScheme });
    await devicePage.open(FULL);
    await expect(devicePage.qrCode).toBeVisible();
    await expect(devicePage.connect).toContainText(page.url());
    const [light, dark] = await devicePage.qrCode.evaluate((code) =>
      ["rect", "path"].map((name) => getComputedStyle(code.querySelector(name)!).fill),
    );
    expect([light, dark]).toEqual(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
  });
}

test("several devices are registered from a pasted table", async ({ page, server, devicesPage, registrationsPage, guard }) => {
  await register(server, "old");
  await devicesPage.goto("/devices");
  await devicesPage.registerList("deviceId;place\nroof-1;roof\n\nroof-2;\"roof; left\"\nold;cellar\n../x;nowhere\nroof-1;again\n");
  await expect(registrationsPage.heading).toHaveText("Register several devices");
  await expect(registrationsPage.rows).toHaveCount(5);
  await expect(registrationsPage.row("roof-2")).toContainText("4");
  await expect(registrationsPage.row("roof-2")).toContainText("registered");
  await expect(registrationsPage.row("../x")).toContainText("no device ID");
  await expect(registrationsPage.result).toHaveText("2 registered, 1 registered already, 1 repeated, 1 no device ID.");

  const tokens = await registrationsPage.download();
  expect([...tokens.keys()]).toEqual(["old", "roof-1", "roof-2"]);
  for (const [id, token] of tokens) {
    expect(await server.influx(token).tryWrite([`environment,clientId=${id} Temperature=20.5`])).toBe(204);
    expect(await page.content()).not.toContain(token);
    expect(server.log()).not.toContain(token);
  }

  guard.provokes(/410/);
  await registrationsPage.reveal.click();
  await expect(registrationsPage.error).toHaveText("There is no token to show.");
  await expectAccessible(page);
  await registrationsPage.back.click();
  await expect(devicesPage.ids).toHaveText(["old", "roof-1", "roof-2"]);
});

test("a list that is none comes back with a sentence", async ({ devicesPage, registrationsPage, guard }) => {
  guard.provokes(/400/);
  await devicesPage.goto("/devices");
  await devicesPage.registerList("\n \n");
  await expect(registrationsPage.error).toHaveText("There is no ID in the list.");
  await registrationsPage.back.click();
  await devicesPage.registerList(Array.from({ length: 1_001 }, (_, index) => `d${index}`).join("\n"));
  await expect(registrationsPage.error).toContainText("1001 lines");
});

for (const { size, viewport, touch } of [
  { size: "desk", viewport: { width: 1280, height: 800 }, touch: false },
  { size: "hand", viewport: { width: 360, height: 740 }, touch: true },
] as const) {
  test.describe(size, () => {
    test.use({ viewport, hasTouch: touch, isMobile: touch });

    test(`what becomes of a list can be read (${size})`, async ({ page, devicesPage, registrationsPage }) => {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await devicesPage.goto("/devices");
        await devicesPage.registerList(`a\n${"long-".repeat(12)}id\n${"x".repeat(100)}\na`);
        await expect(registrationsPage.result).toBeVisible();
        await expectNoSidewaysScrolling(page);
        await expectTargets(page, touch);
        await expectAccessible(page);
      }
    });

    test(`programs can be read (${size})`, async ({ page, server, devicePage }) => {
      await register(server, ID);
      await devicePage.open(ID);
      for (const title of ["Python", "Arduino", "Telegraf", "All of it from this server"]) {
        await devicePage.programHead(title).click();
        await expect(devicePage.program(title)).toBeVisible();
        await expectNoSidewaysScrolling(page);
        await expectTargets(page, touch);
        await expectAccessible(page);
      }
    });
  });
}
