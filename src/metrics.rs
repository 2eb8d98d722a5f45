//! Numbers about the server and its worker, in the form that Prometheus reads.
//!
//! Labels come from the configuration and from closed lists of words, never from a request: a
//! stranger can't make the number of series grow.

use crate::run::{RunResult, State};
use crate::store::Depth;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper bound of the first bucket of times: half a millisecond is less than a disk takes to
/// make a delivery durable.
const FIRST_BUCKET_SECONDS: f64 = 0.000_5;
/// How many buckets there are, each twice as wide as the one before: the last ends at 16 s.
const BUCKETS: u16 = 16;
/// The same for jobs, from a tenth of a second to three and a half hours.
const FIRST_JOB_BUCKET_SECONDS: f64 = 0.1;
const JOB_BUCKETS: u16 = 18;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    connection: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

/// The numbers of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    deliveries: Family<DeliveryLabels, Counter>,
    accept_seconds: Histogram,
    queue_runs: Family<StateLabels, Gauge>,
    unreadable_requests: Counter,
    queue_age_seconds: Gauge<f64, AtomicU64>,
    claims: Counter,
    leases_lost: Counter,
    jobs: Family<ResultLabels, Counter>,
    job_seconds: Histogram,
    jobs_running: Gauge,
    log_bytes: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            deliveries: Family::default(),
            accept_seconds: Histogram::new(exponential_buckets(FIRST_BUCKET_SECONDS, 2.0, BUCKETS)),
            queue_runs: Family::default(),
            queue_age_seconds: Gauge::default(),
            claims: Counter::default(),
            leases_lost: Counter::default(),
            jobs: Family::default(),
            job_seconds: Histogram::new(exponential_buckets(FIRST_JOB_BUCKET_SECONDS, 2.0, JOB_BUCKETS)),
            jobs_running: Gauge::default(),
            log_bytes: Counter::default(),
            unreadable_requests: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    /// The registry adds `_total` to the names of counters, the unit, and a full stop to each text.
    fn register(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("pipehook_build", "The version that runs", build);
        registry.register("pipehook_deliveries", "Deliveries by what became of them", self.deliveries.clone());
        let accept = "From the last byte of a delivery to its answer, without waiting for runs";
        registry.register_with_unit("pipehook_accept", accept, Unit::Seconds, self.accept_seconds.clone());
        registry.register("pipehook_queue_runs", "Runs that are not completed", self.queue_runs.clone());
        let age = "How long the job has been due that is due longest, without those that are paused; 0 where none is";
        registry.register_with_unit("pipehook_queue_age", age, Unit::Seconds, self.queue_age_seconds.clone());
        registry.register("pipehook_claims", "Jobs that this process has claimed", self.claims.clone());
        let lost = "Jobs of this process whose lease was lost before they had ended";
        registry.register("pipehook_leases_lost", lost, self.leases_lost.clone());
        registry.register("pipehook_jobs", "Jobs that this process has ended, by result", self.jobs.clone());
        let took = "From the claim of a job to its end";
        registry.register_with_unit("pipehook_job", took, Unit::Seconds, self.job_seconds.clone());
        let running = "Jobs that this process has claimed and not ended, waiting ones included";
        registry.register("pipehook_jobs_running", running, self.jobs_running.clone());
        let unreadable = "Connections to the public listener that were ended because what came is no HTTP";
        registry.register("pipehook_unreadable_requests", unreadable, self.unreadable_requests.clone());
        let printed = "What the jobs of this process have printed into their logs";
        registry.register_with_unit("pipehook_log", printed, Unit::Bytes, self.log_bytes.clone());
    }

    /// Counts a delivery to a configured connection, by one word for what became of it.
    pub fn delivery(&self, connection: &str, outcome: &'static str, took: Duration) {
        let labels = DeliveryLabels { connection: connection.to_owned(), outcome };
        self.deliveries.get_or_create(&labels).inc();
        self.accept_seconds.observe(took.as_secs_f64());
    }

    /// Counts a request to a configured connection that was turned away before anybody could verify it.
    pub fn turned_away(&self, connection: &str, outcome: &'static str) {
        let labels = DeliveryLabels { connection: connection.to_owned(), outcome };
        self.deliveries.get_or_create(&labels).inc();
    }

    /// Counts a connection that was ended because what came is no HTTP.
    pub fn unreadable_request(&self) {
        self.unreadable_requests.inc();
    }

    /// Counts a job that was claimed.
    pub fn claimed(&self) {
        self.claims.inc();
        self.jobs_running.inc();
    }

    /// Counts a claimed job that has ended: how, or nothing where its lease was lost.
    pub fn ended(&self, result: Option<RunResult>, took: Duration) {
        self.jobs_running.dec();
        match result {
            Some(result) => {
                self.jobs.get_or_create(&ResultLabels { result: result.word() }).inc();
                self.job_seconds.observe(took.as_secs_f64());
            }
            None => drop(self.leases_lost.inc()),
        }
    }

    /// Counts a claimed job that was handed back.
    pub fn handed_back(&self) {
        self.jobs_running.dec();
    }

    /// Counts what a job has printed.
    pub fn printed(&self, bytes: u64) {
        self.log_bytes.inc_by(bytes);
    }

    /// Returns all numbers as text, with those of the queue.
    pub fn text(&self, depth: &Depth) -> String {
        for (state, count) in [(State::Queued, depth.queued), (State::Running, depth.running)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.queue_runs.get_or_create(&StateLabels { state: state.word() }).set(count);
        }
        self.queue_age_seconds.set(depth.age.as_secs_f64());
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}
