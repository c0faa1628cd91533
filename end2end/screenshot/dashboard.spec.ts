/** The picture in README: a week of the virtual device. */

import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { expect, test } from "../tests/fixtures/test.ts";
import { encodePalettePng } from "./palette_png.ts";

const PICTURE = fileURLToPath(new URL("../../docs/dashboard.png", import.meta.url));

test.use({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });

test("docs/dashboard.png", async ({ page, fleetPage, dashboardPage }) => {
  await fleetPage.goto("/");
  await fleetPage.tryVirtualDevice.click();
  await expect(page).toHaveURL(/\/dashboard\/virtual_device/, { timeout: 30_000 });
  await dashboardPage.open("virtual_device", "?range=7d");
  await dashboardPage.drawn();
  const screenshot = await page.screenshot({ animations: "disabled" });
  const { width, height, pixels } = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d")!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let text = "";
    for (let at = 0; at < data.length; at += 8_192) text += String.fromCharCode(...data.subarray(at, at + 8_192));
    return { width: image.width, height: image.height, pixels: btoa(text) };
  }, screenshot.toString("base64"));
  await mkdir(new URL(".", `file://${PICTURE}`), { recursive: true });
  await writeFile(PICTURE, encodePalettePng(width, height, Buffer.from(pixels, "base64")));
});
