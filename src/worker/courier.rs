//! Brings logs to where machines share them that could not be sent while their jobs ran: because what `files` names was
//! away, or because this worker was killed.

use super::recorder;
use super::retention::UNKNOWN_KEPT;
use crate::files::{LateRound, LogLine, Logs, Outage, Unsent};
use crate::run::State;
use crate::store::{Error, Store};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How often it is looked for such logs.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is to be done with a log that is left.
enum Way {
    /// It is sent, with the last word behind it that its reader misses, where all of it is there then: where it has the
    /// lines of that attempt, the last one.
    Send(Option<(LogLine, u32)>),
    Wait,
    Forget,
}

/// Sends what is left of logs that machines share, and goes round until it is dropped: one of these is enough for a data
/// folder.
pub async fn run(logs: Logs, store: Arc<dyn Store>) {
    let outage = Outage::default();
    loop {
        round(&logs, &*store, &outage).await;
        sleep(LOOK_EVERY).await;
    }
}

async fn round(logs: &Logs, store: &dyn Store, outage: &Outage) {
    let own = logs.clone();
    let found = tokio::task::spawn_blocking(move || {
        own.look_for_depot();
        own.unsent()
    });
    let all = match found.await.map_err(std::io::Error::other).flatten() {
        Ok(all) => all,
        Err(error) => return tracing::warn!(%error, "logs that were not sent could not be looked for"),
    };
    for unsent in all {
        let Ok(way) = way(store, &unsent).await else { return };
        let (own, which) = (logs.clone(), unsent.clone());
        let done = tokio::task::spawn_blocking(move || match way {
            Way::Wait => Ok(None),
            Way::Forget => own.forget_unsent(&which).map(|()| None),
            Way::Send(word) => {
                let word = match word {
                    Some((word, attempt)) if last_attempt(&own, &which)? == attempt => Some(word),
                    _ => None,
                };
                own.send_late(&which, word.as_ref()).map(Some)
            }
        });
        let Unsent { run, job, .. } = &unsent;
        match done.await.map_err(std::io::Error::other).flatten() {
            Ok(None | Some(LateRound::Arrived)) => {}
            Ok(Some(LateRound::Added)) => tracing::info!(%run, %job, "a log was sent that was left here"),
            // Others would not go either. That what takes them is away, or does not let us, is told where it is asked.
            Err(error) if matches!(error.kind(), ErrorKind::Other | ErrorKind::InvalidInput | ErrorKind::NotFound) => {
                return tracing::debug!(%run, %job, %error, "a log could not be sent yet");
            }
            Err(error) => outage.failed(&error, &format!("the log of {job} could not be sent, trying again")),
        }
    }
}

/// Says what is to be done with a log: others may write to it until its job is completed.
async fn way(store: &dyn Store, unsent: &Unsent) -> Result<Way, Error> {
    let Some(run) = store.run(&unsent.run).await? else {
        return Ok(if unsent.age > UNKNOWN_KEPT { Way::Forget } else { Way::Wait });
    };
    let job = run.stages.iter().flat_map(|stage| &stage.jobs).find(|job| job.id == unsent.job);
    let Some(job) = job.filter(|job| job.state == State::Completed) else { return Ok(Way::Wait) };
    Ok(Way::Send(job.last_word(None, false).map(|word| (word, job.attempt))))
}

/// Returns which attempt the last lines of a log are of that is left.
fn last_attempt(logs: &Logs, unsent: &Unsent) -> std::io::Result<u32> {
    let (mut reader, mut last) = (logs.unsent_reader(unsent)?, 1);
    loop {
        let lines = reader.read()?;
        if lines.is_empty() {
            return Ok(last);
        }
        last = lines.iter().filter_map(recorder::begun_attempt).next_back().unwrap_or(last);
    }
}
