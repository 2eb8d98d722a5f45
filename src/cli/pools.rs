//! `pipehook pools`: which pools are served, by which machines, and which ones jobs wait for.

use super::failure::{Ending, Failure};
use super::list::List;
use super::moment::ago;
use super::output::Column::{Id, Text};
use super::{Global, open, output};
use crate::store::PoolDetail;
use clap::Args;
use jiff::Timestamp;

/// Lists the pools that workers serve or have served in the last 30 days, with their machines, and those that jobs
/// wait for. A worker says each 30 seconds that it is at work.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pipehook pools --format json")]
pub(super) struct Pools {
    #[command(flatten)]
    list: List,
}

impl Pools {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let store = open::store(&global.config_without_secrets()?)?;
        let all = open::block_on(store.pools())??;
        self.list.print(&all, "no worker was ever seen, and no job waits for one", |all| table(all, Timestamp::now()))
    }
}

fn table(all: &[PoolDetail], now: Timestamp) -> String {
    let rows = all.iter().flat_map(|pool| {
        let jobs = if pool.waiting { "wait" } else { "-" };
        let row = move |served: &str, host: &str, seen: String| {
            vec![pool.pool.clone(), served.to_owned(), jobs.to_owned(), seen, host.to_owned()]
        };
        let nobody = pool.workers.is_empty().then(|| row("no", "-", "never".to_owned()));
        let seen = pool
            .workers
            .iter()
            .map(move |it| row(if it.at_work { "yes" } else { "no" }, &it.host, ago(it.seen_at, now)));
        nobody.into_iter().chain(seen)
    });
    output::table(&[Text("POOL"), Text("SERVED"), Text("JOBS"), Text("SEEN"), Id("MACHINE")], rows)
}
