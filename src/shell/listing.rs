//! Where a script takes names of files from patterns, or from programs that list them: `*.txt`, `ls |`, `find … -exec`.
//! That is looked for in the text alone, before anything is read: what is found leads to an analysis, and to no more.

use super::filename::base;
use super::{bash, runner};

/// Programs that print the names of files.
const LISTING: &[&str] =
    &["ls", "find", "fd", "fdfind", "tree", "dir", "glob", "listdir", "scandir", "walk", "iterdir"];

/// Words by which a listing does something to what it finds.
const ACTING: &[&str] = &["-exec", "-execdir", "-ok", "-okdir", "-x", "-X"];

/// Programs that run what is in a folder.
const RUNNING: &[&str] = &["run-parts"];

/// Programs that set up what the documents of a folder say, and the options that name it.
const DOCUMENTING: &[&str] = &["kubectl", "oc", "k3s"];
const DOCUMENT_OPTIONS: &[&str] = &["-f", "-k", "--filename", "--kustomize"];

/// Returns where a script may come by the name of a file without naming it. In the name, `${…}` and `*` stand for any
/// text; without a name, any file is meant.
pub(super) fn find_listing(text: &str, file: Option<&str>) -> Option<usize> {
    let mut start = 0;
    for segment in text.split_inclusive(['\n', ';', '|', '&']) {
        if lists(segment, file) {
            return Some(start + segment.len() - segment.trim_start().len());
        }
        start += segment.len();
    }
    None
}

/// Says whether a command may give the name of a file. `segment` ends with what stands between it and the next.
fn lists(segment: &str, file: Option<&str>) -> bool {
    let segment = without_expansions(segment);
    let command = segment.trim();
    if command.starts_with('#') || command.contains("((") {
        return false;
    }
    let words = || command.split([' ', '\t', '\n']).filter(|word| !word.is_empty());
    let is_case = |at: usize, word: &str| {
        word.ends_with(')') && !word.contains('(') && (at == 0 || words().nth(at - 1).is_some_and(|it| it == "in"))
    };
    let patterns = || {
        let open = words().enumerate().filter(|(at, word)| !is_case(*at, word)).map(|(_, word)| bare(word));
        let bare = open.map(|word| word.rsplit('(').next().unwrap_or_default());
        bare.filter(|word| is_pattern(word) && !word.contains("://"))
    };
    let name = |word: &str| bare(word).rsplit(['(', '`']).next().unwrap_or_default().to_owned();
    let finds = |file: &str| {
        let runs = |word: &str| runner::find(base(&name(word))).is_some_and(|runner| runner.may_find(file));
        words().any(runs) || runner::has_pattern_option(command)
    };
    if file.is_some_and(finds) {
        return true;
    }
    let is_document = file.is_none_or(|file| bash::DOCUMENT_ENDS.iter().any(|end| file.ends_with(end)));
    if is_document && takes_folder(&words().map(bare).collect::<Vec<_>>()) {
        return true;
    }
    let lists = words().any(|word| LISTING.contains(&name(word).as_str()));
    let goes_on = command.ends_with('|')
        || ["$(", "`", "<("].iter().any(|open| command.contains(open))
        || words().any(|word| ACTING.contains(&word));
    if words().any(|word| RUNNING.contains(&name(word).as_str())) || lists && goes_on && patterns().next().is_none() {
        return true;
    }
    patterns().any(|pattern| {
        let last = base(pattern.trim_end_matches('/'));
        file.is_none_or(|file| may_be_same(last, file))
    })
}

/// Says whether a command sets up what all documents of a folder say.
fn takes_folder(words: &[&str]) -> bool {
    let is_option = |word: &&str| DOCUMENT_OPTIONS.iter().any(|option| word.starts_with(option));
    let is_folder = |(at, word): (usize, &&str)| {
        let names_folder = || words.get(at + 1).is_some_and(|next| bash::is_folder_of_documents(next));
        is_option(word) && (word.contains('=') || names_folder())
    };
    let sets_up = words.iter().any(|word| bash::SETTING_UP.contains(word));
    sets_up && words.iter().any(|word| DOCUMENTING.contains(&base(word))) && words.iter().enumerate().any(is_folder)
}

/// Returns a word without the quotes and brackets around it.
fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\'', ')', '(', '`', ';', '|', '&'])
}

fn is_pattern(word: &str) -> bool {
    let is_set = word.split_once('[').is_some_and(|(_, rest)| rest.find(']').is_some_and(|end| end > 0));
    word.contains(['*', '?']) || is_set && !word.starts_with('[')
}

/// Returns a text without the expansions that have the signs of patterns in them: `${f%.*}`, `$*`, `$?`.
fn without_expansions(text: &str) -> String {
    let mut without = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        without.push_str(before);
        rest = match behind.chars().next() {
            Some('{') => behind.split_once('}').map_or("", |(_, after)| after),
            Some('*' | '?' | '@' | '#') => &behind[1..],
            _ => {
                without.push('$');
                behind
            }
        };
    }
    without + rest
}

/// Says whether a pattern and the name of a file, of which not all may be known, can mean the same.
pub(super) fn may_be_same(pattern: &str, file: &str) -> bool {
    let ends = |text: &str| {
        let first = text.find(['*', '?', '[', '$']).unwrap_or(text.len());
        let last = text.rfind(['*', '?', ']', '}']).map_or(0, |at| at + 1);
        (text[..first].to_owned(), text[last.min(text.len())..].to_owned())
    };
    let ((first, last), (begins, end)) = (ends(pattern), ends(file));
    (first.starts_with(&begins) || begins.starts_with(&first)) && (last.ends_with(&end) || end.ends_with(&last))
}

#[cfg(test)]
mod tests {
    use super::find_listing;

    #[track_caller]
    fn check(text: &str, file: &str, wanted: bool) {
        assert_eq!(find_listing(text, Some(file)).is_some(), wanted, "{text} {file}");
    }

    #[test]
    fn a_file_may_come_by_a_pattern_or_a_list() {
        check("sh ./*.txt", "d.txt", true);
        check("sh ./*.sh", "d.txt", false);
        check("sh d.tx?", "d.txt", true);
        check("for s in *; do sh \"$s\"; done", "d.txt", true);
        check("for s in scripts/*.sh; do sh \"$s\"; done", "d.txt", false);
        check("for s in *.sh; do sh \"$s\"; done", "${OUT}", true);
        check("for s in *.sh; do sh \"$s\"; done", "report-*.md", false);
        check("ls | xargs -n1 sh", "d.txt", true);
        check("ls *.sh | xargs -n1 sh", "d.txt", false);
        check("ls -la; sh build.sh", "d.txt", false);
        check("for f in $(find .); do sh \"$f\"; done", "d.txt", true);
        check("find . -type f -exec sh {} \\;", "d.txt", true);
        check("find . -name '*.log' -exec rm {} +", "d.txt", false);
        check("a=(*); sh \"${a[0]}\"", "d.txt", true);
        check("case \"$x\" in *) sh \"$y\" ;; esac", "d.txt", false);
        check("f=${1%.*}; sh \"$f\" \"$*\"; exit $?", "d.txt", false);
        check("echo $((a * b)); sh \"$x\"", "d.txt", false);
        check("run-parts .", "d.txt", true);
        check("python3 -m pytest -q", "test_d.txt", true);
        check(".venv/bin/pytest -q", "test_d.txt", true);
        check("pytest -q", "d.txt", false);
        check("kubectl apply -f k8s/", "d.yml", true);
        check("kubectl apply -k overlays/prod", "d.yml", true);
        check("kubectl apply -f k8s/", "d.txt", false);
        check("kubectl apply -f deploy.yml", "d.yml", false);
        check("kubectl apply --filename=k8s/", "d.yml", true);
        check("kubectl logs -f pod", "d.yml", false);
    }
}
