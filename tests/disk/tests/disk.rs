//! What the disk keeps and what it forgets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use faltkarta_disk::{Loss, Machine, Trouble, register};
use rusqlite::Connection;

fn open(machine: &Machine) -> Connection {
    let conn = Connection::open(machine.root().join("a.sqlite")).unwrap();
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").unwrap();
    conn.execute_batch("CREATE TABLE IF NOT EXISTS t(n INTEGER)").unwrap();
    conn
}

fn machine(name: &str) -> Machine {
    register();
    let root = std::env::temp_dir().join(format!("disk-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    Machine::new(&root)
}

fn end(machine: Machine) {
    let root = machine.root().to_owned();
    machine.remove();
    std::fs::remove_dir_all(root).unwrap();
}

fn insert(conn: &Connection, n: i64) -> bool {
    conn.execute("INSERT INTO t VALUES (?1)", [n]).is_ok()
}

fn rows(conn: &Connection) -> Vec<i64> {
    let mut statement = conn.prepare("SELECT n FROM t ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// A small generator; the same for every run.
fn chance(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |n| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % n.max(1)
    }
}

#[test]
fn what_was_committed_survives_every_power_cut() {
    for loss in [Loss::Nothing, Loss::All, Loss::Some, Loss::Torn] {
        for seed in 0..20 {
            let machine = machine(&format!("kept-{loss:?}-{seed}"));
            let conn = open(&machine);
            for n in 0..50 {
                assert!(insert(&conn, n));
            }
            machine.power_cut(loss, &mut chance(seed));
            drop(conn);
            assert_eq!(rows(&open(&machine)), (0..50).collect::<Vec<_>>());
            end(machine);
        }
    }
}

#[test]
fn without_syncing_a_power_cut_takes_what_was_committed() {
    let machine = machine("unsynced");
    let conn = open(&machine);
    assert!(insert(&conn, 1));
    conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
    assert!(insert(&conn, 2));
    machine.power_cut(Loss::All, &mut chance(1));
    drop(conn);
    assert_eq!(rows(&open(&machine)), [1]);
    end(machine);
}

#[test]
fn a_stop_at_any_call_keeps_the_commits_and_takes_nothing_twice() {
    for stop_at in 1..60 {
        for loss in [Loss::All, Loss::Some, Loss::Torn] {
            let machine = machine(&format!("stop-{stop_at}-{loss:?}"));
            let conn = open(&machine);
            conn.execute_batch("PRAGMA wal_autocheckpoint = 3").unwrap();
            machine.trouble_after(stop_at, Trouble::Stop);
            let mut n_done = 0;
            while insert(&conn, n_done) && n_done < 30 {
                n_done += 1;
            }
            assert!(machine.is_stopped(), "{stop_at}");
            machine.power_cut(loss, &mut chance(stop_at));
            drop(conn);
            let conn = open(&machine);
            let found = rows(&conn);
            let whole: Vec<i64> = (0..n_done).collect();
            // The one that was under way may have reached the disk.
            assert!(
                found == whole || found == (0..=n_done).collect::<Vec<_>>(),
                "{stop_at} {loss:?}"
            );
            let check: String =
                conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(check, "ok", "{stop_at} {loss:?}");
            end(machine);
        }
    }
}

#[test]
fn a_full_disk_and_a_fault_refuse_one_write_only() {
    let machine = machine("full");
    let conn = open(&machine);
    for trouble in [Trouble::Full, Trouble::Fault] {
        machine.trouble_after(1, trouble);
        assert!(!insert(&conn, 1), "{trouble:?}");
        assert!(insert(&conn, 2), "{trouble:?}");
    }
    assert_eq!(rows(&conn), [2, 2]);
    end(machine);
}

#[test]
fn two_connections_see_each_other_and_one_writes_at_a_time() {
    let machine = machine("two");
    let (one, two) = (open(&machine), open(&machine));
    one.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1);").unwrap();
    assert!(!insert(&two, 2));
    assert_eq!(rows(&two), [0; 0]);
    one.execute_batch("COMMIT").unwrap();
    assert!(insert(&two, 2));
    assert_eq!(rows(&one), [1, 2]);
    end(machine);
}

#[test]
fn an_image_begins_another_machine_and_neither_sees_the_other() {
    let machine = machine("image");
    let conn = open(&machine);
    assert!(insert(&conn, 1));
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let image = machine.image();
    let root = machine.root().with_extension("copy");
    std::fs::create_dir_all(&root).unwrap();
    let copy = Machine::from_image(&root, &image);
    assert!(root.join("a.sqlite").exists());
    let other = open(&copy);
    assert!(insert(&other, 2) && insert(&conn, 3));
    assert_eq!((rows(&conn), rows(&other)), (vec![1, 3], vec![1, 2]));
    copy.put(&image);
    assert!(other.execute("INSERT INTO t VALUES (9)", []).is_err());
    drop(other);
    assert_eq!(rows(&open(&copy)), [1]);
    drop(conn);
    end(machine);
    end(copy);
}

#[test]
fn a_file_in_no_machines_folder_lies_on_the_real_disk() {
    let machine = machine("real");
    let folder = machine.root().join("packages");
    std::fs::create_dir_all(&folder).unwrap();
    let conn = Connection::open(folder.join("b.sqlite")).unwrap();
    conn.execute_batch("CREATE TABLE t(n INTEGER)").unwrap();
    assert!(insert(&conn, 1));
    drop(conn);
    machine.stop();
    assert_eq!(rows(&Connection::open(folder.join("b.sqlite")).unwrap()), [1]);
    assert!(std::fs::metadata(folder.join("b.sqlite")).unwrap().len() > 0);
    end(machine);
}
