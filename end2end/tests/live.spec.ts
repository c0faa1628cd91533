/** Live: new points come by themselves, and what was missed is filled in. */

import { Line } from "./fixtures/line.ts";
import { expect, minutes, register, test } from "./fixtures/test.ts";

test("a new point is there within a second", async ({ server, page, dashboardPage }) => {
  await register(server, "alive");
  const influx = server.influx();
  await influx.write(minutes("alive", 30, 1));
  await dashboardPage.open("alive", "?range=1h");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  const value = dashboardPage.chart("Temperature").locator(".chart__value");
  const [point] = minutes("alive", 1, 0);
  point!.fields["Temperature"] = 38.4;
  await influx.write([{ ...point!, time: Date.now() }]);
  const written = Date.now();
  await expect(value).toHaveText("38.4");
  // A second, and what this test needs to look.
  expect(Date.now() - written).toBeLessThan(2_500);
  await expect(dashboardPage.chart("Temperature").locator(".chart__extent")).toContainText("38.4");
  // The gauges are the page's, and follow.
  await expect(dashboardPage.gauges).toContainText("38.4");
  await expect(page).toHaveURL(/range=1h/);
});

test("the axis moves on without data", async ({ server, dashboardPage }) => {
  await register(server, "quiet");
  await server.influx().write(minutes("quiet", 3, 1));
  await dashboardPage.open("quiet", "?range=5m");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  const axis = dashboardPage.page.locator(".time-axis__canvas");
  const before = await axis.screenshot();
  await expect.poll(async () => before.equals(await axis.screenshot()), { timeout: 5_000 }).toBe(false);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 640 } });

  test("charts out of sight wait until they are seen, printed or have news", async ({ server, page, dashboardPage }) => {
    // Counts how often each canvas was drawn anew.
    await page.addInitScript(() => {
      const { clearRect } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.clearRect = function (...area) {
        this.canvas.dataset["drawings"] = String(Number(this.canvas.dataset["drawings"] ?? 0) + 1);
        clearRect.apply(this, area);
      };
    });
    await register(server, "long");
    const influx = server.influx();
    await influx.write(minutes("long", 3, 1));
    await dashboardPage.open("long", "?range=5m");
    await dashboardPage.drawn();
    await expect(dashboardPage.liveState).toHaveText("Live");
    const drawings = async (place: "first" | "last") =>
      Number((await dashboardPage.canvases[place]().getAttribute("data-drawings")) ?? 0);
    const beyond = (place: "first" | "last", count: number) => expect.poll(() => drawings(place)).toBeGreaterThan(count);

    await dashboardPage.canvases.first().scrollIntoViewIfNeeded();
    await beyond("first", (await drawings("first")) + 1);
    let [first, last] = [await drawings("first"), await drawings("last")];
    await beyond("first", first + 2);
    expect(await drawings("last")).toBe(last);

    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    expect(await drawings("last")).toBe(last + 1);

    await beyond("first", (await drawings("first")) + 1);
    last = await drawings("last");
    const [point] = minutes("long", 1, 0);
    await influx.write([{ ...point!, time: Date.now() }]);
    await beyond("last", last);

    await beyond("first", (await drawings("first")) + 1);
    last = await drawings("last");
    await dashboardPage.canvases.last().scrollIntoViewIfNeeded();
    await beyond("last", last + 2);
  });
});

test("a hidden tab does not listen, and shows what it has missed when it is seen again", async ({ server, page, dashboardPage }) => {
  // No browser hides a tab for a test; this is what a page is told when it does.
  const hide = (hidden: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await register(server, "hidden");
  const influx = server.influx();
  await influx.write(minutes("hidden", 3, 1));
  const isStream = (request: { url(): string }) => request.url().includes("/rpc/follow_series");
  const begun = page.waitForRequest(isStream);
  await dashboardPage.open("hidden", "?range=5m");
  await begun;
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");

  const ended = page.waitForEvent("requestfailed", isStream);
  await hide(true);
  await ended;
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  const axis = page.locator(".time-axis__canvas");
  const before = await axis.screenshot();
  const [point] = minutes("hidden", 1, 0);
  point!.fields["Temperature"] = 38.6;
  await influx.write([{ ...point!, time: Date.now() }]);
  await page.waitForTimeout(4_000);
  expect(before.equals(await axis.screenshot()), "the axis moves although nobody sees it").toBe(true);
  expect(asked).toEqual([]);

  await hide(false);
  await expect(dashboardPage.chart("Temperature").locator(".chart__value")).toHaveText("38.6");
  await expect.poll(async () => before.equals(await axis.screenshot())).toBe(false);
});

test("what was measured while the network was gone is filled in", async ({ server, page, context, dashboardPage, guard }) => {
  test.setTimeout(120_000);
  guard.provokes(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK|Failed to fetch/);
  await register(server, "away");
  const influx = server.influx();
  await influx.write(minutes("away", 30, 2));
  await dashboardPage.open("away", "?range=1h");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  await context.setOffline(true);
  await expect(dashboardPage.liveState).toHaveText("Offline");
  const [point] = minutes("away", 1, 0);
  point!.fields["Temperature"] = 39.5;
  await influx.write([{ ...point!, time: Date.now() }]);
  await page.waitForTimeout(30_000);
  await expect(dashboardPage.chart("Temperature").locator(".chart__value")).not.toHaveText("39.5");
  await context.setOffline(false);
  await expect(dashboardPage.liveState).toHaveText("Live");
  await expect(dashboardPage.chart("Temperature").locator(".chart__value")).toHaveText("39.5");
});

test("what was measured while the network was gone is filled in where rows are windows, too", async ({
  server, context, dashboardPage,
}) => {
  await register(server, "dense");
  const influx = server.influx();
  const [reading] = minutes("dense", 1, 0);
  const now = Date.now();
  await influx.write(Array.from({ length: 7_200 }, (_, index) => ({ ...reading!, time: now - 10_000 - 500 * index })));
  await dashboardPage.open("dense", "?range=1h");
  await dashboardPage.drawn();
  await expect(dashboardPage.page.locator(".charts__resolution")).toContainText("min to max");
  await expect(dashboardPage.liveState).toHaveText("Live");
  const extent = dashboardPage.chart("CO2").locator(".chart__extent");
  // Measured before the page was asked for, written after it was there.
  await influx.write([{ ...reading!, time: now - 2_000, fields: { ...reading!.fields, CO2: 27_182 } }]);
  await expect(extent).toContainText("27182");
  await expect(dashboardPage.gauges).toContainText("27182");
  await context.setOffline(true);
  await expect(dashboardPage.liveState).toHaveText("Offline");
  await influx.write([{ ...reading!, time: Date.now(), fields: { ...reading!.fields, CO2: 31_415 } }]);
  // The axis moves on by some pixels.
  await dashboardPage.page.waitForTimeout(9_000);
  await context.setOffline(false);
  await expect(extent).toContainText("31415");
});

test.describe("a connection that has died without a word", () => {
  const follow = "/rpc/follow_series";

  for (const [name, sleeps] of [["is given up after a silence", false], ["is given up right after a sleep", true]] as const) {
    test(name, async ({ server, page, dashboardPage }) => {
      await register(server, "dead");
      const influx = server.influx();
      await influx.write(minutes("dead", 30, 1));
      await page.addInitScript(() => {
        const { now } = Date;
        Date.now = () => now() + Number(sessionStorage.getItem("slept") ?? 0);
      });
      const line = await Line.start(server.url);
      try {
        await page.goto(`${line.url}/dashboard/dead?range=1h`);
        await dashboardPage.drawn();
        await expect(dashboardPage.liveState).toHaveText("Live");
        expect(line.silence(follow)).toBe(1);
        const again = page.waitForRequest((request) => request.url().includes(follow), { timeout: sleeps ? 5_000 : 20_000 });
        if (sleeps) await page.evaluate(() => sessionStorage.setItem("slept", "60000"));
        const [point] = minutes("dead", 1, 0);
        await influx.write([{ ...point!, time: Date.now(), fields: { ...point!.fields, Temperature: 38.4 } }]);
        await again;
        await expect(dashboardPage.chart("Temperature").locator(".chart__value")).toHaveText("38.4");
        await expect(dashboardPage.liveState).toHaveText("Live");
      } finally {
        await page.close();
        await line.stop();
      }
    });
  }

  test("after a sleep of hours all is read anew", async ({ server, page, dashboardPage }) => {
    await register(server, "slept");
    await server.influx().write(minutes("slept", 30, 1));
    const wake = Date.now() + 2 * 3_600_000;
    // The first word of a server that is two hours older than the page.
    const word = Buffer.alloc(13);
    word.writeUInt32LE(9, 0);
    word.writeBigInt64LE(BigInt(wake), 5);
    await page.route(`**${follow}*`, (route) => route.fulfill({ body: word, contentType: "application/octet-stream" }), { times: 1 });
    const anew = page.waitForRequest((request) => {
      const to = new URL(request.url()).searchParams.get("to_ms");
      return request.url().includes("/rpc/read_series") && Number(to) >= wake;
    });
    await dashboardPage.open("slept", "?range=1h");
    await anew;
  });
});

test("what is compared with moves on as well", async ({ server, page, dashboardPage }) => {
  await register(server, "twice");
  const influx = server.influx();
  await influx.write(minutes("twice", 150));
  await dashboardPage.open("twice", "?range=1h&compare=previous");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  // Points are fresh for ten seconds.
  await page.waitForTimeout(11_000);
  const readAgain = page.waitForRequest(/\/rpc\/read_series/);
  const [point] = minutes("twice", 1, 0);
  await influx.write([{ ...point!, time: Date.now() }]);
  await readAgain;
  await expect(dashboardPage.liveState).toHaveText("Live");
});

test("news of this period do not move the previous one", async ({ server, page, dashboardPage }) => {
  await register(server, "ramp");
  const influx = server.influx();
  const reading = (seconds: number) => {
    const fields = { ...minutes("ramp", 1)[0]!.fields, CO2: 20_000 - 10 * seconds };
    return { device: "ramp", time: Date.now() - 1_000 * seconds, fields };
  };
  // Ten minutes in which every second has a value of its own.
  await influx.write(Array.from({ length: 620 }, (_, seconds) => reading(seconds + 1)));
  await dashboardPage.open("ramp", "?range=5m&compare=previous");
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("Live");
  const { x, y } = await dashboardPage.place("CO2", 0.5);
  await page.mouse.move(x, y);
  const chip = page.locator(".chart__chip[data-shown]").nth(3);
  await expect(chip).toHaveText(/ppm, compared \d+ ppm/);
  const before = await chip.textContent();
  // The axis moves on; points that are older than ten seconds are read again, which is not what is tested here.
  await page.waitForTimeout(6_000);
  await influx.write([{ ...reading(0), fields: { ...reading(0).fields, CO2: 31_415 } }]);
  await expect(dashboardPage.chart("CO2").locator(".chart__value")).toHaveText("31415");
  expect(await chip.textContent()).toBe(before);
});

test("a device's first point brings its charts", async ({ server, dashboardPage, frame }) => {
  await register(server, "newborn");
  await dashboardPage.open("newborn", "?range=1h");
  await expect(frame.main).toContainText("No data in this range");
  const [point] = minutes("newborn", 1, 0);
  await server.influx().write([{ ...point!, time: Date.now() }]);
  await expect(dashboardPage.canvases).toHaveCount(5);
  await expect(dashboardPage.layer("Temperature")).toHaveAttribute("data-drawn");
});

test("a span that has ended is not live", async ({ server, dashboardPage }) => {
  await register(server, "past");
  await server.influx().write(minutes("past", 120));
  const hour = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  await dashboardPage.open("past", `?from=${hour(2)}&to=${hour(1)}`);
  await dashboardPage.drawn();
  await expect(dashboardPage.liveState).toHaveText("");
});
