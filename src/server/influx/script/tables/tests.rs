use bytes::Bytes;
use futures::stream;

use super::*;

async fn answer(text: String) -> Result<QueryAnswer, ScriptFailure> {
    // Pieces that end anywhere.
    let bytes = Bytes::from(text);
    let pieces: Vec<_> = (0..bytes.len())
        .step_by(4_000)
        .map(|start| Ok(bytes.slice(start..bytes.len().min(start + 4_000))))
        .collect();
    read(stream::iter(pieces).boxed()).await
}

/// A table of the kind that storage gives.
fn table(number: usize, field: &str, device: &str, rows: usize) -> String {
    (0..rows).fold(String::new(), |text, row| {
        let time = Timestamp(i64::try_from(row).unwrap() * 1_000).rfc3339();
        format!("{text},,{number},2022-01-01T00:00:00Z,{time},{row}.5,{field},{device}\r\n")
    })
}

const HEAD: &str = "#group,false,false,true,false,false,true,true\r\n\
    #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,double,string,string\r\n#default,_result,,,,,,\r\n\
    ,result,table,_start,_time,_value,_field,clientId\r\n";

#[tokio::test]
async fn tables_have_their_group_key_and_the_other_columns() {
    let text = format!("{HEAD}{}{}\r\n", table(0, "CO2", "a", 2), table(1, "CO2", "b", 1));
    let found = answer(text.clone()).await.unwrap();
    assert_eq!((found.table_count, found.row_count, found.is_complete), (2, 3, true));
    let [first, second] = found.tables.as_slice() else { panic!("{found:?}") };
    assert_eq!(first.result, None);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(first.key, [pair("_field", "CO2"), pair("clientId", "a")]);
    let columns: Vec<_> =
        first.columns.iter().map(|it| (it.label.as_str(), it.is_number)).collect();
    assert_eq!(columns, [("_time", false), ("_value", true)]);
    assert_eq!(first.rows[1], [Cell::Time(Timestamp(1_000)), Cell::Text("1.5".to_owned())]);
    assert_eq!((first.row_count, second.row_count), (2, 1));
    assert!(found.is_csv_complete);
    assert_eq!(found.csv, text.replace("\r\n", "\n"));
}

#[tokio::test]
async fn lines_are_called_by_what_distinguishes_them() {
    let text = format!("{HEAD}{}{}\r\n", table(0, "CO2", "a", 2), table(1, "CO2", "b", 2));
    let found = answer(text).await.unwrap();
    let labels: Vec<_> = found.lines.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(labels, ["CO2 · clientId a", "CO2 · clientId b"]);
    assert_eq!(found.lines[0].times, [0, 1_000_000_000]);
    assert_eq!(found.lines[0].values, [0.5, 1.5]);

    let one = answer(format!("{HEAD}{}\r\n", table(0, "CO2", "a", 2))).await.unwrap();
    assert_eq!(one.lines[0].label, "CO2");

    let pivoted = "#group,false,false,false,false,false,false\r\n\
        #datatype,string,long,dateTime:RFC3339,double,long,string\r\n#default,_result,,,,,\r\n\
        ,result,table,_time,CO2,TVOC,name\r\n\
        ,,0,1970-01-01T00:00:02Z,1,2,x\r\n,,0,1970-01-01T00:00:01Z,3,,y\r\n\r\n";
    let found = answer(pivoted.to_owned()).await.unwrap();
    let lines: Vec<_> =
        found.lines.iter().map(|line| (line.label.as_str(), line.values.clone())).collect();
    // In the order of time.
    assert_eq!(lines, [("CO2", vec![3.0, 1.0]), ("TVOC", vec![2.0])]);
}

#[tokio::test]
async fn several_results_are_named() {
    let named = |name: &str| HEAD.replace("_result", name) + &table(0, "CO2", "a", 1) + "\r\n";
    let found = answer(named("min") + &named("max")).await.unwrap();
    let results: Vec<_> = found.tables.iter().map(|table| table.result.as_deref()).collect();
    assert_eq!(results, [Some("min"), Some("max")]);
    let labels: Vec<_> = found.lines.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(labels, ["CO2 · min", "CO2 · max"]);
}

#[tokio::test]
async fn no_more_is_kept_than_is_shown() {
    let many: String =
        (0..30).map(|number| table(number, "CO2", &format!("d{number}"), 90)).collect();
    let found = answer(format!("{HEAD}{many}\r\n")).await.unwrap();
    assert_eq!((found.table_count, found.row_count, found.line_count), (30, 2_700, 30));
    assert_eq!((found.tables.len(), found.lines.len()), (TABLES_SHOWN, LINES_DRAWN));
    let rows: usize = found.tables.iter().map(|table| table.rows.len()).sum();
    assert_eq!(rows, ROWS_SHOWN);
    assert!(found.tables.iter().all(|table| table.row_count == 90));
    assert!(found.lines.iter().all(|line| line.times.len() == 90));
    assert!(!found.is_csv_complete && found.is_complete);
    assert!(found.csv.len() <= CSV_SHOWN && !found.csv.ends_with('\n'), "{}", found.csv);

    let piece = Bytes::from(table(0, "CO2", "a", 5_000));
    let endless = stream::repeat_with(move || Ok(piece.clone()));
    let endless = stream::once(async { Ok(Bytes::from_static(HEAD.as_bytes())) }).chain(endless);
    let found = read(endless.boxed()).await.unwrap();
    assert!(!found.is_complete && found.row_count >= ROWS_READ, "{}", found.row_count);
}

#[tokio::test]
async fn nothing_and_what_is_no_number_draws_nothing() {
    let nothing = answer("\r\n".to_owned()).await.unwrap();
    assert_eq!((nothing.table_count, nothing.line_count, nothing.is_complete), (0, 0, true));
    let words = "#group,false,false,true,false\r\n#datatype,string,long,string,string\r\n#default,_result,,,\r\n\
        ,result,table,name,_value\r\n,,0,a,\r\n\r\n";
    let found = answer(words.to_owned()).await.unwrap();
    assert_eq!((found.row_count, found.line_count), (1, 0));
    assert_eq!(found.tables[0].rows, [[Cell::Null]]);
}

#[tokio::test]
async fn a_query_that_fails_half_way_has_failed() {
    let error = "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,error @2:3-2:4: it broke,\r\n";
    let found = answer(format!("{HEAD}{}\r\n{error}", table(0, "CO2", "a", 1))).await;
    let Err(ScriptFailure::Script(error)) = found else { panic!("{found:?}") };
    assert_eq!(error.position.map(|at| (at.line, at.column)), Some((2, 3)));
    let found = answer("not, csv\r\n".to_owned()).await;
    assert!(matches!(found, Err(ScriptFailure::Port(_))), "{found:?}");
}
