//! The schemes of the known senders: one row of `table.rs` a sender.
//!
//! Sources: reference on senders, sections 1 to 3. What a row does not say is as
//! [`Scheme::hmac`] or [`Scheme::token`] has it.

use super::scheme::Scheme;

mod table;

pub use table::PRESETS;

/// A known sender.
pub struct Preset {
    /// The name that the configuration writes.
    pub name: &'static str,
    /// Who it is, in a few words.
    pub about: &'static str,
    scheme: fn() -> Scheme,
}

impl Preset {
    /// Returns the sender's scheme.
    pub fn scheme(&self) -> Scheme {
        Scheme { name: self.name.to_owned(), ..(self.scheme)() }
    }
}

/// Returns the scheme that a preset's name stands for. `azure` may be written in full.
pub fn preset(name: &str) -> Option<Scheme> {
    let name = if name == "azure-incoming" { "azure" } else { name };
    PRESETS.iter().find(|preset| preset.name == name).map(Preset::scheme)
}

/// Returns the scheme of a connection that names none: Azure's incoming webhook.
pub fn azure() -> Scheme {
    preset("azure").expect("it is a row")
}

/// Returns the names that are offered to people.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|preset| preset.name)
}
