//! `pipehook worker`: claims and executes jobs, on another machine than the one that receives.

use super::drain::{Grace, on_signals};
use super::failure::{Ending, Failure};
use super::reload::{Reloader, Subject};
use super::work::{Terms, Workshop, survive_file_limits};
use super::{Global, limits, open, trace};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, JOBS_MAX};
use crate::files::Logs;
use crate::worker::{Drain, asked_to_drain};
use clap::Args;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// Claims jobs of a database that machines share and executes them, until SIGTERM or Ctrl-C.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  PIPEHOOK_DATABASE=postgres://pipehook@db/pipehook pipehook worker
  pipehook worker --pool linux --pool large --jobs 8

When ready it prints `claiming jobs of POOL, N at once`. Asked to stop by SIGTERM or Ctrl-C, it
claims nothing more; jobs that still run after --drain-seconds are stopped and handed back: they
begin again on another worker. Asked twice, it hands them back at once. Its data folder is its own: what jobs work in,
and logs until they are sent.

A changed pipehook.yml is in force for the jobs that are claimed from then on, but for what the
arguments say, and for the data folder, the database and `files`, which change with the next start. SIGHUP ends
nothing: the configuration and files that it names are read again.")]
pub(super) struct Worker {
    /// A pool whose jobs to claim; may be given several times
    #[arg(long = "pool", value_name = "NAME", value_parser = pool)]
    pools: Vec<String>,
    /// How many jobs at once
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// The folder of the jobs' files, which no other process has
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    grace: Grace,
}

impl Worker {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        trace::start();
        let config = self.apply(global.config()?);
        if config.database.is_none() {
            return Err(Failure::usage(
                "a worker of its own needs a database that machines share: say `database: postgres://…` in the \
                 configuration, or PIPEHOOK_DATABASE in the environment; on one machine `pipehook serve` executes jobs itself",
            ));
        }
        // A worker has no connections but its own.
        limits::connections(&config, 0)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let opened = open::opened(&config, clock.clone())?;
        let depot = open::depot(&config, &*opened.store)?;
        survive_file_limits()?;
        let (drain, mut drained) = watch::channel(Drain::No);
        let hang_ups = on_signals(drain.clone(), self.grace)?;
        let ending = (drain, self.grace.duration());
        let logs = Logs::new(&config.data).shared(depot.clone());
        let workshop = Workshop::open(&config, ending, opened.store.clone(), (logs, depot), clock, Arc::default())?;
        let parts = Parts { arguments: self, terms: workshop.terms() };
        let _reloading = Reloader::start(&config, parts, hang_ups);
        announce(&config);
        open::block_on(asked_to_drain(&mut drained, Drain::Gently))?;
        tracing::info!("stopping: no new jobs are started");
        drop(workshop);
        Ok(Ending::Done)
    }

    /// Puts what the arguments say over what the file says.
    fn apply(&self, mut config: Config) -> Config {
        if !self.pools.is_empty() {
            config.workers.pools.clone_from(&self.pools);
        }
        if let Some(jobs) = self.jobs {
            config.workers.jobs = jobs;
        }
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        config
    }
}

/// What a changed configuration is put into.
struct Parts {
    arguments: Worker,
    terms: Arc<Terms>,
}

impl Subject for Parts {
    fn apply(&self, config: Config) -> Config {
        self.arguments.apply(config)
    }

    fn take_up(&self, config: &Config) {
        self.terms.take_up(config, &config.pipelines);
    }
}

/// Says on stdout that the worker is ready. It goes on working where nobody reads that.
fn announce(config: &Config) {
    let (pools, jobs) = (config.workers.pools.join(", "), config.workers.jobs);
    let mut out = std::io::stdout().lock();
    if writeln!(out, "claiming jobs of {pools}, {jobs} at once").and_then(|()| out.flush()).is_err() {
        tracing::warn!("nobody reads on stdout that the worker is ready");
    }
}

fn pool(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("a pool has a name".to_owned()) } else { Ok(text.to_owned()) }
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= JOBS_MAX);
    number.ok_or_else(|| format!("a whole number from 1 to {JOBS_MAX}"))
}
