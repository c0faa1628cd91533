// What the host of a virtual machine takes from it. Linux counts the time for which a processor was wanted and not there ("steal"), in
// hundredths of a second. It is no work of the page, and its processor time grows by it all the same: caches are cold afterwards.
import {existsSync, readFileSync} from 'node:fs'

const STATISTICS = '/proc/stat'
const SAMPLE_MS = 20
// The count is brought up to date that late, at most, in microseconds.
const LATE_US = 30_000

// The monotonic clock in microseconds, which traces of Chromium have, too.
const now = () => Number(process.hrtime.bigint() / 1_000n)
// Where nothing is counted, nothing is taken.
const taken = () => existsSync(STATISTICS) ? Number(readFileSync(STATISTICS, 'latin1').split('\n')[0].split(/\s+/)[8] ?? 0) : 0

// Watches the host until `end` is called, which gives a function: was time taken between two moments, or right before?
export function watchHost() {
  const spans = []
  let last = {at: now(), taken: taken()}
  const sample = () => {
    const next = {at: now(), taken: taken()}
    if (next.taken > last.taken) spans.push({from: last.at - LATE_US, to: next.at})
    last = next
  }
  const timer = setInterval(sample, SAMPLE_MS)
  return {
    end() {
      clearInterval(timer)
      sample()
      return (from, to) => spans.some(span => span.to > from - LATE_US && span.from < to)
    },
  }
}
