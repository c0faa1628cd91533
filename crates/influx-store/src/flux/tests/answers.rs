//! The queries of the applications that this store serves, with the answers of InfluxDB 2.8.0.

use influx_wire::csv::{Annotation, Dialect};

use super::{answer, check_answer, javascript};

const FEBRUARY: &str = "2022-02-15T22:38:31.329Z";
const MAY: &str = "2022-05-08T22:25:10.111697Z";

const VIRTUAL: &str = "
    environment,clientId=virtual_device,CO2Sensor=virtual_CO2Sensor,GPSSensor=virtual_GPSSensor,HumiditySensor=virtual_HumiditySensor,PressureSensor=virtual_PressureSensor,TVOCSensor=virtual_TVOCSensor,TemperatureSensor=virtual_TemperatureSensor CO2=865i,Humidity=32,Lat=50.0873254,Lon=14.4071543,Pressure=980.1,TVOC=564i,Temperature=16.8 1644359940000000000
    environment,clientId=virtual_device,CO2Sensor=virtual_CO2Sensor,GPSSensor=virtual_GPSSensor,HumiditySensor=virtual_HumiditySensor,PressureSensor=virtual_PressureSensor,TVOCSensor=virtual_TVOCSensor,TemperatureSensor=virtual_TemperatureSensor CO2=867i,Humidity=31.8,Lat=50.0873254,Lon=14.4071543,Pressure=980.3,TVOC=565i,Temperature=17.2 1644360000000000000
    environment,clientId=virtual_device,CO2Sensor=virtual_CO2Sensor,GPSSensor=virtual_GPSSensor,HumiditySensor=virtual_HumiditySensor,PressureSensor=virtual_PressureSensor,TVOCSensor=virtual_TVOCSensor,TemperatureSensor=virtual_TemperatureSensor CO2=869i,Humidity=31.4,Lat=50.0873254,Lon=14.4071543,Pressure=980.3,TVOC=565i,Temperature=17 1644360060000000000
    environment,clientId=other,CO2Sensor=virtual_CO2Sensor,GPSSensor=virtual_GPSSensor,HumiditySensor=virtual_HumiditySensor,PressureSensor=virtual_PressureSensor,TVOCSensor=virtual_TVOCSensor,TemperatureSensor=virtual_TemperatureSensor CO2=999i,Humidity=1,Lat=1,Lon=1,Pressure=1,TVOC=1i,Temperature=99 1644360000000000000
";

const DEVICES: &str = r#"
    deviceauth,deviceId=d1 createdAt="2022-02-01T10:00:00.000Z" 1643709600000000000
    deviceauth,deviceId=d1 key="08e64ffe9b764000",token="tok1==" 1643709601000000000
    deviceauth,deviceId=d2 key="08e64ffe9b764001",token="tok2==" 1643709602000000000
    deviceauth,deviceId=d1 key="08e64ffe9b764009",token="tok1b==" 1643709603000000000
"#;

const BME280: &str = "
    environment,HumiditySensor=virtual_bme280,PressureSensor=virtual_bme280,TemperatureSensor=virtual_bme280,device=test_device_1 Humidity=50i,Lat=33.780799865722656,Lon=33.780799865722656,Pressure=60i,Temperature=20i 1651771548057014000
    environment,HumiditySensor=virtual_bme280,PressureSensor=virtual_bme280,TemperatureSensor=virtual_bme280,device=test_device_1 Humidity=51i,Lat=40.25,Lon=40.25,Pressure=61i,Temperature=21i 1651773048057014000
    environment,HumiditySensor=virtual_bme280,PressureSensor=virtual_bme280,TemperatureSensor=virtual_bme280,device=test_device_2 Humidity=52i,Lat=40.5,Lon=40.5,Pressure=62i,Temperature=22i 1651774548057014000
    environment,HumiditySensor=virtual_bme280,PressureSensor=virtual_bme280,TemperatureSensor=virtual_bme280,device=test_device_1 Humidity=53i,Lat=41,Lon=41,Pressure=63i,Temperature=23i 1651776048057014000
";

/// What iot-api-python asks for.
fn python() -> Dialect {
    let annotations = vec![Annotation::Group, Annotation::DataType, Annotation::Default];
    Dialect { annotations, ..Dialect::default() }
}

#[test]
fn a1_devices() {
    check_answer(
        DEVICES,
        FEBRUARY,
        javascript(),
        r#"
          from(bucket:"iot_center_devices")
            |> range(start: 0)
            |> filter(fn: (r) => r._measurement == "deviceauth" and r._field != "token")
            |> last()"#,
        "
            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,string
            #group,false,false,true,true,false,false,true,true,true
            #default,_result,,,,,,,,
            ,result,table,_start,_stop,_time,_value,_field,_measurement,deviceId
            ,,0,1970-01-01T00:00:00Z,2022-02-15T22:38:31.329Z,2022-02-01T10:00:00Z,2022-02-01T10:00:00.000Z,createdAt,deviceauth,d1
            ,,1,1970-01-01T00:00:00Z,2022-02-15T22:38:31.329Z,2022-02-01T10:00:03Z,08e64ffe9b764009,key,deviceauth,d1
            ,,2,1970-01-01T00:00:00Z,2022-02-15T22:38:31.329Z,2022-02-01T10:00:02Z,08e64ffe9b764001,key,deviceauth,d2",
    );
}

#[test]
fn a2_device() {
    check_answer(
        DEVICES,
        FEBRUARY,
        javascript(),
        r#"
          from(bucket:"iot_center_devices")
            |> range(start: 0)
            |> filter(fn: (r) => r._measurement == "deviceauth" and r.deviceId == "d1")
            |> last()"#,
        "
            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,string
            #group,false,false,true,true,false,false,true,true,true
            #default,_result,,,,,,,,
            ,result,table,_start,_stop,_time,_value,_field,_measurement,deviceId
            ,,0,1970-01-01T00:00:00Z,2022-02-15T22:38:31.329Z,2022-02-01T10:00:00Z,2022-02-01T10:00:00.000Z,createdAt,deviceauth,d1
            ,,1,1970-01-01T00:00:00Z,2022-02-15T22:38:31.329Z,2022-02-01T10:00:03Z,08e64ffe9b764009,key,deviceauth,d1
            ,,2,1970-01-01T00:00:00Z,2022-02-15T22:38:31.329Z,2022-02-01T10:00:03Z,tok1b==,token,deviceauth,d1",
    );
}

#[test]
fn a4_measurements() {
    check_answer(
        BME280,
        MAY,
        javascript(),
        r#"
          from(bucket: "iot_center") |> range(start: 0) |> filter(fn: (r) => r._measurement == "environment" and r.device == "test_device_1") |> last()"#,
        "
            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,long,string,string,string,string,string,string
            #group,false,false,true,true,false,false,true,true,true,true,true,true
            #default,_result,,,,,,,,,,,
            ,result,table,_start,_stop,_time,_value,HumiditySensor,PressureSensor,TemperatureSensor,_field,_measurement,device
            ,,0,1970-01-01T00:00:00Z,2022-05-08T22:25:10.111697Z,2022-05-05T18:40:48.057014Z,53,virtual_bme280,virtual_bme280,virtual_bme280,Humidity,environment,test_device_1

            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,string,string,string
            #group,false,false,true,true,false,false,true,true,true,true,true,true
            #default,_result,,,,,,,,,,,
            ,result,table,_start,_stop,_time,_value,HumiditySensor,PressureSensor,TemperatureSensor,_field,_measurement,device
            ,,1,1970-01-01T00:00:00Z,2022-05-08T22:25:10.111697Z,2022-05-05T18:40:48.057014Z,41,virtual_bme280,virtual_bme280,virtual_bme280,Lat,environment,test_device_1
            ,,2,1970-01-01T00:00:00Z,2022-05-08T22:25:10.111697Z,2022-05-05T18:40:48.057014Z,41,virtual_bme280,virtual_bme280,virtual_bme280,Lon,environment,test_device_1

            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,long,string,string,string,string,string,string
            #group,false,false,true,true,false,false,true,true,true,true,true,true
            #default,_result,,,,,,,,,,,
            ,result,table,_start,_stop,_time,_value,HumiditySensor,PressureSensor,TemperatureSensor,_field,_measurement,device
            ,,3,1970-01-01T00:00:00Z,2022-05-08T22:25:10.111697Z,2022-05-05T18:40:48.057014Z,63,virtual_bme280,virtual_bme280,virtual_bme280,Pressure,environment,test_device_1
            ,,4,1970-01-01T00:00:00Z,2022-05-08T22:25:10.111697Z,2022-05-05T18:40:48.057014Z,23,virtual_bme280,virtual_bme280,virtual_bme280,Temperature,environment,test_device_1",
    );
}

#[test]
fn b1_fields_as_columns() {
    check_answer(
        VIRTUAL,
        FEBRUARY,
        javascript(),
        r#"
          import "influxdata/influxdb/v1"    
          from(bucket: "iot_center")
            |> range(start: -7d)
            |> filter(fn: (r) => r._measurement == "environment")
            |> filter(fn: (r) => r["_field"] == "Temperature" or r["_field"] == "TVOC" or r["_field"] == "Pressure" or r["_field"] == "Humidity" or r["_field"] == "CO2")
            |> filter(fn: (r) => r.clientId == "virtual_device")
            |> v1.fieldsAsCols()"#,
        "
            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,string,string,string,string,string,long,double,double,long,double
            #group,false,false,true,true,false,true,true,true,true,true,true,true,true,false,false,false,false,false
            #default,_result,,,,,,,,,,,,,,,,,
            ,result,table,_start,_stop,_time,CO2Sensor,GPSSensor,HumiditySensor,PressureSensor,TVOCSensor,TemperatureSensor,_measurement,clientId,CO2,Humidity,Pressure,TVOC,Temperature
            ,,0,2022-02-08T22:38:31.329Z,2022-02-15T22:38:31.329Z,2022-02-08T22:39:00Z,virtual_CO2Sensor,virtual_GPSSensor,virtual_HumiditySensor,virtual_PressureSensor,virtual_TVOCSensor,virtual_TemperatureSensor,environment,virtual_device,865,32,980.1,564,16.8
            ,,0,2022-02-08T22:38:31.329Z,2022-02-15T22:38:31.329Z,2022-02-08T22:40:00Z,virtual_CO2Sensor,virtual_GPSSensor,virtual_HumiditySensor,virtual_PressureSensor,virtual_TVOCSensor,virtual_TemperatureSensor,environment,virtual_device,867,31.8,980.3,565,17.2
            ,,0,2022-02-08T22:38:31.329Z,2022-02-15T22:38:31.329Z,2022-02-08T22:41:00Z,virtual_CO2Sensor,virtual_GPSSensor,virtual_HumiditySensor,virtual_PressureSensor,virtual_TVOCSensor,virtual_TemperatureSensor,environment,virtual_device,869,31.4,980.3,565,17",
    );
}

#[test]
fn b2_gauge() {
    check_answer(
        VIRTUAL,
        FEBRUARY,
        javascript(),
        r#"
          import "influxdata/influxdb/v1"
          from(bucket: "iot_center")
            |> range(start: -15d)
            |> filter(fn: (r) => r.clientId == "virtual_device")
            |> filter(fn: (r) => r._measurement == "environment")
            |> filter(fn: (r) => r["_field"] == "Temperature")
            |> keep(columns: ["_value", "_time"])
            |> last()"#,
        "
            #datatype,string,long,dateTime:RFC3339,double
            #group,false,false,false,false
            #default,_result,,,
            ,result,table,_time,_value
            ,,0,2022-02-08T22:41:00Z,17",
    );
}

#[test]
fn b3_summary() {
    check_answer(
        VIRTUAL,
        FEBRUARY,
        javascript(),
        r#"
          import "math"
          from(bucket: "iot_center")
            |> range(start: -30d)
            |> filter(fn: (r) => r._measurement == "environment")
            |> filter(fn: (r) => r.clientId == "virtual_device")
            |> filter(fn: (r) => r._field != "s2_cell_id")
            |> toFloat()
            |> group(columns: ["_field"])
            |> reduce(
              fn: (r, accumulator) => ({
                maxTime: (if r._time>accumulator.maxTime then r._time else accumulator.maxTime),
                maxValue: (if r._value>accumulator.maxValue then r._value else accumulator.maxValue),
                minValue: (if r._value<accumulator.minValue then r._value else accumulator.minValue),
                count: accumulator.count + 1.0
              }),
              identity: {maxTime: 1970-01-01, count: 0.0, minValue: math.mInf(sign: 1), maxValue: math.mInf(sign: -1)}
          )"#,
        "
            #datatype,string,long,string,double,dateTime:RFC3339,double,double
            #group,false,false,true,false,false,false,false
            #default,_result,,,,,,
            ,result,table,_field,count,maxTime,maxValue,minValue
            ,,0,CO2,3,2022-02-08T22:41:00Z,869,865
            ,,1,Humidity,3,2022-02-08T22:41:00Z,32,31.4
            ,,2,Lat,3,2022-02-08T22:41:00Z,50.0873254,50.0873254
            ,,3,Lon,3,2022-02-08T22:41:00Z,14.4071543,14.4071543
            ,,4,Pressure,3,2022-02-08T22:41:00Z,980.3,980.1
            ,,5,TVOC,3,2022-02-08T22:41:00Z,565,564
            ,,6,Temperature,3,2022-02-08T22:41:00Z,17.2,16.8",
    );
}

#[test]
fn b4_sensors() {
    check_answer(
        VIRTUAL,
        FEBRUARY,
        javascript(),
        r#"
          from(bucket: "iot_center")
            |> range(start: -30d)
            |> filter(fn: (r) => r._measurement == "environment")
            |> filter(fn: (r) => r.clientId == "virtual_device")
            |> keep(columns: ["TemperatureSensor", "HumiditySensor", "PressureSensor", "CO2Sensor", "TVOCSensor", "GPSSensor", "_time"])
            |> map(fn: (r) => ({r with _value: 0}))
            |> last()"#,
        "
            #datatype,string,long,dateTime:RFC3339,string,string,string,string,string,string,long
            #group,false,false,false,true,true,true,true,true,true,false
            #default,_result,,,,,,,,,
            ,result,table,_time,CO2Sensor,GPSSensor,HumiditySensor,PressureSensor,TVOCSensor,TemperatureSensor,_value
            ,,0,2022-02-08T22:41:00Z,virtual_CO2Sensor,virtual_GPSSensor,virtual_HumiditySensor,virtual_PressureSensor,virtual_TVOCSensor,virtual_TemperatureSensor,0",
    );
}

#[test]
fn b5_last_entry() {
    check_answer(
        VIRTUAL,
        FEBRUARY,
        javascript(),
        r#"
          import "influxdata/influxdb/v1"
          from(bucket: "iot_center")
            |> range(start: -1y)
            |> filter(fn: (r) => r.clientId == "virtual_device")
            |> filter(fn: (r) => r._measurement == "environment")
            |> keep(columns: ["_time"])
            |> max(column: "_time")"#,
        "
            #datatype,string,long,dateTime:RFC3339
            #group,false,false,false
            #default,_result,,
            ,result,table,_time
            ,,0,2022-02-08T22:41:00Z",
    );
}

#[test]
fn b6_geo() {
    check_answer(
        VIRTUAL,
        FEBRUARY,
        javascript(),
        r#"
          import "influxdata/influxdb/v1"
          from(bucket: "iot_center")
            |> range(start: -30d)
            |> filter(fn: (r) => r._measurement == "environment")
            |> filter(fn: (r) => r.clientId == "virtual_device")
            |> v1.fieldsAsCols()
            |> rename(columns: {Lat: "lat", Lon: "lon"})"#,
        "
            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,string,string,string,string,string,long,double,double,double,double,long,double
            #group,false,false,true,true,false,true,true,true,true,true,true,true,true,false,false,false,false,false,false,false
            #default,_result,,,,,,,,,,,,,,,,,,,
            ,result,table,_start,_stop,_time,CO2Sensor,GPSSensor,HumiditySensor,PressureSensor,TVOCSensor,TemperatureSensor,_measurement,clientId,CO2,Humidity,lat,lon,Pressure,TVOC,Temperature
            ,,0,2022-01-16T22:38:31.329Z,2022-02-15T22:38:31.329Z,2022-02-08T22:39:00Z,virtual_CO2Sensor,virtual_GPSSensor,virtual_HumiditySensor,virtual_PressureSensor,virtual_TVOCSensor,virtual_TemperatureSensor,environment,virtual_device,865,32,50.0873254,14.4071543,980.1,564,16.8
            ,,0,2022-01-16T22:38:31.329Z,2022-02-15T22:38:31.329Z,2022-02-08T22:40:00Z,virtual_CO2Sensor,virtual_GPSSensor,virtual_HumiditySensor,virtual_PressureSensor,virtual_TVOCSensor,virtual_TemperatureSensor,environment,virtual_device,867,31.8,50.0873254,14.4071543,980.3,565,17.2
            ,,0,2022-01-16T22:38:31.329Z,2022-02-15T22:38:31.329Z,2022-02-08T22:41:00Z,virtual_CO2Sensor,virtual_GPSSensor,virtual_HumiditySensor,virtual_PressureSensor,virtual_TVOCSensor,virtual_TemperatureSensor,environment,virtual_device,869,31.4,50.0873254,14.4071543,980.3,565,17",
    );
}

#[test]
fn b7_summary_of_one_field() {
    check_answer(
        VIRTUAL,
        FEBRUARY,
        javascript(),
        r#"
          from(bucket: "iot_center")
            |> range(start: -30d)
            |> filter(fn: (r) => r._measurement == "environment")
            |> filter(fn: (r) => r.clientId == "virtual_device")
            |> filter(fn: (r) => r._field == "Temperature")
            |> group()
            |> reduce(
              fn: (r, accumulator) => ({
                maxTime: (if r._time>accumulator.maxTime then r._time else accumulator.maxTime),
                maxValue: (if r._value>accumulator.maxValue then r._value else accumulator.maxValue),
                minValue: (if r._value<accumulator.minValue then r._value else accumulator.minValue),
                count: accumulator.count + 1.0
              }),
              identity: {maxTime: 1970-01-01, count: 0.0, minValue: 10000.0, maxValue: -10000.0}
          )"#,
        "
            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,double,dateTime:RFC3339,double,double
            #group,false,false,true,true,false,false,false,false
            #default,_result,,,,,,,
            ,result,table,_start,_stop,count,maxTime,maxValue,minValue
            ,,0,2022-01-16T22:38:31.329Z,2022-02-15T22:38:31.329Z,3,2022-02-08T22:41:00Z,17.2,16.8",
    );
}

#[test]
fn b8_one_column() {
    check_answer(
        VIRTUAL,
        FEBRUARY,
        javascript(),
        r#"
          import "influxdata/influxdb/v1"
          from(bucket: "iot_center")
            |> range(start: -30d)
            |> filter(fn: (r) => r._measurement == "environment")
            |> filter(fn: (r) => r.clientId == "virtual_device")
            |> filter(fn: (r) => r._field == "Temperature")
            |> v1.fieldsAsCols()
            |> keep(columns: ["_time", "Temperature"])"#,
        "
            #datatype,string,long,dateTime:RFC3339,double
            #group,false,false,false,false
            #default,_result,,,
            ,result,table,_time,Temperature
            ,,0,2022-02-08T22:39:00Z,16.8
            ,,0,2022-02-08T22:40:00Z,17.2
            ,,0,2022-02-08T22:41:00Z,17",
    );
}

#[test]
fn c1_javascript() {
    check_answer(
        BME280,
        MAY,
        javascript(),
        r#"
          from(bucket: "iot_center")
             |> range(start: -60d)
             |> filter(fn: (r) => r._measurement == "environment" and r.device == "test_device_1" )
             |> filter(fn: (r) => r._field == "Temperature" )
             |> aggregateWindow(every: 1h, fn: mean, createEmpty: false)
             |> yield(name: "mean")"#,
        "
            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,string,string,string
            #group,false,false,true,true,false,false,true,true,true,true,true,true
            #default,mean,,,,,,,,,,,
            ,result,table,_start,_stop,_time,_value,HumiditySensor,PressureSensor,TemperatureSensor,_field,_measurement,device
            ,,0,2022-03-09T22:25:10.111697Z,2022-05-08T22:25:10.111697Z,2022-05-05T18:00:00Z,20.5,virtual_bme280,virtual_bme280,virtual_bme280,Temperature,environment,test_device_1
            ,,0,2022-03-09T22:25:10.111697Z,2022-05-08T22:25:10.111697Z,2022-05-05T19:00:00Z,23,virtual_bme280,virtual_bme280,virtual_bme280,Temperature,environment,test_device_1",
    );
}

#[test]
fn c1_python() {
    check_answer(
        BME280,
        MAY,
        python(),
        r#"
          from(bucket: "iot_center")
             |> range(start: -60d)
             |> filter(fn: (r) => r._measurement == "environment" and r.device == "test_device_1" )
             |> filter(fn: (r) => r._field == "Temperature" )
             |> aggregateWindow(every: 1h, fn: mean, createEmpty: false)
             |> yield(name: "mean")"#,
        "
            #group,false,false,true,true,false,false,true,true,true,true,true,true
            #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,string,string,string
            #default,mean,,,,,,,,,,,
            ,result,table,_start,_stop,_time,_value,HumiditySensor,PressureSensor,TemperatureSensor,_field,_measurement,device
            ,,0,2022-03-09T22:25:10.111697Z,2022-05-08T22:25:10.111697Z,2022-05-05T18:00:00Z,20.5,virtual_bme280,virtual_bme280,virtual_bme280,Temperature,environment,test_device_1
            ,,0,2022-03-09T22:25:10.111697Z,2022-05-08T22:25:10.111697Z,2022-05-05T19:00:00Z,23,virtual_bme280,virtual_bme280,virtual_bme280,Temperature,environment,test_device_1",
    );
}

#[test]
fn c1_no_dialect() {
    check_answer(
        BME280,
        MAY,
        Dialect::default(),
        r#"
          from(bucket: "iot_center")
             |> range(start: -60d)
             |> filter(fn: (r) => r._measurement == "environment" and r.device == "test_device_1" )
             |> filter(fn: (r) => r._field == "Temperature" )
             |> aggregateWindow(every: 1h, fn: mean, createEmpty: false)
             |> yield(name: "mean")"#,
        "
            ,result,table,_start,_stop,_time,_value,HumiditySensor,PressureSensor,TemperatureSensor,_field,_measurement,device
            ,mean,0,2022-03-09T22:25:10.111697Z,2022-05-08T22:25:10.111697Z,2022-05-05T18:00:00Z,20.5,virtual_bme280,virtual_bme280,virtual_bme280,Temperature,environment,test_device_1
            ,mean,0,2022-03-09T22:25:10.111697Z,2022-05-08T22:25:10.111697Z,2022-05-05T19:00:00Z,23,virtual_bme280,virtual_bme280,virtual_bme280,Temperature,environment,test_device_1",
    );
}

#[test]
fn a_query_without_matching_data_is_one_empty_line() {
    for dialect in [javascript(), python(), Dialect::default()] {
        let script = r#"from(bucket: "iot_center") |> range(start: -1d) |> filter(fn: (r) => r._measurement == "x")"#;
        assert_eq!(answer(BME280, MAY, dialect, script).unwrap(), "\r\n");
    }
}
