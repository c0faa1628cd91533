// Lets Lighthouse judge pages, as a desktop and as a mobile phone, and prints the medians of five runs each as a line of JSON.
// Arguments: URLs. Set RUNS for another number of runs.
import {launch} from 'chrome-launcher'
import lighthouse, {desktopConfig} from 'lighthouse'

const CATEGORIES = ['performance', 'accessibility', 'best-practices']
const RUNS = Number(process.env.RUNS ?? 5)

const chrome = await launch({
  chromePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
})
const options = {port: chrome.port, logLevel: 'error', onlyCategories: CATEGORIES}
const middle = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

// Once in a while Lighthouse misses the beginning of a page load and asks to be run again.
async function runOnce(url, config, attempts = 3) {
  const {lhr} = await lighthouse(url, options, config)
  if (!lhr.runtimeError) return lhr
  if (attempts > 1) return runOnce(url, config, attempts - 1)
  throw new Error(`${url}: ${lhr.runtimeError.message}`)
}

async function judge(url, config) {
  const runs = []
  const complaints = new Set()
  for (let run = 0; run < RUNS; run += 1) {
    const lhr = await runOnce(url, config)
    runs.push(lhr)
    for (const category of CATEGORIES.slice(1)) {
      for (const {id, weight} of lhr.categories[category].auditRefs) {
        if (weight > 0 && (lhr.audits[id].score ?? 1) < 1) complaints.add(id)
      }
    }
  }
  const scores = CATEGORIES.map(category => middle(runs.map(run => Math.round(run.categories[category].score * 100))))
  const shift = middle(runs.map(run => run.audits['cumulative-layout-shift'].numericValue))
  const work = middle(runs.map(run => run.audits['total-blocking-time'].numericValue))
  const paint = middle(runs.map(run => run.audits['largest-contentful-paint'].numericValue))
  return {scores, shift, blocking_ms: Math.round(work), largest_paint_ms: Math.round(paint), complaints: [...complaints]}
}

try {
  for (const url of process.argv.slice(2)) {
    const {pathname} = new URL(url)
    console.log(JSON.stringify({page: pathname, desktop: await judge(url, desktopConfig), mobile: await judge(url)}))
  }
} finally {
  await chrome.kill()
}
