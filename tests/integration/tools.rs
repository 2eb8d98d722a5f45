//! Tasks that call or select a tool, caches, code coverage, and scripts of other languages than
//! bash. The tools are small programs of the test that print how they were called.

mod caches;
mod calls;
mod containers;
mod dotnet;
mod engine;
mod fake;
mod foreseen;
mod languages;
mod left;
mod packages;
mod secrets;
mod seven;
mod told;
mod versions;

use super::support::Output;
use fake::Machine;

/// Prints its name and its arguments, each in brackets.
const ECHO: &str = "printf '%s' \"${0##*/}\"; printf ' [%s]' \"$@\"; echo\n";

/// Returns a machine that has these programs.
fn with(programs: &[&str]) -> Machine {
    let machine = Machine::new();
    for name in programs {
        machine.program(name, ECHO);
    }
    machine
}

#[track_caller]
fn prints(output: &Output, lines: &[&str]) {
    let all: Vec<&str> = output.stdout.lines().collect();
    for line in lines {
        assert!(all.contains(line), "{line}\n{}\n{}", output.stdout, output.stderr);
    }
}
