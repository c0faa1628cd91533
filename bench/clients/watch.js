// Changes a line in three files and waits until the browser shows it. Arguments: URL, folder of the project. Playwright comes from end2end.
import {createRequire} from 'node:module'
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

const CHANGES = [
  ['a line of a page', 'src/pages/fleet.rs', 'Register your first device', 'Register your very first device', () => document.body.textContent.includes('very first device')],
  ['a line of an island', 'src/islands/register_form.rs', 'Up to 64 letters', 'At most 64 letters', () => document.body.textContent.includes('At most 64 letters') && document.documentElement.hasAttribute('data-hydrated')],
  ['a line of a style sheet', 'style/base.css', 'h1 {', 'h1 {\n  outline: 7px solid red;', () => getComputedStyle(document.querySelector('h1')).outlineWidth === '7px'],
]
const [url, root] = process.argv.slice(2)
const {chromium} = createRequire(new URL('../../end2end/', import.meta.url))('@playwright/test')
const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu']})
const page = await browser.newPage()
// While the server restarts there is no page to ask.
const shows = probe => page.evaluate(probe).catch(() => false)
const until = async condition => {
  while (!(await condition())) await new Promise(done => setTimeout(done, 100))
}
await page.goto(url)
await page.locator('html[data-hydrated]').waitFor()
for (const [name, file, from, to, probe] of CHANGES) {
  const path = join(root, file)
  const before = readFileSync(path, 'utf8')
  if (!before.includes(from)) throw new Error(`${file} has no "${from}"`)
  try {
    const began = Date.now()
    writeFileSync(path, before.replace(from, to))
    await until(() => shows(probe))
    console.log(`${name}: ${((Date.now() - began) / 1_000).toFixed(1)} s`)
  } finally {
    writeFileSync(path, before)
  }
  await until(async () => !(await shows(probe)))
  // What was put back is built too.
  await new Promise(done => setTimeout(done, 10_000))
}
await browser.close()
