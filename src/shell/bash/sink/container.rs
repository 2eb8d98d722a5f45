//! Programs that start a command in a container or a pod.

use super::super::requirement::Requirement;
use super::super::syntax::{Part, Word};
use super::Walker;
use super::argument::Argument;
use super::simple::Call;

/// Options of `run` and `exec` that take no value; all others take the next word.
const FLAGS: &[&str] = &[
    "-d",
    "-i",
    "-t",
    "-it",
    "-ti",
    "-dit",
    "-itd",
    "-P",
    "-q",
    "-T",
    "--rm",
    "--init",
    "--privileged",
    "--read-only",
    "--interactive",
    "--tty",
    "--detach",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--quiet",
    "--no-deps",
    "--no-TTY",
    "--service-ports",
    "--publish-all",
    "--build",
    "--use-aliases",
];

/// Options in front of the verb that take a value.
const VALUED: &[&str] = &[
    "-H",
    "--host",
    "--context",
    "-l",
    "--log-level",
    "--config",
    "-f",
    "--file",
    "-p",
    "--profile",
    "--project-name",
    "--project-directory",
    "--env-file",
];

/// Options that give a container rights on the machine.
const GRANTING: &[&str] = &[
    "--device",
    "--cap-add",
    "--pid",
    "--ipc",
    "--uts",
    "--userns",
    "--cgroupns",
    "--network",
    "--net",
    "--security-opt",
    "--group-add",
    "--privileged",
    "--volumes-from",
    "--runtime",
];

/// Options of `build` that stand alone.
const BUILD_FLAGS: &[&str] = &[
    "-q",
    "--quiet",
    "--no-cache",
    "--pull",
    "--push",
    "--load",
    "--rm",
    "--force-rm",
    "--squash",
    "--compress",
    "--disable-content-trust",
    "--debug",
    "-D",
];

impl Walker {
    /// Follows `docker run image command` and `docker exec container command`.
    pub(super) fn container(&mut self, call: Call) {
        let Some((verb, image)) = image(call) else { return self.before_verb(call) };
        if verb != "exec" {
            self.image(&call.words[image], "");
        } else {
            self.many_words(&call.words[1..=image]);
        }
        self.container_variables(&call.words[1..image]);
        if let Some(program) = entrypoint(&call.words[..image]) {
            let word = Word::quoted(&program);
            let mut words = vec![Argument { word: &word, parts: vec![Vec::new()], feeds: Vec::new() }];
            words.extend(call.words[image + 1..].iter().map(Argument::again));
            self.inside(Some(Call { words: &words, ..call }));
        }
        self.inside(call.from(image + 1));
    }

    /// Notes the name of an image behind an option: the author's own, with a tag perhaps. What stands behind the
    /// beginning of a name must not make it that of another registry, which the part in front of the first `/` names.
    fn image(&mut self, argument: &Argument, option: &str) {
        let mut name = String::new();
        for (part, sources) in argument.parts() {
            match part {
                Part::Text { text, .. } => name.push_str(text),
                _ if name.strip_prefix(option).unwrap_or(&name).is_empty() => {
                    self.refuse(sources, "the image that is run")
                }
                _ if !name.contains('/') => self.require(sources, Requirement::Plain),
                _ => {}
            }
        }
    }

    /// Notes the variables that a command in a container gets.
    fn container_variables(&mut self, options: &[Argument]) {
        for (at, argument) in options.iter().enumerate() {
            let prefix = argument.word.prefix();
            let option = at.checked_sub(1).and_then(|before| options[before].literal());
            self.mounted(argument, option.as_deref());
            self.granted(argument, option.as_deref());
            let is_value = option.is_some_and(|option| option == "-e" || option == "--env");
            let assigned = if is_value { Some(prefix.as_str()) } else { prefix.strip_prefix("--env=") };
            if let Some((variable, _)) = assigned.and_then(|it| it.split_once('=')) {
                self.assign(variable, &argument.sources());
            }
        }
    }

    /// Notes what a container may do on the machine.
    fn granted(&mut self, argument: &Argument, option: Option<&str>) {
        let prefix = argument.word.prefix();
        let glued = prefix.split_once('=').map(|(option, _)| option);
        if option.into_iter().chain(glued).any(|it| GRANTING.contains(&it)) {
            self.refuse(&argument.sources(), "what a container may do on the machine");
        }
    }

    /// Notes the folder of the machine that a container gets.
    fn mounted(&mut self, argument: &Argument, option: Option<&str>) {
        let prefix = argument.word.prefix();
        let is_mount = |option: &str| matches!(option, "-v" | "--volume" | "--mount");
        let is_glued = ["--volume=", "--mount="].iter().any(|option| prefix.starts_with(option));
        if !option.is_some_and(is_mount) && !is_glued {
            return;
        }
        let is_folder = |before: &str| {
            matches!(before, "" | "/") || ["source=", "src=", "--volume="].iter().any(|it| before.ends_with(it))
        };
        let mut before = String::new();
        for (part, sources) in argument.parts() {
            match part {
                Part::Text { text, .. } => before.push_str(text),
                _ => {
                    if is_folder(&before) {
                        self.refuse(sources, "a folder that a container gets");
                    }
                    self.require(sources, Requirement::PlainPath);
                    before.push('*');
                }
            }
        }
    }

    /// Notes what an image is built of: a folder below the script's, wherever it stands among the options.
    pub(super) fn build_context(&mut self, call: Call) {
        let Some(verb) = call.rest().iter().take(3).position(|it| it.has_literal("build")) else { return };
        let is_option = |it: &Argument| it.word.prefix().starts_with('-');
        let takes_next = |it: &Argument| {
            let option = it.word.prefix();
            option.starts_with('-') && !option.contains('=') && !BUILD_FLAGS.contains(&option.as_str())
        };
        for pair in call.rest()[verb..].windows(2) {
            if let [before, context] = pair
                && !takes_next(before)
                && !is_option(context)
            {
                self.require(&context.sources(), Requirement::PlainPath);
            }
        }
    }

    /// Notes the image that a cluster or a cloud is told to run: the author's own, with a tag perhaps.
    pub(super) fn image_named(&mut self, call: Call) {
        let is_image = |option: &str| matches!(option, "--image" | "--image-uri");
        for (at, argument) in call.rest().iter().enumerate() {
            let before = call.text_before(at);
            if is_image(&before) {
                self.image(argument, "");
            } else if argument.word.prefix().starts_with("--image=") {
                self.image(argument, "--image=");
            }
        }
        if let [set, image, rest @ ..] = call.rest()
            && set.has_literal("set")
            && image.has_literal("image")
        {
            for argument in rest.iter().skip(1) {
                let prefix = argument.word.prefix();
                let container = prefix.split_once('=').map_or("", |(container, _)| &prefix[..=container.len()]);
                self.image(argument, container);
            }
        }
    }

    /// Follows `kubectl exec pod -- command`.
    pub(super) fn pod(&mut self, call: Call) {
        let separator = call.words.iter().position(|word| word.has_literal("--"));
        self.before_verb(call);
        self.inside(separator.and_then(|at| call.from(at + 1)));
    }

    /// Notes that the verb may be one of several words in front of what seems to be it.
    fn before_verb(&mut self, call: Call) {
        let is_verb = |argument: &Argument| argument.is_literal() && !argument.word.prefix().starts_with('-');
        let end = call.rest().iter().position(is_verb).unwrap_or(call.rest().len());
        self.many_words(&call.rest()[..end]);
    }

    /// Follows a command that runs elsewhere: its program is no file that the script has written.
    fn inside(&mut self, command: Option<Call>) {
        let Some(command) = command.map(|it| it.with_environment_lost().by_launcher()) else { return };
        match command.name() {
            Some(name) => self.named_call(&name, command),
            None => self.call(command),
        }
    }
}

/// Returns a call without the words behind the image, which are those of a program in the container: what the
/// container is given is not written to files by these names.
pub(super) fn own_words<'a>(name: &str, call: Call<'a>) -> Call<'a> {
    let is_container = matches!(name, "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose");
    let end = image(call).filter(|_| is_container).map_or(call.words.len(), |(_, image)| image + 1);
    Call { words: &call.words[..end], ..call }
}

/// Returns the program that `--entrypoint` names, if its author wrote it.
fn entrypoint(words: &[Argument]) -> Option<String> {
    let at = words.iter().position(|word| word.word.prefix().starts_with("--entrypoint"))?;
    let option = words[at].literal()?;
    match option.split_once('=') {
        Some((_, program)) => Some(program.to_owned()),
        None => words.get(at + 1)?.literal(),
    }
}

/// Returns the verb and the index of the image or container.
fn image(call: Call) -> Option<(&'static str, usize)> {
    let mut at = skip(call.words, 1, |option| !VALUED.contains(&option))?;
    if call.words[at].has_literal("compose") || call.words[at].has_literal("container") {
        at = skip(call.words, at + 1, |option| !VALUED.contains(&option))?;
    }
    let verb = ["run", "create", "exec"].into_iter().find(|verb| call.words[at].has_literal(verb))?;
    skip(call.words, at + 1, |option| FLAGS.contains(&option)).map(|image| (verb, image))
}

/// Returns the index of the first word that is no option; `is_flag` says which options stand alone.
fn skip(words: &[Argument], mut at: usize, is_flag: impl Fn(&str) -> bool) -> Option<usize> {
    loop {
        let prefix = words.get(at)?.word.prefix();
        if !prefix.starts_with('-') {
            return Some(at);
        }
        if prefix == "--" {
            return words.get(at + 1).map(|_| at + 1);
        }
        let is_alone = prefix.contains('=') || is_flag(&prefix) || !words[at].is_literal();
        at += if is_alone { 1 } else { 2 };
    }
}
