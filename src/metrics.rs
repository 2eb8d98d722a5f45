//! Numbers about the server, in the form that Prometheus reads.
//!
//! Labels come from the configuration and from closed lists of words, never from a request: a
//! stranger can't make the number of series grow.

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper bound of the first bucket of times: half a millisecond is less than a disk takes to
/// make a delivery durable.
const FIRST_BUCKET_SECONDS: f64 = 0.000_5;
/// How many buckets there are, each twice as wide as the one before: the last ends at 16 s.
const BUCKETS: u16 = 16;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    connection: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

/// The numbers of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    deliveries: Family<DeliveryLabels, Counter>,
    accept_seconds: Histogram,
    queue_runs: Family<StateLabels, Gauge>,
    unreadable_requests: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let deliveries = Family::default();
        let accept_seconds = Histogram::new(exponential_buckets(FIRST_BUCKET_SECONDS, 2.0, BUCKETS));
        let queue_runs = Family::default();
        let unreadable_requests = Counter::default();
        // The registry adds `_total` to the names of counters.
        registry.register("pipehook_deliveries", "Deliveries by what became of them", deliveries.clone());
        registry.register(
            "pipehook_accept_seconds",
            "From the last byte of a delivery to its answer, without waiting for runs",
            accept_seconds.clone(),
        );
        registry.register("pipehook_queue_runs", "Runs that are not completed", queue_runs.clone());
        registry.register(
            "pipehook_unreadable_requests",
            "Connections to the public listener that were ended because what came is no HTTP",
            unreadable_requests.clone(),
        );
        Self { registry, deliveries, accept_seconds, queue_runs, unreadable_requests }
    }
}

impl Metrics {
    /// Counts a delivery to a configured connection, by one word for what became of it.
    pub fn delivery(&self, connection: &str, outcome: &'static str, took: Duration) {
        let labels = DeliveryLabels { connection: connection.to_owned(), outcome };
        self.deliveries.get_or_create(&labels).inc();
        self.accept_seconds.observe(took.as_secs_f64());
    }

    /// Counts a connection that was ended because what came is no HTTP.
    pub fn unreadable_request(&self) {
        self.unreadable_requests.inc();
    }

    /// Returns all numbers as text. `runs` has how many runs are in each state now.
    pub fn text(&self, runs: [(&'static str, u64); 2]) -> String {
        for (state, count) in runs {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.queue_runs.get_or_create(&StateLabels { state }).set(count);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}
