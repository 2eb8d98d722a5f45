//! Programs that start a command in a container or a pod.

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

impl Walker {
    /// Follows `docker run image command` and `docker exec container command`.
    pub(super) fn container(&mut self, call: Call) {
        let Some((verb, image)) = image(call) else { return };
        if verb == "run" {
            self.refuse(&call.words[image].first(), "the image that is run");
        }
        self.inside(call.from(image + 1));
    }

    /// Follows `kubectl exec pod -- command`.
    pub(super) fn pod(&mut self, call: Call) {
        let separator = call.words.iter().position(|word| word.has_literal("--"));
        self.inside(separator.and_then(|at| call.from(at + 1)));
    }

    /// Follows a command that runs elsewhere: its program is no file that the script has written.
    fn inside(&mut self, command: Option<Call>) {
        let Some(command) = command.map(Call::with_environment_lost) else { return };
        match command.name() {
            Some(name) => self.named_call(&name, command),
            None => self.call(command),
        }
    }
}

/// Returns the verb and the index of the image or container.
fn image(call: Call) -> Option<(&'static str, usize)> {
    let mut at = skip(call.words, 1, |option| !VALUED.contains(&option))?;
    if call.words[at].has_literal("compose") || call.words[at].has_literal("container") {
        at = skip(call.words, at + 1, |option| !VALUED.contains(&option))?;
    }
    let verb = ["run", "exec"].into_iter().find(|verb| call.words[at].has_literal(verb))?;
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
