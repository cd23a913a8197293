//! SQLite itself as a witness: temporary triggers, which no function of this room knows of, write down which rows of
//! journal and overlay a transaction changed. The two must name the same features.

use std::collections::BTreeSet;

use faltkarta_changes::{Change, Operation, OperationKind};
use faltkarta_model::{DatasetId, FeatureId, FieldId, IdSource, OpId, Timestamp, Value};

use crate::error::StoreError;
use crate::journal::{LocalEdit, LocalOperation};
use crate::key::{FixedKeyStore, Key};
use crate::store::{OpenOptions, Store};

struct Counting(u128);

impl IdSource for Counting {
    fn next_id(&mut self) -> uuid::Uuid {
        self.0 += 1;
        uuid::Uuid::from_u128(self.0)
    }
}

/// A sequence that looks like chance and is the same in every run (the constants are Knuth's).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn open(dir: &std::path::Path) -> Store {
    let options = OpenOptions { reserve_bytes: 0, ..OpenOptions::default() };
    let keys = FixedKeyStore(Key::parse("07".repeat(32).as_bytes()).unwrap());
    let store = Store::open(dir, &keys, &mut Counting(0), &options).unwrap();
    store
        .conn
        .execute_batch(
            "CREATE TEMP TABLE seen(what TEXT, feature BLOB);
             CREATE TEMP TRIGGER saw_operation AFTER INSERT ON main.journal
                    BEGIN INSERT INTO seen VALUES ('operation', NEW.feature); END;
             CREATE TEMP TRIGGER saw_new AFTER INSERT ON main.overlay
                    BEGIN INSERT INTO seen VALUES ('row', NEW.id); END;
             CREATE TEMP TRIGGER saw_change AFTER UPDATE ON main.overlay
                    BEGIN INSERT INTO seen VALUES ('row', NEW.id); END;
             CREATE TEMP TRIGGER saw_end AFTER DELETE ON main.overlay
                    BEGIN INSERT INTO seen VALUES ('row', OLD.id); END;",
        )
        .unwrap();
    store
}

/// What the witness saw since the last time: features of operations, features of changed rows.
fn testimony(store: &Store) -> (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) {
    let of = |what: &str| -> BTreeSet<Vec<u8>> {
        let mut statement = store.conn.prepare("SELECT feature FROM seen WHERE what = ?1").unwrap();
        let rows = statement.query_map([what], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let seen = (of("operation"), of("row"));
    store.conn.execute("DELETE FROM seen", []).unwrap();
    seen
}

fn operation(store: &Store, op_no: u32, ids: &mut Counting, chance: &mut Chance) -> LocalOperation {
    let kind = match chance.below(5) {
        0 => OperationKind::Create,
        1 => OperationKind::Delete,
        2 => OperationKind::Restore,
        _ => OperationKind::Update,
    };
    let new = Value::Int(chance.below(1_000) as i64);
    let op = Operation {
        id: OpId::new(ids),
        replica: store.replica(),
        op_no,
        user: "Klara Ekdal".into(),
        device_time: Timestamp::from_unix_ms(0),
        clock_offset_ms: None,
        dataset: DatasetId::parse("valve").unwrap(),
        schema_rev: 1,
        feature: FeatureId::from_uuid(uuid::Uuid::from_u128(u128::from(chance.below(6)))),
        kind,
        base_version: 0,
        changes: [(FieldId::parse("n").unwrap(), Change { old: Value::Null, new })].into(),
        depends_on: vec![],
        group: None,
        atomic: false,
        blobs: vec![],
        note: None,
    };
    LocalOperation { op, kind: "edit", title: String::new(), detail: String::new() }
}

#[test]
fn the_operations_of_every_act_are_the_rows_that_it_changed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (mut ids, mut chance) = (Counting(1 << 64), Chance(7));
    for _ in 0..300 {
        let first = store.next_op_no().unwrap();
        let n = 1 + chance.below(3) as u32;
        let mut ops: Vec<_> =
            (0..n).map(|it| operation(&store, first + it, &mut ids, &mut chance)).collect();
        let is_refused = chance.below(10) == 0;
        if is_refused {
            // The last one has a number that is not the next: the whole act must leave nothing.
            ops.last_mut().unwrap().op.op_no += 5;
        }
        let done = store.apply_local(&LocalEdit { ops, completes_draft: None, attached: vec![] });
        assert_eq!(done.is_err(), is_refused);
        let (operations, rows) = testimony(&store);
        assert_eq!(operations, rows);
        assert_eq!(operations.is_empty(), is_refused);
    }
}

#[test]
fn an_edit_path_that_forgets_the_journal_is_caught_by_the_witness_and_one_outside_by_the_guard() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let op = operation(&store, 1, &mut Counting(1 << 64), &mut Chance(3));
    let edit = LocalEdit { ops: vec![op], completes_draft: None, attached: vec![] };
    store.apply_local(&edit).unwrap();
    testimony(&store);
    store.apply(|tx| Ok(tx.execute("UPDATE overlay SET properties = '{}'", [])?)).unwrap();
    let (operations, rows) = testimony(&store);
    assert_ne!(operations, rows);
    let refused: Result<usize, StoreError> =
        store.write(|tx| Ok(tx.execute("UPDATE overlay SET properties = '{}'", [])?));
    assert!(refused.unwrap_err().to_string().contains("written by the journal only"));
}
