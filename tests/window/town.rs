//! A small demo town in a geodata store, and the server that serves it.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::patience::Patience;
use crate::programs::{Running, program};

/// The town that all journeys share, built by the first that asks.
static TOWN: LazyLock<Town> = LazyLock::new(Town::build);

/// A geodata store with the centre of Lindesberg, and the open package that an installer would carry.
#[derive(Debug)]
pub(crate) struct Town {
    folder: PathBuf,
}

impl Town {
    /// The town.
    pub(crate) fn shared() -> &'static Self {
        &TOWN
    }

    /// Writes the demo delivery, imports it and cuts the open package, anew in each run.
    fn build() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("window-town");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("the town of an earlier run can go");
        }
        std::fs::create_dir_all(&folder).expect("a folder for the town");
        let town = Self { folder };
        let (delivery, store) = (town.path("delivery"), town.path("store"));
        cli(&["demo", &delivery, "--scale", "0.05"]);
        cli(&["import", &store, &delivery]);
        cli(&["package", &store, "--to", &town.path("bundle")]);
        town
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    /// The package that an installer would carry.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.folder.join("bundle")
    }

    /// Serves the store on a port of loopback until the answer is dropped.
    pub(crate) fn serve(&self, port: u16) -> Running {
        let mut command = Command::new(program("faltkarta"));
        command
            .args(["serve", &self.path("store"), "--listen", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let server = Running::start(&mut command);
        let patience = Patience::begin();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(patience.is_left(), "the server listens on {port}");
        }
        server
    }
}

/// Enrols a laptop at a served store.
pub(crate) fn join(laptop: &Path, port: u16) {
    cli(&["field", &laptop.to_string_lossy(), "join", &format!("http://127.0.0.1:{port}")]);
}

/// Enrols a laptop for somebody.
pub(crate) fn join_as(laptop: &Path, port: u16, user: &str) {
    let url = format!("http://127.0.0.1:{port}");
    cli(&["field", &laptop.to_string_lossy(), "join", &url, "--user", user]);
}

/// Changes values of a feature on a laptop; each is `field=value`.
pub(crate) fn edit(laptop: &Path, feature: &str, set: &[&str]) {
    let laptop = laptop.to_string_lossy();
    let mut arguments = vec!["field", &laptop, "edit", "update", "--id", feature];
    arguments.extend(set.iter().flat_map(|it| ["--set", it]));
    cli(&arguments);
}

/// One round of a laptop with its store.
pub(crate) fn sync(laptop: &Path) {
    cli(&["field", &laptop.to_string_lossy(), "sync"]);
}

/// Runs the command line program and expects it to succeed.
fn cli(arguments: &[&str]) {
    let output = Command::new(program("faltkarta"))
        .args(arguments)
        .env("FALTKARTA_KEY_STORE", "file")
        .output()
        .expect("the command line program starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "faltkarta {arguments:?}: {complaint}");
}
