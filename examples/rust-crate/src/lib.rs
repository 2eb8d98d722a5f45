//! Greets.

/// Returns a greeting.
///
/// ```
/// assert_eq!(greet::greeting("world"), "Hello, world!");
/// ```
pub fn greeting(name: &str) -> String {
    format!("Hello, {name}!")
}
