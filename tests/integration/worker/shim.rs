//! No process survives its step, and none its server.

use super::bench::*;
use super::output::{bash, is_gone};
use crate::support::{Folder, PROGRAM, checksum, request, until};
use async_trait::async_trait;
use pipehook::process::{Command, Exit, Line, Moment, Output, StandardError, Term, Timepiece};
use pipehook::run::RunResult::{Failed, Succeeded};
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// How long a killed process may take to be gone.
const GONE_MAX: Duration = Duration::from_secs(40);

/// Starts processes that try to stay: in a session of their own, deaf to signals, without the
/// parent that started them. Each writes its number to a file.
const STUBBORN: &str = r#"
stay() { echo $BASHPID >> "$NUMBERS"; trap '' HUP INT TERM; exec sleep 1000; }
export -f stay
setsid bash -c stay &
nohup bash -c stay >/dev/null 2>&1 &
(trap '' HUP; (stay &) &)
setsid bash -c '(setsid bash -c "(stay &)" &) &' </dev/null >/dev/null 2>&1
env -i NUMBERS="$NUMBERS" PATH="$PATH" setsid bash -c 'echo $BASHPID >> "$NUMBERS"; exec sleep 1000' &
while [ "$(wc -l < "$NUMBERS")" -lt 5 ]; do sleep 0.01; done
"#;

fn stubborn(numbers: &Path, then: &str) -> String {
    format!("NUMBERS='{}'; export NUMBERS; touch \"$NUMBERS\"{STUBBORN}{then}", numbers.display())
}

/// Returns the numbers in a file, once there are five.
fn five(numbers: &Path) -> Vec<String> {
    until("five processes", GONE_MAX, || {
        let text = std::fs::read_to_string(numbers).ok()?;
        let numbers: Vec<String> = text.lines().map(str::to_owned).collect();
        (numbers.len() == 5).then_some(numbers)
    })
}

#[test]
fn nothing_that_a_step_started_lives_on_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let numbers = folder.path().join("numbers");
    let story = run(vec![step(stubborn(&numbers, "echo end"))]);
    assert_eq!((story.outcome.result, story.output(0)), (Succeeded, vec!["end"]));
    // Without waiting: they are gone before the step has ended.
    for number in five(&numbers) {
        assert!(is_gone(&number), "process {number} lives on");
    }
}

/// Each process of such a chain starts the next one and waits for it: killed one by one, its end is always one further.
#[test]
fn processes_that_start_each_other_faster_than_one_looks_end_with_their_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let numbers = folder.path().join("numbers");
    let here = numbers.display();
    let chain = format!("down() {{ echo $BASHPID >> '{here}'; (down); }}; down & ");
    let story =
        run(vec![step(format!("touch '{here}'; {chain} while [ \"$(wc -l < '{here}')\" -lt 50 ]; do :; done"))]);
    assert_eq!(story.outcome.result, Succeeded, "{story:?}");
    let numbers = std::fs::read_to_string(&numbers).expect("numbers");
    for number in numbers.lines() {
        assert!(is_gone(number), "process {number} lives on");
    }
}

#[test]
fn a_step_after_one_that_left_processes_has_the_same_shim_and_none_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let numbers = folder.path().join("numbers");
    let shims = folder.path().join("shims");
    let note = format!("echo $PPID >> '{}'", shims.display());
    let story = run(vec![
        step(stubborn(&numbers, &note)),
        step("exit 3"),
        step_if("always()", &format!("{note}; echo $$; ps -o pid= --ppid $PPID | tr -d ' '")),
    ]);
    assert_eq!(story.results(), [Succeeded, Failed, Succeeded]);
    let below = story.output(2);
    assert_eq!(below[1..], below[..1], "only the step is below the shim: {story:?}");
    let shims = std::fs::read_to_string(shims).expect("numbers");
    let shims: Vec<&str> = shims.lines().collect();
    assert_eq!(shims[0], shims[1]);
    for number in five(&numbers) {
        assert!(is_gone(&number), "process {number} lives on");
    }
}

#[test]
fn nothing_lives_on_when_the_server_is_killed() {
    let folder = Folder::new("connections: {hook: {secret: {value: s}}}\n");
    let numbers = folder.path().join("numbers");
    let script = stubborn(&numbers, "sleep 1000").replace('\n', "\n    ");
    let pipeline =
        format!("resources: {{webhooks: [{{webhook: hook, connection: hook}}]}}\nsteps:\n- script: |\n    {script}\n");
    folder.write("pipelines/stay.yml", &pipeline);
    let mut server = folder.serve(&[]);
    let checksum = checksum("s", b"{}");
    let sent = request(server.public, "POST", "/webhooks/hook", &[("X-WH-Checksum", &checksum)], b"{}");
    assert_eq!(sent.status, 200, "{sent:?}");
    let numbers = five(&numbers);
    server.kill();
    for number in numbers {
        until(&format!("process {number} is gone"), GONE_MAX, || is_gone(&number).then_some(()));
    }
    let work = folder.path().join("data/work");
    assert_eq!(std::fs::read_dir(&work).expect("the folder of jobs").count(), 1, "the job's folders are left");
    drop(folder.serve(&[]));
    assert_eq!(std::fs::read_dir(&work).expect("the folder of jobs").count(), 0, "the next start removes them");
}

#[test]
fn a_step_that_changes_its_shim_changes_nothing_for_later_ones() {
    let shown = "echo \"$(nice) $(ulimit -Sn) $(grep Cpus_allowed: /proc/self/status)\"";
    for change in ["renice -n 5 -p $PPID", "prlimit --pid $PPID --nofile=512:", "taskset -pc 0 $PPID"] {
        let story = run(vec![
            step(format!("{shown}; echo $PPID")),
            step(format!("{change} > /dev/null; echo $PPID")),
            step(format!("{shown}; echo $PPID")),
        ]);
        assert_eq!(story.results(), [Succeeded, Succeeded, Succeeded], "{change}: {story:?}");
        let (first, second, third) = (story.output(0), story.output(1), story.output(2));
        assert_eq!(first[1], second[0], "an unchanged shim is used again");
        assert_eq!(third[0], first[0], "{change}");
    }
}

#[test]
fn a_step_that_kills_its_own_shim_fails_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let number = folder.path().join("number");
    let script = format!("echo $$ > '{}'; kill -9 $PPID; exec sleep 1000", number.display());
    let story = run(vec![step(script), step_if("always()", "echo next")]);
    assert_eq!(story.results(), [Failed, Succeeded]);
    assert!(story.errors()[0].contains("shim was killed"), "{story:?}");
    let number = std::fs::read_to_string(number).expect("a number");
    assert!(is_gone(number.trim()), "process {number} lives on");
}

#[test]
fn signals_that_the_server_was_told_to_ignore_or_blocks_work_in_its_steps() {
    let folder = Folder::new("");
    // Bash ignores `QUIT` by itself.
    let kinds = ["INT", "HUP", "USR1", "USR2", "TERM", "PIPE", "CHLD"];
    let ends: String = kinds.map(|kind| format!("bash -c 'kill -{kind} $$; echo lives'; echo {kind} $?; ")).concat();
    folder.write("pipelines/p.yml", &format!("steps:\n- bash: {ends}\n- bash: kill -INT $$; sleep 1000\n"));
    let ignored = "--ignore-signal=INT,HUP,QUIT,USR1,TERM,CHLD,PIPE --block-signal=USR2";
    let output = folder.shell(&format!("exec env {ignored} {PROGRAM} run pipelines/p.yml --raw"));
    let text = String::from_utf8_lossy(&output.stdout);
    for told in ["INT 130", "HUP 129", "USR1 138", "USR2 140", "TERM 143", "PIPE 141"] {
        assert!(text.lines().any(|line| line == told), "{told}: {output:?}");
    }
    assert_eq!(text.lines().filter(|line| *line == "lives").count(), 1, "only `CHLD` ends nobody: {output:?}");
    assert!(text.contains("##[error]Bash was ended by signal 2."), "{output:?}");
}

#[test]
fn the_system_rather_ends_what_a_step_starts_than_its_shim() {
    let own = "/proc/self/oom_score_adj";
    let Ok(server) = std::fs::read_to_string(own) else { return };
    let server: i32 = server.trim().parse().expect("a number");
    // Not everybody may do it, in some sandboxes.
    if std::process::Command::new("bash")
        .args(["-c", &format!("echo 1000 > {own}")])
        .status()
        .is_ok_and(|it| !it.success())
    {
        return;
    }
    // The shim is as before when the program has begun, which may be a moment later.
    let shim = format!(
        "for i in {{1..500}}; do read it < /proc/$PPID/oom_score_adj; [ $it = {server} ] && break; sleep 0.02; done"
    );
    let shown = format!("{shim}; cat {own}; echo $it; bash -c 'cat {own}'; echo $PPID");
    let story = run(vec![step(&*shown), step("echo 900 > /proc/$PPID/oom_score_adj; echo $PPID"), step(&*shown)]);
    let raised = (server + 500).min(1000).to_string();
    let (first, second, third) = (story.output(0), story.output(1), story.output(2));
    assert_eq!(first[..3], [&*raised, &server.to_string(), &raised], "{story:?}");
    assert_eq!(first[3], second[0], "an unchanged shim is used again");
    assert_eq!(third[..3], first[..3], "a changed one is not: {story:?}");
}

#[test]
fn a_step_that_is_ended_by_a_signal_says_by_which() {
    let story = run(vec![step("kill -9 $$")]);
    assert_eq!((story.outcome.result, story.exit_code(0)), (Failed, None));
    assert_eq!(story.errors(), ["Bash was ended by signal 9."]);
}

/// Keeps lines, and says at the second that the time of the program is over.
struct Ender {
    holder: watch::Sender<Moment>,
    lines: Vec<String>,
}

#[async_trait]
impl Output for Ender {
    async fn take(&mut self, lines: Vec<Line>) -> Result<(), String> {
        self.lines.extend(lines.into_iter().map(|line| line.text));
        if self.lines.len() == 2 {
            self.holder.send_replace(Timepiece::Always.now());
        }
        Ok(())
    }
}

/// Runs a script of bash that may live for some time at first, and returns how it ended and what it printed.
fn run_for(time: Duration, script: &str) -> (Exit, Vec<String>) {
    let (holder, term) = Term::until(Timepiece::Always.now() + time);
    let command = Command { term, ..bash(script, StandardError::Joined) };
    let mut output = Ender { holder, lines: Vec::new() };
    let ended = pipehook::process::run(&command, PATIENCE, std::future::pending::<()>(), &mut output);
    let exit = runtime().block_on(ended).expect("bash runs").exit;
    (exit, output.lines)
}

#[test]
fn a_program_ends_with_all_below_it_when_its_term_is_over() {
    let hour = Duration::from_secs(3600);
    let (exit, lines) = run_for(hour, "setsid env -i sleep 1000 & echo $!; echo $$; exec env -i sleep 1000");
    assert_eq!((exit, lines.len()), (Exit::Unseen, 2), "{lines:?}");
    for number in lines {
        assert!(is_gone(&number), "process {number} lives on");
    }
    assert_eq!(run_for(hour, "echo one"), (Exit::Code(0), vec!["one".to_owned()]));
    assert_eq!(run_for(Duration::ZERO, "echo one"), (Exit::Unseen, Vec::new()), "it does not begin");
}

#[test]
fn every_process_of_a_job_carries_its_mark_and_none_of_the_link() {
    let story = run(vec![step("echo $PIPEHOOK_JOB; ls -l /proc/self/fd | grep -c socket; echo $0 | grep -c shim")]);
    let output = story.output(0);
    assert!(output[0].ends_with("/job_1"), "{output:?}");
    assert_eq!(output[1..], ["0", "0"]);
}

#[test]
fn what_a_dead_shim_left_is_found_by_its_mark() {
    let mark = format!("run_hunt_{}/job", std::process::id());
    let mut left = std::process::Command::new("sleep");
    let mut left = left.arg("1000").env(pipehook::process::MARK, &mark).spawn().expect("sleep starts");
    assert_eq!(pipehook::process::hunt(&["run_hunt/other".to_owned(), mark]), 1);
    assert!(!left.wait().expect("an end").success());
}
