//! Programs that send and fetch: what of their arguments names a file, a header, a path of another
//! machine.

use super::super::flow::Id;
use super::super::requirement::Requirement;
use super::super::syntax::{Command, Descriptor, Part, RedirectKind, Script, Word};
use super::argument::Argument;
use super::simple::Call;
use super::{Scope, Walker};

/// Options of `curl` whose value is what is sent, or `@` and the name of a file with it.
const SENT: &[&str] =
    &["-d", "--data", "--data-binary", "--data-ascii", "--json", "-F", "--form", "-H", "--header", "--url-query"];

/// Options whose value is the name of a file, by program.
const FILES_SHORT: &[(&str, &[&str])] = &[
    (
        "curl",
        &[
            "-o",
            "-T",
            "-c",
            "-D",
            "-E",
            "--libcurl",
            "--trace",
            "--trace-ascii",
            "--stderr",
            "--etag-save",
            "--etag-compare",
            "--hsts",
            "--netrc-file",
            "--cert",
            "--key",
            "--cacert",
            "--capath",
            "--crlfile",
        ],
    ),
    ("wget", &["-O", "-o", "-a", "-i", "-P", "--save-cookies", "--rejected-log", "--warc-file", "--hsts-file"]),
    ("find", &["-fprintf", "-fprint", "-fprint0", "-fls"]),
    ("tar", &["-g", "--listed-incremental", "--index-file", "-X", "-T"]),
    ("shuf", &["-o"]),
    ("csplit", &["-f", "--prefix"]),
    ("date", &["-f", "--file"]),
    ("patch", &["-i", "--input"]),
    ("pandoc", &["-o"]),
    ("terraform", &["-var-file", "--var-file", "-state", "-out"]),
    ("gh", &["--notes-file", "--input"]),
    ("rsync", &["--backup-dir", "--password-file", "--partial-dir", "--temp-dir"]),
    ("iconv", &["-o"]),
    ("ssh-keygen", &["-f"]),
    ("kubectl", &["-f", "--filename", "-k", "--kustomize"]),
    ("oc", &["-f", "--filename"]),
    ("helm", &["-f", "--values"]),
    ("sort", &["-o", "-T"]),
    ("gcc", &["-o"]),
    ("cc", &["-o"]),
    ("g++", &["-o"]),
    ("clang", &["-o"]),
    ("git", &["-o", "-F", "-f", "--file"]),
    ("gpg", &["-o"]),
    ("openssl", &["-in", "-out", "-inkey", "-CAfile"]),
    ("jq", &["--rawfile", "--slurpfile"]),
];

/// Long options whose value is the name of a file, of any program.
const FILES: &[&str] = &[
    "--output",
    "--output-document",
    "--output-file",
    "--output-dir",
    "--outfile",
    "--outdir",
    "--out",
    "--upload-file",
    "--post-file",
    "--body-file",
    "--input-file",
    "--dump-header",
    "--cookie-jar",
    "--log-file",
    "--target-directory",
    "--directory",
    "--files-from",
    "--exclude-from",
    "--include-from",
    "--password-file",
    "--env-file",
    "--from-file",
    "--from-env-file",
];

/// Says whether what is sent is a file by what stands in front of a value: `@out/`, `file=@out/`.
fn names_sent_file(before: &str) -> bool {
    let named = before.rsplit_once('=').map_or(before, |(_, named)| named);
    named.starts_with(['@', '<']) && !named.contains([' ', ';'])
}

/// Says whether an option is followed by the name of a file.
pub(super) fn names_file(program: &str, option: &str) -> bool {
    // `-sXPOST` is no `-T`.
    let has_value = program == "curl" && valued_letter(option).is_some_and(|(at, _)| at + 1 < option.len());
    let by_program = |options: &[&str]| !has_value && options.iter().any(|known| is_option(option, known));
    FILES.contains(&option) || FILES_SHORT.iter().any(|(name, options)| *name == program && by_program(options))
}

/// Options whose value is a folder in which a program makes or changes files, by program.
const FOLDERS: &[(&str, &str)] = &[("tar", "-C"), ("bsdtar", "-C"), ("unzip", "-d")];

/// Says whether an option is followed by the name of a folder in which files are made.
pub(super) fn names_folder(program: &str, option: &str) -> bool {
    FOLDERS.iter().any(|(name, known)| *name == program && is_option(option, known))
}

/// Options of `curl` without a value; its others are followed by one.
const FLAGS_OF_CURL: &[&str] = &[
    "--fail",
    "--fail-with-body",
    "--silent",
    "--show-error",
    "--location",
    "--compressed",
    "--insecure",
    "--head",
    "--include",
    "--verbose",
    "--get",
    "--globoff",
    "--remote-name",
    "--remote-header-name",
    "--no-progress-meter",
    "--no-buffer",
    "--retry-connrefused",
    "--retry-all-errors",
    "--http1.1",
    "--http2",
    "--progress-bar",
    "--url",
    "--",
    "--create-dirs",
    "--path-as-is",
    "--tlsv1.2",
    "--netrc",
    "--ipv4",
    "--ipv6",
];

/// Letters of its options that are followed by a value.
const VALUED_LETTERS_OF_CURL: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

/// Options of `wget` whose value is text that is sent.
const TEXTS_OF_WGET: &[&str] = &[
    "--post-data",
    "--body-data",
    "--user-agent",
    "-U",
    "--referer",
    "--user",
    "--password",
    "--method",
    "--http-user",
];

/// Says whether a word of `curl` may be an address, by the word in front of it.
fn may_be_address(before: Option<&Argument>) -> bool {
    let Some(option) = before.and_then(Argument::literal).filter(|it| it.starts_with('-')) else { return true };
    if option.starts_with("--") {
        return FLAGS_OF_CURL.contains(&option.as_str()) || option.contains('=');
    }
    valued_letter(&option).is_none_or(|(at, _)| at + 1 < option.len())
}

/// Returns the first letter of an option of `curl` that has a value, and its place: what stands behind it is the value, or
/// else the next word.
fn valued_letter(option: &str) -> Option<(usize, char)> {
    let letters = option.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
    let (at, letter) = letters.char_indices().find(|(_, letter)| VALUED_LETTERS_OF_CURL.contains(*letter))?;
    letters[..at].chars().all(|flag| flag.is_ascii_alphanumeric()).then_some((at + 1, letter))
}

/// Letters of those whose value may be glued to them and is looked at as one that is the next word.
const GLUED_LETTERS_OF_CURL: &str = "AbdeFHuwX";

/// Returns the option of `curl` that has its value in the same word, and how many bytes in front of that are the option:
/// `-sHTitle: …`, `-d"$text"`.
pub(super) fn glued_to_option(word: &Argument) -> Option<(String, usize)> {
    let prefix = word.word.prefix();
    let (at, letter) = valued_letter(&prefix)?;
    let has_value = at + 1 < prefix.len() || !word.is_literal();
    (has_value && GLUED_LETTERS_OF_CURL.contains(letter)).then(|| (format!("-{letter}"), at + 1))
}

/// Says whether an option of `curl` makes brackets and braces in addresses stand for themselves.
fn turns_globbing_off(option: &str) -> bool {
    let letters = option.strip_prefix('-').filter(|letters| !letters.starts_with('-')).unwrap_or_default();
    let flags = letters.split(|letter| VALUED_LETTERS_OF_CURL.contains(letter)).next().unwrap_or_default();
    option == "--globoff" || flags.contains('g')
}

/// Says whether an option is a known one, also as the last of several letters.
fn is_option(option: &str, known: &str) -> bool {
    let is_cluster = option.len() > 2 && !option.starts_with("--") && known.len() == 2;
    option == known || is_cluster && option.ends_with(&known[1..])
}

impl Walker {
    /// Follows what the arguments of a sending program mean to it.
    pub(super) fn transfer(&mut self, name: &str, call: Call) {
        self.lists_of_files(name, call);
        match name {
            "curl" => self.curl(call),
            "wget" => {
                for (at, argument) in call.rest().iter().enumerate() {
                    let before = call.text_before(at);
                    if matches!(before.as_str(), "--header" | "-H") {
                        self.require(&argument.sources(), Requirement::OneLine);
                    } else if !argument.word.prefix().starts_with('-') && !TEXTS_OF_WGET.contains(&before.as_str()) {
                        self.authority(argument);
                    } else if argument.word.prefix().starts_with("--header=") {
                        self.require(&argument.sources(), Requirement::OneLine);
                    }
                }
            }
            "gcc" | "cc" | "clang" | "g++" | "c++" | "clang++" | "ld" | "javac" | "dig" | "7z" | "7za" => {
                call.rest().iter().for_each(|argument| self.require(&argument.first(), Requirement::NotAFile));
            }
            "az" | "http" | "https" | "xh" => call.rest().iter().for_each(|argument| self.sent(argument)),
            "aws" => call.rest().iter().for_each(|argument| self.sent_unless(argument, Requirement::NoFileAddress)),
            "gh" | "glab" => self.fields(call),
            "scp" | "rsync" | "sftp" => call.rest().iter().for_each(|argument| self.remote_path(argument)),
            "redis-cli" => self.redis(call),
            "dd" => self.dd(call),
            "mail" | "mailx" | "mutt" => self.subject(call),
            "envsubst" => self.template(call),
            _ => {}
        }
    }

    /// Follows a list of files that a program reads: each is packed or sent, and a line may be an option.
    fn lists_of_files(&mut self, name: &str, call: Call) {
        let lists = |option: &str| match name {
            "tar" | "bsdtar" => is_option(option, "-T") || option == "--files-from",
            "rsync" => option == "--files-from",
            "zip" => option == "-@",
            "git" => option == "--pathspec-from-file",
            "cpio" | "pax" => option.starts_with('-'),
            _ => false,
        };
        for (at, argument) in call.rest().iter().enumerate() {
            let prefix = argument.word.prefix();
            let (option, glued) = prefix.split_once('=').unwrap_or((&prefix, ""));
            if !lists(option) {
                continue;
            }
            let next = call.rest().get(at + 1).filter(|_| glued.is_empty());
            let file = next.unwrap_or(argument);
            let mut listed = self.content_of(file);
            let is_input = glued == "-" || next.is_none_or(|next| next.has_literal("-")) || name == "zip";
            listed.extend((is_input || matches!(name, "cpio" | "pax")).then_some(call.scope.stdin));
            self.require(&listed, Requirement::PlainPath);
        }
    }

    fn curl(&mut self, call: Call) {
        let reads_settings = |at: usize| {
            let word = call.rest()[at].literal().unwrap_or_default();
            let is_option =
                word == "--config" || word.starts_with('-') && !word.starts_with("--") && word.ends_with('K');
            let is_glued = word.starts_with('-') && word.ends_with("K-")
                || word == "--config=-"
                || word.starts_with("--config=/dev/");
            let next = call.rest().get(at + 1).and_then(Argument::literal).unwrap_or_default();
            is_glued || is_option && (next == "-" || next.starts_with("/dev/"))
        };
        if (0..call.rest().len()).any(reads_settings) {
            self.refuse(&[call.scope.stdin], "the settings of `curl`");
        }
        for pair in call.rest().windows(2) {
            let option = pair[0].word.prefix();
            if option == "--config" || option.starts_with('-') && !option.starts_with("--") && option.ends_with('K') {
                let content = self.content_of(&pair[1]);
                self.refuse(&content, "the settings of `curl`");
            }
        }
        let is_globbing_off = call.rest().iter().filter_map(Argument::literal).any(|it| turns_globbing_off(&it));
        for (at, argument) in call.rest().iter().enumerate() {
            let is_valued = |option: &Argument| !may_be_address(Some(option));
            let before = call.before(at);
            if !may_be_address(before) {
                continue;
            }
            if let Some((option, value)) = glued_to_option(argument) {
                self.value_of_curl(&option, &argument.behind(value).argument(), call.scope);
            } else if !self.has_whole_elements(argument, is_valued) {
                self.address(argument, !is_globbing_off, call.scope);
            }
        }
        for pair in call.rest().windows(2) {
            if let Some(option) = pair[0].literal().filter(|_| glued_to_option(&pair[0]).is_none()) {
                self.value_of_curl(&option, &pair[1], call.scope);
            }
        }
    }

    /// Follows what an option of `curl` is given.
    fn value_of_curl(&mut self, option: &str, value: &Argument, scope: Scope) {
        if option == "--data-urlencode" {
            // `name=value` is sent; what has no `=` in front may be `name@file`.
            if !value.word.prefix().contains('=') {
                self.require(&value.sources(), Requirement::Plain);
            }
        } else if is_option(option, "-w") || option == "--write-out" {
            self.require(&value.sources(), Requirement::NoFormat);
            self.require(&value.first(), Requirement::NotAFile);
        } else if (is_option(option, "-b") || option == "--cookie") && !value.word.prefix().contains('=') {
            self.path_for_program(value);
        } else if option == "--url-query" && !value.word.prefix().contains('=') {
            self.require(&value.sources(), Requirement::Plain);
        } else if SENT.iter().any(|known| is_option(option, known)) {
            self.sent_by_curl(option, value, scope);
        }
        if is_option(option, "-H") || option == "--header" {
            self.require(&value.sources(), Requirement::OneLine);
        }
        if is_option(option, "-F") || option == "--form" {
            self.require(&value.sources(), Requirement::OneField);
        }
    }

    /// Notes what `curl` sends: of a field of a form `@` behind the name is a file's mark, of all else only the one that
    /// the whole word begins with (curl(1), `--data`, `--form`).
    fn sent_by_curl(&mut self, option: &str, value: &Argument, scope: Scope) {
        if is_option(option, "-F") || option == "--form" {
            return self.sent(value);
        }
        let mut names_file = false;
        for (part, sources) in value.parts() {
            match part {
                Part::Text { text, .. } if text.is_empty() => {}
                Part::Text { text, .. } if text.starts_with(['@', '<']) => names_file = true,
                Part::Text { .. } if !names_file => return,
                Part::Text { .. } => {}
                _ if names_file => self.require(sources, Requirement::InsidePath),
                Part::Substitution { script, .. } if self.begins_by_author(script, scope) => return,
                _ => self.require(sources, Requirement::NotAFile),
            }
        }
    }

    /// Says whether what a script prints begins with a character of the author's that marks neither a file nor an option:
    /// `$(printf '{"text": "%s"}' "$text")`, `$(cat <<EOF …)`.
    fn begins_by_author(&self, script: &Script, scope: Scope) -> bool {
        let [Command::Simple(simple)] = script.commands.as_slice() else { return false };
        let begins = |text: &str| text.starts_with(|first: char| first.is_alphanumeric() || "{[\"*#(".contains(first));
        let name = simple.words.first().and_then(Word::literal).filter(|name| !self.functions.contains(name));
        match (name.as_deref(), simple.redirects.as_slice()) {
            (Some("printf" | "echo"), []) => simple.words.get(1).is_some_and(|text| begins(&text.prefix())),
            (Some("cat"), [redirect]) if simple.words.len() == 1 => match redirect.kind {
                RedirectKind::HereDocument(document) => begins(&scope.documents[document].body.prefix()),
                _ => false,
            },
            _ => false,
        }
    }

    /// Notes the fields of a request: those of `-F` are files behind `@`, those of `-f` texts (gh-api(1)).
    fn fields(&mut self, call: Call) {
        for (at, argument) in call.rest().iter().enumerate() {
            let before = call.text_before(at);
            let prefix = argument.word.prefix();
            let is_glued = prefix.starts_with("--field=") || prefix.starts_with("-F");
            if matches!(before.as_str(), "-F" | "--field") || is_glued {
                self.sent(argument);
            }
        }
    }

    /// Notes that a value is sent as it is, and must not become the name of a file that is sent instead.
    fn sent(&mut self, argument: &Argument) {
        self.sent_unless(argument, Requirement::NotAFile);
    }

    /// Notes a value that is sent as it is, if it has a form by which it is no file's name.
    fn sent_unless(&mut self, argument: &Argument, no_file: Requirement) {
        let mut deciding: Vec<Id> = argument.first();
        let mut before = String::new();
        for (part, sources) in argument.parts() {
            match part {
                Part::Text { text, .. } if text.is_empty() => {}
                Part::Text { text, .. } => before.clone_from(text),
                _ if before.ends_with('=') => deciding.extend(sources),
                _ if names_sent_file(&before) => self.require(sources, Requirement::InsidePath),
                _ => {}
            }
        }
        self.require(&deciding, no_file);
    }

    /// Follows an argument that may be `host:path`: the other machine's shell may read the path, and a
    /// value with a colon would name a host.
    fn remote_path(&mut self, argument: &Argument) {
        if !argument.word.prefix().starts_with('-') {
            self.require(&argument.sources(), Requirement::PlainPath);
        }
    }

    /// Follows a command for Redis: some of them run their arguments.
    fn redis(&mut self, call: Call) {
        let runs = |word: &str| {
            ["eval", "script", "function", "config", "--eval"].iter().any(|it| word.eq_ignore_ascii_case(it))
        };
        if call.rest().iter().filter_map(Argument::literal).any(|word| runs(&word)) {
            self.refuse(&call.sources(), "an argument of a command of `redis-cli` that runs it");
        }
        self.refuse(&[call.scope.stdin], "the standard input of `redis-cli`");
    }

    /// Follows the text in which `envsubst` puts variables. In one command two paths are of two files, whatever they end with:
    /// `envsubst < templates/app.yaml > app.yaml`.
    fn template(&mut self, call: Call) {
        let path = |kind: RedirectKind| {
            let mut of_kind = call.redirects.iter().filter(|it| it.kind == kind && it.descriptor == Descriptor::Usual);
            let target = of_kind.next().filter(|_| of_kind.next().is_none()).map(|it| &it.target)?;
            target.literal().map(|path| (path.trim_start_matches("./").to_owned(), target))
        };
        match (path(RedirectKind::Read), path(RedirectKind::Write)) {
            (Some((read, target)), Some((written, _))) if read != written && call.redirects.len() == 2 => {
                let content = self.content(target);
                self.later.files_of_code.push((content, Some(call.scope.out)));
            }
            _ => self.refuse(&[call.scope.stdin], "text in which `envsubst` puts variables"),
        }
    }

    fn dd(&mut self, call: Call) {
        for argument in call.rest() {
            let prefix = argument.word.prefix();
            if prefix.starts_with("of=") || prefix.starts_with("if=") {
                self.path_for_program(argument);
            }
        }
    }

    /// Follows the subject of a mail: a second line of it would be a header.
    fn subject(&mut self, call: Call) {
        for pair in call.rest().windows(2) {
            if pair[0].has_literal("-s") || pair[0].has_literal("-a") {
                self.require(&pair[1].sources(), Requirement::OneLine);
            }
        }
    }
}
