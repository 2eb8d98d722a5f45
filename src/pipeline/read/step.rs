//! Steps (reference, section 6). Shortcuts become the tasks or scripts that they stand for.

use super::{Reader, environment};
use crate::diagnostic::Span;
use crate::pipeline::executable::Capability;
use crate::pipeline::model::{Action, Placed, ResourceKind, Script, Step, Task};
use crate::pipeline::plan::{
    Checkout, CheckoutSource, Commands, ErrorAction, Flag, Interpreter, Target, TargetPlace, Word,
};
use crate::pipeline::schema::STEPS_MAX;
use crate::pipeline::task;
use crate::pipeline::value::{
    boolean, count, entries, entry, filled, is_true, items, member, names, number, own, pairs, placed_text, scalar,
    text,
};
use crate::taint::Text;
use crate::template::{Content, Entry, Kind, Node, Scalar};

/// Keywords of inline scripts, and what reads them.
const SCRIPTS: [(&str, Interpreter); 4] = [
    ("script", Interpreter::CommandLine),
    ("bash", Interpreter::Bash),
    ("pwsh", Interpreter::PowerShellCore),
    ("powershell", Interpreter::WindowsPowerShell),
];
/// What a step names that is about nothing.
const NONE: &str = "none";
/// Where a repository is named in the step itself.
const NAMED: [&str; 3] = ["git://", "github://", "bitbucket://"];

/// Inputs of the task `PowerShell`, which are also keys of its steps, and the variables of PowerShell that they set.
const PREFERENCES: [(&str, &str); 5] = [
    ("warningPreference", "WarningPreference"),
    ("informationPreference", "InformationPreference"),
    ("verbosePreference", "VerbosePreference"),
    ("debugPreference", "DebugPreference"),
    ("progressPreference", "ProgressPreference"),
];

impl Reader<'_> {
    /// Returns the steps, and whether one of them says what is checked out.
    pub(super) fn steps(&mut self, node: &Node) -> (Vec<Step>, bool) {
        let Some(steps) = member(node, "steps") else { return (Vec::new(), false) };
        let written = items(steps, STEPS_MAX);
        let says_checkout = written.iter().any(|step| entry(step, "checkout").is_some());
        (written.iter().filter_map(|item| self.step(item)).collect(), says_checkout)
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        let mut working_directory = member(node, "workingDirectory").and_then(placed_text);
        let action = self.action(node, &mut working_directory)?;
        let step = Step {
            span: entries(node).first().map_or(node.span, |first| first.key_span),
            name: member(node, "name").and_then(filled),
            display_name: self.display_name(node),
            condition: member(node, "condition").and_then(|node| self.condition(node)),
            continue_on_error: is_true(node, "continueOnError"),
            enabled: member(node, "enabled").and_then(boolean) != Some(false),
            timeout_minutes: member(node, "timeoutInMinutes").and_then(number).unwrap_or_default(),
            retries: member(node, "retryCountOnTaskFailure").and_then(count).unwrap_or_default(),
            target: self.target(node),
            env: environment(node),
            working_directory: working_directory.filter(|it| it.value.is_tainted() || !it.value.is_empty()),
            action,
        };
        Some(step)
    }

    /// Returns what a step does; nothing for one that only says that something is not done.
    fn action(&mut self, node: &Node, working_directory: &mut Option<Placed<Text>>) -> Option<Action> {
        let script = SCRIPTS.iter().find_map(|(keyword, interpreter)| Some((entry(node, keyword)?, *interpreter)));
        if let Some((written, interpreter)) = script {
            return Some(Action::Script(self.script(node, written, interpreter)));
        }
        if let Some(written) = entry(node, "checkout") {
            return self.checkout(node, &written.value);
        }
        if let Some(written) = entry(node, "task") {
            return self.task(node, &written.value, working_directory);
        }
        if let Some(template) = entry(node, "template") {
            self.need(Capability::Templates, template.key_span);
            return None;
        }
        self.shortcut(node)
    }

    fn script(&mut self, node: &Node, written: &Entry, interpreter: Interpreter) -> Script {
        Script {
            interpreter,
            text: Placed { value: scalar(&written.value).cloned().unwrap_or_else(empty), span: written.value.span },
            fail_on_stderr: flag(member(node, "failOnStderr")),
            error_action: error_action(member(node, "errorActionPreference")),
            ignore_last_exit_code: flag(member(node, "ignoreLASTEXITCODE")),
            preferences: preferences(|key| member(node, key)),
            arguments: Text::default(),
            program: None,
        }
    }

    fn checkout(&mut self, node: &Node, which: &Node) -> Option<Action> {
        let named = filled(which)?;
        let source = match named.value.as_str() {
            NONE => return None,
            "self" => CheckoutSource::OwnRepository,
            name if NAMED.iter().any(|beginning| name.starts_with(beginning)) => CheckoutSource::Named(name.to_owned()),
            alias => CheckoutSource::Alias(alias.to_owned()),
        };
        let of = |key: &str| member(node, key).and_then(text).filter(|text| !text.is_empty());
        let checkout = Checkout {
            source,
            clean: of("clean"),
            fetch_depth: of("fetchDepth"),
            fetch_filter: of("fetchFilter"),
            fetch_tags: of("fetchTags"),
            lfs: of("lfs"),
            path: of("path"),
            persist_credentials: of("persistCredentials"),
            submodules: of("submodules"),
            sparse_directories: of("sparseCheckoutDirectories"),
            sparse_patterns: of("sparseCheckoutPatterns"),
            is_workspace: of("workspaceRepo"),
        };
        Some(Action::Checkout(Box::new(Placed { value: checkout, span: named.span })))
    }

    /// Returns the task that a shortcut stands for (reference, section 2.7).
    fn shortcut(&mut self, node: &Node) -> Option<Action> {
        let shortcut = task::SHORTCUTS.iter().find(|shortcut| entry(node, shortcut.keyword).is_some())?;
        let written = entry(node, shortcut.keyword)?;
        let named = filled(&written.value);
        if shortcut.keyword == "download" && named.as_ref().is_some_and(|named| named.value == NONE) {
            return None;
        }
        let mut inputs = Vec::new();
        let is_resource = shortcut.resource.is_some() && named.as_ref().is_some_and(|it| it.value != "current");
        let is_build = is_resource && shortcut.resource == Some(ResourceKind::Build);
        let needed = if is_build { Capability::Build } else { Capability::Task(shortcut.task) };
        self.need(needed, written.key_span);
        if is_resource {
            inputs.extend(shortcut.resource_input.map(|(name, value)| (at(name, written.key_span), value.into())));
        }
        let subject = if is_resource { shortcut.alias_input } else { shortcut.input };
        inputs.extend(text(&written.value).map(|value| (at(subject, written.value.span), value)));
        for (key, input) in shortcut.inputs {
            let given = member(node, key).and_then(|node| Some((at(input, node.span), text(node)?)));
            inputs.extend(given);
        }
        let alias = named.as_ref().filter(|_| is_resource).map(|named| named.value.as_str());
        // The artifact alone can be a mistake in it.
        let place = member(node, "artifact").map_or(written.key_span, |artifact| artifact.span);
        inputs.extend(own_folder(node, shortcut.keyword, alias).map(|(name, value)| (at(&name, place), value)));
        inputs.extend(member(node, "inputs").map(pairs).unwrap_or_default());
        Some(Action::Task(Task {
            name: shortcut.task.to_owned(),
            definition: task::find(shortcut.task),
            span: written.key_span,
            version: shortcut.version.to_owned(),
            inputs,
            resource: shortcut.resource.filter(|_| is_resource).zip(named),
        }))
    }

    fn target(&mut self, node: &Node) -> Option<Placed<Target>> {
        let entry = entry(node, "target")?;
        let place = |written: &Node| {
            filled(written).map(|name| match name.value.as_str() {
                "host" => TargetPlace::Host,
                _ => TargetPlace::Container(name.value),
            })
        };
        if !matches!(entry.value.content, Content::Mapping(_)) {
            let target = Target { place: place(&entry.value)?, ..Target::default() };
            return Some(Placed { value: target, span: entry.value.span });
        }
        let commands = member(&entry.value, "commands").and_then(own).map(|written| {
            let is_restricted = written.value.eq_ignore_ascii_case("restricted");
            if is_restricted { Commands::Restricted } else { Commands::Any }
        });
        let settable = member(&entry.value, "settableVariables").map(|node| match node.content {
            Content::Sequence(_) => names(node).into_iter().map(|name| name.value).collect(),
            _ => Vec::new(),
        });
        let container = member(&entry.value, "container");
        let target =
            Target { place: container.and_then(place).unwrap_or_default(), commands, settable_variables: settable };
        Some(Placed { value: target, span: container.map_or(entry.value.span, |container| container.span) })
    }
}

fn at(name: &str, span: Span) -> Placed<String> {
    Placed { value: name.to_owned(), span }
}

/// Returns the folder for what `download` names: unlike the task, the keyword gives an artifact one of its
/// own, and those of another pipeline are together in one that is called by its alias.
fn own_folder(node: &Node, keyword: &str, alias: Option<&str>) -> Option<(String, Text)> {
    if keyword != "download" || member(node, "path").is_some() {
        return None;
    }
    let artifact = member(node, "artifact").and_then(text).filter(|it| it.is_tainted() || !it.is_empty());
    let mut path = Text::author("$(Pipeline.Workspace)");
    for part in alias.map(Text::author).into_iter().chain(artifact) {
        path.append(&Text::author("/"));
        path.append(&part);
    }
    Some(("path".to_owned(), path))
}

/// Returns the script in place of what is no text.
fn empty() -> Scalar {
    Scalar::without_text(Kind::Text)
}

/// Returns a yes or no that may have a macro in it.
pub(super) fn flag(value: Option<&Node>) -> Flag {
    let Some(value) = value else { return Flag::default() };
    match text(value).filter(|text| text.flatten().contains("$(")) {
        Some(written) => Flag::Written(written),
        None => Flag::Known(boolean(value) == Some(true)),
    }
}

/// Returns what PowerShell does after an error.
pub(super) fn error_action(node: Option<&Node>) -> ErrorAction {
    match node.and_then(word) {
        Some(Word::Written(written)) => ErrorAction::Written(written),
        // What PowerShell does where nobody says anything.
        Some(Word::Known(word)) if ["continue", "default"].contains(&&*word.to_ascii_lowercase()) => {
            ErrorAction::Continue
        }
        Some(Word::Known(word)) if word.eq_ignore_ascii_case("silentlyContinue") => ErrorAction::SilentlyContinue,
        _ => ErrorAction::Stop,
    }
}

/// Returns the preferences of PowerShell that the author has set, beside that for errors.
pub(super) fn preferences<'n>(value: impl Fn(&str) -> Option<&'n Node>) -> Vec<(String, Word)> {
    let given = PREFERENCES.iter().filter_map(|(key, variable)| {
        let word = match word(value(key)?)? {
            Word::Known(word) => Word::Known(usual(variable, word)?),
            written => written,
        };
        Some(((*variable).to_owned(), word))
    });
    given.collect()
}

/// Returns a word that may have macros in it. What is no word at all is told as that.
fn word(node: &Node) -> Option<Word> {
    let written = text(node)?;
    let flat = written.flatten();
    let flat = flat.trim();
    match written.is_tainted() || flat.contains("$(") {
        true => Some(Word::Written(written)),
        false => flat.bytes().all(|byte| byte.is_ascii_alphabetic()).then(|| Word::Known(flat.to_owned())),
    }
}

/// Returns what a variable of PowerShell is set to for a word of its input; nothing leaves it as it is.
fn usual(variable: &str, word: String) -> Option<String> {
    match word.is_empty() || word.eq_ignore_ascii_case("default") {
        // The task itself sets this one where nothing is said.
        true if variable == "ProgressPreference" && !word.is_empty() => Some("continue".to_owned()),
        true => None,
        false => Some(word),
    }
}
