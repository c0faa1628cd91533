/** What other web pages, other names and other methods may do to the server: nothing. */

import { type Server, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

import { type Browser, type Page } from "@playwright/test";

import { askForToken, expect, FULL, filledTest, register, test } from "./fixtures/test.ts";

/** A page of somebody else, on a port of its own: the same site under 127.0.0.1, another one under localhost. */
async function foreignPage(html: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { "Content-Type": "text/html" });
    answer.end(`<!DOCTYPE html><title>elsewhere</title>${html}`);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { server, port: (server.address() as AddressInfo).port };
}

/** The foreign page's own complaints are no problem of ours, hence a context that nobody watches. */
async function visit(browser: Browser, host: string, html: string, act: (page: Page) => Promise<void>): Promise<void> {
  const { server, port } = await foreignPage(html);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`http://${host}:${port}/`);
    await act(page);
  } finally {
    await context.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

for (const host of ["127.0.0.1", "localhost"]) {
  test(`a page of another origin at ${host} changes nothing and reads nothing`, async ({ browser, server, devicesPage }) => {
    await register(server, "victim");

    await test.step("forms", async () => {
      for (const [path, name, value] of [
        ["/rpc/register_device", "device_id", "forged"],
        ["/rpc/unregister_device", "device_id", "victim"],
        ["/rpc/write_all_missing_data", "id", "victim"],
        ["/rpc/try_virtual_device", "x", "x"],
        ["/rpc/send_reading", "id", "victim"],
        ["/registrations", "ids", "forged"],
        ["/registrations/tokens", "ids", "victim"],
        ["/devices/victim/reveal", "x", "x"],
        ["/preferences", "theme", "dark"],
      ]) {
        const form = `<form method="post" action="${server.url}${path}"><input name="${name}" value="${value}"><button>Win</button></form>`;
        await visit(browser, host, form, async (page) => {
          const answered = page.waitForResponse((response) => response.url().startsWith(server.url));
          await page.getByRole("button", { name: "Win" }).click();
          const answer = await answered;
          expect(answer.status(), path).toBe(403);
          expect(await page.content()).not.toMatch(/[\w-]{60,}==/);
        });
      }
    });

    await test.step("scripts", async () => {
      await visit(browser, host, "", async (page) => {
        const outcomes = await page.evaluate(async (url) => {
          const outcome = async (path: string, options: RequestInit) => {
            try {
              const answer = await fetch(url + path, options);
              return answer.type === "opaque" ? "opaque" : `${answer.status} ${await answer.text()}`;
            } catch {
              return "refused";
            }
          };
          const form = { method: "POST", body: new URLSearchParams({ device_id: "forged" }) };
          return [
            await outcome("/rpc/register_device", form),
            await outcome("/rpc/register_device", { ...form, mode: "no-cors", credentials: "include" }),
            await outcome("/devices/victim/reveal", { method: "POST" }),
            await outcome("/devices/victim/reveal", { method: "POST", mode: "no-cors" }),
            await outcome("/rpc/list_devices", { method: "GET" }),
            await outcome("/devices", { method: "GET" }),
          ];
        }, server.url);
        for (const outcome of outcomes) expect(outcome).toMatch(/^(refused|opaque)$/);
      });
    });

    await test.step("frames", async () => {
      await visit(browser, host, `<iframe src="${server.url}/devices"></iframe>`, async (page) => {
        await expect(page.frameLocator("iframe").getByRole("heading", { name: "Devices" })).toHaveCount(0);
      });
    });

    await devicesPage.goto("/devices");
    await expect(devicesPage.ids).toHaveText(["victim"]);
    // Nobody has seen the token yet.
    const answer = await askForToken(server, "victim");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const { token } = (await answer.json()) as { token: string };
    expect(await server.influx(token).tryWrite(["environment,clientId=victim Temperature=1.5"])).toBe(204);
  });
}

/** A request with headers that `fetch` would not let one choose. */
function ask(url: string, method: string, headers: Record<string, string>): Promise<{ status: number; headers: Record<string, string | string[] | undefined> }> {
  return new Promise((done, failed) => {
    const sent = request(url, { method, headers }, (answer) => {
      answer.resume();
      answer.once("end", () => done({ status: answer.statusCode ?? 0, headers: answer.headers }));
    });
    sent.once("error", failed);
    sent.end();
  });
}

filledTest("only the server's own names are answered to", async ({ server }) => {
  const port = server.port;
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "localhost.evil.example", `127.0.0.1:${port + 1}`, "169.254.169.254"]) {
    for (const path of ["/", "/devices", "/rpc/list_devices", "/health", "/favicon.svg"]) {
      expect((await ask(server.url + path, "GET", { Host: host })).status, `${host} ${path}`).toBe(421);
    }
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
    expect((await ask(`${server.url}/`, "GET", { Host: host })).status, host).toBe(200);
  }
});

filledTest("a change needs the same origin and the right method", async ({ server }) => {
  const post = (headers: Record<string, string>) =>
    ask(`${server.url}/devices/${FULL}/reveal`, "POST", { "Content-Length": "0", ...headers }).then((answer) => answer.status);
  const foreign: Record<string, string>[] = [
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { "Sec-Fetch-Site": "none" },
    { Origin: "null" },
    { Origin: "http://evil.example" },
    { Origin: `http://127.0.0.1:${server.port + 1}` },
    { Origin: server.url, "Sec-Fetch-Site": "cross-site" },
  ];
  for (const headers of foreign) expect(await post(headers), JSON.stringify(headers)).toBe(403);
  for (const [method, path] of [["GET", "/rpc/register_device?device_id=forged"], ["GET", `/devices/${FULL}/reveal`], ["PUT", "/rpc/register_device"], ["DELETE", `/devices/${FULL}`]] as const) {
    const { status } = await ask(server.url + path, method, { "Content-Length": "0" });
    expect([404, 405], `${method} ${path}: ${status}`).toContain(status);
  }
});

filledTest("every answer carries the headers that keep browsers careful", async ({ server, page }) => {
  await page.goto("/");
  const files = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLLinkElement>("link[href]")].map((link) => new URL(link.href).pathname),
  );
  for (const path of ["/", "/devices", `/devices/${FULL}`, `/dashboard/${FULL}`, "/health", "/ready", ...files]) {
    const { headers, status } = await ask(server.url + path, "GET", {});
    expect(status, path).toBe(200);
    expect(headers, path).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
      "x-frame-options": "DENY",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(headers["access-control-allow-origin"], path).toBeUndefined();
    if (path.startsWith("/pkg/")) expect(headers["cache-control"], path).toContain("immutable");
    else if (!path.includes(".")) expect(headers["cache-control"], path).toBe("no-store");
  }
  const first = (await ask(`${server.url}/`, "GET", {})).headers["content-security-policy"];
  const second = (await ask(`${server.url}/`, "GET", {})).headers["content-security-policy"];
  expect(first, "a nonce is used once").not.toBe(second);
});

filledTest("a page asks nobody but the server", async ({ page, frame, server }) => {
  const foreign: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith("data:")) foreign.push(request.url());
  });
  for (const path of ["/", "/devices", `/devices/${FULL}`, `/dashboard/${FULL}`]) await frame.goto(path);
  expect(foreign).toEqual([]);
});

filledTest("a body that is too large is refused", async ({ server }) => {
  const answer = await fetch(`${server.url}/rpc/register_device`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: `device_id=${"x".repeat(100_000)}`,
  });
  expect(answer.status).toBe(413);
});
