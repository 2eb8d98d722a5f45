//! Programs that send and fetch: what of their arguments names a file, a header, a path of another
//! machine.

use super::super::flow::Id;
use super::super::requirement::Requirement;
use super::super::syntax::Part;
use super::Walker;
use super::argument::Argument;
use super::simple::Call;

/// Options of `curl` whose value is what is sent, or `@` and the name of a file with it.
const SENT: &[&str] =
    &["-d", "--data", "--data-binary", "--data-ascii", "--json", "-F", "--form", "-H", "--header", "--url-query"];

/// Options whose value is the name of a file, by program.
const FILES_SHORT: &[(&str, &[&str])] = &[
    ("curl", &["-o", "-T", "-c", "-D", "-E"]),
    ("wget", &["-O", "-o", "-a", "-i", "-P"]),
    ("sort", &["-o", "-T"]),
    ("gcc", &["-o"]),
    ("cc", &["-o"]),
    ("g++", &["-o"]),
    ("clang", &["-o"]),
    ("git", &["-o", "-F"]),
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
];

/// Says whether an option is followed by the name of a file.
pub(super) fn names_file(program: &str, option: &str) -> bool {
    let by_program = |options: &[&str]| options.iter().any(|known| is_option(option, known));
    FILES.contains(&option) || FILES_SHORT.iter().any(|(name, options)| *name == program && by_program(options))
}

/// Says whether an option is a known one, also as the last of several letters.
fn is_option(option: &str, known: &str) -> bool {
    let is_cluster = option.len() > 2 && !option.starts_with("--") && known.len() == 2;
    option == known || is_cluster && option.ends_with(&known[1..])
}

impl Walker {
    /// Follows what the arguments of a sending program mean to it.
    pub(super) fn transfer(&mut self, name: &str, call: Call) {
        match name {
            "curl" => self.curl(call),
            "aws" | "az" | "http" | "https" | "xh" | "gh" | "glab" => {
                call.rest().iter().for_each(|argument| self.sent(argument));
            }
            "scp" | "rsync" | "sftp" => call.rest().iter().for_each(|argument| self.remote_path(argument)),
            "redis-cli" => self.redis(call),
            "dd" => self.dd(call),
            "mail" | "mailx" | "mutt" => self.subject(call),
            "envsubst" => self.refuse(&[call.scope.stdin], "text in which `envsubst` puts variables"),
            _ => {}
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
            let Some(option) = pair[0].literal() else { continue };
            let value = &pair[1];
            if option == "--data-urlencode" {
                // `name=value` is sent; what has no `=` in front may be `name@file`.
                if !value.word.prefix().contains('=') {
                    self.require(&value.sources(), Requirement::Plain);
                }
            } else if SENT.iter().any(|known| is_option(&option, known)) {
                self.sent(value);
            }
            if is_option(&option, "-H") || option == "--header" {
                self.require(&value.sources(), Requirement::OneLine);
            }
        }
    }

    /// Notes that a value is sent as it is, and must not become the name of a file that is sent instead.
    fn sent(&mut self, argument: &Argument) {
        let mut deciding: Vec<Id> = argument.first();
        let mut before = String::new();
        for (part, sources) in argument.parts() {
            match part {
                Part::Text { text, .. } => before.clone_from(text),
                _ if before.ends_with('=') => deciding.extend(sources),
                _ => {}
            }
        }
        self.require(&deciding, Requirement::NotAFile);
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

    fn dd(&mut self, call: Call) {
        for argument in call.rest() {
            let prefix = argument.word.prefix();
            if prefix.starts_with("of=") || prefix.starts_with("if=") {
                self.path(argument);
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
