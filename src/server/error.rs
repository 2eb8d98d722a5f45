//! From what happened to an HTTP status. No other file chooses one.
//!
//! There is no 3xx and no 410 for senders: some take these for success, or give up for ever.

use crate::intake::{Answer, Unreplayable};
use crate::store;
use crate::webhook::challenge::Reply;
use crate::webhook::delivery::Outcome;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde_json::json;

/// After how many seconds to come again when the store can't be read, or all connections are in use.
const RETRY_AFTER_SECONDS: u64 = 10;

/// What a sender is told for whose connection there is no room.
pub(super) const NO_SEAT: Failure = Failure::Unavailable { retry_after: RETRY_AFTER_SECONDS };

/// What a sender is told for whose body there is no room.
pub(super) const NO_ROOM: Failure = Failure::NoRoom { retry_after: RETRY_AFTER_SECONDS };

/// Why a request is answered with an error. The text is what its sender is told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No such path or connection.
    #[error("there is nothing here")]
    NotFound,
    /// No such run or delivery.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// The path exists, but not for this method.
    #[error("this path takes {} only", names(.allowed))]
    Method {
        /// What it takes.
        allowed: &'static [Method],
    },
    /// The sender of a challenge did not show what it should know.
    #[error("the challenge is not answered")]
    Forbidden,
    /// Something stands against what was asked for.
    #[error("{0}")]
    Conflict(String),
    /// The body is larger than the connection takes.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// The body took too long.
    #[error("the body took too long")]
    TooSlow,
    /// The body broke off or is not what its headers say.
    #[error("the body could not be read")]
    BrokenBody,
    /// Something in the request can't be understood.
    #[error("{0}")]
    Invalid(String),
    /// The checksum is missing, malformed or wrong: one text for all of these.
    #[error("the checksum is missing or wrong")]
    Refused,
    /// A content coding or type that is not accepted.
    #[error("{0}")]
    UnsupportedMedia(String),
    /// The admin token is missing or wrong.
    #[error("this needs the admin token: Authorization: Bearer TOKEN, from the file admin-token in the data folder")]
    Unauthorized,
    /// The request was made for another host's name.
    #[error("this server is not known by that host name: `admin: {{hosts: [NAME]}}` in its configuration names it")]
    WrongHost,
    /// Something that changes things was sent, and not by a form of our own page.
    #[error("this came from no page of this server: reload the page and try again")]
    ForeignForm,
    /// The connection sends faster than it may.
    #[error("too many requests")]
    TooMany {
        /// After how many seconds to come again.
        retry_after: u64,
    },
    /// The bodies that are read now take all the room that there is for them.
    #[error("too many bodies come in at the moment; nothing was stored")]
    NoRoom {
        /// After how many seconds to come again.
        retry_after: u64,
    },
    /// The store was lost while it wrote, and nobody can say what became of that.
    #[error("it is not known whether this was stored: the store was lost while it wrote")]
    Uncertain {
        /// After how many seconds to come again.
        retry_after: u64,
    },
    /// Nothing can be stored or read now.
    #[error("not possible at the moment; nothing was stored")]
    Unavailable {
        /// After how many seconds to come again.
        retry_after: u64,
    },
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenBody | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Refused | Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::UnsupportedMedia(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WrongHost | Self::Forbidden | Self::ForeignForm => StatusCode::FORBIDDEN,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NoRoom { .. } | Self::Uncertain { .. } | Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        self.add_headers(&mut response);
        response.json(json!({ "error": self.to_string() }))
    }
}

impl Failure {
    fn add_headers(&self, response: &mut HttpResponseBuilder) {
        match self {
            Self::Method { allowed } => response.insert_header((header::ALLOW, names(allowed))),
            Self::Unauthorized => {
                response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            Self::TooMany { retry_after }
            | Self::NoRoom { retry_after }
            | Self::Uncertain { retry_after }
            | Self::Unavailable { retry_after } => {
                response.insert_header((header::RETRY_AFTER, retry_after.to_string()))
            }
            _ => response,
        };
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "a request could not be answered from the store");
        match error {
            store::Error::Unknown(_) => Self::Uncertain { retry_after: RETRY_AFTER_SECONDS },
            _ => Self::Unavailable { retry_after: RETRY_AFTER_SECONDS },
        }
    }
}

impl From<Unreplayable> for Failure {
    fn from(reason: Unreplayable) -> Self {
        match reason {
            Unreplayable::Unknown => Self::Unknown("delivery"),
            Unreplayable::Store(error) => error.into(),
            Unreplayable::Crowded(_) => Self::Unavailable { retry_after: RETRY_AFTER_SECONDS },
            other => Self::Conflict(other.to_string()),
        }
    }
}

/// Returns what a delivery that was not accepted is told; `Ok` gives back one that was.
pub(super) fn verified(answer: Answer) -> Result<crate::intake::Admission, Failure> {
    Err(match answer {
        Answer::Verified(admission) => return Ok(admission),
        Answer::UnknownConnection => Failure::NotFound,
        Answer::NotAsked | Answer::Challenge(_) => Failure::Method { allowed: &[Method::POST] },
        Answer::Refused => Failure::Refused,
        Answer::Invalid(sentence) => Failure::Invalid(sentence),
        Answer::UnsupportedMedia(sentence) => Failure::UnsupportedMedia(sentence),
        Answer::TooMany { retry_after } => Failure::TooMany { retry_after },
        Answer::Uncertain { retry_after, .. } => Failure::Uncertain { retry_after },
        Answer::Unavailable { retry_after, .. } => Failure::Unavailable { retry_after },
    })
}

/// Returns the answer to a challenge. What is echoed is text: a browser must not take it for more.
pub(super) fn challenge_answer(reply: Reply) -> Result<HttpResponse, Failure> {
    Ok(match reply {
        Reply::Text(text) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text),
        Reply::Json(json) => HttpResponse::Ok().json(json),
        Reply::Empty => HttpResponse::NoContent().content_type("application/json").finish(),
        Reply::Present => HttpResponse::Ok().finish(),
        Reply::Consent { origin, rate } => {
            let mut response = HttpResponse::Ok();
            response.insert_header((header::ALLOW, "POST")).insert_header(("WebHook-Allowed-Origin", origin));
            if let Some(rate) = rate {
                response.insert_header(("WebHook-Allowed-Rate", rate));
            }
            response.finish()
        }
        Reply::Forbidden => return Err(Failure::Forbidden),
        Reply::Invalid(sentence) => return Err(Failure::Invalid(sentence.to_owned())),
    })
}

/// Returns the status of a verified delivery.
pub(super) fn status(admission: &crate::intake::Admission) -> StatusCode {
    match admission.outcome {
        Outcome::Rejected => StatusCode::from_u16(admission.rejected_status).unwrap_or(StatusCode::OK),
        _ => StatusCode::OK,
    }
}

/// The status of an answer that leads a browser to the next page, after a form of ours or when it came
/// with the token. Senders never get it.
pub(super) const GO_ON: StatusCode = StatusCode::SEE_OTHER;

/// Returns the status of a server that can't work now, for who watches it.
pub(super) const NOT_READY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

fn names(methods: &[Method]) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}
