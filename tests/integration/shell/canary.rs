//! Payloads that would do something, run by real bash: in each row that is refused, to see that the refusal
//! is needed, and in each ordinary script as the analysis places them, to see that nothing comes of them.

use super::cage::{Cage, LAUNCHERS, PRINTING, Ran, each};
use super::running::{placed_in, text};
use super::{benign, everyday, naive, python, refusals, refused};
use pipehook::shell::Language;
use std::collections::{BTreeMap, BTreeSet};

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Refused rows whose payload does nothing here, below the reason for it: a line that begins with `#`.
const UNPROVEN: &str = "tests/testdata/shell/unproven.txt";

/// Payloads that make the canary in one or another language, those first that most rows run.
const PAYLOADS: &[&str] = &[
    "canary",
    "a[$(canary)]",
    "-v,a[$(canary)]",
    "$(canary)",
    "!canary",
    "1e canary",
    "all:;canary",
    "__import__(\"os\").system(\"canary\")",
    "system(\"canary\")",
    "./evil",
    "|canary",
    "-c canary",
    "BEGIN{system(\"canary\")}",
    "require(\"child_process\").execSync(\"canary\")",
    ".shell canary",
    "exec canary",
    "($(canary))",
    "APT::Update::Pre-Invoke::=canary",
    "script-shell=canary",
    "--checkpoint=1 --checkpoint-action=exec=canary",
    "-T -TT canary",
    "HOME[$(canary)]",
    "$(shell canary)",
    "x/;e canary\n;s/x/",
    "'+__import__(\"os\").system(\"canary\")+'",
    "\\! canary",
    "`canary`",
    "-exec canary ;",
    "sh -c canary",
    ";canary;",
    "() { canary; }",
    "url=file:///dev/null\noutput=../canary",
    "x\ncanary\n",
    // The line `canary` in base64 and in hexadecimal digits.
    "Y2FuYXJ5Cg==",
    "63616e6172790a",
    "core.pager=canary",
    "{\"n\": \"; canary\"}",
    "';canary;'",
    // `--output=../canary` in base64, and with an escape.
    "LS1vdXRwdXQ9Li4vY2FuYXJ5",
    "\\x2d-output=../canary",
];

/// Values that are hostile in ordinary scripts, each in several places at once.
const HOSTILE: &[&str] =
    &["canary", "a[$(canary)]", "a'; canary; '\"; canary; \"$(canary)`canary`\ncanary\nEOF\ncanary; ((a[$(canary)]))"];

/// Returns all rows that are refused, for every value or for most.
fn rows() -> Vec<String> {
    let tables = [refusals::NEVER, refusals::INTEGERS, refusals::PLAIN, refusals::NAMES].concat();
    let files = ["always.txt", "hostile.txt"].into_iter().flat_map(refused::rows);
    tables.into_iter().map(str::to_owned).chain(files).collect::<BTreeSet<String>>().into_iter().collect()
}

/// Returns the rows that prove nothing here, with the reasons.
fn unproven() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(UNPROVEN);
    let text = std::fs::read_to_string(path).expect("the rows with reasons");
    let mut reason = String::new();
    let mut unproven = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(next) => next.clone_into(&mut reason),
            None => {
                let twice = unproven.insert(line.replace('⏎', "\n"), reason.clone());
                assert!(twice.is_none() && !reason.is_empty(), "{line} stands there twice, or without a reason");
            }
        }
    }
    unproven
}

/// Says whether a payload makes the canary in a script that has references to it wherever a hole was.
fn is_proven(cage: &Cage, row: &str) -> bool {
    PAYLOADS.iter().any(|payload| {
        let script = format!("{}\n", naive::written(row, payload));
        cage.runs(&script, &[(naive::VARIABLE.to_owned(), (*payload).to_owned())])
    })
}

#[test]
#[ignore = "takes minutes, runs hostile text on this machine, and what it proves depends on the programs that are here"]
fn each_refused_row_runs_a_payload_that_stands_there_as_data_or_is_named_with_a_reason() {
    let unproven = unproven();
    let rows = rows();
    let unknown: Vec<_> = unproven.keys().filter(|row| !rows.contains(row)).collect();
    assert!(unknown.is_empty(), "these are no rows: {unknown:#?}");
    let to_prove: Vec<&String> = rows.iter().filter(|row| !unproven.contains_key(*row)).collect();
    let without = Mutex::new(Vec::new());
    each(
        &to_prove,
        |_| (),
        |cage, row| {
            // A machine that is busy may kill one that was on its way.
            if !is_proven(cage, row) && has_its_programs(row) && !is_proven(cage, row) {
                without.lock().expect("no holder panics").push((*row).clone());
            }
        },
    );
    let without = without.into_inner().expect("no holder panics");
    println!("{} rows run a payload, {} are named with a reason", to_prove.len() - without.len(), unproven.len());
    assert!(without.is_empty(), "nothing came of these, and no reason is given: {without:#?}");
}

/// The beginning of the reason of rows that would only be waited for.
const WAITING: &str = "waits for";

/// After how many seconds a script of such a row is killed, and the row left.
const ROW_SECONDS: u32 = 2;
/// How long rows are begun. A run of the test begins with another row each time, so that several look at all.
const ROWS_FOR: Duration = Duration::from_secs(240);

/// As [`is_proven`], but a row that waits for something is left at once.
fn is_proven_soon(cage: &Cage, row: &str) -> bool {
    for payload in PAYLOADS {
        let script = format!("{}\n", naive::written(row, payload));
        let variables = [(naive::VARIABLE.to_owned(), (*payload).to_owned())];
        match cage.runs_within(ROW_SECONDS, "bash", &script, &variables) {
            Ran::Canary => return true,
            Ran::Killed => return false,
            Ran::Nothing => {}
        }
    }
    false
}

/// Says whether a row writes to no folder of the machine: as root it could.
fn is_kept_in(row: &str) -> bool {
    !["/etc/", "/usr/local/"].iter().any(|folder| row.contains(folder))
}

#[test]
#[ignore = "takes minutes, and runs hostile text on this machine"]
fn no_row_with_a_reason_runs_a_canary_here_all_the_same() {
    let unproven = unproven();
    let mut named: Vec<&String> =
        unproven.iter().filter(|(row, why)| !why.starts_with(WAITING) && is_kept_in(row)).map(|(row, _)| row).collect();
    let first = std::process::id() as usize % named.len();
    named.rotate_left(first);
    let (proven, looked) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let begun = Instant::now();
    each(
        &named,
        |_| (),
        |cage, row| {
            if begun.elapsed() > ROWS_FOR {
                return;
            }
            looked.fetch_add(1, Ordering::Relaxed);
            if is_proven_soon(cage, row) {
                proven.lock().expect("no holder panics").push((*row).clone());
            }
        },
    );
    println!("looked at {} of {} rows, from row {first} on", looked.into_inner(), named.len());
    let proven = proven.into_inner().expect("no holder panics");
    assert!(proven.is_empty(), "these run a payload, and need no reason: {proven:#?}");
}

/// Payloads that are code in Python, in a text that it evaluates or as a part of it.
const PYTHON_PAYLOADS: &[&str] = &[
    "canary",
    "\"+__import__(\"os\").system(\"canary\")+\"",
    "__import__(\"os\").system(\"canary\")",
    "'+__import__('os').system('canary')+'",
    "$(canary)",
    "evil",
    "./evil",
    "system",
    "{__import__('os').system('canary')}",
    "!!python/object/apply:os.system [\"canary\"]",
    "x');__import__('os').system('canary')#",
    "#!/bin/sh\ncanary\n",
    // Perl's, in a file that `prove` runs.
    "system(\"canary\")",
];
/// Parts of rows of Python in which no payload does anything here: a library is needed, or another Python, or
/// an escape is cut in two, or a value would only make a script no script.
const PYTHON_UNPROVEN: &[&str] = &[
    "commands.getoutput",
    "platform.popen",
    "fabric",
    "paramiko",
    "pandas",
    "numpy",
    "jinja2",
    "yaml",
    "startfile",
    "print(\"\\${{ x }}\")",
    "print('\\${{ x }}')",
    "${{ x }} = 1",
    "print('${{ x }}\n')",
    "print('''${{ x }}')",
    "case ${{ x }}: pass",
    // A pickle in base64, a whole configuration in JSON, a variable's name and value: no such payload is here.
    "base64.b64decode",
    "dictConfig(json.loads",
    "json.loads(\"\"\"${{ x }}",
    "\"\"\"${{ x }}\"\"\".splitlines()",
    "c.execute",
    "import sh\n",
    "plumbum",
    "os.path.join(\"d\", \"mod.py\")",
    // `loop` is no name there, and no payload is a folder with a program `ls`.
    "import asyncio\nloop.subprocess_",
    "self.env[\"PATH\"] = ",
    // A configuration of a cluster in YAML.
    "kubectl",
    // A pickle has bytes that none of the payloads is.
    "ForkingPickler",
    "send_bytes",
    // Libraries that run or load what they are given.
    "js2py",
    "torch",
    // A module that is not here, and a pattern that none of the payloads is.
    "from helpers import exit",
    "{1,2,3}",
    // A runner of tests that may not be here, and no payload is a session of Python as one has it.
    "pytest",
];

#[test]
#[ignore = "runs hostile text on this machine, and what it proves depends on the Python that is here"]
fn each_refused_row_of_python_runs_a_payload_or_is_named() {
    let rows: Vec<String> =
        python::NEVER.iter().map(|row| (*row).to_owned()).chain(refused::rows("python.txt")).collect();
    let escaped = |payload: &str| payload.chars().map(|it| format!("\\u{:04x}", u32::from(it))).collect::<String>();
    let is_proven = |cage: &Cage, row: &str| {
        let values = PYTHON_PAYLOADS.iter().flat_map(|payload| [escaped(payload), (*payload).to_owned()]);
        values.map(|value| row.replace("${{ x }}", &value)).any(|script| cage.runs_by("python3", &script, &[]))
    };
    let is_named = |row: &str| PYTHON_UNPROVEN.iter().any(|part| row.contains(part));
    let without = Mutex::new(Vec::new());
    each(
        &rows,
        |_| (),
        |cage, row| {
            if !is_named(row) && !is_proven(cage, row) && !is_proven(cage, row) {
                without.lock().expect("no holder panics").push(row.clone());
            }
        },
    );
    let without = without.into_inner().expect("no holder panics");
    let named = rows.iter().filter(|row| is_named(row)).count();
    println!("{} rows of Python run a payload, {named} are named", rows.len() - named - without.len());
    assert!(without.is_empty(), "nothing came of these, and no reason is given: {without:#?}");
}

/// Programs that rows need, which a machine may lack.
const NEEDED: &[&str] = &[
    "python3", "python", "node", "perl", "make", "gmake", "vim", "vi", "ex", "view", "ed", "sqlite3", "psql", "mysql",
    "git", "gdb", "tclsh", "java", "npm", "zip", "less", "watch", "script", "strace", "ltrace", "setsid", "rsync",
    "tar", "awk", "jq", "apt-get", "curl", "xxd", "screen", "tmux", "openssl", "gcc", "envsubst", "flock", "capsh",
    "unshare", "newgrp", "sg", "nice", "ionice", "chrt", "taskset", "stdbuf", "parallel", "socat", "gpg", "dash",
    "busybox",
];

fn has_its_programs(row: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        |name: &str| std::env::split_paths(&path).any(|folder: std::path::PathBuf| folder.join(name).is_file());
    let words = row.split(|it: char| !(it.is_alphanumeric() || "-_".contains(it)));
    words.filter(|word| NEEDED.contains(word)).all(is_there)
}

/// Returns the ordinary scripts of all tables.
fn ordinary() -> Vec<String> {
    let tables = benign::SCRIPTS.iter().chain(refused::ALLOWED).map(|script| (*script).to_owned());
    let files = benign::BASH.iter().flat_map(|file| benign::scripts(file));
    tables.chain(files).chain(everyday::SCRIPTS.split(everyday::BETWEEN).map(str::to_owned)).collect()
}

#[test]
fn no_ordinary_script_runs_a_hostile_value() {
    let scripts = ordinary();
    let (ran, placed) = (Mutex::new(Vec::new()), Mutex::new(0));
    let stub = |cage: &Cage| {
        cage.programs(PRINTING, &[benign::STUBS, LAUNCHERS, &["ssh"]].concat());
    };
    each(&scripts, stub, |cage, script| {
        for value in HOSTILE {
            let script = format!("{}\n", script.trim_end());
            let Ok(it) = placed_in(Language::Bash, &text(&script, |_| (*value).to_owned())) else { continue };
            *placed.lock().expect("no holder panics") += 1;
            if cage.runs(&it.script, &it.carried.variables) {
                ran.lock().expect("no holder panics").push(format!("{value:?} in {script}became {}", it.script));
            }
        }
    });
    let (ran, placed) = (ran.into_inner().expect("no panic"), placed.into_inner().expect("no panic"));
    println!("{} ordinary scripts took {placed} hostile values", scripts.len());
    assert!(ran.is_empty(), "a value was run: {}", ran.join("\n"));
    assert!(placed > scripts.len(), "only {placed} values were placed in {} scripts", scripts.len());
}
