//! What grouped commits bring. Not part of the suite: `cargo test --release --test integration
//! store::speed -- --ignored --nocapture`.

use super::world::{World, job, plan};
use pipehook::store::{Acceptance, NewRun};
use std::sync::Arc;
use std::time::Instant;

/// How many deliveries are accepted for each number.
const ACCEPTED: usize = 40_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures, it does not check"]
async fn grouped_commits_accept_many_a_second() {
    for bytes in [300, 4_096] {
        for senders in [16, 64, 256] {
            let world = Arc::new(World::sqlite());
            let began = Instant::now();
            let sending: Vec<_> =
                (0..senders).map(|_| tokio::spawn(send(world.clone(), bytes, ACCEPTED / senders))).collect();
            for one in sending {
                one.await.expect("a sender ends");
            }
            let rate = (ACCEPTED / senders * senders) as f64 / began.elapsed().as_secs_f64();
            println!("{bytes} bytes, {senders} senders: {rate:.0} accepted a second");
        }
    }
}

async fn send(world: Arc<World>, bytes: usize, count: usize) {
    let body = vec![b'x'; bytes];
    for _ in 0..count {
        let runs = vec![NewRun {
            expanded: "steps:\n- script: echo hello\n".repeat(8),
            ..world.new_run(plan(vec![job("a", &[])]))
        }];
        let delivery = Some(world.delivery(&body, &runs));
        let acceptance = Acceptance { delivery, runs, repeat: None, queue_limit: u64::MAX };
        world.store().accept(acceptance).await.expect("accepted");
    }
}
