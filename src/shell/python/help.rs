//! What an author can do about a place of a Python script that takes no payload text.

use super::apart::hole_of;
use super::sink::Judge;
use crate::shell::program::Holes;

/// What helps mostly.
const HELP: &str = "let it choose among your own words, with `if` or a dictionary of yours, and run those";

const PROVED: &str = "give it texts of your own, whose parts are all written in the script, come from `sys.argv` or `os.environ`, or from programs that you start; or start the program with a list of words: `subprocess.run(['git', 'log', value])`";

const HANDED: &str = "call it by its name, with a text of your own; or start the program with a list of words: `subprocess.run(['git', 'log', value])`";

const ENVIRONMENT: &str = "write `os.environ['NAME'] = value`, or give the program `env={**os.environ, 'NAME': value}`";

const NAMED_FILE: &str = "write it to a file whose name stands in the script, with an end of your own: `open('notes.txt', 'w')`, `open(f'{name}.txt', 'w')`";

const PROGRAM: &str =
    "give it to a program as a word of a list, behind the program's name: `subprocess.run(['git', 'log', value])`";

/// What helps where a part stands in the reason; the first counts.
const HELPS: &[(&str, &str)] = &[
    ("can't be proved", PROVED),
    ("hands on its environment", ENVIRONMENT),
    ("hands on", HANDED),
    ("environment that is read", HELP),
    ("format", "put it in as a value: `'{} …'.format(value)`, `'%s …' % (value,)`, or an f-string"),
    ("template", "put it in as a value: `Template(text).substitute(name=value)`, `.render(name=value)`"),
    (
        "code which nobody sees",
        "write the code into the script as one text, `['bash', '-c', 'echo \"$TITLE\"']`, or into a file of the repository",
    ),
    ("the environment", "give the variable a name of your own that no program obeys, such as `APP_TITLE`"),
    ("the module", NAMED_FILE),
    ("the scheme", "write the scheme yourself: `f'https://{host}/…'`"),
    ("where `case` takes", "call the function by its name, and let `case` choose among your own words"),
    ("is not written down", NAMED_FILE),
    (
        "written to a file",
        "write it to a file that nothing runs or obeys, such as `notes.txt` or `data.json`, and have the program read it there",
    ),
    ("can't read", "put the value into a variable in a statement of its own"),
    ("`execute", "give it as a parameter: `execute('… ?', (value,))`"),
    ("program", PROGRAM),
    ("`system`", PROGRAM),
    ("`popen`", PROGRAM),
    ("`getoutput`", PROGRAM),
    ("os.", PROGRAM),
    ("subprocess", PROGRAM),
];

impl Judge<'_> {
    /// Refuses payload text, whatever it is; of several reasons the first is told.
    pub(super) fn refuse(&mut self, holes: &Holes, reason: &str) {
        for hole in holes {
            let finding = &mut self.holes[hole_of(*hole)];
            if finding.refusal.is_none() {
                finding.refusal = Some(reason.to_owned());
                finding.help = Some(help(reason));
                finding.line = self.line;
            }
        }
    }

    /// Refuses a text that something takes for a format.
    pub(super) fn refuse_format(&mut self, holes: &Holes) {
        self.refuse(holes, "a part of the format of `%` or `.format`");
    }
}

/// Returns what helps, by the reason why payload text can't stand there.
fn help(reason: &str) -> &'static str {
    HELPS.iter().find(|(part, _)| reason.contains(part)).map_or(HELP, |(_, help)| help)
}
