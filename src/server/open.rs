//! What may be told about a connection: all but its secrets.

use super::Shared;
use crate::store::{ConnectionCount, Error, Pausable, Pause, SecretUses, Store};
use crate::webhook::connection::{Authentication, Connection, Secret, SecretDigest};
use crate::webhook::scheme::Carrier;
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
    /// The header that carries the checksum; `None` where it stands elsewhere.
    pub header: Option<String>,
    /// Whether it takes deliveries.
    pub enabled: bool,
    /// How many secrets are live; `None` where none is asked for.
    pub secrets: Option<usize>,
    /// Each secret, ended ones included, without what it is.
    pub secret_list: Vec<OpenSecret>,
}

/// A secret as lists show it.
#[derive(Debug, Clone, Serialize)]
pub struct OpenSecret {
    /// The name by which people know it.
    pub name: String,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// Whether it has not ended.
    pub live: bool,
    /// When it last proved a delivery, to the minute, whatever its name and place were then.
    pub last_used: Option<Timestamp>,
    /// Since when that is known, where it has proved none and an earlier version may have noted that it did: of the time
    /// before nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_used_since: Option<Timestamp>,
    /// By what its uses are found.
    #[serde(skip)]
    digest: SecretDigest,
}

impl OpenSecret {
    fn is_live(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|end| now < end)
    }

    /// Returns when it was last used, for people: `used` says it of a moment.
    pub fn last_use(&self, used: impl FnOnce(Timestamp) -> String) -> String {
        match (self.last_used, self.not_used_since) {
            (Some(at), _) => used(at),
            (None, Some(since)) => format!("not since {since:.0}"),
            (None, None) => "never".to_owned(),
        }
    }
}

impl OpenConnection {
    /// Returns the secrets that are worth a line each: those of a rotation, and one that has an end.
    pub fn changing_secrets(&self) -> &[OpenSecret] {
        let is_fixed = matches!(self.secret_list.as_slice(), [only] if only.until.is_none());
        if is_fixed { &[] } else { &self.secret_list }
    }

    /// Returns the secrets whose end is after a moment and not after another one.
    pub fn secrets_that_end(&self, after: Timestamp, until: Timestamp) -> Vec<&OpenSecret> {
        let ends = |secret: &&OpenSecret| secret.until.is_some_and(|end| after < end && end <= until);
        self.secret_list.iter().filter(ends).collect()
    }

    /// Says whether it has a secret that has not ended.
    pub fn has_live_secret(&self, now: Timestamp) -> bool {
        self.secret_list.iter().any(|secret| secret.is_live(now))
    }

    /// Returns what may be told about a connection.
    pub fn new(connection: &Connection) -> Self {
        let secrets = match &connection.authentication {
            Authentication::Secrets(secrets) => Some(secrets.as_slice()),
            Authentication::None => None,
        };
        let open = |secret: &Secret| OpenSecret {
            name: secret.name().to_owned(),
            until: secret.end(),
            live: true,
            last_used: None,
            not_used_since: None,
            digest: secret.digest(),
        };
        Self {
            name: connection.name.clone(),
            webhook: connection.webhook.clone(),
            scheme: connection.scheme.name.clone(),
            header: match &connection.carrier {
                Carrier::Header(name) => Some(name.clone()),
                Carrier::Query(_) | Carrier::Body => None,
            },
            enabled: connection.enabled,
            secrets: secrets.map(<[Secret]>::len),
            secret_list: secrets.unwrap_or_default().iter().map(open).collect(),
        }
    }

    /// Returns the connection with what was seen of it.
    pub fn seen(mut self, seen: &Seen, now: Timestamp) -> SeenConnection {
        let Seen { counts, uses, pauses } = seen;
        let count = counts.iter().find(|count| count.connection == self.name);
        for secret in &mut self.secret_list {
            secret.last_used = uses.last_used(&self.name, &secret.digest);
            secret.not_used_since = uses.since().filter(|_| secret.last_used.is_none());
            secret.live = secret.is_live(now);
        }
        self.secrets = self.secrets.map(|_| self.secret_list.iter().filter(|secret| secret.live).count());
        let is_own = |pause: &&Pause| matches!(&pause.what, Pausable::Connection(name) if *name == self.name);
        SeenConnection {
            paused_since: pauses.iter().find(is_own).map(|pause| pause.since),
            deliveries: count.map_or(0, |it| it.deliveries),
            refusals: count.map_or(0, |it| it.refusals),
            last_delivery: count.and_then(|it| it.last_delivery),
            last_refusal: count.and_then(|it| it.last_refusal),
            last_refusal_reason: count.and_then(|it| it.last_refusal_reason.clone()),
            connection: self,
        }
    }
}

/// What a store has seen of all connections.
#[derive(Default)]
pub struct Seen {
    counts: Vec<ConnectionCount>,
    uses: SecretUses,
    pauses: Vec<Pause>,
}

impl Seen {
    /// Asks a store.
    pub async fn by(store: &dyn Store) -> Result<Self, Error> {
        Ok(Self {
            counts: store.connection_counts().await?,
            uses: store.secret_uses().await?,
            pauses: store.pauses().await?,
        })
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
    /// Since when its runs are held back.
    pub paused_since: Option<Timestamp>,
}

impl Shared {
    /// Tells the name of the connection that a name in a URL means, as configured, if there is one.
    pub(super) fn with_connection_name(&self, webhook: &str, tell: impl FnOnce(&str)) {
        if let Some(connection) = self.state.connections.load().iter().find(|it| it.webhook == webhook) {
            tell(&connection.name);
        }
    }
}
