//! The real programs, as processes, and the road between them.

pub(crate) mod road;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

pub(crate) fn faltkarta(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faltkarta"));
    // The key store of whoever runs the tests is none of the tests' business.
    command.args(arguments).env("FALTKARTA_KEY_STORE", "file").stdin(Stdio::null());
    command
}

/// Runs a command that must succeed and answer one JSON document.
#[track_caller]
pub(crate) fn answer(arguments: &[&str]) -> Value {
    tried(arguments).unwrap_or_else(|code| panic!("{arguments:?}: {code}"))
}

/// Runs a command that must be refused, and gives the code of the refusal.
#[track_caller]
pub(crate) fn refusal(arguments: &[&str]) -> String {
    match tried(arguments) {
        Err(code) => code,
        Ok(answer) => panic!("{arguments:?} is not refused: {answer}"),
    }
}

/// Runs a command that may be refused: its answer, or the code of the refusal.
#[track_caller]
pub(crate) fn tried(arguments: &[&str]) -> Result<Value, String> {
    let output = faltkarta(arguments).arg("--json").output().unwrap();
    if output.status.success() {
        let json = serde_json::from_slice(&output.stdout);
        return Ok(json.unwrap_or_else(|fault| panic!("{arguments:?} answered no JSON: {fault}")));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?} is refused with status 1: {text}");
    // What was said before the refusal stands on lines of its own.
    let last = text.trim().lines().last().unwrap_or_default();
    let error: Value = serde_json::from_str(last)
        .unwrap_or_else(|fault| panic!("{arguments:?}: {fault} in {text}"));
    assert_eq!(error["format"], "faltkarta.error/1");
    assert_eq!(error["data_safe"], true);
    Err(error["code"].as_str().unwrap().to_owned())
}

/// A store that serves, as a process of its own.
pub(crate) struct Server {
    child: Child,
    pub(crate) at: SocketAddr,
}

impl Server {
    pub(crate) fn start(store: &Path, listen: &str) -> Self {
        Self::begin(&["serve", text(store), "--listen", listen])
    }

    /// With all the words of the command line.
    pub(crate) fn begin(arguments: &[&str]) -> Self {
        let mut child = faltkarta(arguments).arg("--json").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let hello: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut said = String::new();
            if let Some(mut errors) = child.stderr.take() {
                let _ = errors.read_to_string(&mut said);
            }
            panic!("the store does not serve: {line}{said}")
        });
        let url = hello["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Self { child, at: url.parse().unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Ends it where it stands, as a power cut would end the process.
    pub(crate) fn kill(mut self) -> SocketAddr {
        self.end();
        self.at
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) struct Place {
    root: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
}

/// A delivery of the smallest size, of which only the water and sewer network is imported: some 2 000 features.
pub(crate) fn store_of_a_small_network() -> (Place, PathBuf) {
    let place = Place::new();
    let (delivery, store) = (place.path("delivery"), place.path("store"));
    answer(&["demo", text(&delivery), "--scale", "0.03"]);
    answer(&["import", text(&store), text(&delivery.join("va_ledningsnat.gpkg"))]);
    (place, store)
}

/// A laptop that has joined over a road.
pub(crate) struct Laptop {
    pub(crate) dir: PathBuf,
}

impl Laptop {
    pub(crate) fn join(dir: PathBuf, url: &str) -> Self {
        answer(&["field", text(&dir), "join", url, "--user", "Eva Lind"]);
        Self { dir }
    }

    /// Makes a manhole that carries a mark of its own; the answer is proof that it is durable.
    pub(crate) fn mark(&self, mark: &str) -> String {
        let set = format!("nummer={mark}");
        let at = "150000,6600000";
        let dir = text(&self.dir);
        let made = answer(&[
            "field",
            dir,
            "edit",
            "create",
            "--dataset",
            "manhole",
            "--set",
            &set,
            "--at",
            at,
        ]);
        assert_eq!(made["state"], "saved_here");
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn try_sync(&self) -> Result<Value, String> {
        tried(&["field", text(&self.dir), "sync"])
    }

    /// A round that must go well, after which nothing waits.
    #[track_caller]
    pub(crate) fn sync(&self) {
        let round = answer(&["field", text(&self.dir), "sync"]);
        assert_eq!(round["quarantined"], 0, "{round}");
        assert_eq!(self.status()["edits"]["saved_here"], 0, "nothing waits after {round}");
    }

    pub(crate) fn status(&self) -> Value {
        answer(&["field", text(&self.dir), "status"])
    }
}

/// The marks of all manholes in the store, each as often as it is there.
pub(crate) fn marks(place: &Place, store: &Path) -> Vec<String> {
    let file = place.path("marks.geojson");
    let _ = std::fs::remove_file(&file);
    answer(&["export", text(store), "--dataset", "manhole", "--to", text(&file)]);
    let features: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let features = features["features"].as_array().unwrap();
    let marks = features.iter().filter_map(|it| it["properties"]["nummer"].as_str());
    marks.filter(|it| it.starts_with("M-")).map(str::to_owned).collect()
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// How much of a long campaign is run: `make soak` sets it.
pub(crate) fn wanted(variable: &str, short: u64) -> u64 {
    std::env::var(variable).ok().and_then(|it| it.parse().ok()).unwrap_or(short)
}
