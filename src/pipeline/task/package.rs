//! Tasks from packages: a `task.json` in the form of the pipeline language's own task library, and
//! the script of Node beside it.

use super::visible::Rule;
use serde_json::Value;
use std::path::PathBuf;

/// The most inputs that a task can have.
const INPUTS_MAX: usize = 1_000;
/// The handlers that are run, the best first; any of them with the Node that the machine has.
const HANDLERS: [&str; 6] = ["Node24", "Node20_1", "Node20", "Node16", "Node10", "Node"];
/// What a package calls the part of it that runs before the job's steps, and the one after them.
const BEFORE: &str = "prejobexecution";
const AFTER: &str = "postjobexecution";

/// A task that is installed as a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The name.
    pub name: String,
    /// The GUID, in lower case.
    pub id: String,
    /// The version: major, minor, patch.
    pub version: [u32; 3],
    /// What it takes.
    pub inputs: Vec<PackageInput>,
    /// What runs it where its step stands.
    pub handler: Handler,
    /// The script of Node, relative to the folder, that runs before the job's steps.
    pub before: Option<String>,
    /// Likewise when they have ended.
    pub after: Option<String>,
    /// What it takes upon itself not to do.
    pub restrictions: Restrictions,
    /// What else it wants to be run, and is not.
    pub passed_over: Vec<&'static str>,
    /// Its folder.
    pub folder: PathBuf,
}

/// An input of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageInput {
    /// The name.
    pub name: String,
    /// Other names that mean the same.
    pub aliases: Vec<String>,
    /// Its value where none is given.
    pub default: String,
    /// When it must have a value.
    pub needed: Needed,
    /// The only values that it has by the package's own list; empty where it may have others.
    pub options: Vec<String>,
    /// Whether its value is a path, which begins at the sources.
    pub is_path: bool,
}

/// When an input of a package must have a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// Never, or when nobody here knows.
    Never,
    /// Whatever the others have.
    Always,
    /// When a rule holds.
    When(Rule),
}

/// What runs a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler {
    /// A script of Node, relative to the folder.
    Node(String),
    /// None that there is here; these are what it has.
    Unknown(Vec<String>),
    /// None is needed: all that it does comes before the job's steps or after them.
    Nothing,
}

/// What a package does not do, so that what it prints of others can't: its own `restrictions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Whether only logging commands count that change nothing beyond its own result and variables.
    pub is_restricted: bool,
    /// Patterns for the variables that it sets; `None` for any.
    pub settable: Option<Vec<String>>,
}

impl Restrictions {
    fn read(json: &Value) -> Self {
        let allowed = json["settableVariables"].as_object().map(|object| object.get("allowed").unwrap_or(&Value::Null));
        let words =
            |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Self {
            is_restricted: json["commands"]["mode"]
                .as_str()
                .is_some_and(|mode| mode.eq_ignore_ascii_case("restricted")),
            settable: allowed.map(words),
        }
    }

    /// Says whether the package sets a variable of this name: `*` stands for any text and `?` for one character,
    /// and case does not matter.
    pub fn may_set(&self, variable: &str) -> bool {
        let is_it = |pattern: &String| matches(pattern.to_lowercase().as_bytes(), variable.to_lowercase().as_bytes());
        self.settable.as_ref().is_none_or(|patterns| patterns.iter().any(is_it))
    }
}

/// Says whether a text is what a pattern means. Only the last `*` is tried again, so the time is that of both
/// lengths multiplied.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to go on after a `*` that takes one byte more.
    let mut again: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                again = Some((at + 1, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[from] => (at, from) = (at + 1, from + 1),
            _ => {
                let Some((after, taken)) = again else { return false };
                again = Some((after, taken + 1));
                (at, from) = (after, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

impl Package {
    /// Reads a `task.json`. On failure, what is wrong with it.
    pub fn parse(text: &str, folder: PathBuf) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| format!("it is no JSON: {error}"))?;
        let word = |name: &str| json[name].as_str().map(str::to_owned).filter(|text| !text.is_empty());
        let name = word("name").ok_or("it has no `name`")?;
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_plain(&name) {
            return Err("its `name` has other characters than letters, digits, `-`, `_` and `.`".to_owned());
        }
        let id = word("id").ok_or("it has no `id`")?.to_ascii_lowercase();
        let number = |part: &str| version_part(&json["version"][part]).ok_or(format!("its `version` has no `{part}`"));
        let version = [number("Major")?, number("Minor")?, number("Patch")?];
        let written = json["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
        if written.len() > INPUTS_MAX {
            return Err(format!("it has more than {INPUTS_MAX} inputs"));
        }
        let inputs = written.iter().map(input).collect::<Option<_>>().ok_or("one of its `inputs` has no `name`")?;
        let mut passed_over = Vec::new();
        let mut part = |key: &'static str| match json[key].as_object().map(handler).transpose()? {
            Some(Handler::Node(target)) => Ok(Some(target)),
            Some(Handler::Unknown(_)) => {
                passed_over.push(key);
                Ok(None)
            }
            Some(Handler::Nothing) | None => Ok::<_, String>(None),
        };
        let (before, after) = (part(BEFORE)?, part(AFTER)?);
        let handler = match json["execution"].as_object() {
            Some(execution) => handler(execution)?,
            None if before.is_some() || after.is_some() => Handler::Nothing,
            None => return Err("it has no `execution`".to_owned()),
        };
        let restrictions = Restrictions::read(&json["restrictions"]);
        Ok(Self { name, id, version, inputs, handler, before, after, restrictions, passed_over, folder })
    }

    /// Returns all scripts of Node that it runs, relative to the folder.
    pub fn scripts(&self) -> impl Iterator<Item = &str> {
        let own = match &self.handler {
            Handler::Node(target) => Some(target),
            Handler::Unknown(_) | Handler::Nothing => None,
        };
        own.into_iter().chain(&self.before).chain(&self.after).map(String::as_str)
    }

    /// Says whether a name or GUID, and a major version, mean this.
    pub fn is_called(&self, name: &str, major: u32) -> bool {
        self.is_named(name) && self.version[0] == major
    }

    /// Says whether a name or GUID means this in some version.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.id.eq_ignore_ascii_case(name)
    }

    /// Returns the input of a name, ignoring case.
    pub fn input(&self, name: &str) -> Option<&PackageInput> {
        let is_called = |known: &String| known.eq_ignore_ascii_case(name);
        self.inputs.iter().find(|input| is_called(&input.name) || input.aliases.iter().any(is_called))
    }
}

fn version_part(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    number.try_into().ok()
}

fn input(json: &Value) -> Option<PackageInput> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let aliases = json["aliases"].as_array().into_iter().flatten().map(text).collect();
    let is_required = text(&json["required"]).eq_ignore_ascii_case("true");
    Some(PackageInput {
        name: json["name"].as_str()?.to_owned(),
        aliases,
        default: text(&json["defaultValue"]),
        // What is not always visible is needed only then.
        needed: match json["visibleRule"].as_str().map_or("", str::trim) {
            _ if !is_required => Needed::Never,
            "" => Needed::Always,
            rule => Rule::parse(rule).map_or(Needed::Never, Needed::When),
        },
        options: options(json),
        is_path: json["type"].as_str() == Some("filePath"),
    })
}

/// Returns the values of a closed list. One that may have several at once, or others, is open.
fn options(json: &Value) -> Vec<String> {
    let is_list =
        json["type"].as_str().is_some_and(|it| ["picklist", "radio"].contains(&it.to_ascii_lowercase().as_str()));
    let properties = json["properties"].as_object();
    let is_said = |name: &str| {
        let mut named = properties.into_iter().flatten().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.any(|(_, value)| {
            value.as_bool().unwrap_or_else(|| value.as_str().is_some_and(|it| it.eq_ignore_ascii_case("true")))
        })
    };
    let is_open = ["EditableOptions", "MultiSelect", "MultiSelectFlatList"].into_iter().any(is_said);
    let listed = json["options"].as_object().filter(|_| is_list && !is_open);
    listed.into_iter().flat_map(|listed| listed.keys().cloned()).collect()
}

fn handler(known: &serde_json::Map<String, Value>) -> Result<Handler, String> {
    let node = HANDLERS.iter().find_map(|wanted| known.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)));
    let Some((_, node)) = node else { return Ok(Handler::Unknown(known.keys().cloned().collect())) };
    let target = node["target"].as_str().filter(|target| is_inside(target));
    target
        .map(|target| Handler::Node(target.to_owned()))
        .ok_or_else(|| "its handler has no `target` inside of it".to_owned())
}

/// Says whether a path stays in the folder that it begins in.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && path.split('/').all(|part| part != "..")
}

/// Returns the package that a name or GUID and a major version mean, the newest of several.
pub fn find<'p, P: AsRef<Package>>(packages: &'p [P], name: &str, major: u32) -> Option<&'p Package> {
    let meant = packages.iter().map(AsRef::as_ref).filter(|package| package.is_called(name, major));
    meant.max_by_key(|package| package.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_the_variables_that_a_package_sets() {
        for (pattern, name, is_meant) in [
            ("myVar", "MYVAR", true),
            ("myVar", "myVars", false),
            ("my*", "my.var", true),
            ("*Var", "myVar", true),
            ("m*a*r", "my.other.var", true),
            ("m*a*x", "my.other.var", false),
            ("m?Var", "myVar", true),
            ("m?Var", "mVar", false),
            ("*", "", true),
            ("", "x", false),
        ] {
            let restrictions = Restrictions { settable: Some(vec![pattern.to_owned()]), ..Restrictions::default() };
            assert_eq!(restrictions.may_set(name), is_meant, "{pattern} {name}");
        }
        assert!(Restrictions::default().may_set("any"));
        assert!(!Restrictions { settable: Some(Vec::new()), ..Restrictions::default() }.may_set("any"));
    }
}
