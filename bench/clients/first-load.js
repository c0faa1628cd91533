// Opens a page as a first visitor does, and prints how many bytes HTML, styles, scripts, WebAssembly and images have when compressed with brotli.
// Arguments: URL. Playwright comes from end2end.
import {createRequire} from 'node:module'
import {brotliCompressSync, constants} from 'node:zlib'

const {chromium} = createRequire(new URL('../../end2end/', import.meta.url))('@playwright/test')
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const page = await browser.newPage()
const kinds = {document: 'HTML', stylesheet: 'CSS', script: 'JS', image: 'images', fetch: 'data', xhr: 'data'}
const bodies = []
// The stream of new points never ends.
const isStream = response => response.url().includes('/follow_series')
page.on('response', response => isStream(response) || bodies.push(response.body().then(body => [response, body]).catch(() => undefined)))
await page.goto(process.argv[2])
await page.locator('html[data-hydrated]').waitFor()
await page.waitForTimeout(2_000)
const sizes = {}
for (const [response, body] of (await Promise.all(bodies)).filter(Boolean)) {
  const kind = response.url().endsWith('.wasm') ? 'WASM' : kinds[response.request().resourceType()] ?? 'other'
  const quality = {[constants.BROTLI_PARAM_QUALITY]: 11}
  sizes[kind] = (sizes[kind] ?? 0) + brotliCompressSync(body, {params: quality}).length
}
await browser.close()
console.log(JSON.stringify(sizes))
