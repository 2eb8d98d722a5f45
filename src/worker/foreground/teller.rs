//! The journal of a job that runs in the foreground: what happens goes to the one who prints.

use super::super::journal::{Broken, Journal};
use super::Place;
use crate::clock::Clock;
use crate::files;
use crate::run::Series;
use crate::store::{Answer, Approval, Question, StepEvent, TIME_LIMIT, WaitKind};
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// Something that a job tells.
pub(super) enum Told {
    /// Lines of the step at a place of the job, or about the job itself: each with an LF at its end
    /// and no other line break.
    Lines(Option<usize>, String),
    /// Something happened to a step.
    Event(StepEvent),
}

/// Where jobs tell what happens. While the printer takes its time, their programs wait.
pub(super) type Tell = mpsc::Sender<(Place, Told)>;

/// What all jobs of a run share.
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    counted: Mutex<Counted>,
    agreed: Mutex<HashMap<String, String>>,
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, counted: Mutex::default(), agreed: Mutex::default() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The numbers of series. Without a store each begins with its seed.
#[derive(Default)]
struct Counted {
    latest: HashMap<String, i64>,
    by_site: HashMap<String, i64>,
}

impl Counted {
    fn number(&mut self, series: &Series) -> i64 {
        let Self { latest, by_site } = self;
        let next = || *latest.entry(series.prefix.clone()).and_modify(|number| *number += 1).or_insert(series.seed);
        *by_site.entry(series.site.clone()).or_insert_with(next)
    }
}

/// Returns lines as one text, line breaks inside them as the log of a server has them.
pub(super) fn block(lines: &[String]) -> String {
    let mut block = String::new();
    for line in lines {
        files::push_line(line, &mut block);
    }
    block
}

/// Who answers where nobody can be asked.
const NOBODY: &str = "nobody";

/// One job's journal.
pub(super) struct Teller {
    pub(super) place: Place,
    pub(super) shared: Arc<Shared>,
    pub(super) tell: Tell,
}

impl Teller {
    async fn tell(&self, told: Told) -> Result<(), Broken> {
        let sent = self.tell.send((self.place, told)).await;
        sent.map_err(|_| Broken::Log("nobody prints any more".to_owned()))
    }
}

#[async_trait]
impl Journal for Teller {
    async fn record(&mut self, event: StepEvent) -> Result<(), Broken> {
        self.tell(Told::Event(event)).await
    }

    async fn count(&mut self, series: &Series) -> Result<i64, Broken> {
        Ok(self.shared.counted.lock().expect("no holder of the numbers panics").number(series))
    }

    /// A delay is waited for. There is nobody who could be asked: what happens when nobody answers
    /// happens at once.
    async fn ask(&mut self, question: &Question) -> Result<Answer, Broken> {
        let now = self.shared.now();
        Ok(match (question.kind, question.limit) {
            (WaitKind::Delay, Some(left)) => {
                tokio::time::sleep(left).await;
                Answer::new(question.on_timeout, TIME_LIMIT, self.shared.now(), None)
            }
            (WaitKind::Delay, None) => Answer::new(question.on_timeout, TIME_LIMIT, now, None),
            (WaitKind::Approval, _) => {
                let why = match question.on_timeout {
                    Approval::Approved => "a run in the foreground asks nobody, and `onTimeout` is `resume`",
                    Approval::Rejected => "a run in the foreground asks nobody; `pipehook serve` does",
                };
                Answer::new(question.on_timeout, NOBODY, now, Some(why))
            }
        })
    }

    fn has_people(&self) -> bool {
        false
    }

    async fn agree(&mut self, name: &str, proposal: Option<&str>) -> Result<Option<String>, Broken> {
        let mut agreed = self.shared.agreed.lock().expect("no holder of the agreements panics");
        if let Some(proposal) = proposal {
            agreed.entry(name.to_owned()).or_insert_with(|| proposal.to_owned());
        }
        Ok(agreed.get(name).cloned())
    }

    async fn log(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
        self.tell(Told::Lines(step, block(&lines))).await
    }

    async fn log_block(&mut self, step: Option<usize>, block: String) -> Result<(), Broken> {
        self.tell(Told::Lines(step, block)).await
    }
}
