// The charts in headless Chromium: what their frames cost on the main thread, raster included, side by side with uPlot in the same
// browser, on the same 30 days of five fields (43,200 points each), 1,200 pixels wide.
// Arguments: URL of a dashboard that shows the 30 days and of one that is live, CSV file with the points. Prints one line of JSON.
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'

const {chromium} = createRequire(new URL('../../end2end/', import.meta.url))('@playwright/test')
const require = createRequire(import.meta.url)
const [monthUrl, liveUrl, csv] = process.argv.slice(2)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const p99 = values => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * 0.99))]

// What runs in the pages before they do: measures every frame with drawing, until the pixels are there, and long tasks.
function measure() {
  window.frames = []
  window.longTasks = []
  new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(entry => entry.duration))).observe({type: 'longtask', buffered: true})
  let painted = new Set()
  const {stroke} = CanvasRenderingContext2D.prototype
  CanvasRenderingContext2D.prototype.stroke = function (...path) {
    painted.add(this)
    return stroke.apply(this, path)
  }
  const original = window.requestAnimationFrame
  window.requestAnimationFrame = callback => original.call(window, time => {
    painted = new Set()
    const began = performance.now()
    callback(time)
    const script = performance.now() - began
    // Reading a pixel waits for the raster.
    for (const context of painted) context.getImageData(0, 0, 1, 1)
    if (painted.size > 0) window.frames.push({script, whole: performance.now() - began, canvases: painted.size})
  })
}

async function dashboard(url) {
  const page = await browser.newPage({viewport: {width: 1318, height: 1600}})
  await page.addInitScript(measure)
  await page.goto(url)
  await page.locator('.chart__layer[data-drawn]').first().waitFor()
  await page.waitForTimeout(500)
  return page
}

async function ours() {
  const first = []
  let redraws = []
  let drags = []
  let longTasks = []
  let width = 0
  for (let round = 0; round < 5; round += 1) {
    const page = await dashboard(monthUrl)
    width = await page.locator('.chart__canvas').first().evaluate(canvas => canvas.width)
    first.push((await page.evaluate(() => window.frames))[0].whole)
    await page.evaluate(() => { window.frames = []; window.longTasks = [] })
    const layer = page.locator('.chart__layer').nth(2)
    const box = await layer.boundingBox()
    const y = box.y + box.height / 2
    await page.mouse.move(box.x + 900, y)
    await page.keyboard.down('Shift')
    await page.mouse.down()
    for (let step = 0; step < 60; step += 1) await page.mouse.move(box.x + 900 - step * 5, y)
    const frames = await page.evaluate(() => window.frames)
    drags.push(...frames.map(frame => frame.whole))
    redraws.push(...frames.map(frame => frame.whole))
    longTasks.push(...await page.evaluate(() => window.longTasks))
    await page.mouse.up()
    await page.keyboard.up('Shift')
    await page.close()
  }
  const page = await dashboard(liveUrl)
  await page.evaluate(() => { window.frames = []; window.longTasks = [] })
  await page.waitForTimeout(20_000)
  const ticks = (await page.evaluate(() => window.frames)).map(frame => frame.whole)
  longTasks.push(...await page.evaluate(() => window.longTasks))
  await page.close()
  return {width, first: median(first), redraw: median(redraws), drag: p99(drags), tick: p99(ticks), ticks: ticks.length, longTasks: longTasks.length}
}

async function theirs() {
  const rows = readFileSync(csv, 'utf8').trim().split('\r\n').slice(1).map(line => line.split(','))
  const times = rows.map(row => Date.parse(row[0]) / 1_000)
  const columns = [1, 2, 3, 4, 5].map(index => rows.map(row => Number(row[index])))
  const page = await browser.newPage({viewport: {width: 1318, height: 1600}})
  await page.addScriptTag({path: require.resolve('uplot/dist/uPlot.iife.min.js')})
  return page.evaluate(async ({times, columns}) => {
    const raster = plots => plots.forEach(plot => plot.ctx.getImageData(0, 0, 1, 1))
    const create = values => new uPlot({width: 1200, height: 168, series: [{}, {stroke: '#c8401a', width: 1.5}]}, [times, values], document.body)
    const frame = () => new Promise(done => requestAnimationFrame(done))
    const first = []
    const redraw = []
    for (let round = 0; round < 7; round += 1) {
      const began = performance.now()
      const plots = columns.map(create)
      // uPlot draws in a microtask.
      await Promise.resolve()
      raster(plots)
      first.push(performance.now() - began)
      for (let again = 0; again < 5; again += 1) {
        await frame()
        const began = performance.now()
        plots.forEach((plot, index) => plot.setData([times, columns[index]]))
        await Promise.resolve()
        raster(plots)
        redraw.push(performance.now() - began)
      }
      plots.forEach(plot => plot.destroy())
    }
    const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
    // The first round warms the browser up, as it does for the other side.
    return {points: times.length, first: median(first), redraw: median(redraw)}
  }, {times, columns})
}

const result = {ours: await ours(), theirs: await theirs()}
await browser.close()
console.log(JSON.stringify(result))
