//! Answers of server functions that arrive piece by piece.
//!
//! ## Server-Side Rendering
//! Only asked for by event handlers, which the server has none of; there every call fails.

#[cfg(feature = "hydrate")]
pub use crate::browser::answer::{Answer, post};
#[cfg(not(feature = "hydrate"))]
pub use server::{Answer, post};

#[cfg(not(feature = "hydrate"))]
mod server {
    use crate::model::answer::AnswerError;

    /// There is none on the server.
    #[derive(Debug)]
    pub enum Answer {}

    impl Answer {
        /// The next piece; `None` at the end.
        pub fn piece(&mut self) -> std::future::Ready<Result<Option<Vec<u8>>, AnswerError>> {
            match *self {}
        }
    }

    /// Calls a server function with the fields of a form.
    pub async fn post(url: &str, _form: String) -> Result<Answer, AnswerError> {
        std::future::ready(Err(AnswerError::Lost(format!("{url} is for browsers")))).await
    }
}
