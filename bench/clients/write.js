// The loop that InfluxData's own applications write emulated data with: official client, one Point a minute. On each line from
// standard input it writes a week for the device named there and prints the milliseconds that took.
// Arguments: URL TOKEN ORG BUCKET
import {createInterface} from 'node:readline'
import {InfluxDB, Point} from '@influxdata/influxdb-client'

const [url, token, org, bucket] = process.argv.slice(2)
const influx = new InfluxDB({url, token})
const minutes = 7 * 24 * 60
const sensors = ['Temperature', 'Humidity', 'Pressure', 'CO2', 'TVOC', 'GPS']

for await (const device of createInterface({input: process.stdin})) {
  const end = Math.floor(Date.now() / 60_000) * 60_000
  const began = performance.now()
  const api = influx.getWriteApi(org, bucket, 'ns', {batchSize: 2_000, defaultTags: {clientId: device}})
  for (let time = end - minutes * 60_000; time < end; time += 60_000) {
    const wave = Math.trunc(200 + 100 * Math.sin(time / 1e7)) / 10
    const point = new Point('environment')
    for (const sensor of sensors) point.tag(`${sensor}Sensor`, `virtual_${sensor}Sensor`)
    point
      .floatField('Temperature', wave)
      .floatField('Humidity', wave + 30)
      .floatField('Pressure', 1000 + wave)
      .intField('CO2', 400 + Math.trunc(wave * 10))
      .intField('TVOC', 250 + Math.trunc(wave * 7))
      .floatField('Lat', 50.0873254)
      .floatField('Lon', 14.4071543)
      .timestamp(`${time}000000`)
    api.writePoint(point)
  }
  await api.close()
  console.log(performance.now() - began)
}
