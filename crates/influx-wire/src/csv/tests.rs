//! Answers as InfluxDB gives them, and "what is written reads back as the same".

use proptest::prelude::*;

use super::*;

fn read(answer: &str) -> Result<Vec<Batch>, Error> {
    let mut reader = Reader::new();
    reader.push(answer.as_bytes())?;
    reader.finish()
}

/// As [`read`], with the line feeds of the source text made into line ends.
fn read_lines(answer: &str) -> Result<Vec<Batch>, Error> {
    read(&answer.replace('\n', "\r\n"))
}

#[track_caller]
fn check_malformed(answer: &str, line: u64, reason: &str) {
    let expected = Error::Malformed { line, reason: reason.to_owned() };
    assert_eq!(read_lines(answer), Err(expected));
}

fn string(values: &[&str]) -> ColumnData {
    ColumnData::String(values.iter().map(|value| Some((*value).to_owned())).collect())
}

fn labels(batch: &Batch) -> Vec<&str> {
    batch.columns.iter().map(|column| column.label.as_str()).collect()
}

const LAST: &str = "\
#datatype,string,long,dateTime:RFC3339,double,string
#group,false,false,false,false,true
#default,_result,,,,
,result,table,_time,_value,host
,,0,2021-01-01T00:06:00Z,5,a
,,1,2021-01-01T00:06:00.5Z,-0.25,b

";

#[test]
fn types_and_group_key() {
    let batches = read_lines(LAST).unwrap();
    let [batch] = batches.as_slice() else { panic!("one batch") };
    assert_eq!(batch.result, "_result");
    assert_eq!(batch.tables, [0, 1]);
    assert_eq!(labels(batch), ["_time", "_value", "host"]);
    assert_eq!(batch.columns[2].data_type, DataType::String);
    assert_eq!(batch.columns.iter().map(|c| c.group).collect::<Vec<_>>(), [false, false, true]);
    let minute = 1_609_459_560_000_000_000;
    assert_eq!(
        batch.data,
        [
            ColumnData::Time(vec![Some(minute), Some(minute + 500_000_000)]),
            ColumnData::Double(vec![Some(5.0), Some(-0.25)]),
            string(&["a", "b"]),
        ]
    );
}

#[test]
fn annotations_in_any_order_and_plain_line_feeds() {
    let mut lines: Vec<&str> = LAST.lines().collect();
    lines[..3].reverse();
    let answer = lines.join("\n") + "\n\n";
    assert_eq!(read(&answer), read_lines(LAST));
}

#[test]
fn only_the_wanted_columns() {
    let mut reader = Reader::with_columns(&["host", "nope"]);
    reader.push(LAST.as_bytes()).unwrap();
    let batches = reader.finish().unwrap();
    assert_eq!(labels(&batches[0]), ["host"]);
    assert_eq!(batches[0].data, [string(&["a", "b"])]);
}

#[test]
fn unwanted_columns_are_not_converted() {
    let answer = LAST.replace("-0.25", "x");
    let mut reader = Reader::with_columns(&["_time"]);
    reader.push(answer.as_bytes()).unwrap();
    assert_eq!(reader.finish().unwrap()[0].tables, [0, 1]);
}

#[test]
fn empty_cells_take_the_default_or_are_null() {
    let batches = read_lines(
        "\
#datatype,string,long,string,double,long,unsignedLong,boolean,dateTime:RFC3339
#group,false,false,false,false,false,false,false,false
#default,mean,7,none,1.5,,,true,
,result,table,s,d,l,u,b,t
,,,,,,,,
,other,8,x,2,3,4,false,1970-01-01T00:00:00Z
",
    )
    .unwrap();
    let [first, second] = batches.as_slice() else { panic!("a batch for each result") };
    assert_eq!((first.result.as_str(), first.tables.as_slice()), ("mean", &[7][..]));
    assert_eq!(
        first.data,
        [
            string(&["none"]),
            ColumnData::Double(vec![Some(1.5)]),
            ColumnData::Long(vec![None]),
            ColumnData::UnsignedLong(vec![None]),
            ColumnData::Boolean(vec![Some(true)]),
            ColumnData::Time(vec![None]),
        ]
    );
    assert_eq!((second.result.as_str(), second.tables.as_slice()), ("other", &[8][..]));
    assert_eq!(second.data[4], ColumnData::Boolean(vec![Some(false)]));
}

#[test]
fn headers_repeat_and_tables_may_be_empty() {
    let batches = read_lines(
        "\
#datatype,string,long,long
#group,false,false,false
#default,a,,
,result,table,_value
,,0,1

#datatype,string,long,double,string
#group,false,false,false,true
#default,a,1,,key
,result,table,_value,tag

#datatype,string,long,double
#group,false,false,false
#default,b,,
,result,table,_value
,,0,NaN
,,0,+Inf


",
    )
    .unwrap();
    let summary: Vec<_> =
        batches.iter().map(|b| (b.result.as_str(), b.tables.clone(), b.columns.len())).collect();
    assert_eq!(summary, [("a", vec![0], 1), ("a", vec![], 2), ("b", vec![0, 0], 1)]);
    let ColumnData::Double(values) = &batches[2].data[0] else { panic!("a double") };
    assert!(values[0].unwrap().is_nan());
    assert_eq!(values[1], Some(f64::INFINITY));
}

#[test]
fn answers_without_tables() {
    assert_eq!(read(""), Ok(vec![]));
    assert_eq!(read("\r\n"), Ok(vec![]));
    assert_eq!(read("\r\n\r\n"), Ok(vec![]));
}

#[test]
fn rows_can_be_taken_as_they_come() {
    let mut reader = Reader::new();
    let answer = LAST.as_bytes();
    let half = answer.len() - 20;
    reader.push(&answer[..half]).unwrap();
    assert_eq!(reader.take()[0].tables, [0]);
    assert_eq!(reader.take(), []);
    reader.push(&answer[half..]).unwrap();
    assert_eq!(reader.take()[0].tables, [1]);
    assert_eq!(reader.finish(), Ok(vec![]));
}

#[test]
fn errors_of_the_query() {
    let expected =
        || Err(Error::Query { message: "it, \"broke\"".to_owned(), reference: "897".to_owned() });
    let annotations = "#datatype,string,string\n#group,true,true\n#default,,\n";
    let table = ",error,reference\n,\"it, \"\"broke\"\"\",897\n";
    assert_eq!(read_lines(table), expected());
    assert_eq!(read_lines(&format!("{annotations}{table}")), expected());
    assert_eq!(read_lines(&format!("{LAST}{annotations}{table}")), expected());
    assert_eq!(read_lines(&format!("{LAST}{table}")), expected());
    assert_eq!(read_lines(&format!("{}{table}", LAST.trim_end().to_owned() + "\n")), expected());
}

#[test]
fn what_is_no_annotated_csv_is_refused() {
    check_malformed(
        ",result,table,_value\n,_result,0,1\n",
        1,
        "the annotations #datatype and #group are missing",
    );
    let annotations = "#datatype,string,long,long\n#group,false,false,false\n#default,_result,,\n";
    check_malformed(&format!("{annotations},,0,1\n"), 4, "the row of names is missing");
    check_malformed(&format!("{annotations}\n"), 4, "the row of names is missing");
    check_malformed(
        &format!("{annotations},result,table\n"),
        4,
        "annotations and names differ in their number",
    );
    let header = format!("{annotations},result,table,_value\n");
    check_malformed(&format!("{header},,0,x\n"), 5, "`x` in column `_value` is not of type long");
    check_malformed(&format!("{header},,0\n"), 5, "a row has fewer cells than there are names");
    check_malformed(&format!("{header},,0,1,2\n"), 5, "a row has more cells than there are names");
    check_malformed(&format!("{header},,,1\n"), 5, "the number of the table is missing");
    check_malformed(
        &format!("{header}x,,0,1\n"),
        5,
        "a row has too few cells, or text before them",
    );
    check_malformed(
        &header.replace("long,long", "long,duration"),
        4,
        "unknown type `duration` of column `_value`",
    );
    check_malformed("<html>\n", 1, "the annotations #datatype and #group are missing");
}

#[test]
fn lines_are_counted_through_quoted_line_feeds() {
    let answer = LAST.replace("a\n", "\"a\nb\nc\"\n").replace("-0.25", "x");
    check_malformed(&answer, 8, "`x` in column `_value` is not of type double");
}

#[test]
fn a_cut_answer_is_told_from_a_whole_one() {
    let answer = LAST.replace(",a\n", ",\"a\"\n").replace('\n', "\r\n");
    let header = answer.find(",,0").unwrap();
    for length in 1..answer.len() {
        let result = read(&answer[..length]);
        if answer[..length].ends_with('\n') && length >= header {
            assert!(result.is_ok(), "{length}: {result:?}");
        } else {
            assert_eq!(result, Err(Error::Truncated), "{length}");
        }
    }
}

#[test]
fn a_failed_reader_stays_failed() {
    let mut reader = Reader::new();
    let failure = reader.push(b"x\n").unwrap_err();
    assert_eq!(reader.push(b"\n"), Err(failure.clone()));
    assert_eq!(reader.take(), []);
    assert_eq!(reader.finish(), Err(failure));
}

#[test]
fn sizes_have_limits() {
    let header = LAST.lines().take(4).collect::<Vec<_>>().join("\n") + "\n";
    let longest = "x".repeat(1024 * 1024);
    assert!(read(&format!("{header},,0,,,{longest}\n")).is_ok());
    for quote in ["", "\""] {
        let result = read(&format!("{header},,0,,,{quote}{longest}x{quote}\n"));
        assert!(matches!(result, Err(Error::TooLarge(_))), "{quote}");
    }
    let long_name = "x".repeat(64 * 1024);
    assert!(matches!(read(&format!("#datatype,{long_name}\n")), Err(Error::TooLarge(_))));
    let mut reader = Reader::new();
    let piece = vec![b','; 1024 * 1024];
    let result = (0..40).try_for_each(|_| reader.push(&piece));
    assert!(matches!(result, Err(Error::TooLarge(_))));
}

/// The texts that survive the writer: it makes line feeds into CR LF and drops other carriage returns.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z,\";# \\\\.č\n]{1,8}", "\\PC{1,12}", Just("#datatype".to_owned())]
}

fn column(rows: usize) -> impl Strategy<Value = (ColumnMeta, ColumnData)> {
    fn values<T: Clone + std::fmt::Debug>(
        value: impl Strategy<Value = T>,
        rows: usize,
    ) -> impl Strategy<Value = Vec<Option<T>>> {
        prop::collection::vec(prop::option::of(value), rows)
    }
    let finite = any::<f64>().prop_filter("not NaN", |value| !value.is_nan());
    let data = prop_oneof![
        values(text(), rows).prop_map(ColumnData::String),
        values(any::<i64>(), rows).prop_map(ColumnData::Long),
        values(any::<u64>(), rows).prop_map(ColumnData::UnsignedLong),
        values(finite, rows).prop_map(ColumnData::Double),
        values(any::<bool>(), rows).prop_map(ColumnData::Boolean),
        values(any::<i64>(), rows).prop_map(ColumnData::Time),
    ];
    (text(), any::<bool>(), data).prop_map(|(label, group, data)| {
        let data_type = match data {
            ColumnData::String(_) => DataType::String,
            ColumnData::Long(_) => DataType::Long,
            ColumnData::UnsignedLong(_) => DataType::UnsignedLong,
            ColumnData::Double(_) => DataType::Double,
            ColumnData::Boolean(_) => DataType::Boolean,
            ColumnData::Time(_) => DataType::Time,
        };
        (ColumnMeta { label, data_type, group }, data)
    })
}

fn batch() -> impl Strategy<Value = Batch> {
    (text(), prop::collection::vec(0_i64..1000, 0..6))
        .prop_flat_map(|(result, tables)| {
            let columns = prop::collection::vec(column(tables.len()), 0..6);
            (Just(result), Just(tables), columns)
        })
        .prop_map(|(result, tables, columns)| {
            let (columns, data) = columns.into_iter().unzip();
            Batch { result, tables, columns, data }
        })
}

fn write_batch(out: &mut Vec<u8>, batch: &Batch, dialect: &Dialect) {
    let empty = vec![String::new(); batch.columns.len()];
    let empty = batch.tables.is_empty().then_some((0, empty.as_slice()));
    write_header(out, dialect, &batch.result, &batch.columns, empty);
    for (row, table) in batch.tables.iter().enumerate() {
        out.extend_from_slice(format!(",,{table}").as_bytes());
        for data in &batch.data {
            out.push(b',');
            match data {
                ColumnData::String(v) => {
                    write_text(out, v[row].as_deref().unwrap_or_default(), b',');
                }
                ColumnData::Long(v) => {
                    out.extend(v[row].iter().flat_map(|v| v.to_string().into_bytes()));
                }
                ColumnData::UnsignedLong(v) => {
                    out.extend(v[row].iter().flat_map(|v| v.to_string().into_bytes()));
                }
                ColumnData::Double(v) => v[row].iter().for_each(|&v| write_float(out, v)),
                ColumnData::Boolean(v) => {
                    out.extend(v[row].iter().flat_map(|v| v.to_string().into_bytes()));
                }
                ColumnData::Time(v) => {
                    v[row].iter().for_each(|&v| crate::time::write_rfc3339(out, v));
                }
            }
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// What the writer makes of line ends in texts.
fn with_line_ends(mut batch: Batch) -> Batch {
    let convert = |text: &mut String| *text = text.replace('\r', "").replace('\n', "\r\n");
    convert(&mut batch.result);
    batch.columns.iter_mut().for_each(|column| convert(&mut column.label));
    for data in &mut batch.data {
        if let ColumnData::String(values) = data {
            values.iter_mut().flatten().for_each(convert);
        }
    }
    batch
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        batches in prop::collection::vec(batch(), 0..4),
        pieces in prop::collection::vec(1_usize..40, 1..20),
    ) {
        use Annotation::{DataType, Default, Group};
        let dialect = Dialect { annotations: vec![DataType, Group, Default], ..Dialect::default() };
        let mut answer = Vec::new();
        for batch in &batches {
            write_batch(&mut answer, batch, &dialect);
        }
        let expected: Vec<Batch> = batches.into_iter().map(with_line_ends).collect();

        let mut whole = Reader::new();
        whole.push(&answer).unwrap();
        prop_assert_eq!(&whole.finish().unwrap(), &expected);

        // However the answer is cut, the same comes out.
        let mut reader = Reader::new();
        let mut rest = answer.as_slice();
        for length in pieces.into_iter().cycle() {
            let (piece, behind) = rest.split_at(length.min(rest.len()));
            reader.push(piece).unwrap();
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(&reader.finish().unwrap(), &expected);
    }

    #[test]
    fn no_answer_panics(answer in "(#datatype,|#group,|#default,|,result,table|string|long|,|\"|\r\n|\n|[0-9a]|,error,reference){0,40}") {
        let mut reader = Reader::new();
        let _ = reader.push(answer.as_bytes());
        for batch in reader.take() {
            prop_assert_eq!(batch.columns.len(), batch.data.len());
        }
        let _ = reader.finish();
    }
}
