//! What a step runs, and how.

use crate::taint::Text;
use serde::{Deserialize, Serialize};

/// One program to run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The name for outputs, if the author gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people see; macros still in it.
    pub display_name: Text,
    /// When to run; `None` is `succeeded()`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Whether a failure counts as succeeded with issues.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continue_on_error: bool,
    /// Minutes after which the step has failed; 0 is no limit.
    #[serde(default)]
    pub timeout_minutes: f64,
    /// How often a failed step is tried again, at most 10.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// Where the step runs and what it may do there, if it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Environment of this step: names as written, values with macros still in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, Text)>,
    /// Where the program starts, relative to the sources folder; macros still in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<Text>,
    /// What to run.
    pub action: Action,
}

impl Step {
    /// Says whether all logging commands that the step prints count, whoever wrote them: its author says so.
    pub fn takes_all_commands(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.commands == Some(Commands::Any))
    }
}

/// Returns the name by which the outputs of the step at a place are known: its own, or that of its task, with a
/// number from the second on (reference, section 5.1).
pub fn reference_name(steps: &[Step], place: usize) -> String {
    let step = &steps[place];
    if let Some(name) = &step.name {
        return name.clone();
    }
    let task = step.action.task();
    let is_taken = |name: &String| {
        steps.iter().any(|step| step.name.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name)))
    };
    let is_alike = |other: &&Step| other.name.is_none() && other.action.task().eq_ignore_ascii_case(task);
    let before = steps[..place].iter().filter(is_alike).count();
    let numbered = (1..).map(|number| format!("{task}{number}"));
    let mut free = std::iter::once(task.to_owned()).chain(numbered).filter(|name| !is_taken(name));
    free.nth(before).expect("numbers do not end before steps do")
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What a step runs. The shortcuts `publish`, `download`, `downloadBuild`, `getPackage` and
/// `reviewApp` are tasks here, and the tasks that only run a script are scripts (reference,
/// sections 2.7 and 6.2): whoever executes a step meets each thing in one form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// An inline script.
    Script(Script),
    /// Files of a repository.
    Checkout(Box<Checkout>),
    /// A task.
    Task(Task),
}

impl Default for Action {
    /// An empty script, which does nothing.
    fn default() -> Self {
        Self::Script(Script::default())
    }
}

/// An inline script as the author wrote it, holes and macros still in it. The worker expands
/// macros in the author's segments and then lets `shell` place the tainted ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// What reads it.
    pub interpreter: Interpreter,
    /// The text.
    pub text: Text,
    /// Whether anything on standard error fails the step.
    #[serde(default, skip_serializing_if = "Flag::is_no")]
    pub fail_on_stderr: Flag,
    /// What PowerShell does after an error.
    #[serde(default, skip_serializing_if = "ErrorAction::is_stop")]
    pub error_action: ErrorAction,
    /// Whether the exit code of the last program that PowerShell called does not matter.
    #[serde(default, skip_serializing_if = "Flag::is_no")]
    pub ignore_last_exit_code: Flag,
    /// Further preferences of PowerShell: `WarningPreference` and the like, and their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferences: Vec<(String, Word)>,
    /// What Python gets behind the script, split into words as tasks do it; macros still in it.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub arguments: Text,
    /// The program that reads Python, if the author says which; macros still in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Text>,
}

/// A yes or no that a macro may stand for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Flag {
    /// It is known.
    Known(bool),
    /// It is known when the step begins: text with macros in it.
    Written(Text),
}

impl Default for Flag {
    fn default() -> Self {
        Self::Known(false)
    }
}

impl From<bool> for Flag {
    fn from(known: bool) -> Self {
        Self::Known(known)
    }
}

impl Flag {
    fn is_no(&self) -> bool {
        *self == Self::default()
    }
}

/// A word of a few that a macro may stand for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Word {
    /// It is known.
    Known(String),
    /// It is known when the step begins: text with macros in it.
    Written(Text),
}

/// The program that reads a script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpreter {
    /// `script:`, which is `bash --noprofile --norc FILE` here.
    #[default]
    CommandLine,
    /// `bash:`, which is `bash FILE`.
    Bash,
    /// `pwsh:`, PowerShell of every system.
    PowerShellCore,
    /// `powershell:`, which is the PowerShell of Windows, and elsewhere the same as `pwsh`.
    WindowsPowerShell,
    /// The task `PythonScript` with its script on the spot.
    Python,
}

impl Action {
    /// Returns the task that it is, in the pipeline language.
    fn task(&self) -> &str {
        match self {
            Self::Script(script) => script.interpreter.task(),
            Self::Checkout(_) => "Checkout",
            Self::Task(task) => &task.name,
        }
    }
}

impl Interpreter {
    /// Returns the task that a script for it is, in the pipeline language.
    pub fn task(self) -> &'static str {
        match self {
            Self::CommandLine => "CmdLine",
            Self::Bash => "Bash",
            Self::PowerShellCore | Self::WindowsPowerShell => "PowerShell",
            Self::Python => "PythonScript",
        }
    }

    /// Says whether it is PowerShell of one edition or the other.
    pub fn is_power_shell(self) -> bool {
        matches!(self, Self::PowerShellCore | Self::WindowsPowerShell)
    }

    /// Returns what people call it.
    pub fn called(self) -> &'static str {
        match self {
            Self::CommandLine | Self::Bash => "Bash",
            Self::PowerShellCore | Self::WindowsPowerShell => "PowerShell",
            Self::Python => "Python",
        }
    }
}

/// `errorActionPreference`: what PowerShell does after an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorAction {
    /// It ends the script.
    #[default]
    Stop,
    /// It shows the error and goes on.
    Continue,
    /// It goes on.
    SilentlyContinue,
    /// It is known when the step begins: text with macros in it.
    Written(Text),
}

impl ErrorAction {
    fn is_stop(&self) -> bool {
        *self == Self::Stop
    }
}

/// Which files are fetched and where to (reference, section 6.2). Values have macros in them;
/// `None` is what the reference names as the default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkout {
    /// Which repository.
    pub source: CheckoutSource,
    /// Whether the folder is cleaned first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<Text>,
    /// How many commits are fetched; 0 is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch_depth: Option<Text>,
    /// Which objects are left out, as git's `--filter` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch_filter: Option<Text>,
    /// Whether tags are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch_tags: Option<Text>,
    /// Whether large files are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lfs: Option<Text>,
    /// The folder, relative to `Agent.BuildDirectory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
    /// Whether later steps may use the credentials of the checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persist_credentials: Option<Text>,
    /// `true`, `recursive`, or neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submodules: Option<Text>,
    /// Folders that are checked out, with blanks between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_directories: Option<Text>,
    /// Patterns of what is checked out, with blanks between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_patterns: Option<Text>,
    /// Whether this repository's folder is where steps start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_workspace: Option<Text>,
}

/// Which repository is checked out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckoutSource {
    /// `self`: the one that holds the pipeline's file.
    #[default]
    OwnRepository,
    /// One of [`Resources::repositories`](super::Resources::repositories).
    Alias(String),
    /// One that is named in the step: `git://project/repository@ref`.
    Named(String),
}

/// A task with its inputs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The name: as the registry spells it for a built-in task, else as written.
    pub name: String,
    /// The version as written behind `@`: a major one (`2`), or one that goes on with points.
    pub version: String,
    /// Whether it is a task package, which the machine that runs it has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_package: bool,
    /// Inputs in the order of the file: names as the registry spells them for a built-in task,
    /// else as written; values with macros still in them. Defaults are not filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<(String, Text)>,
}

/// Where a step runs, and which logging commands it may use (reference, section 6.4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Where.
    #[serde(default)]
    pub place: TargetPlace,
    /// Which logging commands count; `None` where the author says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Commands>,
    /// The variables that the step may set; `None` for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settable_variables: Option<Vec<String>>,
}

/// Where a step runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetPlace {
    /// Where the job's steps run.
    #[default]
    Job,
    /// `host`: outside of the job's container.
    Host,
    /// In one of [`Resources::containers`](super::Resources::containers).
    Container(String),
}

/// Which logging commands of a step count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Commands {
    /// All, whoever printed them: the author takes the output of the step for his own, payloads
    /// in it included.
    Any,
    /// Those that change nothing beyond the step's own result and variables.
    Restricted,
}
