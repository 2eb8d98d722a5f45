//! What a sender posts, and how it is known who sent it.
//!
//! A [`connection::Connection`] is a name one can post to. Its [`scheme::Scheme`] says how the
//! checksum is made, and [`preset`] has those of the known senders; [`checksum::verify`] is the
//! only maker of a [`checksum::Verified`]. Only then [`payload`] reads what
//! [`body`] has decided for both that it is, [`select`] takes out what [`filter`]s and templates want,
//! and [`repeat`] says by which key the delivery would be known again. A [`challenge`] is answered instead of all that.

pub mod body;
pub mod challenge;
pub mod checksum;
mod claim;
pub mod connection;
pub mod delivery;
pub mod filter;
pub mod form;
pub mod header;
mod key;
pub mod path;
pub mod payload;
pub mod preset;
pub mod received;
pub mod repeat;
pub mod roster;
pub mod scheme;
pub mod select;
pub mod signature;
pub mod signed;
mod sns;
pub mod source;
mod stamp;

pub use key::KeyMistake;
