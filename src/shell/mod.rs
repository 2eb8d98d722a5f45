//! (in the making)
use crate::taint::Text;
/// l
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// b
    Bash,
}
/// p
#[derive(Debug)]
pub struct Placed {
    /// s
    pub script: String,
    /// v
    pub variables: Vec<(String, String)>,
}
/// r
#[derive(Debug)]
pub struct Refusal {
    /// s
    pub segment: usize,
    /// l
    pub line: usize,
    /// r
    pub reason: String,
    /// h
    pub help: Option<String>,
    /// v
    pub value_dependent: bool,
}
/// p
pub fn place(script: &Text, _: Language) -> Result<Placed, Vec<Refusal>> {
    let mut out = Placed { script: String::new(), variables: Vec::new() };
    for s in script.segments() {
        if s.is_tainted() {
            let name = format!("PIPEHOOK_{}", out.variables.len() + 1);
            out.script.push_str(&format!("\"${{{name}}}\""));
            out.variables.push((name, s.text.to_string()));
        } else {
            out.script.push_str(&s.text);
        }
    }
    Ok(out)
}
