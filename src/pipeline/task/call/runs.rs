//! Tasks that run a file: the line that does so, for a run and for the check before it.
//!
//! Arguments of `Bash` and `PowerShell` are read by these, those of the others are split into words and nothing more;
//! payload text in them stays one word.

use crate::shell::Language;
use crate::shell::words::{quote, quoted, split};
use crate::taint::Text;

/// A task that runs a file.
#[derive(Debug)]
pub struct Runs {
    /// The task.
    pub task: &'static str,
    /// The input that names the file.
    pub file: &'static str,
    /// The input with its arguments.
    pub arguments: &'static str,
    /// The input that names the program which reads the file; empty where there is none.
    pub program: &'static str,
    /// The usual program, as people call it.
    pub called: &'static str,
    /// Whether its arguments are split into words; else what reads the line reads them.
    pub is_split: bool,
    /// What reads the line.
    pub language: Language,
}

const RUNS: &[Runs] = &[
    Runs {
        task: "Bash",
        file: "filePath",
        arguments: "arguments",
        program: "",
        called: "bash",
        is_split: false,
        language: Language::Bash,
    },
    Runs {
        task: "ShellScript",
        file: "scriptPath",
        arguments: "args",
        program: "",
        called: "bash",
        is_split: true,
        language: Language::Bash,
    },
    Runs {
        task: "PythonScript",
        file: "scriptPath",
        arguments: "arguments",
        program: "pythonInterpreter",
        called: "python3",
        is_split: true,
        language: Language::Bash,
    },
    Runs {
        task: "PowerShell",
        file: "filePath",
        arguments: "arguments",
        program: "",
        called: "pwsh",
        is_split: false,
        language: Language::PowerShell,
    },
];

/// Returns how a task runs a file, if it does.
pub fn runs(task: &str) -> Option<&'static Runs> {
    RUNS.iter().find(|it| it.task == task)
}

impl Runs {
    /// Returns the line in which a program runs a file with arguments; the program of PowerShell is `.` or `&`. There the
    /// file is the bare path where payload text is among the arguments, since behind a path in quotes nothing is known to
    /// be one. On failure, a sentence.
    pub fn line(&self, program: &str, file: &str, arguments: &Text) -> Result<Text, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
        let mut line = match self.language {
            Language::PowerShell if !arguments.is_tainted() => {
                Text::author(format!("{program} '{}' ", file.replace('\'', "''")))
            }
            Language::PowerShell if file.bytes().all(is_plain) => Text::author(format!("{file} ")),
            Language::PowerShell => {
                return Err(format!(
                    "Payload text can't be an argument of `{}`: its path has other characters than letters, digits, `.`, \
                     `_` and `-`.",
                    crate::diagnostic::shown(file)
                ));
            }
            _ => Text::author(format!("{} {} ", quote(program), quote(file))),
        };
        if !self.is_split {
            line.append(arguments);
            return Ok(line);
        }
        for word in split(arguments) {
            line.append(&quoted(&word));
            line.append(&" ".into());
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taint::Origin;

    #[test]
    fn arguments_are_read_by_a_shell_or_split() {
        let mut arguments = Text::author("'a b' ");
        arguments
            .append(&Text::tainted("$c d", std::sync::Arc::new(Origin { alias: "hook".into(), path: "t".into() })));
        let line = |task: &str, file: &str| {
            let line = runs(task).expect("it runs a file").line("x", file, &arguments);
            line.map(|line| line.flatten().into_owned())
        };
        assert_eq!(line("Bash", "/s/a b.sh").as_deref(), Ok("x '/s/a b.sh' 'a b' $c d"));
        assert_eq!(line("ShellScript", "/s/a.sh").as_deref(), Ok("x /s/a.sh ''\\''a' 'b'\\''' $c d "));
        assert_eq!(line("PowerShell", "/s/a.ps1").as_deref(), Ok("/s/a.ps1 'a b' $c d"));
        assert!(line("PowerShell", "/s/a b.ps1").is_err());
        let own = runs("PowerShell").expect("it runs a file").line(".", "/s/a b's.ps1", &"-X 1".into());
        assert_eq!(own.map(|line| line.flatten().into_owned()).as_deref(), Ok(". '/s/a b''s.ps1' -X 1"));
    }

    #[test]
    fn every_input_is_one_of_the_task() {
        for Runs { task, file, arguments, program, .. } in RUNS {
            let definition = super::super::super::all().find(|it| it.name == *task).expect("a task");
            for name in [file, arguments, program].into_iter().filter(|name| !name.is_empty()) {
                assert!(definition.input(name).is_some_and(|input| input.name == *name), "{task}: {name}");
            }
        }
    }
}
