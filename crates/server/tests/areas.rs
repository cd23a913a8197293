//! What laptops with an area are told, and what they are not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use faltkarta_changes::{Operation, OperationKind};
use faltkarta_formats::Mapping;
use faltkarta_geo::Geometry;
use faltkarta_model::{FeatureId, Value};
use faltkarta_protocol::{
    AttributeFilter, FeedEntry, FeedKind, RowSum, RowsReply, Subscription, SubscriptionPart,
    row_hash,
};
use faltkarta_server::{
    DeviceRow, GeodataStore, ImportOptions, Pusher, Reader, Rim as _, Role, RowsAsk, Serving,
    SqliteStore, Wanted, import,
};
use harness::{Bench, Hand, Laptop, VALVE_MAPPING, dataset, field, kinds, text};
use proptest::prelude::*;
use uuid::Uuid;

fn serving(bench: &Bench) -> (Arc<SqliteStore>, Serving) {
    let store = Arc::new(bench.open());
    let serving = bench.serve(store.clone());
    (store, serving)
}

fn square(e_m: f64, n_m: f64, side_m: f64) -> Vec<[f64; 2]> {
    vec![[e_m, n_m], [e_m + side_m, n_m], [e_m + side_m, n_m + side_m], [e_m, n_m + side_m]]
}

fn part(datasets: &[&str], area_m: Vec<[f64; 2]>) -> SubscriptionPart {
    let datasets = datasets.iter().map(|it| dataset(it)).collect();
    SubscriptionPart { datasets, area_m, filter: None }
}

fn subscribe(laptop: &Laptop, parts: &[SubscriptionPart]) -> Subscription {
    let body = serde_json::to_vec(&Subscription { revision: 0, parts: parts.to_vec() }).unwrap();
    let answer = laptop.send("PUT", "/subscription", &[], &body);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

fn point(e_m: f64, n_m: f64) -> Value {
    Value::Geometry(Geometry::point(e_m, n_m))
}

fn told(entries: &[FeedEntry]) -> Vec<(u64, FeedKind, FeatureId)> {
    entries.iter().map(|it| (it.seq, it.kind, it.feature)).collect()
}

#[test]
fn what_comes_into_an_area_is_put_what_leaves_it_is_taken_away_and_its_inspections_go_along() {
    let bench = Bench::new();
    let (store, serving) = serving(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    // A smaller feature in the middle of the first kilometre square, another one far away.
    let here = a.hand.op(
        OperationKind::Create,
        FeatureId::from_uuid(Uuid::from_u128(11)),
        &[("nummer", Value::Null, text("AV-1")), ("geometry", Value::Null, point(500.0, 500.0))],
    );
    let mut inspection = a.hand.inspection(12, here.feature);
    inspection.depends_on = vec![here.id];
    assert_eq!(kinds(&a.push(&[here.clone(), inspection.clone()])), ["applied", "applied"]);
    assert_eq!(subscribe(&b, &[part(&[], square(0.0, 0.0, 1_000.0))]).revision, 2);
    let page = b.pull(500);
    assert_eq!(page.subscription, 2);
    assert_eq!(
        told(&page.entries),
        [(1, FeedKind::Upsert, here.feature), (2, FeedKind::Upsert, inspection.feature)]
    );
    let mut go = |from: (f64, f64), to: (f64, f64)| {
        let change = [("geometry", point(from.0, from.1), point(to.0, to.1))];
        let op = a.hand.op(OperationKind::Update, here.feature, &change);
        assert_eq!(kinds(&a.push(&[op])), ["applied"]);
    };
    go((500.0, 500.0), (9_000.0, 500.0));
    assert_eq!(
        told(&b.pull(500).entries),
        [(3, FeedKind::Leave, here.feature), (4, FeedKind::Leave, inspection.feature)]
    );
    // Outside it may go where it likes, and the cursor goes on all the same.
    go((9_000.0, 500.0), (20_000.0, 500.0));
    let page = b.pull(500);
    assert!(page.entries.is_empty() && page.up_to_date && page.at.seq == 6);
    go((20_000.0, 500.0), (900.0, 900.0));
    assert_eq!(
        told(&b.pull(500).entries),
        [(7, FeedKind::Upsert, here.feature), (8, FeedKind::Upsert, inspection.feature)]
    );
    // Within a square nothing has to be told of the inspection.
    go((900.0, 900.0), (100.0, 100.0));
    assert_eq!(told(&b.pull(500).entries), [(9, FeedKind::Upsert, here.feature)]);
    assert_eq!(store.verify_feed().unwrap().seq, 9);
}

#[test]
fn a_delivery_that_moves_a_thing_takes_its_inspections_along_too() {
    let bench = Bench::new();
    let (store, serving) = serving(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let deliver = |e_m: u32| {
        let rows = format!("id;nummer;lage;varv;e;n\nv1;AV-1;öppen;12;{e_m};6600500\n");
        let file = bench.write("ventiler.csv", &rows);
        let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
        let options = ImportOptions { mapping, ..ImportOptions::default() };
        import(store.as_ref(), &[file], &options, bench.rim.as_ref()).unwrap();
    };
    deliver(150_500);
    let valve = harness::valve_id("v1");
    let inspection = a.hand.inspection(12, valve);
    assert_eq!(kinds(&a.push(std::slice::from_ref(&inspection))), ["applied"]);
    subscribe(&b, &[part(&[], square(150_000.0, 6_600_000.0, 1_000.0))]);
    assert_eq!(b.pull(500).entries.len(), 2);
    deliver(170_500);
    let leave = FeedKind::Leave;
    assert_eq!(told(&b.pull(500).entries), [(3, leave, valve), (4, leave, inspection.feature)]);
    assert_eq!(store.verify_feed().unwrap().seq, 4);
}

#[test]
fn a_filter_lets_rows_in_and_out_by_their_values_and_a_delete_is_told_to_those_who_had_it() {
    use OperationKind::{Restore, Update};

    let bench = Bench::new();
    let (_store, serving) = serving(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let filter = AttributeFilter { field: field("lage"), values: vec![text("öppen")] };
    subscribe(&b, &[SubscriptionPart { filter: Some(filter), ..part(&["valve"], vec![]) }]);
    let create = a.hand.create_valve(11, "AV-1");
    a.push(std::slice::from_ref(&create));
    assert!(b.pull(500).entries.is_empty());
    let valve = create.feature;
    let mut turn = |kind, old: Value, new: Value| {
        let mut op = a.hand.op(kind, valve, &[("lage", old, new)]);
        op.base_version = 9;
        assert_eq!(kinds(&a.push(&[op])), ["applied"]);
        told(&b.pull(500).entries)
    };
    let (open, shut) = (text("öppen"), text("stängd"));
    assert_eq!(turn(Update, Value::Null, open.clone()), [(2, FeedKind::Upsert, valve)]);
    assert_eq!(turn(Update, open.clone(), shut.clone()), [(3, FeedKind::Leave, valve)]);
    assert_eq!(turn(Update, shut.clone(), open.clone()), [(4, FeedKind::Upsert, valve)]);
    let mut gone = a.hand.op(
        OperationKind::Delete,
        valve,
        &[
            ("nummer", text("AV-1"), Value::Null),
            ("lage", open.clone(), Value::Null),
            ("geometry", point(162_914.0, 6_608_920.0), Value::Null),
        ],
    );
    gone.base_version = 4;
    assert_eq!(kinds(&a.push(&[gone])), ["applied"]);
    assert_eq!(told(&b.pull(500).entries), [(5, FeedKind::Delete, valve)]);
    let mut back = a.hand.op(Restore, valve, &[]);
    back.base_version = 5;
    assert_eq!(kinds(&a.push(&[back])), ["applied"]);
    assert_eq!(told(&b.pull(500).entries), [(6, FeedKind::Upsert, valve)]);
}

#[test]
fn a_subscription_counts_its_changes_and_one_that_cannot_be_meant_changes_nothing() {
    let bench = Bench::new();
    let (_store, serving) = serving(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let get =
        |laptop: &Laptop| laptop.send("GET", "/subscription", &[], &[]).json::<Subscription>();
    assert_eq!(get(&laptop), Subscription { revision: 1, parts: vec![] });
    let parts = [part(&["valve"], square(0.0, 0.0, 5_000.0))];
    let kept = subscribe(&laptop, &parts);
    assert_eq!((kept.revision, kept.parts.as_slice()), (2, &parts[..]));
    assert_eq!(subscribe(&laptop, &parts), kept, "the same once more");
    let cursor = laptop.pull(500).cursor;
    assert!(cursor.ends_with(".2"), "{cursor}");
    let put = |json: &str| laptop.send("PUT", "/subscription", &[], json.as_bytes());
    for (body, status, code) in [
        ("", 400, "malformed"),
        (r#"{"revision": 1}"#, 400, "malformed"),
        (
            r#"{"revision":1,"parts":[{"datasets":[],"area_m":[[0,0],[1,1]],"filter":null}]}"#,
            400,
            "malformed",
        ),
        (
            r#"{"revision":1,"parts":[{"datasets":["no_such"],"area_m":[],"filter":null}]}"#,
            404,
            "unknown_dataset",
        ),
    ] {
        let answer = put(body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
    }
    assert_eq!(get(&laptop), kept);
    assert_eq!(subscribe(&laptop, &[]).revision, 3);
}

#[test]
fn rows_are_read_in_pieces_and_a_difference_tells_what_is_gone() {
    let bench = Bench::new();
    let (_store, serving) = serving(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let ops: Vec<Operation> =
        (0..7).map(|no| laptop.hand.create_valve(100 + no, &format!("AV-{no}"))).collect();
    laptop.push(&ops);
    let get = |path: &str| laptop.send("GET", path, &[], &[]);
    let (mut after, mut seen) = (String::new(), vec![]);
    loop {
        let piece: RowsReply = get(&format!("/rows?dataset=valve&limit=3&after={after}")).json();
        assert!(piece.entries.len() <= 3 && piece.at.seq == 7);
        seen.extend(piece.entries.iter().map(|it| (it.seq, it.feature)));
        match piece.next {
            Some(next) => after = next,
            None => break,
        }
    }
    let all: Vec<_> = ops.iter().zip(1..).map(|(op, seq)| (seq, op.feature)).collect();
    assert_eq!(seen, all);
    for (path, status, code) in [
        ("/rows", 400, "malformed"),
        ("/rows?dataset=valve&after=x", 400, "malformed"),
        ("/rows?dataset=valve&after=-1", 400, "malformed"),
        ("/rows?dataset=valve&since=-1", 400, "malformed"),
        ("/rows?dataset=no_such", 404, "unknown_dataset"),
        ("/rows?dataset=land_cover", 403, "unpermitted"),
    ] {
        let answer = get(path);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}");
    }
    // One is deleted, one moves: whoever asks since then learns both, and nothing of the others.
    let old = [
        ("nummer", text("AV-0"), Value::Null),
        ("geometry", point(162_914.0, 6_608_920.0), Value::Null),
    ];
    let gone = laptop.hand.op(OperationKind::Delete, ops[0].feature, &old);
    let away = [("geometry", point(162_914.0, 6_608_920.0), point(900.0, 900.0))];
    let away = laptop.hand.op(OperationKind::Update, ops[1].feature, &away);
    laptop.push(&[gone, away]);
    subscribe(&laptop, &[part(&[], square(162_000.0, 6_608_000.0, 2_000.0))]);
    let piece: RowsReply = laptop.send("GET", "/rows?dataset=valve&since=7", &[], &[]).json();
    assert_eq!(
        told(&piece.entries),
        [(8, FeedKind::Delete, ops[0].feature), (9, FeedKind::Leave, ops[1].feature)]
    );
}

/// Where a random history happens: four by four squares.
const SIDE: i32 = 4;
const CELL_M: f64 = 1_024.0;

/// One step of a random history.
#[derive(Debug, Clone)]
enum Step {
    Create { cell: (i32, i32), is_open: bool },
    Move { which: usize, cell: (i32, i32) },
    Turn { which: usize },
    Delete { which: usize },
    Inspect { which: usize },
    Subscribe { who: usize, cells: (i32, i32, i32, i32), is_filtered: bool },
    Backfill { who: usize, limit: usize },
    Pull { who: usize, limit: usize },
}

fn cell() -> impl Strategy<Value = (i32, i32)> {
    (0..SIDE, 0..SIDE)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (cell(), any::<bool>()).prop_map(|(cell, is_open)| Step::Create { cell, is_open }),
        5 => (any::<usize>(), cell()).prop_map(|(which, cell)| Step::Move { which, cell }),
        2 => any::<usize>().prop_map(|which| Step::Turn { which }),
        1 => any::<usize>().prop_map(|which| Step::Delete { which }),
        3 => any::<usize>().prop_map(|which| Step::Inspect { which }),
        2 => (0..2usize, (0..SIDE, 0..SIDE, 1..3, 1..3), any::<bool>())
            .prop_map(|(who, cells, is_filtered)| Step::Subscribe { who, cells, is_filtered }),
        2 => (0..2usize, 1..5usize).prop_map(|(who, limit)| Step::Backfill { who, limit }),
        4 => (0..2usize, 1..5usize).prop_map(|(who, limit)| Step::Pull { who, limit }),
    ]
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    seq: u64,
    version: u32,
    properties: faltkarta_model::Properties,
    geometry: Value,
}

/// A laptop as the protocol asks it to be, and nothing more.
struct Reading {
    reader: Reader,
    // Columns and rows of the area, first and last; none wants everything.
    cells: Option<(i32, i32, i32, i32)>,
    is_filtered: bool,
    cursor: String,
    cursor_seq: u64,
    rows: BTreeMap<FeatureId, Row>,
    // Datasets that are still to be read anew, and where the piece before ended.
    backfill: Vec<(&'static str, String)>,
}

impl Reading {
    fn new() -> Self {
        Self {
            reader: Reader::of_role(Role::FIELD),
            cells: None,
            is_filtered: false,
            cursor: String::new(),
            cursor_seq: 0,
            rows: BTreeMap::new(),
            backfill: vec![],
        }
    }

    fn subscribe(&mut self, cells: (i32, i32, i32, i32), is_filtered: bool) {
        let (column, row, width, height) = cells;
        let m = |it: i32| f64::from(it) * CELL_M;
        // A little inside the squares, so that only they are touched.
        let area_m = vec![
            [m(column) + 1.0, m(row) + 1.0],
            [m(column + width) - 1.0, m(row) + 1.0],
            [m(column + width) - 1.0, m(row + height) - 1.0],
            [m(column) + 1.0, m(row + height) - 1.0],
        ];
        let filter = is_filtered
            .then(|| AttributeFilter { field: field("lage"), values: vec![text("öppen")] });
        let parts = [
            SubscriptionPart { filter, ..part(&["valve"], area_m.clone()) },
            part(&["inspection"], area_m),
        ];
        self.reader.wanted = Wanted::parse(&parts).unwrap();
        self.reader.revision += 1;
        self.cells = Some((column, row, column + width - 1, row + height - 1));
        self.is_filtered = is_filtered;
        // Taking away what is wanted no more is the laptop's own business.
        let all = std::mem::take(&mut self.rows);
        let kept =
            all.iter().filter(|(_, row)| self_wants(self.cells, &all, row) && self.fits(row));
        self.rows = kept.map(|(id, row)| (*id, row.clone())).collect();
        self.backfill = vec![("valve", String::new()), ("inspection", String::new())];
    }

    fn fits(&self, row: &Row) -> bool {
        let is_valve = row.properties.contains_key(&field("nummer"));
        !is_valve || !self.is_filtered || row.properties.get(&field("lage")) == Some(&text("öppen"))
    }

    fn apply(&mut self, entry: &FeedEntry) {
        let held = self.rows.get(&entry.feature).map_or(0, |it| it.seq);
        // A row goes never back in time.
        if entry.seq <= held {
            return;
        }
        match (&entry.kind, &entry.row) {
            (FeedKind::Upsert, Some(row)) => {
                let row = Row {
                    seq: entry.seq,
                    version: entry.version,
                    properties: row.properties.clone(),
                    geometry: row.geometry.clone(),
                };
                if let (Value::Geometry(_), Some(cells)) = (&row.geometry, self.cells) {
                    assert!(is_in(cells, cell_of(&row.geometry)) && self.fits(&row), "{entry:?}");
                }
                self.rows.insert(entry.feature, row);
            }
            (FeedKind::Upsert, None) => panic!("an upsert has a row"),
            (FeedKind::Delete | FeedKind::Leave, _) => {
                self.rows.remove(&entry.feature);
            }
        }
    }

    fn pull(&mut self, store: &SqliteStore, bench: &Bench, limit: usize) -> bool {
        let page = store.pull(&self.cursor, limit, &self.reader, bench.rim.as_ref()).unwrap();
        for entry in &page.entries {
            assert!(entry.seq > self.cursor_seq && entry.seq <= page.at.seq);
            self.apply(entry);
        }
        (self.cursor, self.cursor_seq) = (page.cursor, page.at.seq);
        page.is_up_to_date
    }

    fn read_piece(&mut self, store: &SqliteStore, bench: &Bench, limit: usize) {
        let Some((id, after)) = self.backfill.pop() else { return };
        let ask = RowsAsk { dataset: dataset(id), after, since: None, limit };
        let page = store.rows(&ask, &self.reader, bench.rim.as_ref()).unwrap();
        assert!(page.at.seq >= self.cursor_seq);
        for entry in &page.entries {
            self.apply(entry);
        }
        self.backfill.extend(page.next.map(|next| (id, next)));
    }
}

fn cell_of(geometry: &Value) -> (i32, i32) {
    let Value::Geometry(geometry) = geometry else { panic!("a valve has a place") };
    let at = geometry.bounds().unwrap();
    ((at.min_e_m / CELL_M).floor() as i32, (at.min_n_m / CELL_M).floor() as i32)
}

fn is_in(area: (i32, i32, i32, i32), (column, row): (i32, i32)) -> bool {
    (area.0..=area.2).contains(&column) && (area.1..=area.3).contains(&row)
}

/// Whether a row lies in an area: by its own place, or by that of the valve it hangs on.
fn self_wants(
    area: Option<(i32, i32, i32, i32)>,
    all: &BTreeMap<FeatureId, Row>,
    row: &Row,
) -> bool {
    let Some(area) = area else { return true };
    let subject = row.properties.get(&field("subject_id")).and_then(Value::as_text);
    let place = match subject {
        Some(subject) => all.get(&subject.parse().unwrap()).map(|it| &it.geometry),
        None => Some(&row.geometry),
    };
    place.is_some_and(|it| is_in(area, cell_of(it)))
}

/// Asset numbers are unique, so that nothing here is a conflict.
fn number(feature: FeatureId) -> Value {
    text(&format!("AV-{}", feature.uuid().as_u128()))
}

/// The store's side of a random history.
struct Writing {
    hand: Hand,
    valves: Vec<(FeatureId, (f64, f64), bool)>,
    n_valves: u128,
    n_inspections: u128,
    deleted: BTreeMap<FeatureId, Row>,
}

impl Writing {
    fn op(&mut self, step: &Step) -> Option<Operation> {
        let place = |cell: (i32, i32)| {
            (f64::from(cell.0) * CELL_M + 300.0, f64::from(cell.1) * CELL_M + 700.0)
        };
        let position = |is_open: bool| text(if is_open { "öppen" } else { "stängd" });
        let n_valves = self.valves.len();
        let which = |which: usize| (n_valves > 0).then(|| which % n_valves);
        match step {
            Step::Create { cell, is_open } => {
                let feature = FeatureId::from_uuid(Uuid::from_u128(1_000 + self.n_valves));
                self.n_valves += 1;
                let at = place(*cell);
                self.valves.push((feature, at, *is_open));
                let changes = [
                    ("nummer", Value::Null, number(feature)),
                    ("lage", Value::Null, position(*is_open)),
                    ("geometry", Value::Null, point(at.0, at.1)),
                ];
                Some(self.hand.op(OperationKind::Create, feature, &changes))
            }
            Step::Move { which: nth, cell } => {
                let valve = &mut self.valves[which(*nth)?];
                let (from, to) = (valve.1, place(*cell));
                if from == to {
                    return None;
                }
                valve.1 = to;
                let change = [("geometry", point(from.0, from.1), point(to.0, to.1))];
                Some(self.hand.op(OperationKind::Update, valve.0, &change))
            }
            Step::Turn { which: nth } => {
                let valve = &mut self.valves[which(*nth)?];
                let was = valve.2;
                valve.2 = !was;
                let change = [("lage", position(was), position(!was))];
                Some(self.hand.op(OperationKind::Update, valve.0, &change))
            }
            Step::Delete { which: nth } => {
                let valve = self.valves[which(*nth)?];
                let changes = [
                    ("nummer", number(valve.0), Value::Null),
                    ("lage", position(valve.2), Value::Null),
                    ("geometry", point(valve.1.0, valve.1.1), Value::Null),
                ];
                let op = self.hand.op(OperationKind::Delete, valve.0, &changes);
                let row = Row {
                    seq: 0,
                    version: 0,
                    properties: BTreeMap::new(),
                    geometry: point(valve.1.0, valve.1.1),
                };
                self.deleted.insert(valve.0, row);
                self.valves.retain(|it| it.0 != valve.0);
                Some(op)
            }
            Step::Inspect { which: nth } => {
                let valve = self.valves[which(*nth)?].0;
                self.n_inspections += 1;
                Some(self.hand.inspection(1_000_000 + self.n_inspections, valve))
            }
            Step::Subscribe { .. } | Step::Backfill { .. } | Step::Pull { .. } => None,
        }
    }
}

fn push(store: &SqliteStore, bench: &Bench, device: &DeviceRow, op: Operation) {
    let pusher = Pusher {
        device,
        // A file that never pushed before begins a lineage, which is all that matters here.
        replica: faltkarta_model::ReplicaId::from_uuid(bench.rim.new_id()),
        epoch: &store.head().unwrap().epoch,
        lineage: "",
        witness: &faltkarta_protocol::Witness { seq: 0, chain: String::new() },
        former_seqs: &BTreeMap::new(),
    };
    let reply = store.apply_ops(&pusher, &[Ok(op)], bench.rim.as_ref()).unwrap();
    assert_eq!(kinds(&reply.outcomes), ["applied"], "{:?}", reply.outcomes);
}

/// All rows of the store, by another way than the one under test.
fn all_rows(store: &SqliteStore) -> BTreeMap<FeatureId, Row> {
    let mut rows = BTreeMap::new();
    let inputs = store.package_inputs().unwrap();
    for id in ["valve", "inspection"] {
        inputs
            .for_each_row(&dataset(id), &mut |row| {
                let geometry = row.wkb.map_or(Value::Null, |it| {
                    Value::Geometry(Geometry::from_wkb(it.to_vec()).unwrap())
                });
                let properties = serde_json::from_str(row.properties).unwrap();
                let row_there = Row { seq: row.seq, version: row.version, properties, geometry };
                rows.insert(row.id, row_there);
                Ok(())
            })
            .unwrap();
    }
    rows
}

fn play(steps: &[Step]) {
    let bench = Bench::new();
    let store = bench.open();
    let mut writing = Writing {
        hand: Hand::new(1),
        valves: vec![],
        n_valves: 0,
        n_inspections: 0,
        deleted: BTreeMap::new(),
    };
    let joining = serde_json::from_slice(&harness::join_body(None, writing.hand.replica)).unwrap();
    store.join(&joining, true, bench.rim.as_ref()).unwrap();
    let device = store.devices().unwrap().remove(0);
    let mut readings = [Reading::new(), Reading::new()];
    for step in steps {
        match step {
            Step::Subscribe { who, cells, is_filtered } => {
                readings[*who].subscribe(*cells, *is_filtered);
            }
            Step::Backfill { who, limit } => readings[*who].read_piece(&store, &bench, *limit),
            Step::Pull { who, limit } => {
                readings[*who].pull(&store, &bench, *limit);
            }
            writes => {
                if let Some(op) = writing.op(writes) {
                    push(&store, &bench, &device, op);
                }
            }
        }
    }
    let all = all_rows(&store);
    let mut places = all.clone();
    places.extend(writing.deleted);
    for reading in &mut readings {
        while !reading.backfill.is_empty() {
            reading.read_piece(&store, &bench, 3);
        }
        while !reading.pull(&store, &bench, 3) {}
        let wanted: BTreeSet<FeatureId> = all
            .iter()
            .filter(|(_, row)| self_wants(reading.cells, &places, row) && reading.fits(row))
            .map(|(id, _)| *id)
            .collect();
        let held: BTreeSet<FeatureId> = reading.rows.keys().copied().collect();
        assert_eq!(held, wanted, "area {:?}", reading.cells);
        let mut sums = [RowSum::default(), RowSum::default()];
        for (id, row) in &reading.rows {
            assert_eq!(row, &all[id]);
            let geometry = match &row.geometry {
                Value::Geometry(geometry) => Some(geometry),
                _ => None,
            };
            let at = usize::from(geometry.is_some());
            sums[at].add(row_hash(*id, row.version, geometry, &row.properties));
        }
        let (_, digests) = store.digest(&reading.reader).unwrap();
        for (id, sum) in ["inspection", "valve"].into_iter().zip(sums) {
            let told = digests.iter().find(|it| it.dataset == dataset(id)).unwrap();
            assert_eq!(*told, sum.digest(dataset(id)));
        }
    }
    assert_eq!(store.verify_feed().unwrap(), store.head().unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_laptop_holds_exactly_what_lies_in_its_area_whatever_moves_and_however_it_pulls(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        play(&steps);
    }
}
