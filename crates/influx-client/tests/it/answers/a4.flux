from(bucket: "tutorial") |> range(start: 0) |> filter(fn: (r) => r._measurement == "environment" and r.device == "test_device_1") |> last()
