//! When secrets were last used: the time hangs on the secret, whatever its name and place are.

use super::world::{World, open_database, worlds};
use jiff::Timestamp;
use pipehook::store::{LeaseClock, PostgresStore, Store};
use pipehook::webhook::connection::SecretDigest;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many secrets of a connection are remembered.
const KEPT: usize = 64;

/// Notes a use, and returns when it is written.
async fn note(store: &dyn Store, connection: &str, secret: &str, at: Timestamp) {
    store.note_secret_use(connection, SecretDigest::of(secret.as_bytes()), at).await.expect("noted");
    store.ready().await.expect("it can be written");
}

async fn last_used(store: &dyn Store, connection: &str, secret: &str) -> Option<Timestamp> {
    let uses = store.secret_uses().await.expect("read");
    uses.last_used(connection, &SecretDigest::of(secret.as_bytes()))
}

#[tokio::test]
async fn the_latest_use_of_each_secret_is_known_also_to_the_next_process() {
    for mut world in worlds() {
        assert_eq!(last_used(world.store(), "hook", "old").await, None, "nothing was used yet");
        let first = world.now();
        note(world.store(), "hook", "old", first).await;
        note(world.store(), "other", "new", first).await;
        world.wait(90);
        let second = world.now();
        note(world.store(), "hook", "old", second).await;
        // Of a receiver whose clock is behind, or that was slow.
        note(world.store(), "hook", "old", first).await;
        world.crash();
        let store = world.store();
        assert_eq!(last_used(store, "hook", "old").await, Some(second));
        assert_eq!(last_used(store, "hook", "new").await, None, "it was used for another connection");
        assert_eq!(last_used(store, "other", "new").await, Some(first));
        assert_eq!(store.secret_uses().await.expect("read").since(), None, "nothing was noted otherwise before");
    }
}

#[tokio::test]
async fn rotations_for_years_leave_the_latest_secrets() {
    for world in worlds() {
        let secret = |number: usize| format!("secret {number}");
        note(world.store(), "other", "kept", world.now()).await;
        for number in 0..KEPT + 3 {
            world.wait(60);
            note(world.store(), "hook", &secret(number), world.now()).await;
        }
        let uses = world.store().secret_uses().await.expect("read");
        let known = |number: usize| uses.last_used("hook", &SecretDigest::of(secret(number).as_bytes()));
        assert_eq!((0..KEPT + 3).filter_map(known).count(), KEPT);
        assert!(known(2).is_none() && known(3).is_some() && known(KEPT + 2) == Some(world.now()));
        assert!(uses.last_used("other", &SecretDigest::of(b"kept")).is_some(), "that of another connection");
    }
}

/// Several receivers come with the first uses at once: they mark with one key.
#[tokio::test(flavor = "multi_thread")]
async fn receivers_of_one_database_know_each_other_s_uses() {
    let Some(world) = World::postgres() else { return };
    let open = |_| Arc::new(open_database(world.address(), LeaseClock::Database));
    let others: Vec<Arc<PostgresStore>> = (0..4).map(open).collect();
    let at = world.now();
    let secret = |number: usize| SecretDigest::of(&[u8::try_from(number).expect("few"); 20]);
    let mut notes = JoinSet::new();
    for (number, store) in others.iter().cloned().enumerate() {
        let secret = secret(number);
        notes.spawn(async move {
            store.note_secret_use("hook", secret, at).await.expect("noted");
            store.ready().await.expect("it can be written");
        });
    }
    notes.join_all().await;
    for store in &others {
        let uses = store.secret_uses().await.expect("read");
        let known = (0..others.len()).filter(|number| uses.last_used("hook", &secret(*number)) == Some(at)).count();
        assert_eq!(known, others.len());
    }
}

/// What was noted by names says nothing about secrets: it is forgotten, and who looks is told since when something is
/// known.
#[tokio::test]
async fn what_an_earlier_version_noted_by_names_is_no_time_of_a_secret() {
    for mut world in worlds() {
        let used = "INSERT INTO secret_use (connection, secret, last_used) VALUES ('hook', 'value', ";
        world.reopen_as_of_before(&format!("{used} 1000000);"), &format!("{used} now());"));
        let uses = world.store().secret_uses().await.expect("read");
        assert_eq!(uses.last_used("hook", &SecretDigest::of(b"value")), None);
        let since = uses.since().expect("an earlier version has noted some");
        assert!(Timestamp::now().duration_since(since).as_secs().unsigned_abs() < 600, "{since}");
        note(world.store(), "hook", "value", world.now()).await;
        world.crash();
        assert_eq!(last_used(world.store(), "hook", "value").await, Some(world.now()));
        assert_eq!(world.store().secret_uses().await.expect("read").since(), Some(since), "it stays");
        world.reopen_as_of_before("", "");
        assert_eq!(world.store().secret_uses().await.expect("read").since(), None, "nothing had been noted");
    }
}
