import "influxdata/influxdb/v1"    
  from(bucket: "iot_center")
    |> range(start: -7d)
    |> filter(fn: (r) => r._measurement == "environment")
    |> filter(fn: (r) => r["_field"] == "Temperature" or r["_field"] == "TVOC" or r["_field"] == "Pressure" or r["_field"] == "Humidity" or r["_field"] == "CO2")
    |> filter(fn: (r) => r.clientId == "virtual_device")
    |> v1.fieldsAsCols()
