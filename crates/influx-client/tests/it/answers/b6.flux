import "influxdata/influxdb/v1"
  from(bucket: "iot_center")
    |> range(start: -30d)
    |> filter(fn: (r) => r._measurement == "environment")
    |> filter(fn: (r) => r.clientId == "virtual_device")
    |> v1.fieldsAsCols()
    |> rename(columns: {Lat: "lat", Lon: "lon"})
