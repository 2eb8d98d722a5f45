//! What a sender posts, and how it is known who sent it.
//!
//! A [`connection::Connection`] is a name one can post to. Its [`scheme::Scheme`] says how the
//! checksum is made; [`checksum::verify`] is the only maker of a [`checksum::Verified`]. Only
//! then [`payload`] reads the body, [`select`] takes out what [`filter`]s and templates want,
//! and [`repeat`] says by which key the delivery would be known again.

pub mod checksum;
pub mod connection;
pub mod delivery;
pub mod filter;
pub mod header;
pub mod path;
pub mod payload;
pub mod repeat;
pub mod scheme;
pub mod select;
