//! What may be told about a connection: all but its secrets.

use super::Shared;
use crate::store::ConnectionCount;
use crate::webhook::connection::Connection;
use jiff::Timestamp;
use serde::Serialize;

/// A connection as lists show it, without what was seen of it.
#[derive(Debug, Clone, Serialize)]
pub struct OpenConnection {
    /// The name that pipelines write.
    pub name: String,
    /// The name in the URL.
    pub webhook: String,
    /// The name of its scheme.
    pub scheme: String,
    /// The header that carries the checksum.
    pub header: String,
    /// Whether it takes deliveries.
    pub enabled: bool,
    /// How many secrets are live; `None` where none is asked for.
    pub secrets: Option<usize>,
}

impl OpenConnection {
    /// Returns what may be told about a connection.
    pub fn new(connection: &Connection) -> Self {
        use crate::webhook::connection::Authentication;
        let asks = !matches!(connection.authentication, Authentication::None);
        Self {
            name: connection.name.clone(),
            webhook: connection.webhook.clone(),
            scheme: connection.scheme.name.to_string(),
            header: connection.header.clone(),
            enabled: connection.enabled,
            secrets: asks.then(|| connection.secret_count()),
        }
    }

    /// Returns the connection with what was seen of it.
    pub fn seen(self, counts: &[ConnectionCount]) -> SeenConnection {
        let count = counts.iter().find(|count| count.connection == self.name);
        SeenConnection {
            deliveries: count.map_or(0, |it| it.deliveries),
            refusals: count.map_or(0, |it| it.refusals),
            last_delivery: count.and_then(|it| it.last_delivery),
            last_refusal: count.and_then(|it| it.last_refusal),
            last_refusal_reason: count.and_then(|it| it.last_refusal_reason.clone()),
            connection: self,
        }
    }
}

/// A connection with what was seen of it.
#[derive(Debug, Clone, Serialize)]
pub struct SeenConnection {
    /// The connection.
    #[serde(flatten)]
    pub connection: OpenConnection,
    /// Verified deliveries.
    pub deliveries: u64,
    /// Refused ones.
    pub refusals: u64,
    /// When the last verified one came.
    pub last_delivery: Option<Timestamp>,
    /// When the last refused one came.
    pub last_refusal: Option<Timestamp>,
    /// Why that one was refused.
    pub last_refusal_reason: Option<String>,
}

impl Shared {
    /// Returns the name of the connection that a name in a URL means, as configured.
    pub(super) fn connection_name(&self, webhook: &str) -> Option<String> {
        let connections = self.state.connections.load();
        let found = connections.iter().find(|it| it.webhook == webhook);
        found.map(|connection| connection.name.clone())
    }
}
