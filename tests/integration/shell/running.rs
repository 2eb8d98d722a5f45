//! Builds texts from scripts with `${{ … }}`, and runs what became of them.

use pipehook::shell::{Background, Carried, FOLDER_VARIABLE, Language, Placed, Refusal, Script, place};
use pipehook::taint::{Origin, Text};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// The value of the variable that no script may print.
pub const SECRET: &str = "S3CR3T-VALUE";

/// A program that runs one of its options, as `tar` and many others do.
const OPTION_RUNNER: &str =
    "#!/bin/bash\nfor a; do case $a in --exec=*) ${a#--exec=};; *) printf '[%s]' \"$a\";; esac; done; echo\n";

/// A program that prints its name and arguments.
const STUB: &str = "#!/bin/bash\nprintf '[%s]' \"${0##*/}\" \"$@\"; echo\n";

/// Returns the text of a script; `value` gives the payload's text for what stands in `${{ }}`.
pub fn text(script: &str, value: impl Fn(&str) -> String) -> Text {
    let mut text = Text::default();
    let mut rest = script;
    while let Some(start) = rest.find("${{") {
        let end = rest[start..].find("}}").expect("an expression is closed") + start;
        text.append(&Text::author(&rest[..start]));
        let path = rest[start + 3..end].trim();
        let origin = Origin { alias: "WebHook".into(), path: path.into() };
        text.append(&Text::tainted(value(path), Arc::new(origin)));
        rest = &rest[end + 2..];
    }
    text.append(&Text::author(rest));
    text
}

/// Places one value in all holes of a script.
pub fn placed(script: &str, value: &str) -> Result<Placed, Vec<Refusal>> {
    placed_in(Language::Bash, &text(script, |_| value.to_owned()))
}

/// Returns those of some scripts that don't take their value, and why.
pub fn refused_of<'r>(rows: &'r [(&str, &str)]) -> Vec<(&'r str, &'r str, String)> {
    let reason = |(script, value): &(&'r str, &'r str)| {
        Some((*script, *value, placed(script, value).err()?[0].reason.to_string()))
    };
    rows.iter().filter_map(reason).collect()
}

/// Places a text's values in a script of a language.
pub fn placed_in(language: Language, text: &Text) -> Result<Placed, Vec<Refusal>> {
    place(&Script { language, text, environment: Vec::new(), background: Background::default() })
}

/// Places a value that the script reads from a variable of its environment.
pub fn placed_beside(language: Language, script: &str, name: &str, value: &str) -> Result<Placed, Vec<Refusal>> {
    let origin = Origin { alias: "WebHook".into(), path: "title".into() };
    let value = Text::tainted(value, Arc::new(origin));
    let environment = vec![(name.to_owned(), Cow::Owned(value))];
    place(&Script { language, text: &Text::author(script), environment, background: Background::default() })
}

/// Returns a script with its values put in as they are.
pub fn raw(script: &str, value: &str) -> Placed {
    raw_of(&text(script, |_| value.to_owned()))
}

/// Returns a text as the script that it is with its values put in as they are.
pub fn raw_of(text: &Text) -> Placed {
    Placed { script: text.flatten().into_owned(), carried: Carried::default(), holes: Vec::new() }
}

/// A folder in which scripts run, and what they must leave alone beside it.
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let workspace = Self { folder };
        std::fs::create_dir(workspace.path()).expect("a folder for the script");
        std::fs::create_dir(workspace.programs()).expect("a folder for programs");
        workspace.program("optcmd", OPTION_RUNNER);
        workspace
    }

    /// Puts a program in the way, as a link to a file that another process has written: one that this
    /// process wrote may be open for writing in a child of another test, and then can't be run.
    fn program(&self, name: &str, script: &'static str) {
        static WRITTEN: Mutex<Option<(TempDir, HashMap<&'static str, PathBuf>)>> = Mutex::new(None);
        let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
        let (folder, programs) =
            written.get_or_insert_with(|| (tempfile::tempdir().expect("a temporary folder"), HashMap::new()));
        let next = folder.path().join(programs.len().to_string());
        let program = programs.entry(script).or_insert_with(|| {
            let write = "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
            let wrote = Command::new("bash").args(["-c", write, "_", script]).arg(&next).status().expect("bash starts");
            assert!(wrote.success(), "a program is written");
            next
        });
        std::os::unix::fs::symlink(program, self.programs().join(name)).expect("a program");
    }

    /// Puts a program in the way that prints its name and arguments.
    pub fn stub(&self, name: &str) {
        self.program(name, STUB);
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn programs(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// The file whose presence shows that a payload was run.
    pub fn canary(&self) -> PathBuf {
        self.folder.path().join("canary")
    }

    /// Runs a script with `shell`, in an environment of nothing but its variables.
    pub fn run(&self, shell: &str, placed: &Placed) -> Output {
        let script = self.folder.path().join("script");
        std::fs::write(&script, &placed.script).expect("a script");
        let mut command = Command::new(shell);
        if shell == "bash" {
            command.args(["--noprofile", "--norc"]);
        }
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.programs().display());
        command.arg(&script).current_dir(self.path()).env_clear().env("PATH", path).env("SECRET", SECRET);
        command.envs(placed.carried.variables.iter().cloned()).stdin(std::process::Stdio::null());
        for (name, value) in &placed.carried.files {
            std::fs::write(self.folder.path().join(name), value).expect("a value");
            command.env(FOLDER_VARIABLE, self.folder.path());
        }
        command.output().expect("the shell starts")
    }

    /// Runs a script and returns what it prints.
    pub fn printed(&self, placed: &Placed) -> String {
        stdout(&self.run("bash", placed))
    }
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Says whether bash accepts a script's syntax.
#[track_caller]
pub fn assert_syntax(script: &str) {
    let output = Command::new("bash").args(["-n", "-c", script]).output().expect("bash starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "bash does not accept {script:?}: {complaint}");
}
