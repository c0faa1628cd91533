//! What is encoded comes back bit by bit, and no bytes bring the decoder down.

use std::num::NonZeroU64;

use proptest::prelude::*;

use super::{Column, DecodeError, Series};
use crate::model::field::Field;

/// Equal bit by bit, where any NaN equals any other.
#[track_caller]
fn check_round_trip(series: &Series) -> usize {
    let bytes = series.encode();
    let decoded = Series::decode(&bytes).expect("decodes");
    assert_eq!(decoded.times, series.times);
    assert_eq!(decoded.columns.len(), series.columns.len());
    for (decoded, original) in decoded.columns.iter().zip(&series.columns) {
        assert_eq!(decoded.field, original.field);
        let bits = |values: &[f64]| -> Vec<Option<u64>> {
            values.iter().map(|value| (!value.is_nan()).then(|| value.to_bits())).collect()
        };
        assert_eq!(bits(&decoded.values), bits(&original.values));
        assert_eq!(decoded.spread.is_some(), original.spread.is_some());
        let Some((decoded, original)) = decoded.spread.as_ref().zip(original.spread.as_ref())
        else {
            continue;
        };
        assert_eq!(bits(&decoded.first), bits(&original.first));
        assert_eq!(bits(&decoded.low), bits(&original.low));
        assert_eq!(bits(&decoded.high), bits(&original.high));
    }
    bytes.len()
}

fn window(length: u64) -> NonZeroU64 {
    NonZeroU64::new(length).expect("is not 0")
}

fn one_column(values: Vec<f64>) -> Series {
    Series {
        times: (0..values.len() as i64)
            .map(|row| 1_644_359_940_000_000_000 + row * 60_000_000_000)
            .collect(),
        window: None,
        columns: vec![Column::new(Field::Temperature, values)],
    }
}

#[test]
fn particular_values_come_back() {
    for values in [
        vec![],
        vec![21.3],
        vec![f64::NAN],
        vec![f64::NAN, 1.0, f64::NAN, f64::NAN, 2.5, 2.5],
        vec![0.1, 0.2, 0.1 + 0.2],
        vec![-0.0, 0.0],
        vec![f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324],
        vec![f64::INFINITY, f64::NEG_INFINITY, 1.0],
        vec![9_007_199_254_740_992.0, -9_007_199_254_740_992.0],
        vec![9_007_199_254_740_991.0, 0.5],
        vec![1e-15, 1e-9, 123_456.789],
        vec![1.0 / 3.0],
    ] {
        check_round_trip(&one_column(values));
    }
    check_round_trip(&Series::default());
    check_round_trip(&Series { times: vec![i64::MIN, 0, i64::MAX], ..Series::default() });
}

#[test]
fn thirty_days_of_measurements_are_small() {
    let rows = 43_200;
    let times: Vec<i64> =
        (0..rows).map(|row| 1_700_000_000_000_000_000 + row * 60_000_000_000).collect();
    let wave = |period: f64, from: f64, to: f64, power: f64| -> Vec<f64> {
        let value = |row| from + (to - from) * (0.5 + 0.5 * (row as f64 / period).sin());
        (0..rows).map(|row| (value(row) * power).round() / power).collect()
    };
    let columns = [
        (Field::Temperature, wave(700.0, 0.0, 40.0, 10.0)),
        (Field::Humidity, wave(300.0, 10.0, 90.0, 10.0)),
        (Field::Pressure, wave(900.0, 970.0, 1_050.0, 10.0)),
        (Field::Co2, wave(200.0, 400.0, 3_000.0, 1.0)),
        (Field::Tvoc, wave(250.0, 250.0, 2_000.0, 1.0)),
    ];
    let columns = columns.into_iter().map(|(field, values)| Column::new(field, values)).collect();
    let series = Series { window: None, times, columns };
    let size = check_round_trip(&series);
    assert!(size < 270_000, "{size} bytes");
    // What 1,200 pixels need of them.
    let size = check_round_trip(&series.folded(window(36 * 60_000_000_000)));
    assert!(size < 45_000, "{size} bytes");
}

#[test]
fn a_series_that_is_cut_anywhere_is_refused() {
    let mut series = one_column(vec![1.5, f64::NAN, 3.25, 1e300]);
    series.columns.push(Column::new(Field::Co2, vec![400.0, 401.0, f64::NAN, 500.0]));
    for series in [series.folded(window(1)), series] {
        let bytes = series.encode();
        for length in 0..bytes.len() {
            assert!(Series::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Series::decode(&longer), Err(DecodeError::Trailing));
    }
}

#[test]
fn hostile_bytes_are_refused_without_large_allocations() {
    let varint_max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let header = b"IoTS\x02\x00".as_slice();
    let check = |parts: &[&[u8]], expected: DecodeError| {
        let bytes = [&[header], parts].concat().concat();
        assert_eq!(Series::decode(&bytes), Err(expected), "{parts:?}");
    };
    assert_eq!(Series::decode(b"IoTS\x01\x00\x00"), Err(DecodeError::Header));
    assert_eq!(Series::decode(b"<html>"), Err(DecodeError::Header));
    check(&[&varint_max, &[0]], DecodeError::Truncated);
    check(&[&[0xff; 11]], DecodeError::Number);
    // Two rows at the same time.
    check(&[&[2, 0, 1, 0, 0]], DecodeError::Time);
    // The second row lies beyond the end of time.
    check(&[&[2, 0], &varint_max, &[0], &[2]], DecodeError::Time);
    // The same column twice.
    check(&[&[0, 2], b"\x03CO2\x00\x00\x03CO2\x00\x00"], DecodeError::Field);
    check(&[&[0, 1], b"\x03CO3\x00\x00"], DecodeError::Field);
    // A run that is longer than the rows, and runs that do not advance.
    check(&[&[1, 1, 1, 0], b"\x03CO2\x01\x02"], DecodeError::Validity);
    check(&[&[1, 1, 1, 0], b"\x03CO2\x01\x00\x00"], DecodeError::Validity);
    check(&[&[1, 1, 1, 0], b"\x03CO2\x02\x00"], DecodeError::Validity);
    check(&[&[1, 1, 1, 0], b"\x03CO2\x00\x02"], DecodeError::Value);
    check(&[&[1, 1, 1, 0], b"\x03CO2\x00\x01\x10\x00"], DecodeError::Value);
    check(&[&[1, 1, 1, 0], b"\x03CO2\x00\x01\x00", &varint_max], DecodeError::Value);
}

#[test]
fn times_that_do_not_ascend_are_refused() {
    for times in [vec![2, 1], vec![1, 1], vec![0, i64::MAX, i64::MIN]] {
        assert_eq!(
            Series::decode(&Series { times, ..Series::default() }.encode()),
            Err(DecodeError::Time)
        );
    }
}

/// Values of all kinds: what sensors send, and what nobody expects.
fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-100_000i64..100_000, 0i32..6).prop_map(|(integer, decimals)| integer as f64 / 10f64.powi(decimals)),
        1 => Just(f64::NAN),
        1 => any::<u64>().prop_map(f64::from_bits),
    ]
}

proptest! {
    #[test]
    fn every_series_comes_back(
        rows in prop::collection::vec((any::<i64>(), any_value(), any_value()), 0..200),
        regular in any::<bool>(),
        length in 1u64..1_000_000_000_000,
    ) {
        let mut times: Vec<i64> = rows.iter().map(|row| row.0).collect();
        times.sort_unstable();
        times.dedup();
        if regular {
            times = (0..times.len() as i64).map(|row| row * 60_000_000_000).collect();
        }
        let values = |pick: fn(&(i64, f64, f64)) -> f64| rows.iter().take(times.len()).map(pick).collect();
        let columns = vec![
            Column::new(Field::Temperature, values(|row| row.1)),
            Column::new(Field::Tvoc, values(|row| row.2)),
        ];
        let series = Series { window: None, times, columns };
        check_round_trip(&series);
        check_round_trip(&series.folded(window(length)));
    }

    #[test]
    fn no_bytes_bring_the_decoder_down(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Series::decode(&bytes);
        let _ = Series::decode(&[b"IoTS\x02".as_slice(), &bytes].concat());
    }

    #[test]
    fn no_damage_brings_the_decoder_down(position in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = one_column(vec![1.5, 2.5, f64::NAN, 3.25, -7.0, 1e-9]).encode();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        if let Ok(series) = Series::decode(&bytes) {
            prop_assert!(series.times.is_sorted_by(|a, b| a < b));
            prop_assert!(series.columns.iter().all(|column| column.values.len() == series.times.len()));
        }
    }
}
