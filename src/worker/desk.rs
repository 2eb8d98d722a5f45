//! Where all that is said about a job passes, so that no secret does.

use super::journal::{Broken, Journal};
use super::mask::Masker;
use crate::run::{Output, Series};
use crate::store::{Answer, Artifact, Deployed, Other, Question, Sought, StepEvent, StepReport};
use std::borrow::Cow;

/// A journal behind a masker.
pub(super) struct Desk<'j> {
    journal: &'j mut dyn Journal,
    pub(super) masker: Masker,
}

impl<'j> Desk<'j> {
    /// Returns a desk whose masker knows what all jobs share.
    pub(super) fn new(journal: &'j mut dyn Journal, masker: Masker) -> Self {
        Self { journal, masker }
    }

    /// Adds lines to the log, if there are any.
    pub(super) async fn log(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
        let masked = lines.iter().map(|line| self.masker.mask(line).into_owned()).collect();
        self.log_masked(step, masked).await
    }

    /// Adds lines that are masked already.
    pub(super) async fn log_masked(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
        if lines.is_empty() { Ok(()) } else { self.journal.log(step, lines).await }
    }

    /// Adds whole lines that hold no secret, as [`Journal::log_block`] takes them.
    pub(super) async fn log_block(&mut self, step: Option<usize>, block: String) -> Result<(), Broken> {
        self.journal.log_block(step, block).await
    }

    /// Records an event whose texts are masked already.
    pub(super) async fn record(&mut self, event: StepEvent) -> Result<(), Broken> {
        self.journal.record(event).await
    }

    /// Records an artifact.
    pub(super) async fn publish(&mut self, artifact: Artifact) -> Result<(), Broken> {
        let mask = |text: &str| self.masker.mask(text).into_owned();
        let (name, kind) = (mask(&artifact.name), mask(&artifact.kind));
        let artifact = Artifact { name, kind, location: mask(&artifact.location) };
        self.record(StepEvent::Published { artifact }).await
    }

    /// Returns outputs without secrets.
    pub(super) fn masked_outputs(&self, mut outputs: Vec<Output>) -> Vec<Output> {
        for Output { name, value } in &mut outputs {
            *name = self.masker.mask(name).into_owned();
            if let Cow::Owned(masked) = self.masker.mask(&value.flatten()) {
                *value = value.derive(masked);
            }
        }
        outputs
    }

    /// Returns what the jobs of the run agree on under a name, which may be this proposal.
    pub(super) async fn agree(&mut self, name: &str, proposal: Option<&str>) -> Result<Option<String>, Broken> {
        self.journal.agree(name, proposal).await
    }

    /// Returns the run of another pipeline that is sought; otherwise a sentence.
    pub(super) async fn seek(&mut self, sought: &Sought) -> Result<Result<Other, String>, Broken> {
        self.journal.seek(sought).await
    }

    /// Records a deployment that begins.
    pub(super) async fn deployed(&mut self, deployed: Deployed) -> Result<(), Broken> {
        let mask = |text: &str| self.masker.mask(text).into_owned();
        let (environment, resource) = (mask(&deployed.environment), deployed.resource.as_deref().map(mask));
        self.record(StepEvent::Deployed { deployed: Deployed { environment, resource, ..deployed } }).await
    }

    /// Returns the number of a series.
    pub(super) async fn count(&mut self, series: &Series) -> Result<i64, Broken> {
        self.journal.count(series).await
    }

    /// Asks for a step, and returns once there is an answer.
    pub(super) async fn ask(&mut self, question: &Question) -> Result<Answer, Broken> {
        self.journal.ask(question).await
    }

    /// Says whether there are people who could answer.
    pub(super) fn has_people(&self) -> bool {
        self.journal.has_people()
    }

    /// Returns a report without secrets. What was a secret only later is hidden too.
    pub(super) fn masked_report(&self, report: &StepReport) -> StepReport {
        let mut report = report.clone();
        let texts = report.issues.iter_mut().map(|issue| &mut issue.message);
        let texts = texts
            .chain(report.operation.iter_mut())
            .chain(report.details.iter_mut().flat_map(|it| [&mut it.name, &mut it.kind, &mut it.state]));
        let (titles, failures): (Vec<_>, Vec<_>) =
            report.tests.iter_mut().map(|tests| (&mut tests.title, &mut tests.failures)).unzip();
        let texts = texts.chain(titles.into_iter().flatten());
        let failures = failures.into_iter().flatten();
        let texts = texts.chain(failures.flat_map(|it| [&mut it.name, &mut it.message]));
        for text in texts.chain(report.files.iter_mut().flat_map(|file| [&mut file.name, &mut file.r#type])) {
            *text = self.masker.mask(text).into_owned();
        }
        report
    }
}
