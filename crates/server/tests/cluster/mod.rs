//! A throw-away PostgreSQL cluster with PostGIS on a loopback port, from the system's packages.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row};

/// Runs as long as its standard input is open, and takes everything away when that ends, however the test ends.
/// PostgreSQL refuses to run as root, so root becomes `postgres` first.
const KEEPER: &str = include_str!("keeper.sh");

/// One running cluster.
pub struct Cluster {
    pub port: u16,
    keeper: Mutex<Keeper>,
    n_databases: AtomicU32,
    _child: Child,
}

struct Keeper {
    say: ChildStdin,
    hear: BufReader<std::process::ChildStdout>,
}

pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions
        .filter_map(|it| Some(it.ok()?.path()))
        .filter(|it| it.join("bin/initdb").exists())
        .filter(|it| {
            let version = it.file_name().unwrap_or_default();
            let shared = Path::new("/usr/share/postgresql").join(version);
            shared.join("extension/postgis.control").exists()
        })
        .collect();
    found.sort();
    found.pop().map(|it| it.join("bin"))
}

impl Cluster {
    /// Starts one; `None` when the packages are missing, which is said loudly.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let text = "SKIPPED: PostgreSQL with PostGIS is not installed; scripts/setup.sh test installs it";
            // The harness keeps what a passing test prints to itself, so it goes past the harness.
            let _ = writeln!(std::io::stderr().lock(), "{text}");
            return None;
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder =
            std::env::temp_dir().join(format!("faltkarta-pg-{}-{port}", std::process::id()));
        let mut child = Command::new("bash")
            .args(["-c", KEEPER, "keeper"])
            .arg(programs)
            .arg(&folder)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let say = child.stdin.take().unwrap();
        let mut hear = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        hear.read_line(&mut line).unwrap();
        assert_eq!(line, "up\n", "the cluster did not start");
        let cluster = Self {
            port,
            keeper: Mutex::new(Keeper { say, hear }),
            n_databases: AtomicU32::new(0),
            _child: child,
        };
        // Making the extension takes a second; copying a database that has it does not.
        cluster.sql("postgres").run("CREATE DATABASE with_postgis");
        cluster.sql("with_postgis").run("CREATE EXTENSION postgis");
        Some(cluster)
    }

    /// The cluster that the tests of one program share.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    fn order(&self, word: &str) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(keeper.say, "{word}").unwrap();
        let mut line = String::new();
        keeper.hear.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{word} done\n"));
    }

    /// Stops it as a power cut would stop its processes: no checkpoint, no goodbye.
    pub fn kill(&self) {
        self.order("kill");
    }

    pub fn start_again(&self) {
        self.order("start");
    }

    /// A new, empty database; its name.
    pub fn database(&self) -> String {
        static TURN: Mutex<()> = Mutex::new(());
        let name = format!("t{}", self.n_databases.fetch_add(1, Ordering::SeqCst));
        // A template cannot be copied twice at the same moment.
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        self.sql("postgres").run(&format!("CREATE DATABASE {name} TEMPLATE with_postgis"));
        name
    }

    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn sql(&self, database: &str) -> Sql {
        self.sql_as("postgres", database)
    }

    pub fn sql_as(&self, user: &str, database: &str) -> Sql {
        Sql::connect(&self.url(user, database)).unwrap()
    }
}

/// A person with SQL.
pub struct Sql {
    runtime: Runtime,
    client: Client,
}

impl Sql {
    pub fn connect(url: &str) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = Config::from_str(url).unwrap();
        let (client, connection) = runtime.block_on(config.connect(NoTls))?;
        runtime.spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { runtime, client })
    }

    pub fn run(&self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub fn try_run(&self, sql: &str) -> Result<(), Error> {
        self.runtime.block_on(self.client.batch_execute(sql))
    }

    pub fn rows(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        self.try_rows(sql, params).unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    pub fn try_rows(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.runtime.block_on(self.client.query(sql, params))
    }

    pub fn one<T>(&self, sql: &str) -> T
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        self.rows(sql, &[]).first().unwrap().get(0)
    }

    pub fn copy_in(&self, sql: &str, text: &str) -> Result<u64, Error> {
        use futures_util::SinkExt as _;
        self.runtime.block_on(async {
            let sink = self.client.copy_in(sql).await?;
            let mut sink = std::pin::pin!(sink);
            sink.send(std::io::Cursor::new(text.as_bytes().to_vec())).await?;
            sink.finish().await
        })
    }
}

/// The code of what PostgreSQL refused.
pub fn code(error: &Error) -> String {
    error.code().map_or_else(|| error.to_string(), |it| it.code().to_owned())
}
