//! `kill -9` at random moments, of the laptop's program and of the store's, with real files: what was answered is
//! there, and nothing is there twice. 200 kills here, `make soak KILLS=5000` for a campaign.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{
    Chance, Laptop, Server, faltkarta, marks, store_of_a_small_network, text, wanted,
};
use serde_json::Value;

/// Kills a program after a while, and gives what it had answered by then.
fn killed(mut child: Child, after: Duration) -> Option<Value> {
    thread::sleep(after);
    let _ = child.kill();
    let _ = child.wait();
    let mut answer = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    serde_json::from_str(&answer).ok()
}

fn moment(chance: &mut Chance, most_us: u64) -> Duration {
    Duration::from_micros(chance.below(most_us))
}

#[test]
fn a_laptop_killed_at_any_moment_keeps_what_it_answered() {
    let (place, store) = store_of_a_small_network();
    let server = Server::start(&store, "127.0.0.1:0");
    let laptop = Laptop::join(place.path("laptop"), &server.url());
    let mut chance = Chance(1);
    let mut answered = BTreeSet::new();
    let mut tried = BTreeSet::new();
    let n_kills = wanted("FALTKARTA_KILLS", 200) / 2;
    for n in 0..n_kills {
        let mark = format!("M-{n:05}");
        let set = format!("nummer={mark}");
        let dir = text(&laptop.dir);
        // Every third time it is the exchange that is killed.
        if n % 3 == 2 {
            let sync = faltkarta(&["field", dir, "sync", "--json"]).stdout(Stdio::piped()).spawn();
            killed(sync.unwrap(), moment(&mut chance, 40_000));
            continue;
        }
        let arguments = [
            "field",
            dir,
            "edit",
            "create",
            "--dataset",
            "manhole",
            "--set",
            &set,
            "--at",
            "150000,6600000",
            "--json",
        ];
        let edit = faltkarta(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let answer = killed(edit.unwrap(), moment(&mut chance, 30_000));
        tried.insert(mark.clone());
        if answer.is_some_and(|it| it["state"] == "saved_here") {
            answered.insert(mark);
        }
    }
    laptop.sync();
    let there = marks(&place, &store);
    let once: BTreeSet<String> = there.iter().cloned().collect();
    assert_eq!(there.len(), once.len(), "nothing arrives twice");
    assert!(answered.is_subset(&once), "lost: {:?}", answered.difference(&once));
    assert!(once.is_subset(&tried));
    assert!(!answered.is_empty() && answered.len() < tried.len(), "kills struck on both sides");
}

#[test]
fn a_store_killed_at_any_moment_keeps_what_it_acknowledged() {
    let (place, store) = store_of_a_small_network();
    let mut server = Server::start(&store, "127.0.0.1:0");
    let laptop = Laptop::join(place.path("laptop"), &server.url());
    let listen = server.at.to_string();
    let mut chance = Chance(2);
    let mut made = BTreeSet::new();
    let n_kills = wanted("FALTKARTA_KILLS", 200) / 2;
    let mut n_cut_short = 0;
    for n in 0..n_kills {
        for part in 0..2 {
            let mark = format!("M-{n:05}-{part}");
            laptop.mark(&mark);
            made.insert(mark);
        }
        let sync = faltkarta(&["field", text(&laptop.dir), "sync", "--json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut sync = sync.unwrap();
        thread::sleep(moment(&mut chance, 40_000));
        server.kill();
        if !sync.wait().unwrap().success() {
            n_cut_short += 1;
        }
        // What the laptop believes received must be in the store that comes back.
        let received = laptop.status()["edits"]["received"].as_u64().unwrap();
        let n_there = marks(&place, &store).len() as u64;
        assert!(n_there >= received, "kill {n}: {received} acknowledged, {n_there} in the store");
        server = Server::start(&store, &listen);
    }
    laptop.sync();
    let there = marks(&place, &store);
    let once: BTreeSet<String> = there.iter().cloned().collect();
    assert_eq!(there.len(), once.len(), "nothing arrives twice");
    assert_eq!(once, made, "every edit is there");
    assert!(n_cut_short > 0, "kills struck in the middle of rounds");
}
