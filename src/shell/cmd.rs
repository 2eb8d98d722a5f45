//! Scripts for cmd.exe take no payload text.
//!
//! `%NAME%` is expanded before a line is parsed, so that a value becomes code even where it travels
//! in a variable; delayed expansion (`!NAME!`) is lost in `call` and `for`. There is no form that
//! holds at every place.

use super::analysis::Findings;
use super::analysis::Unread;
use super::outline::Outline;

pub(super) fn analyse(outline: &Outline) -> Result<Findings, Unread> {
    let reason = "put into a script for cmd.exe, which parses a variable's value as code";
    let hole = (outline.holes() > 0).then_some(0);
    Err(Unread { hole, reason: reason.to_owned() })
}
