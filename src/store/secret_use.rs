//! When each secret of a connection was last used, so that a rotation can be finished.
//!
//! The time hangs on the secret itself: it goes with it when it moves in its list, gets another name or is read from
//! elsewhere, and a new value has none under the name of the former one. What is stored of a secret is its mark: a
//! keyed hash of it and its connection's name. The key is random and made at the first use, once for a data folder or
//! database, and is in it, so that all receivers have the same; copies of the store have it too. Neither is ever told.
//!
//! A mark is cut to 32 bits: enough to tell the secrets of one connection apart (a chance of 2⁻³² for each two of them to
//! have the same), and too few to say of a guess at a secret that it is right, for who has the store.

use super::Error;
use crate::webhook::connection::SecretDigest;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use std::collections::HashMap;

/// How many secrets of a connection are remembered, those used last: more than four times as many as can be live. So
/// rotating for years leaves no more.
pub(super) const MARKS_KEPT: u32 = 64;

/// The bytes of a key.
const KEY_BYTES: usize = 32;

/// By what secrets are marked.
#[derive(Clone, Copy)]
pub(super) struct MarkKey([u8; KEY_BYTES]);

impl MarkKey {
    /// Returns a key that nobody has.
    pub(super) fn new() -> Self {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        Self(bytes)
    }

    /// Returns a key that was stored.
    pub(super) fn from_stored(bytes: &[u8]) -> Result<Self, Error> {
        let unreadable = |_| Error::Broken("the key of the secrets' marks can't be read".to_owned());
        bytes.try_into().map(Self).map_err(unreadable)
    }

    /// Returns it as it is stored.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the mark of a connection's secret: 32 bits.
    pub(super) fn mark(&self, connection: &str, secret: &SecretDigest) -> i64 {
        let mut hash = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length is allowed");
        // Digests have all the same length, so what stands before one is the name.
        hash.update(connection.as_bytes());
        hash.update(secret.bytes());
        let hash = hash.finalize().into_bytes();
        let first: [u8; 4] = hash[..4].try_into().expect("a hash is longer");
        i64::from(u32::from_be_bytes(first))
    }
}

/// When secrets were last used. Who asks brings the secret: nothing in it can be told.
#[derive(Default)]
pub struct SecretUses {
    /// Nothing before the first use of any.
    key: Option<MarkKey>,
    since: Option<Timestamp>,
    uses: HashMap<String, HashMap<i64, Timestamp>>,
}

impl SecretUses {
    /// Returns what is stored, where there is anything: the key, and since when it is used.
    pub(super) fn new(key: Option<&[u8]>, since: Option<Timestamp>) -> Result<Self, Error> {
        Ok(Self { key: key.map(MarkKey::from_stored).transpose()?, since, uses: HashMap::new() })
    }

    /// Adds a use that is stored.
    pub(super) fn add(&mut self, connection: String, mark: i64, at: Timestamp) {
        self.uses.entry(connection).or_default().insert(mark, at);
    }

    /// Returns when a secret of a connection last proved a delivery, to the minute.
    pub fn last_used(&self, connection: &str, secret: &SecretDigest) -> Option<Timestamp> {
        let uses = self.uses.get(connection)?;
        uses.get(&self.key?.mark(connection, secret)).copied()
    }

    /// Returns since when uses are noted by the secret, in a store in which an earlier version noted them by its name:
    /// of what was used before it is not known which secret it was.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_the_key_the_connection_and_the_secret_and_short() {
        let (one, other) = (MarkKey([1; KEY_BYTES]), MarkKey([2; KEY_BYTES]));
        let (new, old) = (SecretDigest::of(b"new"), SecretDigest::of(b"old"));
        let mark = one.mark("hook", &new);
        assert_eq!(mark, one.mark("hook", &SecretDigest::of(b"new")));
        for another in [one.mark("hook", &old), one.mark("hoo", &new), other.mark("hook", &new)] {
            assert_ne!(mark, another);
        }
        assert!((0..=i64::from(u32::MAX)).contains(&mark), "32 bits");
        assert_ne!(MarkKey::new().bytes(), MarkKey::new().bytes());
    }

    #[test]
    fn what_was_never_used_has_no_time() {
        let secret = SecretDigest::of(b"secret");
        assert_eq!(SecretUses::default().last_used("hook", &secret), None);
        let key = MarkKey::new();
        let mut uses = SecretUses::new(Some(key.bytes()), None).expect("a key");
        uses.add("hook".to_owned(), key.mark("hook", &secret), Timestamp::UNIX_EPOCH);
        assert_eq!(uses.last_used("hook", &secret), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(uses.last_used("hook", &SecretDigest::of(b"another")), None);
        assert_eq!(uses.last_used("other", &secret), None);
        assert!(SecretUses::new(Some(b"short"), None).is_err());
        assert_eq!(format!("{secret:?}"), "SecretDigest", "nothing of it is printed");
    }
}
