//! The answer to a caller's query on its way through.
//!
//! InfluxDB sends status 200 before it knows that a query will succeed, and puts what goes wrong into the answer. So the beginning is
//! read before anything is passed on: an error that stands there is an error, and no answer.

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use influx_client::Error;
use influx_wire::csv::Reader;

use super::Explainer;
use crate::server::ports::scripts::{Answer, ScriptFailure};
use crate::server::ports::{Cause, PortError, Result};

/// More is not passed on.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Where so much came without a row, it is passed on unread: headers of very many tables.
const LONGEST_BEGINNING: usize = 256 * 1024;

/// Waits for the first row, or for the error in its place.
pub(super) async fn begun(
    answer: impl Stream<Item = Result<Bytes, Error>> + Send + Unpin + 'static,
    explainer: Explainer,
) -> Result<Answer, Error> {
    begun_within(answer, explainer, LARGEST).await
}

async fn begun_within(
    mut answer: impl Stream<Item = Result<Bytes, Error>> + Send + Unpin + 'static,
    explainer: Explainer,
    largest: u64,
) -> Result<Answer, Error> {
    let mut reader = Reader::new();
    let mut beginning = Vec::new();
    let mut length = 0;
    while length <= LONGEST_BEGINNING {
        let Some(piece) = answer.next().await.transpose()? else { break };
        length += piece.len();
        let read = reader.push(&piece);
        beginning.push(piece);
        match read {
            Ok(()) if reader.take().iter().any(|batch| !batch.tables.is_empty()) => break,
            Ok(()) => {}
            Err(error @ influx_wire::csv::Error::Query { .. }) => return Err(error.into()),
            // Whatever it is, it is InfluxDB's answer.
            Err(_) => break,
        }
    }
    let whole = stream::iter(beginning.into_iter().map(Ok)).chain(answer);
    let failed = move |error| ScriptFailure::Port(explainer.explain(error));
    let limited = whole.map(move |piece| piece.map_err(&failed)).scan(
        Some(largest),
        |left, piece: Result<Bytes, ScriptFailure>| {
            // Nothing comes behind an error.
            let passed = left.take().map(|before| {
                let piece = piece?;
                *left = before.checked_sub(piece.len() as u64);
                left.map(|_| piece).ok_or_else(too_large)
            });
            std::future::ready(passed)
        },
    );
    Ok(limited.boxed())
}

fn too_large() -> ScriptFailure {
    ScriptFailure::Port(PortError {
        sentence: format!(
            "The answer has more than {} MiB, which is where it ends. Ask for a shorter range or for windows.",
            LARGEST / 1024 / 1024
        ),
        cause: Cause::TooLarge,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "#group,false,false,false\r\n#datatype,string,long,double\r\n#default,_result,,\r\n,result,table,_value\r\n";
    const ERROR: &str = "#group,true,true\r\n#datatype,string,string\r\n#default,,\r\n,error,reference\r\n,it broke,\r\n";

    fn pieces(texts: &[&str]) -> impl Stream<Item = Result<Bytes, Error>> + Send + Unpin + 'static {
        let pieces: Vec<_> = texts.iter().map(|text| Ok(Bytes::from((*text).to_owned()))).collect();
        stream::iter(pieces)
    }

    async fn read(
        texts: &[&str],
        largest: u64,
    ) -> Result<Vec<Result<Bytes, ScriptFailure>>, Error> {
        let explainer = Explainer::new("InfluxDB", "INFLUX_TOKEN");
        Ok(begun_within(pieces(texts), explainer, largest).await?.collect().await)
    }

    #[tokio::test]
    async fn an_answer_gets_through_as_it_is() {
        for texts in [
            [TABLE, ",,0,1\r\n", ",,0,2\r\n\r\n"],
            ["#gr", "oup,false,false,false\r\n", "#datatype"],
            ["\r\n", "", ""],
            ["not CSV \"", "at", "all"],
            // What comes after the first row cannot be taken back: it says itself what it is.
            [TABLE, ",,0,1\r\n\r\n", ERROR],
        ] {
            let found = read(&texts, 1_000).await.unwrap();
            let found: Vec<Bytes> = found.into_iter().map(Result::unwrap).collect();
            assert_eq!(found.concat(), texts.concat().as_bytes());
        }
    }

    #[tokio::test]
    async fn an_error_in_the_place_of_rows_is_one() {
        let (head, tail) = ERROR.split_at(60);
        for texts in [vec![ERROR], vec![head, tail], vec![TABLE, "\r\n", ERROR]] {
            let found = read(&texts, 1_000).await;
            assert_eq!(found.err(), Some(Error::Query { message: "it broke".to_owned() }));
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_breaks_off() {
        let found =
            read(&[TABLE, ",,0,1\r\n", ",,0,2\r\n", ",,0,3\r\n"], TABLE.len() as u64 + 8).await;
        let found = found.unwrap();
        assert_eq!(found.len(), 3);
        assert!(found[1].is_ok());
        assert!(found[2].as_ref().is_err_and(|error| error.to_string().contains("256 MiB")));
    }

    #[tokio::test]
    async fn an_answer_that_breaks_ends_with_the_error() {
        let broken = stream::iter([
            Ok(Bytes::from(format!("{TABLE},,0,1\r\n"))),
            Err(Error::TimedOut),
            Ok(Bytes::from_static(b"more")),
        ]);
        let explainer = Explainer::new("InfluxDB", "INFLUX_TOKEN");
        let found: Vec<_> = begun(broken, explainer).await.unwrap().collect().await;
        assert!(matches!(found.as_slice(), [Ok(_), Err(ScriptFailure::Port(_))]), "{found:?}");
    }
}
