//! Names for things that live in the store: prefixed, unguessable, sortable by time.
//!
//! An id is its prefix and the 32 hexadecimal digits of a version 7 UUID, so that ids made later
//! sort after ids made earlier (to the millisecond). Time and randomness come in as arguments;
//! [`Entropy`] is what the caller fetched from the operating system.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Ten random bytes, from the operating system's generator.
pub type Entropy = [u8; 10];

/// The most characters that an id in any of its forms has; longer text is no id.
pub const TEXT_MAX: usize = 4 + 32;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Returns the id for a moment (milliseconds since 1970) and ten random bytes.
            pub fn new(milliseconds: u64, entropy: Entropy) -> Self {
                Self(text($prefix, milliseconds, entropy))
            }

            /// Returns the id that a trusted text, such as a row of the store, spells.
            pub fn from_stored(text: &str) -> Self {
                Self(text.into())
            }

            /// Returns the id that a text from outside spells; `None` where it has not the shape of one.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($prefix).filter(|_| text.len() == TEXT_MAX)?;
                let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                digits.bytes().all(is_digit).then(|| Self(text.into()))
            }

            /// Returns the id as it is written everywhere.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// One request to a connection, as received.
    DeliveryId,
    "dlv_"
);
id!(
    /// One run of a pipeline.
    RunId,
    "run_"
);
id!(
    /// One job of a run.
    JobId,
    "job_"
);
id!(
    /// One process that claims and executes jobs.
    WorkerId,
    "wrk_"
);

fn text(prefix: &str, milliseconds: u64, entropy: Entropy) -> Box<str> {
    let uuid = uuid::Builder::from_unix_timestamp_millis(milliseconds, &entropy).into_uuid();
    let mut text = String::with_capacity(TEXT_MAX);
    text.push_str(prefix);
    text.push_str(uuid.simple().encode_lower(&mut uuid::Uuid::encode_buffer()));
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_sort_later() {
        let earlier = RunId::new(1_000, [255; 10]);
        let later = RunId::new(1_001, [0; 10]);
        assert!(earlier < later, "{earlier} {later}");
        assert_eq!(earlier.as_str().len(), TEXT_MAX);
        assert_eq!(RunId::parse(earlier.as_str()), Some(earlier.clone()));
        assert_eq!(DeliveryId::parse(earlier.as_str()), None);
        assert_eq!(RunId::parse(&earlier.as_str()[..TEXT_MAX - 1]), None);
    }
}
