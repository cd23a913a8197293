//! What a person does with SQL, laptops receive, and the other way round.

use faltkarta_changes::OperationKind;
use faltkarta_geo::Geometry;
use faltkarta_model::{FeatureId, Value};
use faltkarta_protocol::FeedKind;
use faltkarta_server::GeodataStore as _;
use uuid::Uuid;

use crate::cluster::code;
use crate::harness::{Laptop, field, kinds, text, valve_id};
use crate::town::Town;

#[test]
fn a_row_that_is_changed_with_sql_reaches_a_laptop_with_its_author() {
    let Some(town) = Town::new() else { return };
    let (store, serving) = town.with_valves();
    let mut laptop = Laptop::join(serving.address(), 1);
    assert_eq!(laptop.pull(100).entries.len(), 2);
    let sql = town.sql();
    sql.run("UPDATE karta.valve SET lage = 'stängd', antal_varv = 7 WHERE nummer = 'AV-1'");
    let page = laptop.pull(100);
    assert_eq!(page.entries.len(), 1);
    let entry = &page.entries[0];
    assert_eq!((entry.seq, entry.version, entry.feature), (3, 2, valve_id("v1")));
    let row = entry.row.as_ref().unwrap();
    assert_eq!(row.properties[&field("lage")], text("stängd"));
    assert_eq!(row.properties[&field("antal_varv")], Value::Int(7));
    assert_eq!(row.properties[&field("nummer")], text("AV-1"));
    let by: String = sql.one("SELECT \"user\" FROM faltkarta.op_log WHERE seq = 3");
    assert_eq!(by, "sql:postgres");
    store.verify_feed().unwrap();
}

#[test]
fn rows_that_are_inserted_and_deleted_with_sql_reach_a_laptop() {
    let Some(town) = Town::new() else { return };
    let (store, serving) = town.with_valves();
    let mut laptop = Laptop::join(serving.address(), 1);
    laptop.pull(100);
    let sql = town.sql();
    let rows = sql.rows(
        "INSERT INTO karta.valve(nummer, dimension, senast_motionerad, geom)
         VALUES ('AV-9', 150, '2026-05-19', ST_SetSRID(ST_MakePoint(162914.5, 6608920.25), 3009))
         RETURNING fid, id, version",
        &[],
    );
    let (id, version): (Uuid, i32) = (rows[0].get(1), rows[0].get(2));
    assert_eq!(version, 1);
    sql.run("DELETE FROM karta.valve WHERE nummer = 'AV-2'");
    let page = laptop.pull(100);
    let told: Vec<_> = page.entries.iter().map(|it| (it.seq, it.kind, it.feature)).collect();
    let made = FeatureId::from_uuid(id);
    assert_eq!(told, [(3, FeedKind::Upsert, made), (4, FeedKind::Delete, valve_id("v2"))]);
    let row = page.entries[0].row.as_ref().unwrap();
    assert_eq!(row.geometry, Value::Geometry(Geometry::point(162_914.5, 6_608_920.25)));
    assert_eq!(row.properties[&field("senast_motionerad")], text("2026-05-19"));
    assert_eq!(row.properties[&field("dimension")], Value::Int(150));
    assert_eq!(sql.one::<i64>("SELECT count(*) FROM karta.valve"), 2);
    store.verify_feed().unwrap();
}

#[test]
fn an_edit_of_a_laptop_shows_in_the_view_and_clashes_with_what_sql_changed_meanwhile() {
    let Some(town) = Town::new() else { return };
    let (store, serving) = town.with_valves();
    let mut laptop = Laptop::join(serving.address(), 1);
    laptop.pull(100);
    let sql = town.sql();
    sql.run("UPDATE karta.valve SET lage = 'stängd' WHERE nummer = 'AV-1'");
    let changes =
        [("lage", text("öppen"), text("okänd")), ("antal_varv", Value::Int(12), Value::Int(14))];
    let op = laptop.hand.op(OperationKind::Update, valve_id("v1"), &changes);
    assert_eq!(kinds(&laptop.push(&[op])), ["conflict"]);
    let row =
        sql.rows("SELECT lage, antal_varv, version FROM karta.valve WHERE nummer = 'AV-1'", &[]);
    assert_eq!(row[0].get::<_, &str>(0), "stängd");
    assert_eq!(row[0].get::<_, i64>(1), 14);
    assert_eq!(row[0].get::<_, i32>(2), 3);
    let conflicts = store.open_conflicts().unwrap();
    assert_eq!(conflicts.len(), 1);
    let clash = &conflicts[0].conflict.fields[&field("lage")];
    assert_eq!((&clash.store, &clash.candidate), (&text("stängd"), &text("okänd")));
    store.verify_feed().unwrap();
}

#[test]
fn a_transaction_numbers_its_rows_once_each_at_its_end_and_none_when_it_is_undone() {
    let Some(town) = Town::new() else { return };
    let (store, _serving) = town.with_valves();
    let (sql, other) = (town.sql(), town.sql());
    sql.run("BEGIN; UPDATE karta.valve SET antal_varv = 1; UPDATE karta.valve SET antal_varv = 2");
    // Nobody waits for the counter while the transaction is open.
    other.run("SET lock_timeout = '1s'; INSERT INTO karta.valve(nummer) VALUES ('AV-3')");
    assert_eq!(store.head().unwrap().seq, 3);
    sql.run("COMMIT");
    assert_eq!(store.head().unwrap().seq, 5);
    sql.run("BEGIN; UPDATE karta.valve SET antal_varv = 3; DELETE FROM karta.valve; ROLLBACK");
    assert_eq!(store.head().unwrap().seq, 5);
    assert_eq!(sql.one::<i64>("SELECT count(*) FROM karta.valve WHERE antal_varv = 2"), 2);
    assert_eq!(sql.one::<i64>("SELECT count(*) FROM faltkarta.history"), 2);
    store.verify_feed().unwrap();
}

#[test]
fn copy_works_and_whatever_would_pass_the_journal_by_is_refused() {
    let Some(town) = Town::new() else { return };
    let (store, _serving) = town.with_valves();
    let sql = town.sql();
    let lines = "AV-10\t150\tSRID=3009;POINT(162914 6608920)\nAV-11\t\\N\t\\N\n";
    let n = sql.copy_in("COPY karta.valve(nummer, dimension, geom) FROM STDIN", lines).unwrap();
    assert_eq!((n, store.head().unwrap().seq), (2, 4));
    for bypass in [
        "TRUNCATE faltkarta.feature",
        "TRUNCATE faltkarta.feed, faltkarta.history",
        "UPDATE faltkarta.feature SET properties = '{}'",
        "DELETE FROM faltkarta.feed",
        "INSERT INTO faltkarta.history SELECT id, 9, false, NULL, NULL, '{}', '[]', hash, replica, op FROM faltkarta.feature",
    ] {
        assert_eq!(code(&sql.try_run(bypass).unwrap_err()), "42501", "{bypass}");
    }
    assert!(sql.try_run("TRUNCATE karta.valve").is_err());
    assert_eq!(sql.one::<i64>("SELECT count(*) FROM karta.valve"), 4);
    store.verify_feed().unwrap();
}

#[test]
fn what_the_store_does_not_take_is_refused_before_the_commit() {
    let Some(town) = Town::new() else { return };
    let (store, _serving) = town.with_valves();
    let sql = town.sql();
    for wrong in [
        "UPDATE karta.valve SET geom = 'SRID=3009;CIRCULARSTRING(0 0, 1 1, 2 0)'",
        "UPDATE karta.valve SET geom = 'SRID=3009;POINT(1e300 0)'",
        "UPDATE karta.valve SET id = gen_random_uuid()",
        "INSERT INTO karta.valve(id, nummer) SELECT id, 'twice' FROM karta.valve",
        "UPDATE karta.manhole SET bottenniva = 'NaN'; INSERT INTO karta.manhole(bottenniva) VALUES ('NaN')",
    ] {
        assert!(sql.try_run(wrong).is_err(), "{wrong}");
    }
    // Another reference system is reprojected by PostGIS.
    sql.run(
        "UPDATE karta.valve SET geom = 'SRID=3006;POINT(511000 6605000)' WHERE nummer = 'AV-1'",
    );
    let grid: i32 = sql.one("SELECT st_srid(geom) FROM karta.valve WHERE nummer = 'AV-1'");
    assert_eq!((grid, store.head().unwrap().seq), (3009, 3));
    store.verify_feed().unwrap();
}

#[test]
fn an_editor_without_other_rights_works_in_the_views_only() {
    let Some(town) = Town::new() else { return };
    let (store, _serving) = town.with_valves();
    let role = format!("anna_{}", town.database);
    town.sql().run(&format!("CREATE ROLE {role} LOGIN; SELECT faltkarta.let_edit('{role}')"));
    let anna = town.cluster.sql_as(&role, &town.database);
    anna.run("UPDATE karta.valve SET lage = 'stängd' WHERE nummer = 'AV-1'");
    assert!(anna.try_run("SELECT * FROM faltkarta.device").is_err());
    assert!(anna.try_run("SET faltkarta.writing = 'store'; DELETE FROM faltkarta.feed").is_err());
    let by: String = town.sql().one("SELECT \"user\" FROM faltkarta.op_log WHERE seq = 3");
    assert_eq!(by, format!("sql:{role}"));
    // A view that is made anew keeps the right.
    let declaration = town.bench.store_path().join("datasets/valve.toml");
    let wider = std::fs::read_to_string(&declaration).unwrap()
        + "\n[[field]]\nid = \"anmarkning\"\ntitle = { sv = \"Anm\", en = \"Note\" }\ntype = \"text\"\n";
    std::fs::write(&declaration, wider).unwrap();
    drop(store);
    let store = town.open();
    anna.run("UPDATE karta.valve SET anmarkning = 'rostig' WHERE nummer = 'AV-2'");
    let valve = store.feature(valve_id("v2")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("anmarkning")], text("rostig"));
    store.verify_feed().unwrap();
}
