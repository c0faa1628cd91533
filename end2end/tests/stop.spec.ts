/** The server ends when it is told to. */

import { expect, test } from "./fixtures/test.ts";

test("SIGTERM ends it, with a page open and nobody who reads its log", async ({ server, frame }) => {
  await frame.goto("/");
  expect(await server.terminate(12_000), "exit code").toBe(0);
});
