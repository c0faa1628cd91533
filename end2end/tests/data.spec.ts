/** `/data`: questions by choices and in Flux, and their answers. `/buckets`. */

import { expectAccessible, expectNoSidewaysScrolling } from "./fixtures/looks.ts";
import { expectMark, mark } from "./fixtures/navigation.ts";
import { expect, FRESH, FULL, filledTest, STALE, test } from "./fixtures/test.ts";

const LAST = 'from(bucket: "iot_center")\n  |> range(start: -1h)\n  |> filter(fn: (r) => r._field == "CO2")\n  |> last()';

filledTest("a choice asks by itself, and shows the Flux that it is", async ({ page, dataPage }) => {
  await dataPage.goto("/");
  await dataPage.navigation.getByRole("link", { name: "Data" }).click();
  await expect(dataPage.heading).toHaveText("Data");
  await mark(page);
  await dataPage.choice("Device").selectOption(FULL);
  await expect(page).toHaveURL(/device=greenhouse-1/);
  await expect(dataPage.result).toContainText(/\d+ rows in 1 table/);
  await expect(dataPage.script).toContainText(`r.clientId == "${FULL}"`);

  for (const [name, code, parameter] of [
    ["Field", "CO2", "field=CO2"],
    ["Range", "7d", "range=7d"],
    ["Window", "1d", "window=1d"],
    ["Aggregate", "max", "fn=max"],
  ] as const) {
    await dataPage.choice(name).selectOption(code);
    await expect(page).toHaveURL(new RegExp(parameter));
    await expect(dataPage.choice(name)).toHaveValue(code);
    await expect(dataPage.result).toBeVisible();
  }
  await expect(dataPage.script).toContainText('r._field == "CO2"');
  await expect(dataPage.script).toContainText("aggregateWindow(every: 1d, fn: max, createEmpty: false)");
  await expect(dataPage.result).toContainText(/[78] rows in 1 table/);
  await expect(dataPage.legend).toHaveText(["CO2"]);
  await expect(dataPage.chart).toHaveAccessibleName(/^CO2 from \d+ to \d+$/);
  await expect(dataPage.tables.getByRole("columnheader", { name: "_value" })).toBeVisible();
  await expectMark(page);

  await dataPage.choice("Field").selectOption("all fields");
  await expect(dataPage.legend).toHaveCount(7);
  await expect(dataPage.tables).toHaveCount(7);
  await page.goBack();
  await expect(dataPage.choice("Field")).toHaveValue("CO2");
  await expect(dataPage.tables).toHaveCount(1);
});

filledTest("what was put together is edited as Flux, and its fault is shown at its place", async ({ page, dataPage }) => {
  await dataPage.goto(`/data?device=${FULL}&field=Humidity&range=1h&window=none`);
  const made = (await dataPage.script.textContent()) ?? "";
  await dataPage.edit.click();
  await expect(dataPage.editor).toHaveValue(made);
  await expect(dataPage.result).toContainText(/(5\d|60) rows in 1 table\./);

  await dataPage.ask(`// mine\n${made}\n  |> lmit(n: 5)`);
  await expect(dataPage.fault).toContainText(/Line 7, column 6/);
  await expect(dataPage.fault.locator("mark")).toHaveText("lmit");
  await expect(dataPage.fault).toContainText("undefined identifier lmit");
  await expect(dataPage.editor).toHaveAttribute("aria-invalid", "true");
  await expect(dataPage.editor).toHaveAccessibleDescription(/undefined identifier lmit/);
  await expect(dataPage.result).toBeHidden();

  await dataPage.ask(`// mine\n${made}\n  |> limit(n: 5)`);
  await expect(dataPage.fault).toBeHidden();
  await expect(dataPage.editor).not.toHaveAttribute("aria-invalid");
  await expect(dataPage.result).toContainText("5 rows in 1 table.");
  await page.reload();
  await expect(dataPage.result).toContainText("5 rows in 1 table.");
});

filledTest("a script that is too long for an address is answered as well", async ({ page, dataPage }) => {
  const long = `${LAST}\n${"// so that it is too long: </textarea><b>&amp;\n".repeat(120)}`;
  await dataPage.goto("/data?flux=");
  await dataPage.ask(long);
  await expect(page).toHaveURL("/data");
  await expect(dataPage.result).toContainText("1 row in 1 table.");
  const file = await dataPage.downloaded(page.getByRole("button", { name: "Download CSV" }));
  expect(file).toMatch(/^#group,/);
  await expectAccessible(page);
});

filledTest("scripts reach no token, no other system, and write nothing", async ({ page, dataPage, server }) => {
  const token = server.influx().token;
  await dataPage.goto("/data?flux=");
  for (const [script, message] of [
    ['from(bucket: "iot_center_devices") |> range(start: 0)', /could not find bucket "iot_center_devices"/],
    ['import "http"\nhttp.get(url: "http://127.0.0.1:1")', /"http" cannot be imported here/],
    ['from(bucket: "iot_center", host: "http://127.0.0.1:1") |> range(start: 0)', /`host` cannot be used here/],
    ['from(bucket: "iot_center") |> range(start: -1h) |> to(bucket: "iot_center")', /`to` writes/],
  ] as const) {
    await dataPage.ask(script);
    await expect(dataPage.fault).toContainText(message);
    expect(await page.content()).not.toContain(token);
  }
});

filledTest("the answer is a file, and its beginning is on the page", async ({ page, dataPage }) => {
  await dataPage.goto(`/data?device=${FULL}&field=CO2&range=7d&window=none`);
  await expect(dataPage.result).toContainText(/10,0\d\d rows in 1 table\. Shown as tables: the first 1,000 rows\./);
  await expect(dataPage.tables.getByRole("row")).toHaveCount(1_001);
  await expect(dataPage.csv).toBeHidden();
  await page.getByText("Annotated CSV").click();
  await expect(dataPage.csv).toContainText("#datatype,string,long");
  const file = await dataPage.downloaded(dataPage.download);
  expect(file.split("\r\n").length).toBeGreaterThan(10_000);
  expect(file).toMatch(/^#group,/);
});

filledTest("an answer without rows says so", async ({ dataPage }) => {
  await dataPage.goto(`/data?device=${FRESH}`);
  await expect(dataPage.main).toContainText("No rows");
  await dataPage.goto(`/data?device=${STALE}&range=1h`);
  await expect(dataPage.main).toContainText("No rows");
});

filledTest("by keyboard", async ({ page, dataPage }) => {
  await dataPage.goto(`/data?device=${FULL}&range=1h`);
  await dataPage.choice("Range").focus();
  await page.keyboard.press("ArrowDown");
  await expect(page).toHaveURL(/range=6h/);
  await expect(dataPage.choice("Range")).toBeFocused();
  await expect(dataPage.choice("Range")).toHaveValue("6h");
  await dataPage.edit.focus();
  await page.keyboard.press("Enter");
  await dataPage.editor.focus();
  // Tab leaves the text box: it is no trap.
  await page.keyboard.press("Tab");
  await expect(dataPage.run).toBeFocused();
});

test("without a device, the page says how to get one", async ({ dataPage }) => {
  await dataPage.goto("/data");
  await expect(dataPage.main).toContainText("No device is registered");
  await dataPage.page.getByRole("link", { name: "Write Flux" }).click();
  await expect(dataPage.editor).toBeVisible();
  await dataPage.ask("buckets()");
  await expect(dataPage.tables.getByRole("cell", { name: "iot_center", exact: true })).toBeVisible();
  await expect(dataPage.result).not.toContainText("iot_center_devices");
});

test.describe("in a hand", () => {
  filledTest.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  filledTest("everything has room", async ({ page, dataPage }) => {
    await dataPage.goto(`/data?device=${FULL}&field=*&range=7d`);
    await expect(dataPage.legend).toHaveCount(7);
    await expectNoSidewaysScrolling(page);
    await dataPage.edit.tap();
    await expect(dataPage.editor).toBeVisible();
    await expectNoSidewaysScrolling(page);
    await dataPage.page.getByRole("navigation", { name: "More pages" }).getByRole("link", { name: "Buckets" }).tap();
    await expect(dataPage.heading).toHaveText("Buckets");
    await expectNoSidewaysScrolling(page);
  });
});

test.describe("without JavaScript", () => {
  filledTest.use({ javaScriptEnabled: false });

  filledTest("forms and links do it all", async ({ page, dataPage }) => {
    await page.goto(`/data?device=${FULL}`);
    await dataPage.choice("Field").selectOption("Pressure");
    await dataPage.choice("Range").selectOption("1h");
    await dataPage.run.click();
    await expect(page).toHaveURL(/field=Pressure&range=1h/);
    await expect(dataPage.legend).toHaveText(["Pressure"]);
    await expect(dataPage.chart.locator("path.line")).toBeVisible();
    await dataPage.edit.click();
    await dataPage.editor.fill(LAST);
    await dataPage.run.click();
    await expect(dataPage.result).toContainText("1 row in 1 table.");
    await dataPage.editor.fill("x = ");
    await dataPage.run.click();
    await expect(dataPage.fault).toContainText(/Line 1, column 5/);
  });
});

filledTest("buckets say how many points they have and how new they are", async ({ page, dataPage }) => {
  await dataPage.goto("/buckets");
  const table = page.getByRole("table", { name: "Buckets of the organization" });
  const row = (name: string) => table.getByRole("row").filter({ has: page.getByRole("rowheader", { name: new RegExp(`^${name} `) }) });
  await expect(row("iot_center")).toContainText("INFLUX_BUCKET: what devices measure");
  await expect(row("iot_center")).toContainText("for ever");
  await expect(row("iot_center")).toContainText("10,680");
  await expect(row("iot_center_devices")).toContainText("INFLUX_BUCKET_AUTH");
  await expect(row("_tasks")).toContainText("InfluxDB's own");
  await expect(row("_tasks")).toContainText("3 days");
});
