//! What programs in general take for code or for a list of what to do, by how it is given to them: a
//! file that an option names, the standard input in place of such a file, an option as short as `-e`.
//!
//! Programs that are known to take data so are the exceptions that these tables list.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::argument::Argument;
use super::file::file_node;
use super::simple::Call;
use super::{Walker, by_name, environment};

/// Options that name a file of settings, rules or commands.
const FILE_OPTIONS: &[&str] =
    &["-f", "--file", "--filename", "--makefile", "--script", "--input", "-S", "-x", "--rcfile"];

/// Options of a file of values.
const VALUES_OPTIONS: &[&str] = &["--values", "--values-file", "-var-file", "--var-file"];

/// Programs whose `-f` and its kin name data, or have no file.
const FILES_OF_DATA: &[&str] = &[
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
    "rg",
    "cut",
    "tar",
    "rm",
    "cp",
    "mv",
    "ln",
    "docker-compose",
    "gh",
    "git",
    "curl",
    "jq",
    "yq",
    "tail",
    "readlink",
    "kill",
    "column",
    "diff",
    "pgrep",
    "pkill",
    "scp",
    "sort",
    "wget",
    "ssh-keygen",
    "date",
    "xmllint",
    "zip",
    "unzip",
    "gzip",
    "xz",
    "rsync",
    "useradd",
    "userdel",
    "ssh-add",
    "stat",
    "df",
    "du",
    "ffmpeg",
];

/// Programs that take documents, whose lines must stay those of the author.
const DOCUMENTS: &[&str] = &[
    "kubectl",
    "oc",
    "helm",
    "k3s",
    "kustomize",
    "docker-compose",
    "podman-compose",
    "terraform",
    "tofu",
    "terragrunt",
    "aws",
    "sam",
    "az",
    "gcloud",
    "nomad",
    "argocd",
    "flux",
];

/// Words by which some of them take all documents of a folder.
pub(in crate::shell) const SETTING_UP: &[&str] = &["apply", "create", "replace", "delete", "diff"];

/// Options by which some of them are given one, beside those that most programs have.
const DOCUMENT_OPTIONS: &[(&str, &[&str])] = &[
    ("kubectl", &["-k", "--kustomize"]),
    ("oc", &["-k", "--kustomize"]),
    ("helm", &["--values"]),
    ("terraform", &["-var-file", "--var-file"]),
    ("tofu", &["-var-file", "--var-file"]),
    ("terragrunt", &["-var-file", "--var-file"]),
    ("aws", &["--template-file", "--template-body"]),
    ("sam", &["-t", "--template", "--template-file"]),
    ("az", &["--template-file", "--yaml"]),
    ("gcloud", &["--config", "--flags-file"]),
];

/// Ends of names of documents.
pub(in crate::shell) const DOCUMENT_ENDS: &[&str] = &[".yml", ".yaml", ".json"];

/// Options that give code to programs that run it.
const CODE_OPTIONS: &[&str] =
    &["-c", "-e", "-E", "-g", "--extra-vars", "--jq", "--xpath", "--expression", "--code", "--lua", "--js"];

/// Options whose value may become code of its own or other options, by program.
const PLAIN_SETTINGS: &[(&str, &[&str])] = &[
    ("go", &["-ldflags", "-gcflags", "-asmflags", "-gccgoflags", "--ldflags", "--gcflags"]),
    ("rpmbuild", &["--define", "-D"]),
    ("rustc", &["-C", "--codegen"]),
];

/// Options whose value is a list of settings, by program.
const SETTINGS: &[(&str, &[&str])] = &[
    ("helm", &["--set", "--set-string", "--set-file", "--set-json"]),
    ("kubectl", &["-p", "--patch", "--overrides"]),
    ("oc", &["-p", "--patch", "--overrides"]),
    ("dotnet", &["-p", "/p", "--property", "-property", "/property", "--version-suffix", "--logger", "-l"]),
    ("gcloud", &["--set-env-vars", "--update-env-vars", "--set-secrets", "--update-labels", "--args"]),
    ("msbuild", &["-p", "/p", "-property", "/property"]),
];

/// Options among them whose value is a name with a value.
const SETTINGS_BY_NAME: &[&str] = &["--set", "--set-string", "--set-file", "--set-json", "-p", "/p", "--set-env-vars"];

/// Programs to which such an option gives data.
const DATA_OPTIONS: &[&str] = &[
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
    "rg",
    "ag",
    "git",
    "docker",
    "podman",
    "nerdctl",
    "docker-compose",
    "podman-compose",
    "kubectl",
    "oc",
    "curl",
    "wget",
    "head",
    "tail",
    "cut",
    "wc",
    "ping",
    "mail",
    "mailx",
    "mutt",
    "useradd",
    "usermod",
    "adduser",
    "svn",
    "hg",
    "vercel",
    "fly",
    "flyctl",
    "heroku",
    "twine",
    "sops",
    "gh",
    "glab",
    "newman",
    "tar",
    "zip",
    "sort",
    "uniq",
    "ssh-keygen",
    "stat",
    "touch",
    "tr",
    "od",
    "xxd",
    "cmp",
    "comm",
    "cat",
    "ls",
    "gzip",
    "xz",
    "find",
    "xargs",
    "timeout",
    "sudo",
    "logger",
    "notify-send",
    "helm",
    "npm",
    "pytest",
    "eslint",
    "jest",
    "rspec",
    "sentry-cli",
    "rsync",
    "ps",
    "pgrep",
    "chown",
    "ssh",
    "scp",
    "openssl",
    "gpg",
    "ffmpeg",
    "convert",
    "nc",
    "aws",
    "az",
    "gcloud",
];

/// Programs that make other files of files, or take them out of one.
const CARRYING: &[&str] = &[
    "gcc", "cc", "clang", "g++", "c++", "clang++", "rustc", "javac", "tcc", "ghc", "ld", "tsc", "rsync", "cpio", "pax",
    "tar", "zip", "unzip", "gzip", "gunzip", "zstd", "xz", "openssl", "base64", "gpg", "split", "csplit", "iconv",
    "dos2unix", "dd", "patch", "uudecode", "xxd", "awk", "gawk", "sed", "bsdtar", "7z", "7za", "7zr", "ar", "bzip2",
    "sponge", "bunzip2", "unxz", "lzma", "unzstd", "lz4", "brotli", "pigz",
];

/// Programs among them that choose the names themselves.
const UNPACKING: &[&str] = &["tar", "unzip", "cpio", "pax", "split", "csplit", "uudecode", "7z", "7za", "7zr", "ar"];

/// Programs that do what their standard input says, in words that only their author must choose.
const OBEYING: &[&str] = &["patch", "ftp", "sftp", "telnet", "terraform", "debconf-set-selections"];

impl Walker {
    /// Notes what a program is given as code, whatever program it is.
    pub(super) fn given(&mut self, name: &str, call: Call) {
        for (at, argument) in call.rest().iter().enumerate() {
            self.setting(name, argument, call.before(at).and_then(Argument::literal));
            self.printed_file(name, argument, call.before(at).and_then(Argument::literal));
            let Some(literal) = argument.literal() else { continue };
            let next = call.rest().get(at + 1);
            let own = DOCUMENT_OPTIONS.iter().find(|(program, _)| *program == name).map(|(_, options)| *options);
            let document = own.and_then(|options| named_by(options, &literal, next));
            if let Some(file) = document.or_else(|| named_file(name, &literal, next)) {
                self.given_file(name, &file, call);
            }
            let is_code = CODE_OPTIONS.contains(&literal.as_str()) && !DATA_OPTIONS.contains(&name);
            if let Some(value) = next.filter(|_| is_code) {
                self.require(&value.sources(), Requirement::Plain);
            }
        }
        let is_patch = name == "git" && call.rest().iter().any(|it| it.has_literal("apply") || it.has_literal("am"));
        let is_input = |it: &Argument| it.has_literal("-") || it.has_literal("-f-");
        if matches!(name, "docker" | "podman" | "buildah") && call.rest().iter().any(is_input) {
            self.require(&[call.scope.stdin], Requirement::Plain);
        }
        if OBEYING.contains(&name) || is_patch {
            self.refuse(&[call.scope.stdin], &format!("what `{name}` reads and obeys"));
        }
        self.carried(name, call);
    }

    /// Follows a setting by an option: one in which a value must not become a second setting, or code.
    fn setting(&mut self, name: &str, argument: &Argument, before: Option<String>) {
        let prefix = argument.word.prefix();
        let glued = prefix.split_once(['=', ':']).map(|(option, _)| option.to_owned());
        for option in before.into_iter().chain(glued) {
            let known = |table: &[(&str, &[&str])]| {
                table.iter().any(|(program, options)| *program == name && options.contains(&option.as_str()))
            };
            let is_code = option.starts_with("--") && CODE_OPTIONS.contains(&&*option) && !DATA_OPTIONS.contains(&name);
            let names_value = name == "go" && prefix.contains("-X ") && prefix.contains('=');
            if names_value && known(PLAIN_SETTINGS) {
                self.require(&argument.sources(), Requirement::PlainPath);
            } else if is_code || known(PLAIN_SETTINGS) {
                self.require(&argument.sources(), Requirement::Plain);
            } else if known(SETTINGS) {
                self.require(&argument.sources(), Requirement::OneSetting);
                if SETTINGS_BY_NAME.contains(&&*option) {
                    self.refuse(&argument.first(), "the name of a setting");
                }
            }
        }
    }

    /// Follows a file of commands that a command prints: `-f <(echo "x: $x")`.
    fn printed_file(&mut self, name: &str, argument: &Argument, before: Option<String>) {
        let prefix = argument.word.prefix();
        let option = prefix.split_once('=').map(|(option, _)| option.to_owned()).or(before);
        let is_file = option.is_some_and(|it| FILE_OPTIONS.contains(&&*it) || VALUES_OPTIONS.contains(&&*it));
        if is_file && !FILES_OF_DATA.contains(&name) {
            for (part, sources) in argument.parts() {
                if part.is_process() {
                    self.require(sources, document(name));
                }
            }
        }
    }

    /// Follows a file of commands: one that the script wrote, or the standard input by a name.
    fn given_file(&mut self, name: &str, file: &str, call: Call) {
        let is_input = file == "-" || file.starts_with("/dev/");
        let content = if is_input { call.scope.stdin } else { self.flow.id(file_node(file)) };
        self.require(&[content], document(name));
        if DOCUMENTS.contains(&name) {
            let takes_folder = call.rest().iter().any(|it| SETTING_UP.iter().any(|word| it.has_literal(word)));
            self.later.obeys_folder |= takes_folder && !is_input && is_folder_of_documents(file);
        }
    }

    /// Follows a program that copies what is in some of its files, or in its input, to others.
    pub(super) fn carried(&mut self, name: &str, call: Call) {
        if !CARRYING.contains(&name) {
            return;
        }
        let copied = self.flow.stream();
        self.flow.edge(call.scope.stdin, copied);
        for argument in call.rest() {
            let content =
                match argument.literal().filter(|_| name == "dd").as_deref().and_then(|it| it.strip_prefix("if=")) {
                    Some(file) => vec![self.flow.id(file_node(file))],
                    None => self.content_of(argument),
                };
            self.flow.edges(&content, copied);
        }
        let is_program = |at: usize| {
            let before = call.before(at);
            matches!(name, "sed" | "awk" | "gawk")
                && before.is_some_and(|it| it.has_literal("-f") || it.has_literal("--file"))
        };
        for (at, argument) in call.rest().iter().enumerate().filter(|(_, argument)| argument.is_literal()) {
            if !is_program(at) {
                self.written_quietly(argument.word, copied);
                self.tells(&argument.literal().unwrap_or_default());
            }
        }
        self.packed(name, call);
        if lists_names(name, call) {
            let any = self.flow.id(Node::AnyFile);
            self.flow.edge(any, copied);
            self.flow.edge(any, call.scope.out);
        }
        let made = self.flow.id(file_node("a.out"));
        self.flow.edge(copied, made);
        let packs = name == "tar" && !call.rest().iter().any(extracts);
        if UNPACKING.contains(&name) && !packs {
            let (unknown, any) = (self.flow.id(Node::UnknownFile), self.flow.id(Node::AnyFile));
            self.flow.edge(copied, unknown);
            self.flow.edge(copied, any);
        }
    }

    /// Notes that a program may print any variable, if its code has to do with its environment.
    pub(super) fn environment_in_code(&mut self, call: Call) {
        let is = |has: &dyn Fn(&str) -> bool| call.rest().iter().any(|argument| argument.word.texts().any(has));
        if is(&reads_environment) {
            let any = self.flow.id(Node::AnyVariable);
            self.flow.edge(any, call.scope.out);
        }
        if is(&environment::is_listed) {
            let all = self.flow.id(Node::Environment);
            self.flow.edge(all, call.scope.out);
        }
    }

    /// Notes that a program may write what it gets into any file that its code names.
    pub(super) fn named_in_code(&mut self, call: Call, code: &[String]) {
        let written = self.flow.stream();
        self.later.written_by_code = Some(written);
        self.flow.edges(&call.sources(), written);
        self.flow.edge(call.scope.stdin, written);
        for operand in call.rest().iter().filter(|it| !it.word.prefix().starts_with('-')) {
            let content = self.content(operand.word);
            self.flow.edges(&content, written);
        }
        for text in code {
            if reads_environment(text) {
                let any = self.flow.id(Node::AnyVariable);
                self.flow.edge(any, written);
            }
            if environment::is_listed(text) {
                let all = self.flow.id(Node::Environment);
                self.flow.edge(all, written);
            }
            for token in by_name::tokens(text) {
                let file = self.flow.id(file_node(token));
                self.flow.edge(written, file);
                self.flow.edge(file, written);
            }
            by_name::written(text).for_each(|name| self.tells(name));
        }
    }

    /// Returns what may be in the files that code names, and their names where it lists them.
    pub(super) fn files_in_code(&mut self, text: &str) -> Vec<Id> {
        let names = by_name::lists(text).then(|| self.flow.id(Node::FileNames));
        let files = by_name::tokens(text).map(|token| self.flow.id(file_node(token)));
        let files: Vec<Id> = files.collect();
        files.into_iter().chain(names).collect()
    }
}

/// Words by which a program's code reads its environment.
const ENVIRONMENT: &[&str] = &["environ", "getenv", "ENV", "process.env", "env.", "env:"];

/// Says whether a program's code reads its environment.
pub(super) fn reads_environment(text: &str) -> bool {
    ENVIRONMENT.iter().any(|word| text.contains(word))
}

/// Says whether the word of this index names a file that a program reads and does not write.
pub(super) fn is_read(words: &[Argument], at: usize) -> bool {
    at > 0 && FILE_OPTIONS.iter().any(|option| words[at - 1].has_literal(option))
}

/// Returns the file of commands that an option names.
fn named_file(program: &str, option: &str, next: Option<&Argument>) -> Option<String> {
    if FILES_OF_DATA.contains(&program) {
        return None;
    }
    if FILE_OPTIONS.contains(&option) {
        return next?.literal();
    }
    let (name, file) = option.split_once('=').or_else(|| option.split_at_checked(2)).unwrap_or((option, ""));
    (FILE_OPTIONS.contains(&name) && !file.is_empty()).then(|| file.to_owned())
}

/// Says whether a program is told by its standard input which files it packs.
fn lists_names(name: &str, call: Call) -> bool {
    match name {
        "cpio" | "pax" => true,
        "zip" => call.rest().iter().any(|it| it.has_literal("-@")),
        "tar" | "bsdtar" => {
            call.rest().iter().any(|it| it.has_literal("-T") || it.word.prefix().starts_with("--files-from"))
        }
        _ => false,
    }
}

/// Says whether a word of `tar` makes it take files out of an archive.
fn extracts(word: &Argument) -> bool {
    let letters = word.word.prefix();
    letters.len() < 8 && letters.contains('x') && !letters.contains('.') || letters.starts_with("--extract")
}

/// Returns the file that one of some options names, with or without `file://` or `@` in front.
fn named_by(options: &[&str], literal: &str, next: Option<&Argument>) -> Option<String> {
    let glued = options.iter().find_map(|option| literal.strip_prefix(option)?.strip_prefix('=').map(str::to_owned));
    let file = glued.or_else(|| next.filter(|_| options.contains(&literal))?.literal())?;
    Some(file.trim_start_matches("file://").trim_start_matches('@').to_owned())
}

/// Says whether a name is that of a folder, all documents of which are taken.
pub(in crate::shell) fn is_folder_of_documents(name: &str) -> bool {
    !name.contains("://") && !DOCUMENT_ENDS.iter().any(|end| name.ends_with(end))
}

/// Returns what text in a program's file of commands must look like.
fn document(program: &str) -> Requirement {
    if DOCUMENTS.contains(&program) { Requirement::OneLine } else { Requirement::Plain }
}
