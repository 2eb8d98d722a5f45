//! Scripts with payload text, against the real shell.

mod background;
mod benign;
mod beside;
mod cage;
mod canary;
mod changed;
mod checked;
mod collected;
mod errexit;
mod earlier;
mod environment;
mod everyday;
mod extended;
mod fuzz;
mod letters;
mod naive;
mod names;
mod options;
mod places;
mod powershell;
mod properties;
mod python;
mod refusals;
mod refused;
pub mod running;
mod steered;
mod tools;
