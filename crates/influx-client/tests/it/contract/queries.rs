//! Queries: bodies, types, errors, and the very answers that the applications rely on.

use influx_client::{Error, Query};
use influx_wire::csv::{Batch, ColumnData, DataType};
use influx_wire::flux::build::{Pipeline, Script, array, call, record, string};
use influx_wire::line_protocol::Precision;
use serde_json::json;

use super::fixture::Fixture;

fn column<'a>(batch: &'a Batch, label: &str) -> &'a ColumnData {
    let position = batch.columns.iter().position(|column| column.label == label);
    &batch.data[position.unwrap_or_else(|| panic!("no column {label}: {:?}", batch.columns))]
}

pub(super) async fn types_and_nulls(fixture: &Fixture) {
    let Fixture { client, .. } = fixture;
    let bucket = fixture.bucket().await;
    let lines = "m,t=a float=1.5,integer=-3i,unsigned=18446744073709551615u,boolean=true,string=\"a,\\\"b\\\"\" 1\n\
                 m,t=a float=1e21 2\n";
    client.write(&bucket.name, lines, Precision::Seconds).await.unwrap();
    let all = format!("from(bucket: \"{}\") |> range(start: 0)", bucket.name);
    let mut found: Vec<(String, ColumnData)> = Vec::new();
    for batch in client.query_all(all.as_str()).await.unwrap() {
        let ColumnData::String(fields) = column(&batch, "_field") else { panic!("{batch:?}") };
        found.push((fields[0].clone().unwrap(), column(&batch, "_value").clone()));
        assert_eq!(batch.tables.len(), fields.len());
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [
        ("boolean", ColumnData::Boolean(vec![Some(true)])),
        ("float", ColumnData::Double(vec![Some(1.5), Some(1e21)])),
        ("integer", ColumnData::Long(vec![Some(-3)])),
        ("string", ColumnData::String(vec![Some("a,\"b\"".to_owned())])),
        ("unsigned", ColumnData::UnsignedLong(vec![Some(u64::MAX)])),
    ];
    assert_eq!(found, expected.map(|(field, data)| (field.to_owned(), data)));

    let pivoted = format!("import \"influxdata/influxdb/schema\" {all} |> schema.fieldsAsCols()");
    let batches =
        client.query_all(Query::new(pivoted).columns(["_time", "float", "integer"])).await.unwrap();
    let [batch] = batches.as_slice() else { panic!("{batches:?}") };
    assert_eq!(
        column(batch, "_time"),
        &ColumnData::Time(vec![Some(1_000_000_000), Some(2_000_000_000)])
    );
    assert_eq!(column(batch, "integer"), &ColumnData::Long(vec![Some(-3), None]));
    assert_eq!(batch.columns.len(), 3, "only what was asked for");
    let time = batch.columns.iter().find(|column| column.label == "_time").unwrap();
    assert_eq!((time.data_type, time.group), (DataType::Time, false));
    let nothing = format!("{all} |> filter(fn: (r) => r._measurement == \"nothing\")");
    assert_eq!(client.query_all(nothing).await, Ok(Vec::new()));
    fixture.drop_bucket(&bucket).await;
}

pub(super) async fn several_results(fixture: &Fixture) {
    let Fixture { client, .. } = fixture;
    let bucket = fixture.bucket().await;
    client.write(&bucket.name, "m f=1 1\nm f=4 2\nm f=3 3", Precision::Seconds).await.unwrap();
    let script = format!(
        "data = from(bucket: \"{}\") |> range(start: 0)\n\
         data |> min() |> yield(name: \"least\")\ndata |> max() |> yield(name: \"most\")\n\
         data |> count() |> yield(name: \"number\")",
        bucket.name
    );
    let mut batches = client.query_all(script).await.unwrap();
    // The order is not the script's in InfluxDB.
    batches.sort_by(|one, other| one.result.cmp(&other.result));
    let found: Vec<_> = batches
        .iter()
        .map(|batch| (batch.result.as_str(), column(batch, "_value").clone()))
        .collect();
    let expected = [
        ("least", ColumnData::Double(vec![Some(1.0)])),
        ("most", ColumnData::Double(vec![Some(4.0)])),
        ("number", ColumnData::Long(vec![Some(3)])),
    ];
    assert_eq!(found, expected);
    fixture.drop_bucket(&bucket).await;
}

/// Whatever a string holds, it does not end early and becomes a part of the script.
pub(super) async fn strings_stay_strings(fixture: &Fixture) {
    for text in [
        "$\\",
        "a$\"",
        "$${b}",
        "$$\\\"${b}",
        "${b}",
        "\\${b}",
        "$\t$",
        "$",
        "$$\" or true) |> yield(name: \"other\") // ",
        "$\\\" or true) |> yield(name: \"other\") // ",
    ] {
        let rows = array([record([("_value", string(text))])]);
        let script = Script::new()
            .import("array")
            .result(Pipeline::of(call("array.from", [("rows", rows)])))
            .to_string();
        let batches = fixture.client.query_all(script.as_str()).await;
        let batches = batches.unwrap_or_else(|error| panic!("{text:?}: {error}: {script}"));
        let [batch] = batches.as_slice() else { panic!("{text:?}: {batches:?}") };
        let expected = ColumnData::String(vec![Some(text.to_owned())]);
        assert_eq!(column(batch, "_value"), &expected, "{script}");
    }
}

pub(super) async fn request_bodies(fixture: &Fixture) {
    let bucket = fixture.bucket().await;
    let Fixture { client, organization, target, .. } = fixture;
    client.write(&bucket.name, "m f=1 1", Precision::Seconds).await.unwrap();
    let script = format!(
        "from(bucket: \"{}\") |> range(start: 0, stop: 10) |> keep(columns: [\"_value\"])",
        bucket.name
    );
    let path = format!("POST /api/v2/query?org={}", organization.id);

    let headers = [("Content-Type", "application/vnd.flux; charset=utf-8")];
    let plain = fixture.call_with(Some(&target.token), &path, &headers, script.clone()).await;
    assert_eq!(
        (plain.status, plain.body.as_str()),
        (200, ",result,table,_value\r\n,_result,0,1\r\n\r\n")
    );
    for (dialect, expected) in [
        (json!({}), ",result,table,_value\r\n,_result,0,1\r\n\r\n"),
        (json!({ "header": false }), ",_result,0,1\r\n\r\n"),
        (json!({ "delimiter": ";" }), ";result;table;_value\r\n;_result;0;1\r\n\r\n"),
        (
            json!({ "annotations": ["datatype"] }),
            "#datatype,string,long,double\r\n,result,table,_value\r\n,_result,0,1\r\n\r\n",
        ),
        (
            json!({ "annotations": ["group", "datatype", "default"] }),
            "#group,false,false,false\r\n#datatype,string,long,double\r\n#default,_result,,\r\n\
             ,result,table,_value\r\n,,0,1\r\n\r\n",
        ),
    ] {
        let body = json!({ "query": script, "type": "flux", "dialect": dialect }).to_string();
        let answer = fixture.operator(&path, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, expected), "{dialect}");
    }

    let prefer = |value| [("Prefer", value)];
    let body = json!({ "query": script }).to_string();
    let wrong = json!({ "query": "x = " }).to_string();
    for (value, body, status) in [
        ("return-no-content", &body, 204),
        ("return-no-content", &wrong, 204),
        ("return-no-content-with-error", &body, 200),
        ("return-no-content-with-error", &wrong, 400),
    ] {
        let answer =
            fixture.call_with(Some(&target.token), &path, &prefer(value), body.clone()).await;
        assert_eq!((answer.status, answer.body.is_empty()), (status, status != 400), "{value}");
    }

    // How the Python client passes parameters.
    let parameters = json!({ "type": "File", "package": null, "imports": null, "body": [{
        "type": "OptionStatement",
        "assignment": {
            "type": "VariableAssignment",
            "id": { "type": "Identifier", "name": "params" },
            "init": { "type": "ObjectExpression", "properties": [{
                "type": "Property",
                "key": { "type": "Identifier", "name": "bucket" },
                "value": { "type": "StringLiteral", "value": bucket.name },
            }]},
        },
    }]});
    let script =
        "from(bucket: params.bucket) |> range(start: 0, stop: 10) |> keep(columns: [\"_value\"])";
    let answer =
        fixture.operator(&path, json!({ "query": script, "extern": parameters }).to_string()).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, ",result,table,_value\r\n,_result,0,1\r\n\r\n")
    );
    fixture.drop_bucket(&bucket).await;
}

pub(super) async fn errors(fixture: &Fixture) {
    let path = format!("POST /api/v2/query?org={}", fixture.organization.id);
    let ask = |body: serde_json::Value| fixture.operator(&path, body.to_string());
    let decoding = |text: &str| format!("failed to decode request body: {text}");
    ask(json!({})).await.is(400, &decoding("request body requires either query or AST"));
    ask(json!({ "query": "x", "type": "sql" })).await.is(400, &decoding("unknown query type: sql"));
    let dialect = json!({ "query": "x", "dialect": { "annotations": ["zz"] } });
    ask(dialect).await.is(400, &decoding("unknown dialect annotation type: zz"));
    let missing = json!({ "query": "from(bucket: \"nowhere\") |> range(start: 0)" });
    let message = "failed to initialize execute state: could not find bucket \"nowhere\"";
    ask(missing).await.is(404, message);
    let undefined = json!({ "query": "nowhere()" });
    ask(undefined).await.is(400, "error @1:1-1:8: undefined identifier nowhere");
    let syntax = ask(json!({ "query": "x = " })).await;
    assert_eq!(syntax.status, 400);
    let text = syntax.json()["message"].as_str().unwrap().to_owned();
    assert!(text.starts_with("compilation failed: error @1:"), "{text}");
    let silent = ask(json!({ "query": "x = 1" })).await;
    assert_eq!(silent.status, 400);
    for (parameters, message) in [
        ("", "Please provide either orgID or org"),
        ("?org=nobody", "organization name \"nobody\" not found"),
        ("?org=00000000000000aa", "organization not found"),
    ] {
        let answer = fixture
            .operator(&format!("POST /api/v2/query{parameters}"), r#"{"query":"buckets()"}"#)
            .await;
        answer.is(400, &decoding(message));
    }
    let error = fixture.client.query_all("nowhere()").await.unwrap_err();
    assert_eq!(
        error,
        Error::Invalid { message: "error @1:1-1:8: undefined identifier nowhere".to_owned() }
    );
}

/// Every query that the applications send, with the answer that InfluxDB gave to it when this was written.
pub(super) async fn answers_of_the_applications(fixture: &Fixture) {
    const WINTER: &str = "2022-02-15T22:38:31.329Z";
    const SPRING: &str = "2022-05-08T22:25:10.111697Z";

    let mut buckets = Vec::new();
    for (name, lines) in [
        ("iot_center", include_str!("../answers/iot_center.lp")),
        ("iot_center_devices", include_str!("../answers/iot_center_devices.lp")),
        ("tutorial", include_str!("../answers/tutorial.lp")),
    ] {
        buckets.push(fixture.named_bucket(name).await);
        fixture.client.write(name, lines, Precision::Nanoseconds).await.unwrap();
    }

    macro_rules! answers {
        ($($name:literal at $now:expr,)*) => {
            [$((
                $name,
                $now,
                include_str!(concat!("../answers/", $name, ".flux")),
                include_str!(concat!("../answers/", $name, ".csv")),
            )),*]
        };
    }
    let answers = answers![
        "a1" at WINTER, "a2" at WINTER, "a3" at WINTER, "a4" at SPRING,
        "b1" at WINTER, "b2" at WINTER, "b3" at WINTER, "b4" at WINTER,
        "b5" at WINTER, "b6" at WINTER, "b7" at WINTER, "b8" at WINTER,
        "c1" at SPRING,
    ];
    let path = format!("POST /api/v2/query?org={}", fixture.organization.name);
    for (name, now, script, expected) in answers {
        // The dialect of the official JavaScript client.
        let annotations = ["datatype", "group", "default"];
        let dialect = json!({ "header": true, "delimiter": ",", "quoteChar": "\"", "commentPrefix": "#",
            "annotations": annotations });
        let body = json!({ "query": script, "type": "flux", "now": now, "dialect": dialect });
        let answer = fixture.operator(&path, body.to_string()).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, expected), "{name}");
    }
    for bucket in &buckets {
        fixture.drop_bucket(bucket).await;
    }
}
