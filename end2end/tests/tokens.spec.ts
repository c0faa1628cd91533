/** The life of a token after its registration, what belongs to no device, the log of events, and the page of the REST API. */

import { expectAccessible, expectNoSidewaysScrolling, expectTargets } from "./fixtures/looks.ts";
import { expect, register, revealToken, test } from "./fixtures/test.ts";

const ID = "garden:1";

function line(): string[] {
  return [`environment,clientId=${ID} Temperature=20.5 ${Date.now()}`];
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "in a browser" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a token is rotated, switched off and on again", async ({ page, server, tokensPart }) => {
      await register(server, ID);
      const first = await revealToken(server, ID);
      await page.goto(`/devices/${ID}`);
      await expect(tokensPart.rows).toHaveCount(1);

      await tokensPart.rotate.click();
      await expect(page).toHaveURL(`/devices/${ID}`);
      await expect(tokensPart.rows).toHaveCount(2);
      await expect(tokensPart.rows.nth(0)).toContainText("active");
      await expect(tokensPart.rows.nth(1)).toContainText(/active until/);
      await expect(page.getByRole("button", { name: "Reveal token" })).toBeVisible();
      const second = await revealToken(server, ID);
      expect(second).not.toBe(first);
      for (const token of [first, second]) expect(await server.influx(token).tryWrite(line())).toBe(204);

      await tokensPart.disable.click();
      await expect(tokensPart.rows.nth(0)).toContainText("disabled");
      for (const token of [first, second]) expect(await server.influx(token).tryWrite(line())).toBeGreaterThanOrEqual(401);
      await tokensPart.enable.click();
      await expect(tokensPart.disable).toBeVisible();
      expect(await server.influx(second).tryWrite(line())).toBe(204);

      await expect(tokensPart.events).toHaveText(["Token enabled", "Token disabled", "Token revealed", "Token rotated", "Token revealed", "Registered"]);
      await page.goto("/");
      await expect(page.getByRole("region", { name: "Events" }).getByRole("row").nth(1)).toContainText(ID);
    });

    test("what belongs to no device is adopted or removed", async ({ page, server, authorizationsPage }) => {
      await server.influx().authorize("IoT Center: cellar");
      await server.influx().authorize("IoT Center: attic");
      await server.influx().authorize("IoTCenterDevice: nobody");
      await page.goto("/authorizations");
      await expect(authorizationsPage.former).toHaveText(["attic", "cellar"]);
      await expect(authorizationsPage.orphans).toHaveText(["nobody"]);
      await authorizationsPage.adopt("cellar").click();
      await expect(page).toHaveURL("/devices/cellar");
      await expect(page.getByRole("button", { name: "Reveal token" })).toBeVisible();
      await page.goto("/authorizations");
      await expect(authorizationsPage.former).toHaveText(["attic"]);
      await authorizationsPage.remove("attic").click();
      await expect(authorizationsPage.former).toHaveCount(0);
      await authorizationsPage.remove("nobody").click();
      await expect(page.getByText("Every authorization of IoT Center belongs to a registered device")).toBeVisible();
    });
  });
}

for (const width of [1280, 360]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`looks well at ${width} px, ${colorScheme}`, async ({ page, server }, info) => {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await register(server, ID);
      await fetch(`${server.url}/api/devices/${ID}/rotate`, { method: "POST" });
      await server.influx().authorize("IoT Center: cellar");
      await server.influx().authorize(`IoTCenterDevice: ${"long".repeat(20)}`);
      for (const path of [`/devices/${ID}`, "/authorizations", "/api", "/"]) {
        await page.goto(path);
        if (path === "/api") await page.getByText("/api/devices", { exact: true }).first().click();
        await expectAccessible(page);
        await expectNoSidewaysScrolling(page);
        await expectTargets(page, false);
        await info.attach(`${path.replaceAll("/", "_")} at ${width} px, ${colorScheme}`, {
          body: await page.screenshot({ fullPage: true }),
          contentType: "image/png",
        });
      }
    });
  }
}

test("the page of the REST API has commands that work", async ({ page, server }) => {
  await page.goto("/api");
  const generate = page.locator("details").filter({ hasText: "/api/devices/generate" });
  await generate.locator("summary").click();
  await expect(generate.getByText(/^curl -X POST http:\/\/localhost:3000\/api\/devices\/generate -d/)).toBeVisible();
  const answer = await page.request.get(`${server.url}/api/openapi.json`);
  expect(((await answer.json()) as { openapi: string }).openapi).toMatch(/^3\.1/);
});
