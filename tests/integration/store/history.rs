//! Random histories: the store and the reference queue are told the same, and must say the same.

use super::reference::{self, Held, PIPELINES, POOLS, PRIORITIES, Progress, Queue, SHAPES, Terms, Turn};
use super::world::{LEASE, ROOM, World};
use pipehook::id::{DeliveryId, RunId};
use pipehook::pipeline::plan::{Concurrency, ConcurrencyPolicy};
use pipehook::run::{RunResult, State};
use pipehook::store::{
    Acceptance, Accepted, Depth, Error, HandedBack, Lease, Pausable, Pause, Renewal, RunQuery, Sought, Which,
};
use std::collections::HashMap;

/// How many histories are told of each store, where `PIPEHOOK_SEEDS` and `PIPEHOOK_SEEDS_POSTGRES` say nothing.
/// Thousands take minutes with `TMPDIR` in memory: what is on a disk is no subject here.
const SEEDS: u64 = 200;
const SEEDS_POSTGRES: u64 = 20;
/// How many are told at once: each mostly waits for the disk.
const AT_ONCE: usize = 6;
/// How long each is.
const STEPS: usize = 40;

#[test]
fn random_histories_go_as_the_reference_says() {
    tell_all(("PIPEHOOK_SEEDS", SEEDS), || Some(World::sqlite));
}

#[test]
fn random_histories_go_as_the_reference_says_in_a_database_too() {
    tell_all(("PIPEHOOK_SEEDS_POSTGRES", SEEDS_POSTGRES), World::postgres_in_turn);
}

/// Tells histories in worlds of one kind, as many as a variable says; none where there is no such world.
fn tell_all<W: FnMut() -> World>((name, usual): (&str, u64), worlds: fn() -> Option<W>) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = 0..number(name).unwrap_or(usual);
    let seeds = number("PIPEHOOK_SEED").map_or(seeds, |seed| seed..seed + 1);
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        for first in 0..AT_ONCE {
            let own = seeds.clone().skip(first).step_by(AT_ONCE);
            scope.spawn(move || {
                let Some(mut world) = worlds() else { return };
                own.for_each(|seed| tell(seed, world()));
            });
        }
    });
    println!("{} histories of {STEPS} steps in {:?}", seeds.count(), begun.elapsed());
}

/// Tells one history, and says which it was when it goes wrong.
fn tell(seed: u64, world: World) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let history = std::panic::AssertUnwindSafe(|| runtime.block_on(History::new(seed, world).tell()));
    if let Err(panic) = std::panic::catch_unwind(history) {
        eprintln!("the seed of this history is {seed}: PIPEHOOK_SEED={seed}");
        std::panic::resume_unwind(panic);
    }
}

/// Numbers that look random and are the same for a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.below(all.len())].clone())
    }
}

struct History {
    dice: Dice,
    world: World,
    reference: Queue,
    /// The store's names for the reference's runs.
    ids: Vec<RunId>,
    /// Every lease there ever was, lost ones too.
    leases: Vec<(Held, Lease)>,
    /// For each key of a connection its first delivery, that one's run, and until when the key is remembered.
    keys: HashMap<(usize, usize), (DeliveryId, usize, jiff::Timestamp)>,
}

impl History {
    fn new(seed: u64, world: World) -> Self {
        Self { dice: Dice(seed), world, reference: Queue::default(), ids: vec![], leases: vec![], keys: HashMap::new() }
    }

    async fn tell(mut self) {
        for _ in 0..STEPS {
            match self.dice.below(25) {
                0..4 => self.accept().await,
                20..22 => self.pause_or_resume().await,
                22 => self.hand_back().await,
                23 => self.world.set_clock([-7_200, -20, 20, 7_200][self.dice.below(4)]),
                24 => self.accept_aged().await,
                4..9 => self.claim().await,
                9..11 => self.renew().await,
                11..13 => self.start_step().await,
                13..16 => self.finish().await,
                16 => self.cancel().await,
                17 => self.sweep().await,
                18 => self.world.wait([1, 10, 30, 60][self.dice.below(4)]),
                _ => self.world.crash(),
            }
            self.compare().await;
        }
        self.end().await;
    }

    async fn accept(&mut self) {
        self.accept_within(None).await;
    }

    /// Accepts where the queue moves. How long it waits is believed for a second by one of the stores.
    async fn accept_aged(&mut self) {
        self.world.wait(1);
        let age = [5, 30, 60][self.dice.below(3)];
        self.accept_within(Some(std::time::Duration::from_secs(age))).await;
    }

    async fn accept_within(&mut self, queue_age: Option<std::time::Duration>) {
        let now = self.world.now();
        let waited = self.reference.waits_longest(self.world.steady());
        let is_stale = queue_age.is_some_and(|age| waited > age);
        let shape = SHAPES[self.dice.below(SHAPES.len())];
        let key = self.dice.below(4);
        let limit = if self.dice.below(8) == 0 { 1 } else { ROOM };
        let connection_limit = (self.dice.below(3) == 0).then(|| self.dice.below(4) as u64);
        // Key 0 stands for a delivery without one.
        let text = (key > 0).then(|| key.to_string());
        let terms = self.terms();
        let (connection, priority) = (connection(terms.connection), PRIORITIES[terms.connection]);
        let plan = reference::plan(shape, &terms);
        let acceptance = self.world.acceptance_from(&connection, priority, plan, text.as_deref());
        let own = self.reference.waiting_of(terms.connection) as u64;
        let id = acceptance.delivery.as_ref().expect("a delivery").0.id.clone();
        let accepted = self
            .world
            .store()
            .accept(Acceptance { queue_limit: limit, connection_limit, queue_age, ..acceptance })
            .await;
        let known = self.keys.get(&(terms.connection, key)).filter(|(_, _, until)| key > 0 && *until > now).cloned();
        match (accepted, known) {
            (Ok(Accepted::Repeat { of, runs }), Some((first, run, _))) => {
                assert_eq!((of, &runs[0].id), (first, &self.ids[run]));
            }
            (Err(Error::Full { .. }), None) => assert!(self.reference.waiting() as u64 + 1 > limit),
            (Err(Error::FullFor { connection: of, waiting, limit: told }), None) => {
                assert_eq!((of, Some(told)), (connection, connection_limit));
                // They may be counted no further than the limit.
                assert!(waiting <= own && waiting + 1 > told, "{waiting} of {own}, {told}");
            }
            (Err(Error::Stale { waited: told, .. }), None) => assert_eq!((is_stale, told), (true, waited.as_secs())),
            (Ok(Accepted::New(runs)), None) => {
                assert!(!is_stale, "one has waited for {waited:?}");
                assert!((self.reference.waiting() as u64) < limit);
                assert!(connection_limit.is_none_or(|limit| own < limit), "{own} of it wait");
                let of_pipeline = self.reference.runs.iter().filter(|run| run.terms.pipeline == terms.pipeline);
                assert_eq!(runs[0].number, of_pipeline.count() as u64 + 1, "numbers have no gaps");
                if key > 0 {
                    self.keys.retain(|_, (_, _, until)| *until > now);
                }
                self.keys
                    .insert((terms.connection, key), (id, self.ids.len(), now + std::time::Duration::from_secs(60)));
                self.ids.push(runs[0].id.clone());
                self.reference.accept(shape, terms, self.world.steady());
            }
            (accepted, known) => panic!("{accepted:?}, but the key's first is {known:?}"),
        }
    }

    /// Draws what a run is queued with.
    fn terms(&mut self) -> Terms {
        use ConcurrencyPolicy::{CancelRunning, Latest, Queue};
        let group = ["", "", "a", "b"][self.dice.below(4)];
        let limit = 1 + u32::from(self.dice.below(4) == 0);
        let policy = [Queue, Queue, Latest, CancelRunning][self.dice.below(4)];
        Terms {
            connection: self.dice.below(PRIORITIES.len()),
            pipeline: self.dice.below(PIPELINES.len()),
            pool: usize::from(self.dice.below(4) == 0),
            attempts: 1 + u32::from(self.dice.below(3) == 0),
            concurrency: (!group.is_empty()).then(|| Concurrency { group: group.into(), limit, policy }),
        }
    }

    async fn pause_or_resume(&mut self) {
        let place = self.dice.below(PIPELINES.len() + PRIORITIES.len());
        let (paused, what) = match place.checked_sub(PIPELINES.len()) {
            None => (&mut self.reference.paused_pipelines[place], Pausable::Pipeline(PIPELINES[place].to_owned())),
            Some(at) => (&mut self.reference.paused_connections[at], Pausable::Connection(connection(at))),
        };
        let now = self.world.steady();
        match paused.take() {
            Some(since) => {
                self.reference.leave_out(since, now, |terms| match &what {
                    Pausable::Pipeline(_) => terms.pipeline == place,
                    Pausable::Connection(name) => connection(terms.connection) == *name,
                });
                assert!(self.world.store().resume(&what).await.expect("resumed"));
            }
            None => {
                *paused = Some(now);
                self.world.store().pause(&what).await.expect("paused");
            }
        }
        self.reference.take_turns();
    }

    async fn claim(&mut self) {
        let pools: &[usize] = [&[0][..], &[0, 1], &[1, 0], &[1]][self.dice.below(4)];
        let expected = self.reference.claim(pools, self.world.steady());
        let claim = self.world.claim_in(&pools.iter().map(|&pool| POOLS[pool]).collect::<Vec<_>>()).await;
        match (expected, claim) {
            (Some(held), Some(claim)) => {
                let place = self.reference.runs[held.run].leg_at(held.job);
                assert_eq!((&claim.run, (claim.job, claim.leg)), (&self.ids[held.run], place));
                self.leases.push((held, claim.lease));
            }
            (None, None) => {}
            (expected, claim) => panic!("claimed {claim:?}, but due was {expected:?}"),
        }
    }

    async fn renew(&mut self) {
        let Some((held, lease)) = self.dice.of(&self.leases) else { return };
        let expected = self.reference.renew(held, self.world.steady());
        match self.world.store().renew(&lease, LEASE).await {
            Ok(renewal) => assert_eq!(Some(renewal == Renewal::CancelRequested), expected),
            Err(error) => assert_eq!((is_lost(&error), expected), (true, None)),
        }
    }

    async fn start_step(&mut self) {
        let Some((held, lease)) = self.dice.of(&self.leases) else { return };
        let expected = self.reference.start_step(held, self.world.steady());
        let recorded = self.world.store().record(&lease, self.world.started(0)).await;
        assert_eq!(recorded.map_err(|error| assert!(is_lost(&error))).is_ok(), expected);
    }

    async fn hand_back(&mut self) {
        let Some((held, lease)) = self.dice.of(&self.leases) else { return };
        let expected = self.reference.hand_back(held, self.world.steady());
        match self.world.store().hand_back(&lease).await {
            Ok(handed_back) => assert_eq!(Some(handed_back == HandedBack::Again), expected),
            Err(error) => assert_eq!((is_lost(&error), expected), (true, None)),
        }
    }

    async fn finish(&mut self) {
        let Some((held, lease)) = self.dice.of(&self.leases) else { return };
        let result = RunResult::ALL[self.dice.below(4)];
        self.finish_as(held, &lease, result).await;
    }

    async fn finish_as(&mut self, held: Held, lease: &Lease, result: RunResult) {
        let expected = self.reference.finish(held, result, self.world.steady());
        let finished = self.world.store().finish(lease, self.world.outcome(result)).await;
        assert_eq!(finished.map_err(|error| assert!(is_lost(&error))).is_ok(), expected);
    }

    async fn cancel(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        let run = self.dice.below(self.ids.len());
        let expected = self.reference.cancel(run, self.world.steady());
        assert_eq!(self.world.store().cancel(&self.ids[run]).await.expect("canceled"), Some(expected));
    }

    async fn sweep(&mut self) {
        let everyone = self.dice.below(3) == 0;
        let expected = self.reference.sweep(everyone, self.world.steady());
        let swept = self.world.store().sweep(everyone).await.expect("a sweep");
        let swept: Vec<_> = swept.into_iter().map(|it| (it.run, it.again)).collect();
        let expected: Vec<_> = expected.into_iter().map(|(run, _, again)| (self.ids[run].clone(), again)).collect();
        assert_eq!(swept, expected);
    }

    /// Whoever looks sees what the reference says, of all runs and of every job of one.
    async fn compare(&mut self) {
        self.world.attend(&POOLS).await;
        let query = RunQuery { limit: 1_000, ..RunQuery::default() };
        let runs = self.world.store().runs(query).await.expect("a list");
        let seen: Vec<_> = runs.iter().rev().map(|run| (&run.id, run.state, run.result)).collect();
        let expected = self.ids.iter().zip(&self.reference.runs);
        assert_eq!(seen, expected.map(|(id, run)| (id, run.state, run.result)).collect::<Vec<_>>());
        let waits = |(at, run): (usize, &reference::Run)| {
            let is_paused = run.state == State::Queued && self.reference.is_paused(at);
            run.turn == Turn::Waiting || is_paused || run.waits_again()
        };
        let seen: Vec<bool> = runs.iter().rev().map(|run| run.waits_for.is_some()).collect();
        let expected = self.reference.runs.iter().enumerate().map(waits);
        assert_eq!(seen, expected.collect::<Vec<_>>(), "{:#?}", self.reference);
        let running = |run: &&reference::Run| matches!(run.state, State::Running | State::Canceling);
        let depth = Depth {
            age: self.reference.waits_longest(self.world.steady()),
            queued: self.reference.waiting() as u64,
            running: self.reference.runs.iter().filter(running).count() as u64,
        };
        assert_eq!(self.world.store().depth().await.expect("a depth"), depth);
        if let Some(id) = self.dice.of(&self.ids) {
            self.compare_jobs(&id).await;
            self.compare_latest(&id).await;
        }
    }

    /// A run that seeks the latest one of a pipeline finds the one that had ended when it was queued, wherever the clocks
    /// stood.
    async fn compare_latest(&mut self, id: &RunId) {
        let at = self.ids.iter().position(|known| known == id).expect("it is known");
        let pipeline = self.dice.below(PIPELINES.len());
        let mut results = RunResult::ALL.to_vec();
        results.truncate(1 + self.dice.below(results.len()));
        let expected = self.reference.latest(at, pipeline, &results);
        let which = Which::Latest { results, seeker: id.clone(), tags: vec![] };
        let sought = Sought { pipeline: PIPELINES[pipeline].to_owned(), which };
        let other = self.world.store().other(&sought).await.expect("read");
        assert_eq!(other.map(|other| other.run.number), expected, "{sought:?}");
    }

    async fn compare_jobs(&self, id: &RunId) {
        let at = self.ids.iter().position(|known| known == id).expect("it is known");
        let detail = self.world.store().run(id).await.expect("read").expect("there");
        let seen: Vec<_> = detail.stages[0].jobs.iter().map(|job| (job.state, job.result)).collect();
        let expected = self.reference.runs[at].jobs.iter().map(|progress| match progress {
            Progress::Waiting | Progress::Due(_) => (State::Queued, None),
            Progress::Leased { .. } => (State::Running, None),
            Progress::Done(result) => (State::Completed, Some(*result)),
        });
        assert_eq!(seen, expected.collect::<Vec<_>>());
    }

    /// Whatever happened, work goes on until all that was accepted is finished.
    async fn end(mut self) {
        self.world.crash();
        self.reference.sweep(true, self.world.steady());
        self.world.store().sweep(true).await.expect("a sweep");
        for Pause { what, .. } in self.world.store().pauses().await.expect("a list") {
            assert!(self.world.store().resume(&what).await.expect("resumed"));
        }
        self.reference.paused_pipelines.fill(None);
        self.reference.paused_connections.fill(None);
        self.reference.take_turns();
        while let Some(claim) = self.world.claim_in(&POOLS).await {
            let held = self.reference.claim(&[0, 1], self.world.steady()).expect("it is due");
            self.finish_as(held, &claim.lease, RunResult::Succeeded).await;
        }
        self.compare().await;
        assert!(self.reference.runs.iter().all(|run| run.state == State::Completed), "{:?}", self.reference);
    }
}

fn connection(place: usize) -> String {
    format!("hook{place}")
}

fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Lost)
}
