//! A store in a temporary folder, a rim that counts, and a bare HTTP client.
#![allow(dead_code, unreachable_pub, clippy::panic, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use faltkarta_changes::{Change, Operation, OperationKind};
use faltkarta_geo::Geometry;
use faltkarta_model::{DatasetId, FeatureId, FieldId, OpId, ReplicaId, Timestamp, Value};
use faltkarta_protocol::{JoinReply, OpOutcome, Outcome, PullReply, PushReply};
use faltkarta_server::{GeodataStore, OpenMode, Rim, Serving, SqliteStore, open_store};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

/// Counts ids from one; its clock stands still until it is set.
#[derive(Debug)]
pub struct CountingRim {
    next: AtomicU64,
    now_ms: AtomicI64,
}

impl CountingRim {
    pub fn new() -> Self {
        Self { next: AtomicU64::new(1), now_ms: AtomicI64::new(1_779_180_000_000) }
    }

    pub fn wait(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Rim for CountingRim {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.now_ms.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.next.fetch_add(1, Ordering::SeqCst)) | 0xffff << 112)
    }

    fn secret(&self) -> [u8; 32] {
        let n = self.next.fetch_add(1, Ordering::SeqCst);
        let mut secret = [7; 32];
        secret[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        secret
    }
}

/// A new store in a folder that is removed at the end.
pub struct Bench {
    pub folder: TempDir,
    pub rim: Arc<CountingRim>,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), rim: Arc::new(CountingRim::new()) }
    }

    pub fn store_path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn open(&self) -> SqliteStore {
        let mode = OpenMode::CreateIfMissing { grid_epsg: 3009 };
        open_store(&self.store_path(), mode, self.rim.as_ref()).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn serve(&self, store: Arc<dyn GeodataStore>) -> Serving {
        Serving::start(store, self.rim.clone(), "127.0.0.1:0".parse().unwrap()).unwrap()
    }
}

/// Addresses as a supplier sends them: identity, street, number, northing, easting in SWEREF 99 TM.
pub fn addresses(rows: &[(&str, &str, &str, f64, f64)]) -> String {
    let mut text = String::from(
        "belagenhetsadress_objektidentitet;adressomrade_faststalltnamn;adressplatsnummer;bokstavstillagg;\
         postnummer;postort;kommunkod;kommunnamn;versiongiltigfran;n;e\n",
    );
    for (id, street, number, n_m, e_m) in rows {
        let (n_m, e_m) = (format!("{n_m}").replace('.', ","), format!("{e_m}").replace('.', ","));
        writeln!(text, "{id};{street};{number};;71130;LINDESBERG;1885;LINDESBERG;2026-03-01T00:00:00Z;{n_m};{e_m}").unwrap();
    }
    text
}

/// A mapping that reads valves out of separated values.
pub const VALVE_MAPPING: &str = r#"
dataset = "valve"
identity = ["id"]
geometry = "e,n"
crs = 3009
[fields]
ventil_id = "id"
nummer = "nummer"
lage = "lage"
antal_varv = "varv"
"#;

pub fn valves(rows: &[(&str, &str, &str, i64)]) -> String {
    let mut text = String::from("id;nummer;lage;varv;e;n\n");
    for (at, (id, number, position, turns)) in rows.iter().enumerate() {
        writeln!(text, "{id};{number};{position};{turns};{};6608920", 162_914 + at).unwrap();
    }
    text
}

pub fn field(id: &str) -> FieldId {
    FieldId::parse(id).unwrap()
}

pub fn dataset(id: &str) -> DatasetId {
    DatasetId::parse(id).unwrap()
}

pub fn text(it: &str) -> Value {
    Value::Text(it.to_owned())
}

/// The id that a delivered valve has.
pub fn valve_id(identity: &str) -> FeatureId {
    FeatureId::of_delivered(&dataset("valve"), identity)
}

/// Makes operations of one laptop.
pub struct Hand {
    pub replica: ReplicaId,
    n: u32,
}

impl Hand {
    pub fn new(no: u128) -> Self {
        Self { replica: ReplicaId::from_uuid(Uuid::from_u128(no)), n: 0 }
    }

    pub fn op(
        &mut self,
        kind: OperationKind,
        feature: FeatureId,
        changes: &[(&str, Value, Value)],
    ) -> Operation {
        self.n += 1;
        Operation {
            id: OpId::from_uuid(Uuid::from_u128(
                self.replica.uuid().as_u128() << 32 | u128::from(self.n),
            )),
            replica: self.replica,
            op_no: self.n,
            user: format!("Tekniker {}", self.replica.uuid().as_u128()),
            device_time: Timestamp::from_unix_ms(0),
            clock_offset_ms: None,
            dataset: dataset("valve"),
            schema_rev: 1,
            feature,
            kind,
            base_version: 1,
            changes: changes
                .iter()
                .map(|(id, old, new)| (field(id), Change { old: old.clone(), new: new.clone() }))
                .collect(),
            depends_on: vec![],
            group: None,
            atomic: false,
            blobs: vec![],
            note: None,
        }
    }

    pub fn create_valve(&mut self, no: u128, number: &str) -> Operation {
        let at = Value::Geometry(Geometry::point(162_914.0, 6_608_920.0));
        self.op(
            OperationKind::Create,
            FeatureId::from_uuid(Uuid::from_u128(no)),
            &[("nummer", Value::Null, text(number)), ("geometry", Value::Null, at)],
        )
    }

    pub fn inspection(&mut self, no: u128, subject: FeatureId) -> Operation {
        let mut op = self.op(
            OperationKind::Create,
            FeatureId::from_uuid(Uuid::from_u128(no)),
            &[
                ("form", Value::Null, text("ventilmotionering")),
                ("subject_dataset", Value::Null, text("valve")),
                ("subject_id", Value::Null, text(&subject.to_string())),
                ("answers", Value::Null, text(r#"{"antal_varv":14,"funktion":"fungerar"}"#)),
            ],
        );
        op.dataset = dataset("inspection");
        op
    }
}

/// An answer of the server.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn code(&self) -> String {
        self.json::<serde_json::Value>()["code"].as_str().unwrap().to_owned()
    }
}

pub fn request_bytes(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: store\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(bytes, "{name}: {value}\r\n").unwrap();
    }
    write!(bytes, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    // The server may answer and close before it has read a body that is too large.
    let _ = stream.write_all(&request_bytes(method, path, headers, body));
    let mut bytes = vec![];
    let _ = stream.read_to_end(&mut bytes);
    let split = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|it| it.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = bytes[split + 4..].to_vec();
    if headers.get("transfer-encoding").is_some_and(|it| it == "chunked") {
        body = unchunk(&body);
    }
    Answer { status, headers, body }
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = vec![];
    while let Some(at) = bytes.windows(2).position(|it| it == b"\r\n") {
        let n = usize::from_str_radix(std::str::from_utf8(&bytes[..at]).unwrap(), 16).unwrap();
        if n == 0 {
            break;
        }
        whole.extend_from_slice(&bytes[at + 2..at + 2 + n]);
        bytes = &bytes[at + 4 + n..];
    }
    whole
}

/// A laptop as far as the wire goes.
pub struct Laptop {
    pub address: SocketAddr,
    pub joined: JoinReply,
    pub hand: Hand,
    pub lineage: String,
    pub cursor: String,
    pub witness: serde_json::Value,
}

impl Laptop {
    pub fn join(address: SocketAddr, no: u128) -> Self {
        Self::join_with(address, no, None)
    }

    /// A laptop with the role of a code.
    pub fn join_as(
        address: SocketAddr,
        no: u128,
        store: &dyn GeodataStore,
        rim: &CountingRim,
        role: &str,
    ) -> Self {
        let until = Timestamp::from_unix_ms(rim.now().unix_ms() + 60_000);
        let code = store.create_enrol_code(role.parse().unwrap(), until, rim).unwrap();
        Self::join_with(address, no, Some(&code))
    }

    fn join_with(address: SocketAddr, no: u128, code: Option<&str>) -> Self {
        let hand = Hand::new(no);
        let body = join_body(code, hand.replica);
        let answer = send(address, "POST", "/sync/v1/join", &[], &body);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let joined: JoinReply = answer.json();
        Self {
            address,
            lineage: joined.lineage.clone(),
            joined,
            hand,
            cursor: String::new(),
            witness: json!({"seq": 0, "chain": ""}),
        }
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.joined.token)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = self.bearer();
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        send(self.address, method, &format!("/sync/v1/main{path}"), &all, body)
    }

    pub fn push_body(&self, ops: &[Operation]) -> Vec<u8> {
        serde_json::to_vec(&json!({
            "protocol": 1, "epoch": self.joined.epoch, "replica": self.hand.replica,
            "lineage": self.lineage, "witness": self.witness, "ops": ops,
        }))
        .unwrap()
    }

    pub fn try_push(&self, ops: &[Operation]) -> Answer {
        self.send("POST", "/push", &[], &self.push_body(ops))
    }

    pub fn push(&mut self, ops: &[Operation]) -> Vec<OpOutcome> {
        let answer = self.try_push(ops);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let reply: PushReply = answer.json();
        self.lineage = reply.lineage;
        reply.outcomes
    }

    pub fn pull(&mut self, limit: usize) -> PullReply {
        let path = format!("/changes?cursor={}&limit={limit}", self.cursor);
        let answer = self.send("GET", &path, &[], &[]);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let reply: PullReply = answer.json();
        self.cursor.clone_from(&reply.cursor);
        self.witness = json!({"seq": reply.at.seq, "chain": reply.at.chain});
        reply
    }
}

pub fn join_body(code: Option<&str>, replica: ReplicaId) -> Vec<u8> {
    serde_json::to_vec(&json!({
        "protocol": 1, "code": code, "device_name": "Bil 3", "user_name": "Tekniker A", "replica": replica,
    }))
    .unwrap()
}

/// The word of an outcome.
pub fn kind(outcome: &OpOutcome) -> &'static str {
    match &outcome.outcome {
        Outcome::Applied => "applied",
        Outcome::Merged => "merged",
        Outcome::Same => "same",
        Outcome::Conflict { .. } => "conflict",
        Outcome::Parked { .. } => "parked",
        Outcome::Quarantined { .. } => "quarantined",
    }
}

pub fn kinds(outcomes: &[OpOutcome]) -> Vec<&'static str> {
    outcomes.iter().map(kind).collect()
}
