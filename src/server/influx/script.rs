//! Scripts that somebody has written: looked through, run under a token that may read one bucket, passed on as InfluxDB answers.

mod answer;
mod build;
mod check;
mod tables;

use influx_client::{Error, Query, SecretString};
use influx_wire::flux::Places;

use self::check::script_error;
use super::{Explainer, Session};
use crate::model::data::{QueryAnswer, Selection};
use crate::model::script::ScriptError;
use crate::server::ports::scripts::{Answer, CheckedScript, ScriptFailure, Scripts};
use crate::server::ports::{Cause, PortError, Result};

impl Scripts for Session {
    fn build(&self, selection: &Selection) -> String {
        build::build(self.bucket(), selection)
    }

    async fn read(&self, answer: Answer) -> Result<QueryAnswer, ScriptFailure> {
        tables::read(answer).await
    }

    fn check(&self, script: &str) -> Result<CheckedScript, ScriptError> {
        check::check(script)
    }

    async fn run(
        &self,
        script: &CheckedScript,
        token: &SecretString,
    ) -> Result<Answer, ScriptFailure> {
        self.record_query(
            "Run the query, under a token that may only read this bucket",
            &script.text,
        );
        let patient = match self.deadline {
            Some(deadline) => self.connection.patient.with_deadline(deadline),
            None => self.connection.patient.clone(),
        };
        let client = patient.with_token(token.clone()).map_err(|_| PortError {
            sentence: "The token for queries that is kept in INFLUX_BUCKET_AUTH (measurement readtoken) cannot be sent. Delete that point."
                .to_owned(),
            cause: Cause::Configuration,
        })?;
        let fail = |error| failure(&self.explainer, error, script);
        let answer =
            client.query_text(Query::new(&script.text).now(self.now)).await.map_err(fail)?;
        answer::begun(answer, self.explainer.clone()).await.map_err(fail)
    }
}

/// Tells what is the script's fault from what is not.
fn failure(explainer: &Explainer, error: Error, script: &CheckedScript) -> ScriptFailure {
    let of_script = |message: String| {
        let places = Places::new(&script.text, &script.written);
        script_error(places.map_or_else(|| message.clone(), |places| places.translate(&message)))
    };
    match error {
        Error::Invalid { message } | Error::Query { message } | Error::Conflict { message } => {
            ScriptFailure::Script(of_script(message))
        }
        Error::Unauthorized { message }
        | Error::Forbidden { message }
        | Error::NotFound { message } => ScriptFailure::Denied(of_script(message)),
        error => ScriptFailure::Port(explainer.explain(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::script::Position;

    #[test]
    fn a_fault_of_the_script_is_told_from_others() {
        let explainer = Explainer::new("InfluxDB", "INFLUX_TOKEN");
        let script = check::check("// mine\n  lmit(n:1)").unwrap();
        let message = || "error @1:1-1:5: undefined identifier lmit".to_owned();
        let expected = ScriptError {
            message: "error @2:3-2:7: undefined identifier lmit".to_owned(),
            position: Some(Position { line: 2, column: 3 }),
        };
        for error in [Error::Invalid { message: message() }, Error::Query { message: message() }] {
            let found = failure(&explainer, error, &script);
            assert_eq!(found, ScriptFailure::Script(expected.clone()));
        }
        for error in
            [Error::Unauthorized { message: message() }, Error::NotFound { message: message() }]
        {
            let found = failure(&explainer, error, &script);
            assert_eq!(found, ScriptFailure::Denied(expected.clone()));
        }
        let found = failure(&explainer, Error::TimedOut, &script);
        assert!(matches!(found, ScriptFailure::Port(error) if error.cause == Cause::Temporary));
    }
}
