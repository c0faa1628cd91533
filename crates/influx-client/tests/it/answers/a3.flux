from(bucket:"iot_center_devices")
    |> range(start: 0)
    |> filter(fn: (r) => r._measurement == "deviceauth" and r.deviceId == "d1" and r._field != "token") |> last()
