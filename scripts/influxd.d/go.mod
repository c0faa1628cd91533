// Pins what scripts/influxd builds: InfluxDB itself and, by go.sum, everything below it.
module iot-center/influxd

go 1.26

require github.com/influxdata/influxdb/v2 v2.9.1
