//! Programs' code that has to do with the whole environment, and not with a variable of a name: it may come upon those
//! that carry the payload's text.

/// Names of the environment in code. Behind those with a mark, `.name` is a variable of it.
const NAMES: &[(&str, bool)] =
    &[("environ", false), ("process.env", true), ("ENVIRON", false), ("ENV", true), ("env", true)];

/// What stands in front of it where a program only gives it on to another program.
const GIVING: &[&str] = &["env=", "env:", "**", "...", "dict(", "env =", "environment=", "import"];

/// Ways to get one variable by its name, up to the name.
const BY_NAME: &[&str] = &["[", "{", ".get(", ".fetch(", ".pop(", ".setdefault(", ".delete("];

/// Says whether code takes all of the environment, such as `os.environ.values()`, `Object.values(process.env)`,
/// `for (k in ENVIRON)`, `values %ENV` and `env[]` of `jq`.
pub(super) fn is_listed(text: &str) -> bool {
    NAMES.iter().any(|(name, has_members)| {
        text.match_indices(name).any(|(at, _)| is_whole(&text[..at], &text[at + name.len()..], name, *has_members))
    })
}

fn is_whole(before: &str, behind: &str, name: &str, has_members: bool) -> bool {
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    if before.ends_with(is_part) || behind.starts_with(is_part) {
        return false;
    }
    // A word of this name is many a thing: in `jq` it is the environment where a path may begin.
    if name == "env" {
        let begins = before.trim_end().is_empty() || before.trim_end().ends_with(['|', '(', ',', '[', '{', ':']);
        let is_taken = behind.trim_start().starts_with(['|', '[', ')']) || behind.starts_with(".[");
        return begins && is_taken && !is_named(behind, has_members);
    }
    let given = before.trim_end_matches("os.").trim_end();
    !is_named(behind, has_members) && !GIVING.iter().any(|it| given.ends_with(it)) && !given.ends_with("\" in")
}

/// Says whether one variable of the environment is named behind it.
fn is_named(behind: &str, has_members: bool) -> bool {
    let member = behind.strip_prefix(['.']).filter(|_| has_members);
    let by_name = BY_NAME.iter().find_map(|way| Some((*way, behind.strip_prefix(way)?)));
    match (by_name, member) {
        (Some(("{", name)), _) => name.starts_with(|it: char| it.is_alphabetic() || "_'\"".contains(it)),
        (Some((_, name)), _) => name.trim_start().starts_with(['"', '\'', '`']),
        (None, Some(name)) => name.starts_with(|it: char| it.is_alphabetic() || it == '_'),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_listed;

    #[track_caller]
    fn check(text: &str, wanted: bool) {
        assert_eq!(is_listed(text), wanted, "{text}");
    }

    #[test]
    fn the_whole_environment_is_told_from_a_variable_of_it() {
        check("[print(v) for v in os.environ.values()]", true);
        check("for k in os.environ: print(os.environ[k])", true);
        check("for (const v of Object.values(process.env)) console.log(v)", true);
        check("print for values %ENV", true);
        check("BEGIN { for (k in ENVIRON) print ENVIRON[k] }", true);
        check("env[]", true);
        check("$ENV | .[]", true);
        check("env | to_entries", true);
        check("print(os.environ[\"T\"], os.environ.get('U'))", false);
        check("if \"T\" in os.environ: pass", false);
        check("subprocess.run(a, env={**os.environ, \"A\": \"b\"})", false);
        check("from os import environ", false);
        check("console.log(process.env.T, process.env['U'])", false);
        check("print $ENV{T}", false);
        check("{ print ENVIRON[\"T\"] }", false);
        check("env.T", false);
        check("{env: $env, t: .env[0]}", false);
    }
}
