//! Ways in which a program text of `awk` or `sed` runs, or writes, what it reads.

use super::argument::Argument;

/// Says whether a program text of the interpreter `name` runs its input in a way that is its own: a pipe
/// or a computed file name in `awk`, the command or flag `e` of `sed`.
pub(super) fn runs(name: &str, text: &str) -> bool {
    match () {
        // What opens a file in these may open a pipe to a command by the same name.
        () if name == "ruby" => {
            let opens = text.match_indices("open").any(|(at, _)| !text[..at].ends_with("File."));
            opens || text.contains("IO.")
        }
        () if name == "perl" => ["open", "require", "readpipe", "do "].iter().any(|word| text.contains(word)),
        () if name.ends_with("awk") => text.contains("|&") || pipes(text) || prints_to_computed(text),
        () if name.ends_with("sed") => text.split([';', '\n', '{', '}']).any(sed_executes),
        () => false,
    }
}

/// Says whether `perl` opens its operands: with `-n` or `-p`, or as its code says. Such a name with a `|` is a
/// command.
pub(super) fn opens_operands(words: &[Argument]) -> bool {
    words.iter().any(|word| {
        let prefix = word.word.prefix();
        let loops = prefix.starts_with('-') && !prefix.starts_with("-M") && prefix.contains(['n', 'p']);
        loops || word.word.texts().any(|text| text.contains("<>") || text.contains("ARGV>"))
    })
}

/// Says whether a text of `awk` has a `|` that is not half of `||`, outside of its string and regular
/// expression literals as far as one can tell: a pipe to a command.
fn pipes(text: &str) -> bool {
    text.match_indices('|').any(|(at, _)| {
        let is_or = text[..at].ends_with('|') || text[at + 1..].starts_with('|');
        let is_to_command =
            text[at + 1..].trim_start().starts_with(|next: char| next == '"' || next.is_alphabetic() || next == '$');
        let behind_print = text[..at].rsplit([';', '{', '}', '\n']).next().is_some_and(|it| it.contains("print"));
        !is_or && is_to_command && behind_print
    })
}

/// Says whether `print` goes to a file whose name is not a literal.
fn prints_to_computed(text: &str) -> bool {
    text.split([';', '}', '\n']).any(|statement| {
        let Some((_, printed)) = statement.split_once("print") else { return false };
        let Some((_, target)) = printed.rsplit_once('>') else { return false };
        target.trim_start().starts_with(|next: char| next == '$' || next == '(' || next.is_alphabetic())
    })
}

/// Says whether one command of `sed` runs something: `e`, or `s///e`, which runs what it made.
fn sed_executes(command: &str) -> bool {
    let command = command.trim();
    let bare = command.trim_start_matches(|c: char| c.is_ascii_digit() || ",$!~+ ".contains(c));
    if bare == "e" || bare.starts_with("e ") {
        return true;
    }
    let Some(at) = command.rfind(|c: char| !(c.is_ascii_alphanumeric() || c.is_whitespace())) else { return false };
    let flags = command[at..].trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_substitution = command.contains('s')
        && command.matches(&command[at..at + command[at..].chars().next().map_or(1, char::len_utf8)]).count() >= 3;
    is_substitution && flags.contains('e') && flags.chars().all(|flag| "gpiIemMw0123456789".contains(flag))
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[track_caller]
    fn check(name: &str, text: &str, wanted: bool) {
        assert_eq!(runs(name, text), wanted, "{name} {text}");
    }

    #[test]
    fn what_awk_and_sed_run_is_seen() {
        check("awk", "{ print | \"sh\" }", true);
        check("gawk", "{ print $1 | $2 }", true);
        check("awk", "{ print > $1 }", true);
        check("awk", "{ print > \"out\" }", false);
        check("awk", "$1 > 5 || $2 < 3 { print $1 }", false);
        check("awk", "/a|b/ { print }", false);
        check("sed", "s/.*/&/e", true);
        check("sed", "s|a|b|; 1e", true);
        check("sed", "s/x/y/ge", true);
        check("sed", "e date", true);
        check("sed", "s/a/e/", false);
        check("sed", "s/one/the/g", false);
        check("sed", "/pattern/d", false);
        check("sed", "$d", false);
        check("sed", "s,/,e,", false);
    }
}
