import "influxdata/influxdb/v1"
  from(bucket: "iot_center")
    |> range(start: -7d)
    |> filter(fn: (r) => r.clientId == "virtual_device")
    |> filter(fn: (r) => r._measurement == "environment")
    |> filter(fn: (r) => r["_field"] == "Temperature")
    |> keep(columns: ["_value", "_time"])
    |> last()
