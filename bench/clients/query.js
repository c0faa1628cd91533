// What the dashboard of IoT Center v2 does: the fieldsAsCols() query, and giraffe's fromFlux on the answer. On each line from
// standard input it asks for the range named there (`FROM TO WINDOW`, RFC 3339 and milliseconds) and prints as JSON: milliseconds, bytes, rows,
// and not timed, of each window the first, smallest, largest and last value of each field, one after the other.
// Arguments: URL TOKEN ORG BUCKET DEVICE
import {createInterface} from 'node:readline'
import {fromFlux} from './giraffe.js'

const [url, token, org, bucket, device] = process.argv.slice(2)
const fields = ['Temperature', 'Humidity', 'Pressure', 'CO2', 'TVOC']

for await (const line of createInterface({input: process.stdin})) {
  const [from, to, window] = line.split(' ')
  const query = `import "influxdata/influxdb/v1"
from(bucket: ${JSON.stringify(bucket)})
  |> range(start: ${from}, stop: ${to})
  |> filter(fn: (r) => r._measurement == "environment")
  |> filter(fn: (r) => ${fields.map(field => `r["_field"] == "${field}"`).join(' or ')})
  |> filter(fn: (r) => r.clientId == ${JSON.stringify(device)})
  |> v1.fieldsAsCols()`
  const began = performance.now()
  const response = await fetch(`${url}/api/v2/query?org=${encodeURIComponent(org)}`, {
    method: 'POST',
    headers: {authorization: `Token ${token}`, 'content-type': 'application/json', 'accept-encoding': 'identity'},
    body: JSON.stringify({query, type: 'flux', dialect: {header: true, delimiter: ',', annotations: ['datatype', 'group', 'default']}}),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  const {table} = fromFlux(text)
  const milliseconds = performance.now() - began
  const times = table.getColumn('_time', 'time')
  const windows = fields.map(field => {
    const values = table.getColumn(field, 'number')
    const summed = new Map()
    values.forEach((value, row) => {
      const start = Math.floor(times[row] / Number(window))
      const old = summed.get(start) ?? [value, value, value, value]
      summed.set(start, [old[0], Math.min(old[1], value), Math.max(old[2], value), value])
    })
    return [...summed.values()].flat()
  })
  console.log(JSON.stringify({milliseconds, bytes: text.length, rows: table.length, windows}))
}
process.exit()
