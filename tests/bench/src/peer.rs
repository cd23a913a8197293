//! Programs that are not ours, started beside the benchmark.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::rounds::Outcome;

/// Starts a throw-away cluster; the tests of the store start theirs in the same way.
const KEEPER: &str = include_str!("../../../crates/server/tests/cluster/keeper.sh");

/// The Python that `make bench` gives its peers to.
pub(crate) fn python() -> String {
    std::env::var("FALTKARTA_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// A file of `peers`.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name)
}

/// The interface's libraries, among them two that are peers.
pub(crate) fn node_modules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/node_modules")
}

/// What a peer prints, line by line in words; `None` when it is not there or cannot do it, with the reason on the way.
pub(crate) fn told(mut command: Command) -> Result<Vec<Vec<String>>, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.trim().lines().last().unwrap_or("it failed without a word").to_owned());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.lines().map(|it| it.split_whitespace().map(str::to_owned).collect()).collect())
}

/// Little doubles one after the other, as numpy reads them.
pub(crate) fn write_doubles(path: &Path, them: impl Iterator<Item = f64>) -> Outcome<()> {
    let bytes: Vec<u8> = them.flat_map(f64::to_le_bytes).collect();
    Ok(std::fs::write(path, bytes)?)
}

/// A PostgreSQL cluster with `PostGIS` on a loopback port, for as long as this value lives.
pub(crate) struct Cluster {
    keeper: Child,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// `None` when the packages are not installed.
    pub(crate) fn start() -> Outcome<Option<Self>> {
        let Some(programs) = postgres_programs() else { return Ok(None) };
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("faltkarta-bench-pg-{port}"));
        let mut keeper = Command::new("bash")
            .args(["-c", KEEPER, "keeper"])
            .args([&programs, &folder])
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let hear = keeper.stdout.take().ok_or("the cluster's keeper is silent")?;
        let mut line = String::new();
        BufReader::new(hear).read_line(&mut line)?;
        if line != "up\n" {
            return Err("the cluster did not start".into());
        }
        let cluster = Self { keeper, programs, port };
        cluster.psql("postgres", "CREATE DATABASE faltkarta")?;
        cluster.psql("faltkarta", "CREATE EXTENSION postgis")?;
        Ok(Some(cluster))
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/faltkarta", self.port)
    }

    /// What `psql` prints for the statements of a script, unaligned, with the times of each.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> Outcome<Vec<Vec<String>>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("script.sql");
        std::fs::write(&file, sql)?;
        let mut command = Command::new(self.programs.join("psql"));
        command
            .args(["-h", "127.0.0.1", "-U", "postgres", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(["-p", &self.port.to_string(), "-d", database])
            .arg("-f")
            .arg(file);
        Ok(told(command)?)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The keeper takes everything away when its standard input ends.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The newest PostgreSQL of the system that has `PostGIS`.
fn postgres_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions.filter_map(|it| Some(it.ok()?.path())).collect();
    found.retain(|it| {
        let shared = Path::new("/usr/share/postgresql").join(it.file_name().unwrap_or_default());
        it.join("bin/initdb").exists() && shared.join("extension/postgis.control").exists()
    });
    found.sort();
    found.pop().map(|it| it.join("bin"))
}
