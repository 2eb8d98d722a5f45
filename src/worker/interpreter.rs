//! The programs that read scripts: how each is called, and what stands around a script of theirs
//! (reference, section 6.3).

use super::context::{Host, JobContext};
use super::environment::Environment;
use super::flag;
use super::preference::{self, PROGRESS};
use super::variables::Variables;
use crate::diagnostic::{shown, shown_path};
use crate::pipeline::plan::{Action, Interpreter, Script, Step, TargetPlace};
use crate::shell::{Language, words};
use crate::taint::Text;
use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The program that reads scripts of PowerShell; the edition for Windows is not there elsewhere.
pub(super) const POWER_SHELL: &str = "pwsh";
/// The programs that read Python, the first that is there.
pub(super) const PYTHONS: [&str; 2] = ["python3", "python"];
/// What the task sets for progress, because a log shows nothing of that well.
const NO_PROGRESS: &str = "silentlyContinue";
/// What ends a script of PowerShell, so that the last program's exit code becomes its own.
const LAST_EXIT_CODE: &str = "
if (!(Test-Path -LiteralPath variable:\\LASTEXITCODE)) {
    Write-Host '##vso[task.debug]$LASTEXITCODE is not set.'
} else {
    Write-Host ('##vso[task.debug]$LASTEXITCODE: {0}' -f $LASTEXITCODE)
    exit $LASTEXITCODE
}
";
/// What a file begins with that is UTF-8 for PowerShell of every edition.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What reads one script, and how.
pub(super) struct Reader<'s> {
    script: &'s Script,
    /// The words behind the script.
    arguments: Vec<Text>,
    /// The program, where the author names one.
    program: Option<String>,
    /// Whether anything on standard error fails the step.
    pub(super) fails_on_error: bool,
    /// Whether the exit code of the last program that PowerShell called does not matter.
    ignores_last_exit_code: bool,
    /// What PowerShell does after an error, and its other preferences.
    error_action: &'static str,
    preferences: Vec<(&'s str, String)>,
}

/// A program with its arguments, wherever it is.
#[derive(Debug)]
pub(super) struct Call {
    /// Names of it, the first that is there.
    pub(super) programs: Vec<String>,
    pub(super) arguments: Vec<OsString>,
}

impl<'s> Reader<'s> {
    /// Returns what reads a script. On failure, a sentence.
    pub(super) fn new(script: &'s Script, variables: &Variables) -> Result<Self, String> {
        let expand = |name: &str, text: &Text| {
            variables.expand(text).map_err(|error| format!("The input `{name}` can't be used: {error}."))
        };
        let arguments = expand("arguments", &script.arguments)?;
        let program = script.program.as_ref().map(|program| expand("pythonInterpreter", program)).transpose()?;
        if program.as_ref().is_some_and(Text::is_tainted) {
            return Err(
                "Payload text can't be the input `pythonInterpreter`: it decides which program runs.".to_owned()
            );
        }
        let program = program.map(|program| program.flatten().trim().to_owned()).filter(|program| !program.is_empty());
        let fails_on_error = flag::decided("failOnStderr", &script.fail_on_stderr, variables)?;
        let ignores_last_exit_code = flag::decided("ignoreLASTEXITCODE", &script.ignore_last_exit_code, variables)?;
        let error_action = preference::error_action(&script.error_action, variables)?;
        let preferences = script.preferences.iter().filter_map(|(name, word)| {
            preference::value(name, word, variables).map(|value| Some((name.as_str(), value?))).transpose()
        });
        Ok(Self {
            script,
            arguments: words::split(&arguments),
            program,
            fails_on_error,
            ignores_last_exit_code,
            error_action,
            preferences: preferences.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn language(&self) -> Language {
        match self.script.interpreter {
            Interpreter::CommandLine | Interpreter::Bash => Language::Bash,
            Interpreter::PowerShellCore | Interpreter::WindowsPowerShell => Language::PowerShell,
            Interpreter::Python => Language::Python,
        }
    }

    /// Returns the words behind the script.
    pub(super) fn arguments(&self) -> &[Text] {
        &self.arguments
    }

    /// Returns the ending of the script's file.
    pub(super) fn ending(&self) -> &'static str {
        match self.language() {
            Language::PowerShell => "ps1",
            Language::Python => "py",
            Language::Bash | Language::Cmd => "sh",
        }
    }

    /// Returns the text of the file: the script, with what its task puts around it.
    pub(super) fn framed<'t>(&self, script: &'t str) -> Cow<'t, str> {
        if self.script.interpreter.is_power_shell() { self.power_shell(script).into() } else { script.into() }
    }

    fn power_shell(&self, script: &str) -> String {
        let own = self.preferences.iter().map(|(name, value)| (*name, value.as_str()));
        let says_progress = self.script.preferences.iter().any(|(name, _)| name == PROGRESS);
        let usual = (!says_progress).then_some((PROGRESS, NO_PROGRESS));
        let preferences = std::iter::once(("ErrorActionPreference", self.error_action)).chain(own).chain(usual);
        let mut text = BYTE_ORDER_MARK.to_string();
        for (name, value) in preferences {
            text.push_str(&format!("${name} = '{value}'\n"));
        }
        text.push_str(script);
        if !self.ignores_last_exit_code {
            text.push_str(LAST_EXIT_CODE);
        }
        text
    }

    /// Returns how the program is called that reads the script in a file, with words behind it where it takes some.
    pub(super) fn call(&self, file: &Path, arguments: &[Text]) -> Call {
        let own = |name: &str| vec![name.to_owned()];
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        match self.script.interpreter {
            Interpreter::CommandLine => {
                let arguments = words(&["--noprofile", "--norc"]).into_iter().chain([file.into()]).collect();
                Call { programs: own("bash"), arguments }
            }
            Interpreter::Bash => Call { programs: own("bash"), arguments: vec![file.into()] },
            Interpreter::PowerShellCore | Interpreter::WindowsPowerShell => {
                let dotted = format!(". '{}'", file.to_string_lossy().replace('\'', "''"));
                let options = ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", &dotted];
                Call { programs: own(POWER_SHELL), arguments: words(&options) }
            }
            Interpreter::Python => {
                let programs = self.program.as_deref().map_or_else(|| PYTHONS.map(str::to_owned).to_vec(), own);
                let behind = arguments.iter().map(|word| word.flatten().into_owned().into());
                Call { programs, arguments: std::iter::once(file.into()).chain(behind).collect() }
            }
        }
    }
}

impl Call {
    /// Returns the program on this machine, as a step finds it. On failure, a sentence.
    pub(super) fn find(&self, host: &Host, environment: &Environment) -> Result<PathBuf, String> {
        let found = self.programs.iter().find_map(|name| match name.contains('/') {
            true => Some(PathBuf::from(name)).filter(|path| path.is_file()),
            false => environment.program(name),
        });
        let is_bash = self.programs.first().is_some_and(|name| name == "bash");
        found.or_else(|| is_bash.then(|| host.bash())).ok_or_else(|| missing(&self.programs))
    }
}

/// Returns the sentence that says that a program is nowhere.
pub(super) fn missing(programs: &[String]) -> String {
    if let [path] = programs
        && path.contains('/')
    {
        let path = shown_path(path);
        return format!("There is no program `{path}` on this machine. Help: name one that is there, or in `PATH`.");
    }
    let named = programs.iter().map(|name| format!("`{}`", shown(name))).collect::<Vec<_>>().join(" or ");
    format!(
        "{named} is not installed on this machine: it is in no folder of `PATH`. \
         Help: install it, or run the job in a pool whose machines have it."
    )
}

/// Returns what a job needs before its first step and this machine does not have: a sentence, or
/// nothing. A step can bring tools to those after it; what reads scripts must be there.
pub(super) fn lacking(job: &JobContext) -> Option<String> {
    let is_power_shell =
        |action: &Action| matches!(action, Action::Script(script) if script.interpreter.is_power_shell());
    let is_here = |step: &&Step| match step.target.as_ref().map(|target| &target.place) {
        None | Some(TargetPlace::Job) => job.job().container.is_none(),
        Some(TargetPlace::Host) => true,
        Some(TargetPlace::Container(_)) => false,
    };
    let needs = job.leg().steps().iter().filter(is_here).any(|step| is_power_shell(&step.action));
    (needs && job.host.program(POWER_SHELL).is_none()).then(|| missing(&[POWER_SHELL.to_owned()]))
}
