//! The receiving half of the machine: verify, match, expand, validate, queue.
//!
//! [`Intake::receive`] is the first six stations of the road as one function. It knows no HTTP:
//! the server hands it names, header pairs and bytes, and turns its [`Answer`] into a status.
//! Nothing is parsed before the checksum holds, and nothing is promised before it is on disk.

mod answer;
mod apart;
pub mod busy;
mod decide;
mod ids;
mod judge;
mod rate;
mod replay;
mod rerun;
mod roster;
mod told;
mod trail;

pub use answer::{Admission, AdmittedRun, Answer};
pub use apart::Crowded;
pub use replay::{Force, Unreplayable};
pub use trail::{KeyTold, PipelineTrail};

use crate::catalog::{Catalog, Shelf};
use crate::clock::Clock;
use crate::diagnostic::shown;
use crate::id::DeliveryId;
use crate::store::{self, Acceptance, Outage, Store};
use crate::webhook::body::Body;
use crate::webhook::challenge::{self, Asking};
use crate::webhook::checksum::{self, Failure, Verified};
use crate::webhook::connection::{Connection, Secret};
use crate::webhook::delivery::{Header, Refusal};
use crate::webhook::header;
use crate::webhook::received::Received;
use apart::{Apart, READ_HERE_MAX};
use arc_swap::ArcSwap;
use decide::{Long, Thread};
use jiff::Timestamp;
use judge::{Decided as DecidedRequest, Judge, Ready};
use rate::Rates;
use roster::Noted;
use std::fmt;
use std::sync::Arc;
use told::Told;

/// After how many seconds a sender may come again when the queue is full or the store is away.
const RETRY_AFTER_SECONDS: u64 = 10;
/// Why a delivery to a connection was refused that its owner has switched off; its sender is told that
/// there is nothing.
const SWITCHED_OFF: &str = "the connection is switched off: `enabled: false`";

/// A request to a connection.
#[derive(Debug)]
pub struct Request<'r> {
    /// The name in the URL.
    pub webhook: &'r str,
    /// The path and query as they were asked for.
    pub target: &'r str,
    /// All headers in the order they came.
    pub headers: Vec<header::RawHeader<'r>>,
    /// The body exactly as it came.
    pub body: Vec<u8>,
    /// What the server can't do for the sender, in one sentence: told when the checksum holds, and to
    /// nobody else.
    pub mistake: Option<String>,
}

impl Request<'_> {
    fn received(&self, connection: &Connection) -> Received<'_> {
        Received::new(connection, &self.headers, &self.body, self.target)
    }

    fn size(&self) -> u64 {
        self.body.len() as u64
    }
}

/// The connections and limits that are in force.
#[derive(Debug)]
pub struct Rules {
    /// The connections, in any order.
    pub connections: Vec<Arc<Connection>>,
    /// How many runs may wait.
    pub queue_limit: u64,
}

impl Rules {
    /// Returns the connection that a name in a URL means, if it is switched on.
    pub fn connection(&self, webhook: &str) -> Option<&Arc<Connection>> {
        self.configured(webhook).filter(|it| it.enabled)
    }

    /// Returns the connection that a name in a URL means, one that is switched off too: its deliveries
    /// are answered as if it were not there, and noted. Where two have the name, the one that is on.
    fn configured(&self, webhook: &str) -> Option<&Arc<Connection>> {
        let named = || self.connections.iter().filter(|it| it.webhook == webhook);
        named().find(|it| it.enabled).or_else(|| named().next())
    }
}

/// The receiving half of the machine.
pub struct Intake {
    rules: ArcSwap<Rules>,
    rates: Rates,
    judge: Arc<Judge>,
    /// Where is decided what others should not wait for.
    apart: Apart,
    /// Whether there is no place there.
    crowded: Outage,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    noted: Noted,
    /// Whether the queue has no room.
    turned_away: Outage,
    /// What the log says of refused deliveries.
    told: Told,
    /// Whether those can't be noted.
    unnoted: Outage,
}

impl Intake {
    /// Returns an intake that queues into a store.
    pub fn new(rules: Rules, shelf: Arc<Shelf>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            rates: Rates::default(),
            rules: ArcSwap::from_pointee(rules),
            judge: Arc::new(Judge::new(shelf)),
            apart: Apart::default(),
            crowded: Outage::default(),
            store,
            clock,
            noted: Noted::default(),
            turned_away: Outage::default(),
            told: Told::default(),
            unnoted: Outage::default(),
        }
    }

    /// Puts other rules in force, for requests that come from now on.
    pub fn set_rules(&self, rules: Rules) {
        self.rules.store(Arc::new(rules));
    }

    /// Returns the pipelines as they are now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.judge.catalog().clone()
    }

    /// Returns the largest body that a connection takes, or nothing where there is no such one.
    pub fn body_limit(&self, webhook: &str) -> Option<u64> {
        let rules = self.rules.load();
        let connection = rules.connection(webhook)?;
        Some(connection.limits.body)
    }

    /// Takes a request down the road as far as it goes, and says what its sender is told.
    pub async fn receive(&self, request: Request<'_>) -> Answer {
        let rules = self.rules.load_full();
        let Some(connection) = rules.connection(request.webhook) else { return Answer::UnknownConnection };
        let received_at = self.clock.now();
        let id = self.judge.delivery_id(received_at);
        let received = request.received(connection);
        let verified = match checksum::verify(connection, &received, received_at) {
            Ok(verified) => verified,
            Err(failure) => return self.refuse(connection, (id, request.size()), received_at, &failure).await,
        };
        let by = Verifier(connection.proved_by(verified.proof()));
        // Whatever becomes of the rest: its sender has this secret.
        self.note_use(connection, by, received_at).await;
        let rate = connection.limits.requests_per_second;
        if let Err(retry_after) = self.rates.check(&connection.name, rate) {
            let reason = format!("{by}, but more than {rate} requests came in a second");
            self.note_refused(connection, id, received_at, request.size(), reason).await;
            return Answer::TooMany { retry_after };
        }
        if let Some((answer, sentence)) = unusable(&request) {
            let reason = format!("{by}, but the request can't be used: {sentence}");
            self.note_refused(connection, id, received_at, request.size(), reason).await;
            return answer;
        }
        let here = match request.body.len() > READ_HERE_MAX {
            true => Err(Long),
            false => {
                let decide = || self.judge.decide(connection, &id, received_at, &received, (verified, Thread::Reading));
                busy::counted(decide)
            }
        };
        let (decided, body) = match here {
            Ok(decided) => (decided, request.body),
            Err(Long) => match self.decide_apart(connection, &id, received_at, request, verified).await {
                Ok(decided) => decided,
                Err(crowded) => return crowded,
            },
        };
        match decided {
            Ok((ready, reply)) => match self.accept(connection, ready, body, rules.queue_limit).await {
                Answer::Verified(_) if reply.is_some() => reply.map_or(Answer::Refused, Answer::Challenge),
                answer => answer,
            },
            Err(invalid) => {
                let reason = format!("{by}, but {invalid}");
                self.note_refused(connection, id, received_at, body.len() as u64, reason).await;
                Answer::Invalid(invalid)
            }
        }
    }

    /// Decides about a request where nobody else waits for that, and gives its body back. An error is the answer where
    /// there is no place for it.
    async fn decide_apart(
        &self,
        connection: &Arc<Connection>,
        id: &DeliveryId,
        received_at: Timestamp,
        request: Request<'_>,
        verified: Verified,
    ) -> Result<(DecidedRequest, Vec<u8>), Answer> {
        let (judge, connection, id) = (self.judge.clone(), connection.clone(), id.clone());
        let headers: Vec<(String, Vec<u8>)> =
            request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        let (target, body) = (request.target.to_owned(), request.body);
        let work = move || {
            let headers: Vec<header::RawHeader<'_>> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
            let received = Received::new(&connection, &headers, &body, &target);
            let decided = judge.decide(&connection, &id, received_at, &received, (verified, Thread::Apart));
            (decided.expect("apart is decided whatever takes long"), body)
        };
        match self.apart.work(work).await {
            Ok(done) => {
                self.crowded.worked("there is room to decide about deliveries again");
                Ok(done)
            }
            Err(crowded) => {
                self.crowded.failed(&crowded, "deliveries are turned away");
                Err(Answer::Unavailable { reason: crowded.to_string(), retry_after: RETRY_AFTER_SECONDS })
            }
        }
    }

    /// Refuses a request whose body has not come yet, where its head alone tells that it can't be verified; its size is the
    /// one that its sender said.
    pub async fn refuse_by_head(&self, request: &Request<'_>, size: u64) -> Option<Answer> {
        let rules = self.rules.load_full();
        let connection = rules.connection(request.webhook)?;
        let received_at = self.clock.now();
        let failure = checksum::refused_by_head(connection, &request.received(connection), received_at)?;
        let id = self.judge.delivery_id(received_at);
        Some(self.refuse(connection, (id, size), received_at, &failure).await)
    }

    /// Says whether a request would be refused so.
    pub fn is_refused_by_head(&self, request: &Request<'_>) -> bool {
        let rules = self.rules.load();
        let Some(connection) = rules.connection(request.webhook) else { return true };
        checksum::refused_by_head(connection, &request.received(connection), self.clock.now()).is_some()
    }

    /// Notes a request that the server turned away before it could be verified, such as one whose body
    /// is too large: whoever asks why nothing ran finds it. A name that no connection has is not noted,
    /// so what strangers make grow is bounded by the configuration.
    pub async fn note_turned_away(&self, webhook: &str, size: u64, reason: &str) {
        let rules = self.rules.load_full();
        let Some(connection) = rules.configured(webhook) else { return };
        let reason = if connection.enabled { reason } else { SWITCHED_OFF };
        let received_at = self.clock.now();
        self.note_refused(connection, self.judge.delivery_id(received_at), received_at, size, reason.to_owned()).await;
    }

    /// Answers a sender that asks whether it may post. Nothing is recorded and nothing starts.
    pub fn ask(&self, asking: Asking, request: &Request<'_>) -> Answer {
        let rules = self.rules.load();
        let Some(connection) = rules.connection(request.webhook) else { return Answer::UnknownConnection };
        let reply = challenge::ask(connection, asking, &request.received(connection), self.clock.now());
        reply.map_or(Answer::NotAsked, Answer::Challenge)
    }

    /// Notes the use of the secret that proved a delivery from time to time, so that people see when an old
    /// one is needed no more.
    async fn note_use(&self, connection: &Connection, Verifier(secret): Verifier<'_>, at: Timestamp) {
        let Some(secret) = secret else { return };
        if secret.is_use_news(at)
            && let Err(error) = self.store.note_secret_use(&connection.name, secret.digest(), at).await
        {
            tracing::error!(%error, "the use of a secret could not be noted");
        }
    }

    /// Makes a delivery and its runs durable, and only then says so.
    async fn accept(&self, connection: &Connection, ready: Ready, body: Vec<u8>, queue_limit: u64) -> Answer {
        let Ready { mut delivery, runs, repeat, roster } = ready;
        let noted = self.noted(roster.as_ref(), delivery.received_at).await;
        let admission = Admission::of(&delivery, connection.rejected.code());
        let connection_limit = own_queue_limit(connection, queue_limit);
        let queue_age = connection.limits.queue_age;
        let accepted = match noted {
            Ok(noted) => {
                delivery.roster = noted;
                let delivery = Some((delivery, body));
                self.store.accept(Acceptance { delivery, runs, repeat, queue_limit, connection_limit, queue_age }).await
            }
            Err(error) => Err(error),
        };
        match accepted {
            Ok(accepted) => {
                self.turned_away.worked("deliveries are taken again");
                Answer::Verified(admission.accepted(accepted))
            }
            Err(error) => {
                match &error {
                    store::Error::Full { .. } | store::Error::FullFor { .. } | store::Error::Stale { .. } => {
                        self.turned_away.failed(&error, "deliveries are turned away");
                    }
                    // The store says by itself that it can't be written.
                    _ => tracing::debug!(connection = connection.name, %error, "a delivery was not acknowledged"),
                }
                let (reason, retry_after) = (error.to_string(), RETRY_AFTER_SECONDS);
                match error {
                    store::Error::Unknown(_) => Answer::Uncertain { reason, retry_after },
                    _ => Answer::Unavailable { reason, retry_after },
                }
            }
        }
    }

    async fn refuse(
        &self,
        connection: &Connection,
        (id, size): (DeliveryId, u64),
        received_at: Timestamp,
        failure: &Failure,
    ) -> Answer {
        let reason = failure.to_string();
        self.note_refused(connection, id, received_at, size, reason.clone()).await;
        match failure {
            Failure::Doubled(_) => Answer::Invalid(reason),
            _ => Answer::Refused,
        }
    }

    /// Counts a delivery that is not taken, and keeps the latest of them in brief.
    async fn note_refused(
        &self,
        connection: &Connection,
        id: DeliveryId,
        received_at: Timestamp,
        size: u64,
        reason: String,
    ) {
        self.told.refused(&connection.name, &id, received_at, &reason);
        let refusal = Refusal { id, connection: connection.name.clone(), received_at, size, reason };
        match self.store.refuse(refusal).await {
            Ok(()) => self.unnoted.worked("refused deliveries are noted again"),
            Err(error) => self.unnoted.failed(&error, "refused deliveries can't be noted"),
        }
    }
}

/// Returns how many runs of a connection may wait, where its configuration says fewer than may wait in all: as many as
/// may wait in all are never more than that.
fn own_queue_limit(connection: &Connection, queue_limit: u64) -> Option<u64> {
    Some(connection.limits.queue).filter(|own| *own < queue_limit)
}

/// By what a delivery was verified, for the reasons that people read: by a secret, unless none was asked for.
#[derive(Clone, Copy)]
struct Verifier<'c>(Option<&'c Secret>);

impl fmt::Display for Verifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(secret) => write!(f, "verified by the secret `{}`", shown(secret.name())),
            None => f.write_str("verified"),
        }
    }
}

/// Returns the body of a stored delivery, read as it was when it came.
fn stored_body<'b>(connection: &Connection, headers: &[Header], bytes: &'b [u8]) -> Body<'b> {
    connection.body(header::kept(headers, header::CONTENT_TYPE).map(str::as_bytes), bytes)
}

/// Returns the answer to a request that is verified and can't be served as it is, and its sentence: it has
/// a mistake beside its body, or a body in a content coding, which nothing here unpacks.
fn unusable(request: &Request<'_>) -> Option<(Answer, String)> {
    if let Some(sentence) = &request.mistake {
        return Some((Answer::Invalid(sentence.clone()), sentence.clone()));
    }
    let coded = request.headers.iter().find(|(name, value)| {
        name.eq_ignore_ascii_case("content-encoding") && !value.trim_ascii().eq_ignore_ascii_case(b"identity")
    });
    let sentence = "send the body without a content coding".to_owned();
    coded.map(|_| (Answer::UnsupportedMedia(sentence.clone()), sentence))
}
