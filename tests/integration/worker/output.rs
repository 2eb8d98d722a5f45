//! What steps print: order, amounts, bytes that are no text.

use super::bench::*;
use async_trait::async_trait;
use pipehook::process::{Command, Exit, LINE_MAX, Line, Output, StandardError, Stream, Term};
use pipehook::run::RunResult::Succeeded;
use std::ffi::OsString;
use std::path::Path;

/// Counts what comes, and keeps nothing.
#[derive(Default)]
struct Counter {
    bytes: usize,
    longest_take: usize,
}

#[async_trait]
impl Output for Counter {
    async fn take(&mut self, lines: Vec<Line>) -> Result<(), String> {
        let bytes = lines.iter().map(|line| line.text.len() + 1).sum();
        self.bytes += bytes;
        self.longest_take = self.longest_take.max(bytes);
        Ok(())
    }
}

/// Keeps all lines.
#[derive(Default)]
struct Keeper(Vec<Line>);

#[async_trait]
impl Output for Keeper {
    async fn take(&mut self, mut lines: Vec<Line>) -> Result<(), String> {
        self.0.append(&mut lines);
        Ok(())
    }
}

pub fn bash(script: &str, standard_error: StandardError) -> Command {
    Command {
        shims: host().shims,
        mark: "run_of_output/job".to_owned(),
        term: Term::default(),
        program: "/bin/bash".into(),
        arguments: ["-c", script].map(OsString::from).into(),
        environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())],
        directory: Path::new("/").into(),
        standard_error,
    }
}

fn run_to(output: &mut dyn Output, script: &str, standard_error: StandardError) -> Exit {
    let never = std::future::pending::<()>();
    let command = bash(script, standard_error);
    runtime().block_on(pipehook::process::run(&command, PATIENCE, never, output)).expect("bash runs").exit
}

#[test]
fn ten_thousand_lines_of_both_streams_keep_their_order() {
    let story = run(vec![step("for i in {1..5000}; do echo $i; echo $i >&2; done")]);
    let expected: Vec<String> = (1..=5000).flat_map(|number| [number.to_string(), number.to_string()]).collect();
    assert_eq!(story.output(0), expected);
}

#[test]
fn streams_that_are_apart_are_both_complete() {
    let mut keeper = Keeper::default();
    run_to(&mut keeper, "for i in {1..3000}; do echo $i; echo $i >&2; done", StandardError::Apart);
    for stream in [Stream::Output, Stream::Error] {
        let lines: Vec<&str> =
            keeper.0.iter().filter(|line| line.stream == stream).map(|line| line.text.as_str()).collect();
        assert_eq!(lines, (1..=3000).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn fifty_megabytes_pass_through_a_flat_memory() {
    let mut counter = Counter::default();
    let before = resident_kilobytes();
    run_to(&mut counter, "head -c 50000000 /dev/zero | tr '\\0' 'x' | fold -w 99", StandardError::Joined);
    // One line break for each 99 bytes, and one for the end.
    assert_eq!(counter.bytes, 50_000_000 + 50_000_000_usize.div_ceil(99));
    assert!(counter.longest_take <= 9 * LINE_MAX, "{} bytes were held at once", counter.longest_take);
    // Other tests run beside this one; all the output would still stand out.
    let grown = resident_kilobytes().saturating_sub(before);
    assert!(grown < 40_000, "memory has grown by {grown} kB");
}

fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the process's own status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn a_line_of_ten_megabytes_comes_in_pieces() {
    let mut keeper = Keeper::default();
    run_to(&mut keeper, "head -c 10000000 /dev/zero | tr '\\0' 'y'; echo; echo end", StandardError::Joined);
    assert!(keeper.0.iter().all(|line| line.text.len() <= LINE_MAX));
    assert_eq!(keeper.0.iter().map(|line| line.text.len()).sum::<usize>(), 10_000_003);
    assert_eq!(keeper.0.last().map(|line| line.text.as_str()), Some("end"));
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_the_rest_stays() {
    let story = run(vec![step("printf 'a\\xff\\xfeb\\0c\\n'; printf 'ohne Ende'")]);
    assert_eq!(story.output(0), ["a\u{fffd}\u{fffd}b\0c", "ohne Ende"]);
}

#[test]
fn a_background_process_that_holds_the_pipe_does_not_hang_the_step() {
    let story = run(vec![step("sleep 1000 & echo $!"), step("true")]);
    assert_eq!(story.results(), [Succeeded, Succeeded]);
    assert!(is_gone(story.output(0)[0]), "the process lives on");
}

#[test]
fn a_program_that_cannot_be_started_says_why() {
    let mut command = bash("true", StandardError::Joined);
    command.program = "/nowhere/bash".into();
    let mut counter = Counter::default();
    let never = std::future::pending::<()>();
    let error =
        runtime().block_on(pipehook::process::run(&command, PATIENCE, never, &mut counter)).expect_err("no program");
    assert!(error.to_string().starts_with("`/nowhere/bash` can't be started"), "{error}");
}

/// Says whether a process is gone, or dead and only waits for its parent.
pub fn is_gone(process: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(stat) => stat.rsplit(") ").next().is_some_and(|state| state.starts_with('Z')),
        Err(_) => true,
    }
}
