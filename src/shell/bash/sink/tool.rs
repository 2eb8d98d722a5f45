//! Programs of which single arguments are code of their own, lines of a header, files or addresses: one table, and
//! what is too much its own for one.

use super::super::flow::Id;
use super::super::requirement::Requirement;
use super::super::syntax::{Part, RedirectKind, Word};
use super::argument::Argument;
use super::mail::SENDING;
use super::simple::Call;
use super::{Walker, written};

/// Options whose value is program text in the language of another program, by program.
const PROGRAM_TEXTS: &[(&str, &[&str], &str)] = &[
    ("gh", &["--jq", "-q"], "jq"),
    ("glab", &["--jq"], "jq"),
    ("snowsql", &["-q", "--query"], "mysql"),
    ("bq", &["query"], "mysql"),
];

/// Options whose value is a short text that must be plain: a form, a name of a host, a query.
const PLAIN_OPTIONS: &[(&str, &[&str])] = &[
    ("kubectl", &["-o", "--output"]),
    ("oc", &["-o", "--output"]),
    ("psql", &["-h", "--host", "-d", "--dbname"]),
    ("pg_dump", &["-h", "--host", "-d", "--dbname"]),
    ("pg_dumpall", &["-h", "--host", "-d", "--dbname"]),
    ("pg_restore", &["-h", "--host", "-d", "--dbname"]),
    ("pg_basebackup", &["-h", "--host", "-d", "--dbname"]),
    ("mysql", &["-h", "--host"]),
    ("openssl", &["-connect", "-proxy"]),
    ("xmllint", &["--xpath"]),
    ("curl", &["--variable"]),
    ("tar", &["--transform", "--xform"]),
    ("magick", &["-draw"]),
    ("convert", &["-draw"]),
    ("mogrify", &["-draw"]),
];

/// Programs of the same kind as a whole, and those that change the machine.
const PLAIN_ARGUMENTS: &[&str] = &[
    "xelatex",
    "pdflatex",
    "lualatex",
    "latex",
    "tex",
    "pdftex",
    "context",
    "mount",
    "umount",
    "systemctl",
    "service",
    "sysctl",
    "modprobe",
    "insmod",
    "hostname",
    "hostnamectl",
    "timedatectl",
    "kill",
];

/// Programs that take an image, or `@` and the name of a file for a text.
const OF_IMAGES: &[&str] = &["convert", "magick", "mogrify", "montage", "composite", "identify"];

/// What stands in front of a text in their arguments.
const TEXT_MARKS: &[&str] = &["caption:", "label:", "pango:", "text:"];

/// Programs whose operands are addresses, also of files.
const FETCHING: &[&str] = &["wkhtmltopdf", "wkhtmltoimage", "lynx", "w3m", "links", "elinks", "aria2c"];

/// Options that name a file in which each line is a variable.
const FILES_OF_VARIABLES: &[&str] = &["--env-file", "--env-file-if-exists"];

/// Options whose value is the next word, whatever it begins with, and is text that the program keeps or sends; of
/// `git` those of the commands that stand there, as `-m` is a word of its own to others.
/// Each was looked up in its program's manual: getopt(3), `curl` and the programs in Go take the next word as it is, those
/// in Python that use `argparse`, such as `aws`, don't.
const TEXTS: &[(&str, &[&str], &[&str])] = &[
    ("git", &["commit", "tag", "merge", "notes"], &["-m", "--message"]),
    ("git", &["log", "shortlog", "rev-list"], &["--grep", "--author", "--committer"]),
    ("git", &["grep"], &["-e"]),
    ("gh", &[], &["--title", "--body", "--notes", "--subject", "--description"]),
    ("gh", &["issue", "pr"], &["--label", "--add-label", "--remove-label", "--assignee", "--milestone", "--comment"]),
    ("gh", &["issue", "pr", "release"], &["-b", "-t"]),
    ("gh", &["release"], &["-n"]),
    ("glab", &[], &["--title", "--description", "--message", "--notes"]),
    ("glab", &["issue", "mr"], &["-m", "-t"]),
    (
        "curl",
        &[],
        &[
            "-d",
            "--data",
            "--data-raw",
            "--data-binary",
            "--data-ascii",
            "--data-urlencode",
            "--json",
            "-A",
            "--user-agent",
            "-e",
            "--referer",
            "-u",
            "--user",
            "-H",
            "--header",
            "-F",
            "--form",
            "--form-string",
        ],
    ),
    ("wget", &[], &["--post-data", "--body-data", "-U", "--user-agent", "--referer", "--header"]),
    ("helm", &[], &["--description"]),
    ("docker", &["commit"], &["-m", "--message"]),
    ("svn", &["commit", "ci"], &["-m", "--message"]),
    ("hg", &["commit", "ci"], &["-m", "--message"]),
    ("mail", &[], &["-s"]),
    ("mailx", &[], &["-s"]),
    ("s-nail", &[], &["-s"]),
    ("mutt", &[], &["-s"]),
    ("grep", &[], &["-e"]),
    ("egrep", &[], &["-e"]),
    ("fgrep", &[], &["-e"]),
    ("zgrep", &[], &["-e"]),
    ("rg", &[], &["-e"]),
    ("date", &[], &["-d", "--date"]),
];

/// Letters of options without a value that may stand in front of one that has a text, by program: `git commit -am`.
const LETTERS_IN_FRONT: &[(&str, &str)] = &[
    ("git", "aqsnveip"),
    ("curl", "sSfLkgiIvNG"),
    ("grep", "iqvcnFEowxlLrsh"),
    ("egrep", "iqvcnowx"),
    ("rg", "iFNnow"),
];

/// Options in front of a command of `git` that take the next word (git(1)).
const VALUED_OF_GIT: &[&str] = &["-c", "-C", "--git-dir", "--work-tree", "--namespace"];

/// Says whether an option in front of a command of `git` takes the next word.
pub(super) fn takes_value_of_git(option: &Argument) -> bool {
    VALUED_OF_GIT.iter().any(|known| option.has_literal(known))
}

/// Says whether an option of a program has a text for its value.
pub(super) fn takes_text(name: &str, call: Call, option: &str) -> bool {
    let first = if name == "git" { call.operands(takes_value_of_git).next() } else { Some(0) };
    let command = first.and_then(|at| call.rest().get(at));
    let is_command =
        |words: &[&str]| words.is_empty() || command.is_some_and(|it| words.iter().any(|word| it.has_literal(word)));
    let letters = option.strip_prefix('-').filter(|it| it.is_ascii() && !it.starts_with('-')).unwrap_or_default();
    let (flags, last) = letters.split_at(letters.len().saturating_sub(1));
    let known = LETTERS_IN_FRONT.iter().find(|(program, _)| *program == name).map_or("", |(_, flags)| *flags);
    let is_last = !flags.is_empty() && flags.chars().all(|flag| known.contains(flag));
    let is_one =
        |known: &&str| *known == option || is_last && known.len() == 2 && known.strip_prefix('-') == Some(last);
    TEXTS
        .iter()
        .any(|(program, commands, options)| *program == name && options.iter().any(&is_one) && is_command(commands))
}

impl Walker {
    /// Follows what single arguments of a program mean to it.
    pub(super) fn tool(&mut self, name: &str, call: Call) {
        self.quoted_texts(name, call);
        self.option_values(name, call);
        self.variables_of_file(call);
        match name {
            _ if PLAIN_ARGUMENTS.contains(&name) => self.require_all(call.rest(), Requirement::PlainPath),
            _ if OF_IMAGES.contains(&name) => call.rest().iter().for_each(|argument| self.text_of_image(argument)),
            _ if FETCHING.contains(&name) => {
                call.rest().iter().for_each(|argument| self.require(&argument.first(), Requirement::WebAddress));
            }
            _ if SENDING.contains(&name) => self.headers(call),
            "xmlstarlet" if call.rest().first().is_some_and(|it| it.has_literal("sel") || it.has_literal("select")) => {
                self.require_all(call.rest(), Requirement::Plain);
            }
            "patch" => self.operands_inside(call, 0),
            // The name of a database may be a whole address, with the host that gets the password (libpq, "Connection Strings").
            "pg_dump" | "vacuumdb" | "reindexdb" | "clusterdb" | "pgbench" | "pg_isready" => {
                for at in call.operands(|it| it.word.prefix().starts_with('-')) {
                    self.require(&call.rest()[at].first(), Requirement::Plain);
                }
            }
            "docker" | "podman" | "nerdctl" | "buildah" => self.files_of_images(call),
            "kubectl" | "oc" if first_is(call, &["cp"]) => self.operands_inside(call, 1),
            "gsutil" | "rclone" => self.operands_inside(call, 1),
            "aws" if first_is(call, &["s3"]) => self.operands_inside(call, 2),
            "az" => self.requested(call, &["--url", "--uri"]),
            "gh" | "glab" => self.body_file(call),
            _ => {}
        }
    }

    /// Follows options with their values, glued to them or behind them.
    pub(super) fn option_values(&mut self, name: &str, call: Call) {
        let named = |options: &[&str], option: &str| options.contains(&option);
        for (at, argument) in call.rest().iter().enumerate() {
            let before = call.text_before(at);
            let prefix = argument.word.prefix();
            let glued = prefix.split_once('=').map_or("", |(option, _)| option);
            for (program, options, language) in PROGRAM_TEXTS {
                if *program == name && (named(options, &before) || named(options, glued)) {
                    self.program_text(language, argument);
                }
            }
            for (program, options) in PLAIN_OPTIONS {
                if *program == name && (named(options, &before) || named(options, glued)) {
                    self.require(&argument.sources(), Requirement::Plain);
                }
            }
        }
    }

    /// Notes a file of variables: a second line would set another one, such as `NODE_OPTIONS`.
    pub(super) fn variables_of_file(&mut self, call: Call) {
        for (at, argument) in call.rest().iter().enumerate() {
            let before = call.text_before(at);
            let prefix = argument.word.prefix();
            let glued = FILES_OF_VARIABLES.iter().find_map(|option| prefix.strip_prefix(option)?.strip_prefix('='));
            let content = match glued {
                Some("") => self.content_of(argument),
                Some(file) => self.content(&Word::quoted(file)),
                None if FILES_OF_VARIABLES.contains(&before.as_str()) => self.content_of(argument),
                None => continue,
            };
            self.require(&content, Requirement::OneLine);
        }
    }

    /// Notes a text that an image gets: one that begins with `@` is the name of a file.
    fn text_of_image(&mut self, argument: &Argument) {
        self.require(&argument.first(), Requirement::NotAFile);
        let mut before = String::new();
        for (part, sources) in argument.parts() {
            match part {
                Part::Text { text, .. } => before.push_str(text),
                _ if TEXT_MARKS.iter().any(|mark| before.ends_with(mark)) => {
                    self.require(sources, Requirement::NotAFile);
                }
                _ => before.push('*'),
            }
        }
    }

    /// Notes the headers of a mail, in front of the first empty line: a line break would add one.
    fn headers(&mut self, call: Call) {
        let Some(word) = Self::input_word(call) else {
            if !self.headers_of_mail(call.scope.stdin) {
                self.require(&[call.scope.stdin], Requirement::OneLine);
            }
            return;
        };
        let mail = self.argument(word, call.scope);
        let mut headers: Vec<Id> = Vec::new();
        for (part, sources) in mail.parts() {
            if matches!(part, Part::Text { text, .. } if text.contains("\n\n")) {
                break;
            }
            headers.extend(sources);
        }
        self.require(&headers, Requirement::OneLine);
    }

    /// Notes operands that are paths on this machine, behind so many words that are commands.
    fn operands_inside(&mut self, call: Call, skipped: usize) {
        let operands = call.rest().iter().skip(skipped).filter(|it| it.word.prefix().is_empty());
        operands.for_each(|argument| self.require(&argument.first(), Requirement::InsidePath));
    }

    /// Notes the files that an image is built of, saved to or loaded from.
    fn files_of_images(&mut self, call: Call) {
        let has = |word: &str| call.rest().iter().take(3).any(|it| it.has_literal(word));
        let options: &[&str] = match () {
            () if has("build") || has("compose") || has("bake") || has("bud") => {
                &["-f", "--file", "--iidfile", "--secret"]
            }
            () if has("save") || has("export") => &["-o", "--output"],
            () if has("load") => &["-i", "--input"],
            () => return,
        };
        for pair in call.rest().windows(2).filter(|pair| options.iter().any(|option| pair[0].has_literal(option))) {
            self.inside_path(&pair[1]);
        }
    }

    /// Notes an address that is asked with the author's own rights: the payload must not choose its host.
    fn requested(&mut self, call: Call, options: &[&str]) {
        for pair in call.rest().windows(2).filter(|pair| options.iter().any(|option| pair[0].has_literal(option))) {
            self.refuse(&pair[1].first(), "the host that is asked");
            self.authority(&pair[1]);
        }
    }

    /// Notes a file that is sent as a text: `gh release create -F file`; `-F name=value` is none.
    fn body_file(&mut self, call: Call) {
        if let [release, upload, _, files @ ..] = call.rest()
            && release.has_literal("release")
            && (upload.has_literal("upload") || upload.has_literal("create"))
        {
            let files = files.iter().enumerate().filter(|(at, file)| {
                let before = at.checked_sub(1).map(|before| files[before].word.prefix()).unwrap_or_default();
                file.word.prefix().is_empty() && !before.starts_with('-')
            });
            files.for_each(|(_, file)| self.require(&file.first(), Requirement::InsidePath));
        }
        for pair in call.rest().windows(2) {
            if pair[0].has_literal("-F") && pair[1].word.prefix().is_empty() {
                self.require(&pair[1].first(), Requirement::InsidePath);
            }
        }
    }

    /// Returns what a command gets on its input where that stands in the script.
    pub(super) fn input_word<'a>(call: Call<'a>) -> Option<&'a Word> {
        Self::stdin_redirect(call).and_then(|redirect| match redirect.kind {
            RedirectKind::HereString => Some(&redirect.target),
            RedirectKind::HereDocument(document) => Some(&call.scope.documents[document].body),
            _ => None,
        })
    }

    /// Returns the text of it, with a word in place of what is not the author's.
    pub(super) fn input_text(call: Call) -> Option<String> {
        Self::input_word(call).map(written::text_of)
    }

    /// Notes the variables that commands of an editor name, which stand on its input: they may run them.
    pub(super) fn commands_on_input(&mut self, call: Call) {
        if Self::input_text(call).is_some_and(|text| text.contains('$')) {
            let any = self.flow.id(super::Node::AnyVariable);
            self.refuse(&[any], "in the environment of a program whose input names variables as its commands");
        }
    }
}

fn first_is(call: Call, words: &[&str]) -> bool {
    call.rest().first().is_some_and(|it| words.iter().any(|word| it.has_literal(word)))
}
