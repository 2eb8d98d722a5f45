//! Who may import whom: the table of the architecture, held by reading the `use` lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The modules in reading order with their ranks. A module names only modules of lower ranks, or
/// of its own rank above it. Changing this table is changing the architecture.
const RANKS: [(&str, u8); 24] = [
    ("clock", 0),
    ("taint", 0),
    ("id", 0),
    ("diagnostic", 0),
    ("expression", 1),
    ("shell", 1),
    ("yaml", 1),
    ("template", 2),
    ("pipeline", 2),
    ("webhook", 2),
    ("run", 3),
    ("files", 4),
    ("machine", 4),
    ("config", 4),
    ("catalog", 4),
    ("store", 4),
    ("process", 4),
    ("metrics", 4),
    ("intake", 5),
    ("worker", 5),
    ("server", 6),
    ("cli", 6),
    ("main", 7),
    ("lib", 7),
];

/// Pairs that the ranks would allow and the architecture does not.
const APART: [(&str, &str); 9] = [
    ("intake", "worker"),
    ("worker", "intake"),
    ("worker", "catalog"),
    ("worker", "config"),
    ("server", "process"),
    ("server", "worker"),
    ("store", "config"),
    ("store", "catalog"),
    ("process", "store"),
];

/// What pure modules (ranks 0 to 3) never name: files, environment, sockets, clocks, threads,
/// random numbers, runtimes, SQL, HTTP.
const IMPURE: [&str; 16] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::io",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "tokio",
    "actix",
    "rusqlite",
    "getrandom",
    "ureq",
    "rustix",
    "notify::",
    "Timestamp::now",
];

/// Where the clock of the machine is read, for the modules above.
const CLOCK: &str = "clock.rs";

#[test]
fn modules_name_only_what_stands_below_them() {
    let mut wrong = Vec::new();
    for file in sources() {
        let module = module(&file);
        for named in named_modules(&text(&file)) {
            if named != module && !is_allowed(&module, &named) {
                wrong.push(format!("{} names crate::{named}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_name_no_effect() {
    let mut wrong = Vec::new();
    for file in sources().into_iter().filter(|file| rank(&module(file)) <= 3 && !file.ends_with(CLOCK)) {
        for (number, line) in text(&file).lines().enumerate().filter(|(_, line)| !is_comment(line)) {
            let effects = IMPURE.iter().filter(|effect| line.contains(*effect));
            wrong.extend(effects.map(|effect| format!("{}:{}: {effect}", file.display(), number + 1)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_names_every_module() {
    let known: BTreeSet<String> = RANKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found: BTreeSet<String> = sources().iter().map(|file| module(file)).collect();
    assert_eq!(found, known);
}

#[test]
fn only_the_checksum_module_makes_a_verified() {
    for file in sources().into_iter().filter(|file| !file.ends_with("webhook/checksum.rs")) {
        assert!(!text(&file).contains("Verified {"), "{} makes a Verified", file.display());
    }
}

fn is_allowed(module: &str, named: &str) -> bool {
    let place = |name: &str| RANKS.iter().position(|(known, _)| *known == name);
    let (Some(own), Some(other)) = (place(module), place(named)) else { return false };
    !APART.contains(&(module, named)) && (rank(named) < rank(module) || (rank(named) == rank(module) && other < own))
}

fn rank(module: &str) -> u8 {
    RANKS.iter().find(|(name, _)| *name == module).map_or(u8::MAX, |(_, rank)| *rank)
}

/// Returns the modules that a text names as `crate::<module>`, also in braces.
fn named_modules(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let code: String = text.lines().filter(|line| !is_comment(line)).flat_map(|line| [line, "\n"]).collect();
    for (at, _) in code.match_indices("crate::").chain(code.match_indices("pipehook::")) {
        let rest = &code[at..][code[at..].find("::").expect("it ends so") + 2..];
        let names = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or("").split(',').map(str::trim).collect(),
            None => vec![rest],
        };
        for name in names {
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
            if name[..end].starts_with(|c: char| c.is_ascii_lowercase()) {
                named.insert(name[..end].to_owned());
            }
        }
    }
    named
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn module(file: &Path) -> String {
    let inside = file.strip_prefix(root()).expect("the file is below src");
    let first = inside.components().next().expect("a file has a name");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for item in std::fs::read_dir(folder).expect("src can be read") {
            let path = item.expect("src can be read").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).expect("a source file can be read")
}
