// The charts in headless Chromium: what their frames cost on the main thread, raster included, side by side with uPlot in the same
// browser, on the same 30 days of five fields (43,200 points each), 1,200 pixels wide.
// Arguments: URL of a dashboard that shows the 30 days and of one that is live, CSV file with the points. Prints one line of JSON.
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'

import {watchHost} from './host.js'

const {chromium} = createRequire(new URL('../../end2end/', import.meta.url))('@playwright/test')
const require = createRequire(import.meta.url)
const [monthUrl, liveUrl, csv] = process.argv.slice(2)
const launch = graphics => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [...graphics, '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
// Without a graphics card, canvases are drawn by the main thread of their page.
const browser = await launch(['--disable-gpu'])
// With one they are drawn by the process that has it. SwiftShader is a graphics card made of software: slow, but its time is not the
// main thread's.
const withGraphics = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist', '--enable-gpu-rasterization']

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const p99 = values => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * 0.99))]
const ROUNDS = Number(process.env.ROUNDS ?? 7)
const TICK_ROUNDS = 3

// What runs in the pages before they do: measures every frame in which something is drawn, until its pixels are there. The first time
// each canvas is drawn in a frame of its own: `first` is their sum.
function measureFrames() {
  window.frames = []
  window.first = 0
  // Five charts and the axis.
  const CANVASES = 6
  const seen = new Set()
  let painted = new Set()
  for (const name of ['stroke', 'fillRect', 'fillText']) {
    const draw = CanvasRenderingContext2D.prototype[name]
    CanvasRenderingContext2D.prototype[name] = function (...what) {
      painted.add(this)
      return draw.apply(this, what)
    }
  }
  const original = window.requestAnimationFrame
  window.requestAnimationFrame = callback => original.call(window, time => {
    painted = new Set()
    const began = performance.now()
    callback(time)
    // Reading a pixel waits for the raster.
    for (const context of painted) context.getImageData(0, 0, 1, 1)
    const took = performance.now() - began
    if (painted.size > 0 && seen.size < CANVASES) window.first += took
    painted.forEach(context => seen.add(context))
    if (painted.size === CANVASES) window.frames.push(took)
  })
}

// Marks when the page asks for its newer self, for the trace.
function markRequests() {
  const original = window.fetch
  window.fetch = (...what) => {
    performance.mark('request')
    return original(...what)
  }
}

// High enough for all five charts.
const viewport = {width: 1318, height: 1600}

async function open(url, ...scripts) {
  return openIn(browser, url, ...scripts)
}

async function openIn(browser, url, ...scripts) {
  const page = await browser.newPage({viewport})
  for (const script of scripts) await page.addInitScript(script)
  await page.goto(url)
  await page.locator('.chart__layer[data-drawn]').first().waitFor()
  await page.waitForTimeout(500)
  return page
}

// Moves the mouse over the charts as a person does who drags.
async function drag(page, shift, work = moves => moves()) {
  const layer = page.locator('.chart__layer').nth(2)
  await layer.scrollIntoViewIfNeeded()
  const box = await layer.boundingBox()
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + 900, y)
  if (shift) await page.keyboard.down('Shift')
  await page.mouse.down()
  const result = await work(async () => {
    for (let step = 0; step < 60; step += 1) await page.mouse.move(box.x + 900 - step * 5, y)
  })
  await page.keyboard.press('Escape')
  await page.mouse.up()
  if (shift) await page.keyboard.up('Shift')
  return result
}

// What the browser does for itself between two frames, of which a live page makes one a second: collecting garbage when it is idle, and
// the reports of its memory that tracing asks for.
const housekeeping = /^v8\/src\/heap\/|^base\/trace_event\/|memory_instrumentation/
// Whether a task shorter than this, in microseconds, was disturbed makes no difference to a frame.
const SHORT_US = 300
// What the browser is told by the program that moves its mouse.
const remoteControl = 'blink.mojom.DevToolsSession'

// What the main thread of a page works from frame to frame while something is done, in milliseconds of processor time: layout, script,
// style and, without a graphics card, raster.
async function work(page, action) {
  const browser = page.context().browser()
  await browser.startTracing(page, {categories: ['toplevel', 'blink.user_timing']})
  const host = watchHost()
  await page.waitForTimeout(250)
  await action()
  const tookTime = host.end()
  const {traceEvents} = JSON.parse((await browser.stopTracing()).toString())
  const threads = traceEvents.filter(event => event.name === 'thread_name' && event.args.name === 'CrRendererMain')
  const of = ({pid, tid}) => traceEvents.filter(event => event.pid === pid && event.tid === tid && event.ph === 'X' && event.name === 'ThreadControllerImpl::RunTask')
  const isRemote = ({args}) => args.chrome_mojo_event_info?.mojo_interface_tag?.startsWith(remoteControl)
  const remote = traceEvents.filter(event => event.ph === 'X' && isRemote(event))
  const isWithin = (event, task) => event.pid === task.pid && event.tid === task.tid && event.ts >= task.ts && event.ts < task.ts + task.dur
  const length = tasks => tasks.reduce((total, task) => total + task.dur, 0)
  const isOurs = task => !housekeeping.test(task.args.src_file ?? '') && !remote.some(event => isWithin(event, task))
  const tasks = threads.map(of).toSorted((a, b) => length(b) - length(a))[0].toSorted((a, b) => a.ts - b.ts)
  // What the tracing itself begins with is over after 200 ms. A frame's work ends with the task that makes the frame.
  const [frames, longTasks] = [[], {undisturbed: 0, processor: 0, clock: 0}]
  const requests = traceEvents.filter(event => event.name === 'request' && event.cat === 'blink.user_timing')
  // A newer page is there half a second after it was asked for.
  const isOfRequest = ({ts}) => requests.some(request => ts >= request.ts && ts < request.ts + 500_000)
  let [work_ms, isDisturbed] = [0, false]
  for (const task of tasks.filter(task => task.ts > tasks[0].ts + 200_000)) {
    if (isOurs(task)) {
      const processor_ms = (task.tdur ?? task.dur) / 1_000
      const lostTime = task.dur > SHORT_US && tookTime(task.ts, task.ts + task.dur)
      work_ms += processor_ms
      isDisturbed ||= lostTime
      // The clock goes on while the machine does something else, and at times it does for more than this.
      if (processor_ms > 50 && !lostTime) longTasks.undisturbed += 1
      if (processor_ms > 50) longTasks.processor += 1
      if (task.dur > 50_000) longTasks.clock += 1
    }
    if (task.args.src_func === 'ScheduledActionSendBeginMainFrame') {
      frames.push({work_ms, isDisturbed, isOfRequest: isOfRequest(task)})
      ;[work_ms, isDisturbed] = [0, false]
    }
  }
  if (frames.length === 0) throw new Error('no frames')
  return {frames, longTasks}
}

// One drawing by code that never ran before, and many by the same code afterwards.
async function ours() {
  const page = await open(monthUrl, measureFrames)
  const width = await page.locator('.chart__canvas').first().evaluate(canvas => canvas.width)
  const first = await page.evaluate(() => window.first)
  await page.evaluate(() => { window.frames = [] })
  await drag(page, true)
  const redraw = await page.evaluate(() => window.frames)
  await page.close()
  return {width, first, redraw}
}

// The same with uPlot.
async function theirs(times, columns) {
  const page = await browser.newPage({viewport})
  await page.addScriptTag({path: require.resolve('uplot/dist/uPlot.iife.min.js')})
  await page.addStyleTag({path: require.resolve('uplot/dist/uPlot.min.css')})
  const result = await page.evaluate(async ({times, columns}) => {
    const raster = plots => plots.forEach(plot => plot.ctx.getImageData(0, 0, 1, 1))
    const create = values => new uPlot({width: 1200, height: 168, series: [{}, {stroke: '#c8401a', width: 1.5}]}, [times, values], document.body)
    const frame = () => new Promise(done => requestAnimationFrame(done))
    await frame()
    const began = performance.now()
    const plots = columns.map(create)
    // uPlot draws in a microtask.
    await Promise.resolve()
    raster(plots)
    const first = performance.now() - began
    const redraw = []
    for (let again = 0; again < 30; again += 1) {
      await frame()
      const began = performance.now()
      plots.forEach((plot, index) => plot.setData([times, columns[index]]))
      await Promise.resolve()
      raster(plots)
      redraw.push(performance.now() - began)
    }
    return {first, redraw}
  }, {times, columns})
  await page.close()
  return result
}

// The device that is looked at live sends.
async function send() {
  const {origin, pathname} = new URL(liveUrl)
  const body = new URLSearchParams({id: pathname.split('/').at(-1), confirmed: 'false'})
  const answer = await fetch(`${origin}/rpc/write_missing_data`, {method: 'POST', body})
  if (!answer.ok) throw new Error(await answer.text())
}

// A page with nothing but five canvases as large as the charts' and an axis, of which each gets another line every second.
async function bareIn(browser) {
  const page = await browser.newPage({viewport})
  await page.evaluate(() => {
    const contexts = Array.from({length: 6}, (_, index) => {
      const canvas = document.body.appendChild(document.createElement('canvas'))
      Object.assign(canvas, {width: 1_200, height: index < 5 ? 168 : 44})
      return canvas.getContext('2d')
    })
    let x = 0
    setInterval(() => {
      x = (x + 4) % 1_200
      requestAnimationFrame(() => contexts.forEach(context => {
        context.clearRect(0, 0, 1_200, 168)
        context.fillRect(x, 0, 1, 168)
      }))
    }, 1_000)
  })
  // The charts have been drawn twice as well when their ticks are measured: the first pictures cost more than later ones.
  await page.waitForTimeout(2_500)
  return page
}

async function mainThread() {
  const works = {zoom: [], pan: [], tick: [], bareTick: [], graphicsTick: [], bareGraphicsTick: [], page: []}
  const longTasks = {undisturbed: 0, processor: 0, clock: 0}
  const count = more => {
    for (const by of Object.keys(longTasks)) longTasks[by] += more[by]
  }
  for (const [name, shift] of [['zoom', false], ['pan', true]]) {
    const page = await open(monthUrl)
    for (let round = 0; round < ROUNDS; round += 1) {
      const {frames, longTasks: long} = await drag(page, shift, moves => work(page, moves))
      works[name].push(...frames)
      count(long)
      await page.goto(monthUrl)
      await page.locator('.chart__layer[data-drawn]').first().waitFor()
      await page.waitForTimeout(500)
    }
    await page.close()
  }
  // The sides take turns, long enough for a 99th percentile.
  const graphics = await launch(withGraphics)
  const {gpu} = await (await graphics.newBrowserCDPSession()).send('SystemInfo.getInfo')
  if (gpu.featureStatus['2d_canvas'] !== 'enabled') throw new Error(`canvases are not drawn by a graphics process: ${JSON.stringify(gpu.featureStatus)}`)
  for (let round = 0; round < TICK_ROUNDS; round += 1) {
    await send()
    const pages = {
      tick: () => open(liveUrl, markRequests),
      bareTick: () => bareIn(browser),
      graphicsTick: () => openIn(graphics, liveUrl, markRequests),
      bareGraphicsTick: () => bareIn(graphics),
    }
    for (const [name, start] of Object.entries(pages)) {
      const page = await start()
      const {frames, longTasks: long} = await work(page, () => page.waitForTimeout(50_000))
      works[name].push(...frames.filter(frame => !frame.isOfRequest))
      if (name === 'tick') {
        works.page.push(...frames.filter(frame => frame.isOfRequest))
        count(long)
      }
      await page.close()
    }
  }
  await graphics.close()
  const sums = frames => {
    const times = frames.map(frame => frame.work_ms)
    return {count: times.length, median: median(times), p99: p99(times)}
  }
  const both = frames => ({all: sums(frames), undisturbed: sums(frames.filter(frame => !frame.isDisturbed))})
  return {...Object.fromEntries(Object.entries(works).map(([name, frames]) => [name, both(frames)])), longTasks}
}

const rows = readFileSync(csv, 'utf8').trim().split('\r\n').slice(1).map(line => line.split(','))
const times = rows.map(row => Date.parse(row[0]) / 1_000)
const columns = [1, 2, 3, 4, 5].map(index => rows.map(row => Number(row[index])))
const drawn = {ours: [], theirs: []}
// The sides take turns.
for (let round = 0; round < ROUNDS; round += 1) {
  drawn.ours.push(await ours())
  drawn.theirs.push(await theirs(times, columns))
}
const sums = side => ({first: median(side.map(one => one.first)), redraw: median(side.flatMap(one => one.redraw))})
const result = {
  ours: {width: drawn.ours[0].width, ...sums(drawn.ours), ...await mainThread()},
  theirs: {points: times.length, ...sums(drawn.theirs)},
}
await browser.close()
console.log(JSON.stringify(result))
