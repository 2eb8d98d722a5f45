//! The command line: one file a command. Only this file chooses an exit code.
//!
//! | code | means |
//! |---|---|
//! | 0 | done; also when who read the output has gone |
//! | 1 | mistakes were found, or the run did not succeed |
//! | 2 | wrong usage or configuration |
//! | 3 | the store or the server can't be reached |
//!
//! What a command is asked for goes to stdout; diagnostics and progress go to stderr.

mod check;
mod completions;
mod connections;
mod deliveries;
mod environments;
mod drain;
mod eval;
mod expansion;
mod explain;
mod failure;
mod input;
mod limits;
mod list;
mod moment;
mod open;
mod output;
mod pause;
mod pools;
mod reload;
mod render;
mod rerun;
mod run;
mod runs;
mod send;
mod serve;
mod sign;
mod store;
mod trace;
mod work;
mod worker;

use crate::process;
use clap::{Args, Parser, Subcommand, ValueEnum};
use failure::{Ending, Failure};
use output::Format;
use std::path::PathBuf;
use std::process::ExitCode;

/// Turns webhooks into pipeline runs, the Azure Pipelines way.
#[derive(Parser)]
#[command(name = "pipehook", version, arg_required_else_help = true, propagate_version = true)]
#[command(after_help = "\
Start here:
  pipehook check                     find mistakes in the configuration and the pipelines
  pipehook serve                     receive deliveries and run pipelines
  pipehook deliveries show ID        why a delivery started a run, or did not
  pipehook explain not-a-string      the long text behind a diagnostic's code

Exit codes: 0 done, 1 mistakes found or the run did not succeed, 2 wrong usage or configuration,
3 the store or the server can't be reached.")]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Where the help tells what every command takes.
const EVERYWHERE: &str = "Everywhere";

/// What every command takes.
#[derive(Args)]
struct Global {
    /// The configuration; without it pipehook.yml here, and without that the defaults
    #[arg(long, global = true, value_name = "FILE", env = "PIPEHOOK_CONFIG", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// The database that machines share, postgres://…; better in the environment, where others do not
    /// see its password
    #[arg(long, global = true, value_name = "URL", env = "PIPEHOOK_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Whether to use colours
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = EVERYWHERE)]
    color: Colour,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive deliveries, run pipelines, and serve the API and the page
    Serve(serve::Serve),
    /// Only execute jobs, on another machine with the same database
    Worker(worker::Worker),
    /// Find mistakes in pipelines and the configuration
    Check(check::Check),
    /// Print the expanded document of a pipeline
    Render(render::Render),
    /// Execute a pipeline now, without a server
    Run(run::Run),
    /// Evaluate one expression and print its value as JSON
    Eval(eval::Eval),
    /// Print the header lines that a sender would add
    Sign(sign::Sign),
    /// Sign a payload and post it
    Send(send::Send),
    /// List deliveries, and show why each pipeline ran or did not
    Deliveries(deliveries::Deliveries),
    /// List, inspect and steer runs
    Runs(runs::Runs),
    /// Start a completed run again, or what of it did not succeed
    Rerun(rerun::Rerun),
    /// Hold the runs of a pipeline or connection back
    Pause(pause::Pause),
    /// Let runs go on that were held back
    Resume(pause::Resume),
    /// List pools, who serves them, and which ones jobs wait for
    Pools(pools::Pools),
    /// List connections and what was seen of each
    Connections(connections::Connections),
    /// Check, copy and restore the store as a whole
    Store(store::Store),
    /// List what deployment jobs deployed to, and what came last
    Environments(environments::Environments),
    /// Explain the code of a diagnostic
    Explain(explain::Explain),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// Parses the arguments, carries out the command, and returns its exit code.
///
/// A shim is no command that people give, and a step waits for it: it comes before the parser.
pub fn main() -> ExitCode {
    if process::is_shim() {
        return process::shim();
    }
    let arguments = Arguments::parse();
    choose_colours(arguments.global.color);
    match carry_out(arguments.command, &arguments.global) {
        Ok(Ending::Done) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Ok(Ending::Mistakes) => ExitCode::from(1),
        Err(failure) => {
            output::complain(&failure);
            match failure {
                Failure::Mistake(_) => ExitCode::from(1),
                Failure::Usage(_) | Failure::Configuration(_) => ExitCode::from(2),
                Failure::Unreachable(_) | Failure::Closed => ExitCode::from(3),
            }
        }
    }
}

/// Ends the process in the midst of its work, as one that can't reach what it needs.
fn break_off() -> ! {
    std::process::exit(3)
}

fn carry_out(command: Command, global: &Global) -> Result<Ending, Failure> {
    match command {
        Command::Serve(command) => command.carry_out(global),
        Command::Worker(command) => command.carry_out(global),
        Command::Check(command) => command.carry_out(global),
        Command::Render(command) => command.carry_out(global),
        Command::Run(command) => command.carry_out(global),
        Command::Eval(command) => command.carry_out(),
        Command::Sign(command) => command.carry_out(global),
        Command::Send(command) => command.carry_out(global),
        Command::Deliveries(command) => command.carry_out(global),
        Command::Runs(command) => command.carry_out(global),
        Command::Rerun(command) => command.carry_out(global),
        Command::Pause(command) => command.carry_out(global),
        Command::Resume(command) => command.carry_out(global),
        Command::Pools(command) => command.carry_out(global),
        Command::Connections(command) => command.carry_out(global),
        Command::Store(command) => command.carry_out(global),
        Command::Environments(command) => command.carry_out(global),
        Command::Explain(command) => command.carry_out(),
        Command::Completions(command) => command.carry_out(),
    }
}

fn choose_colours(colour: Colour) {
    match colour {
        Colour::Auto => anstream::ColorChoice::Auto,
        Colour::Always => anstream::ColorChoice::Always,
        Colour::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}
