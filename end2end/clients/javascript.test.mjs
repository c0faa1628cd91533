// The official JavaScript client does what the iot-api-js tutorial and IoT Center v2 do with it.
// INFLUX_URL, INFLUX_TOKEN and INFLUX_ORG say where; crates/influx-client/tests/it/official_clients.rs starts it.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {HttpError, InfluxDB, Point, flux, fluxDuration, setLogger} from '@influxdata/influxdb-client'
import {AuthorizationsAPI, BucketsAPI, HealthAPI, OrgsAPI, PingAPI} from '@influxdata/influxdb-client-apis'

const {INFLUX_URL: url, INFLUX_TOKEN: token, INFLUX_ORG: org} = process.env
// The errors that are provoked here are asserted, not printed.
setLogger({error() {}, warn() {}})
const bucket = `javascript-${Date.now()}`
const influxDB = new InfluxDB({url, token, timeout: 10_000})
const queryApi = influxDB.getQueryApi(org)
let orgID
let bucketID

before(async () => {
  const {orgs} = await new OrgsAPI(influxDB).getOrgs({org})
  orgID = orgs[0].id
  const buckets = new BucketsAPI(influxDB)
  await assert.rejects(buckets.getBuckets({orgID, name: bucket}), error => {
    assert.ok(error instanceof HttpError)
    assert.equal(error.statusCode, 404)
    assert.equal(error.code, 'not found')
    return true
  })
  bucketID = (await buckets.postBuckets({body: {orgID, name: bucket}})).id
})

after(async () => {
  await new BucketsAPI(influxDB).deleteBucketsID({bucketID})
})

test('ping and health', async () => {
  await new PingAPI(influxDB).getPing()
  assert.equal((await new HealthAPI(influxDB).getHealth()).status, 'pass')
})

test('points that WriteApi writes come back from QueryApi', async () => {
  // One batch: close() waits for the last one only.
  const writeApi = influxDB.getWriteApi(org, bucket, 'ms', {gzipThreshold: 1000, batchSize: 5000})
  writeApi.useDefaultTags({clientId: 'virtual_device'})
  const start = Date.now() - 1_200_000
  for (let i = 0; i < 1200; i++) {
    writeApi.writePoint(
      new Point('environment')
        .tag('TemperatureSensor', 'virtual, "sensor"')
        .floatField('Temperature', i / 10)
        .intField('CO2', i)
        .uintField('Count', i)
        .booleanField('Even', i % 2 === 0)
        .stringField('Note', `number "${i}", \\ and more`)
        .timestamp(start + i * 1000)
    )
  }
  await writeApi.close()

  const rows = await queryApi.collectRows(flux`import "influxdata/influxdb/v1"
    from(bucket: ${bucket})
      |> range(start: ${fluxDuration('-1h')})
      |> filter(fn: (r) => r._measurement == "environment" and r.clientId == ${'virtual_device'})
      |> v1.fieldsAsCols()
      |> sort(columns: ["_time"])`)
  assert.equal(rows.length, 1200)
  const {_time, Temperature, CO2, Count, Even, Note, TemperatureSensor} = rows[7]
  assert.deepEqual(
    {_time: Date.parse(_time), Temperature, CO2, Count, Even, Note, TemperatureSensor},
    {
      _time: start + 7000,
      Temperature: 0.7,
      CO2: 7,
      Count: 7,
      Even: false,
      Note: 'number "7", \\ and more',
      TemperatureSensor: 'virtual, "sensor"',
    }
  )
})

test('several results arrive under their names', async () => {
  const names = new Set()
  for await (const {values, tableMeta} of queryApi.iterateRows(flux`
    data = from(bucket: ${bucket}) |> range(start: -1h) |> filter(fn: (r) => r._field == "CO2")
    data |> min() |> yield(name: "least")
    data |> max() |> yield(name: "most")`)) {
    const row = tableMeta.toObject(values)
    names.add(`${row.result} ${row._value}`)
  }
  assert.deepEqual([...names].sort(), ['least 0', 'most 1199'])
})

test('errors carry code and message', async () => {
  await assert.rejects(queryApi.collectRows('from(bucket: "nowhere") |> range(start: 0)'), error => {
    assert.equal(error.statusCode, 404)
    assert.equal(error.message, 'failed to initialize execute state: could not find bucket "nowhere"')
    return true
  })
  const writeApi = influxDB.getWriteApi(org, bucket, 'ns', {maxRetries: 0})
  writeApi.writeRecord('no fields')
  await assert.rejects(writeApi.flush(), error => {
    assert.equal(error.statusCode, 400)
    assert.match(error.message, /unable to parse 'no fields'/)
    return true
  })
})

test('a device gets a token for its bucket only', async () => {
  const authorizations = new AuthorizationsAPI(influxDB)
  const resource = {type: 'buckets', id: bucketID, orgID}
  const created = await authorizations.postAuthorizations({
    body: {
      orgID,
      description: 'IoTCenterDevice: javascript',
      permissions: [
        {action: 'read', resource},
        {action: 'write', resource},
      ],
    },
  })
  assert.equal(created.token.length, 88)
  const {authorizations: all} = await authorizations.getAuthorizations({orgID})
  assert.ok(all.some(authorization => authorization.id === created.id))

  const device = new InfluxDB({url, token: created.token})
  const writeApi = device.getWriteApi(org, bucket, 's')
  writeApi.writePoint(new Point('environment').tag('clientId', 'device').floatField('Temperature', 20))
  await writeApi.close()
  const rows = await device.getQueryApi(org).collectRows(flux`from(bucket: ${bucket})
    |> range(start: -1h) |> filter(fn: (r) => r.clientId == "device") |> last()`)
  assert.deepEqual(rows.map(row => row._value), [20])

  await authorizations.deleteAuthorizationsID({authID: created.id})
  await assert.rejects(device.getQueryApi(org).collectRows('buckets()'), {statusCode: 401})
})
