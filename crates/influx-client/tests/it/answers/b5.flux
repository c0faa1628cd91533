import "influxdata/influxdb/v1"
from(bucket: "iot_center")
  |> range(start: -1y)
  |> filter(fn: (r) => r.clientId == "virtual_device")
  |> filter(fn: (r) => r._measurement == "environment")
  |> keep(columns: ["_time"])
  |> max(column: "_time")
