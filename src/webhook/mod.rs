//! What a sender posts.

pub mod delivery;
