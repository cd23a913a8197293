use std::path::PathBuf;
use std::str::FromStr as _;

use faltkarta_geo::GridSystem;
use tokio_postgres::Config;
use uuid::Uuid;

use crate::blobs::Depot;
use crate::catching_up::catch_up;
use crate::error::StoreError;
use crate::folder;
use crate::judging::first_chain;
use crate::postgres::catalogue;
use crate::postgres::pool::Pool;
use crate::postgres::session::Session;
use crate::postgres::settings::{self, Lineage};
use crate::postgres::store::PostgresStore;
use crate::postgres::views::VIEWS;
use crate::rim::Rim;
use crate::sqlite::OpenMode;

/// Where a store in PostgreSQL lies.
#[derive(Debug, Clone)]
pub struct PostgresPlace {
    /// `postgres://USER@HOST:PORT/DATABASE`.
    pub url: String,
    /// The password, when the address does not hold it.
    pub password: Option<String>,
    /// The folder of declarations, attachments and prepared packages.
    pub folder: PathBuf,
}

/// The changes of the tables, in the order in which they were made. None is ever edited after a release.
const MIGRATIONS: [&str; 4] = [
    include_str!("sql/001_store.sql"),
    include_str!("sql/002_direct.sql"),
    include_str!("sql/003_coordinator.sql"),
    include_str!("sql/004_retention.sql"),
];

/// Number of the advisory lock that whoever makes or changes the tables holds: `FKST`.
const MAKING: i64 = 0x464b_5354;

const OPENING: &str = "opening the store";

/// Opens the store in a database; declarations in the folder are read anew.
///
/// # Errors
///
/// [`StoreError::NoStore`], [`StoreError::Unreachable`], [`StoreError::Damaged`], [`StoreError::NewerStore`],
/// [`StoreError::BadDeclaration`], [`StoreError::SettingRefused`] for a server that would lose what it acknowledged,
/// and those of the file system.
pub fn open_postgres(
    place: &PostgresPlace,
    mode: OpenMode,
    rim: &dyn Rim,
) -> Result<PostgresStore, StoreError> {
    let config = config(place)?;
    let pool = Pool::new(config);
    let mut session = pool.own_session()?;
    session.batch(OPENING, "SET statement_timeout = 0; SET lock_timeout = 0")?;
    session.ask(OPENING, "SELECT pg_advisory_lock($1)", &[&MAKING])?;
    let outcome = make_or_check(&mut session, place, mode, rim);
    let (grid, workspace) = match outcome {
        Ok(it) => it,
        Err(error) => {
            // The end of the connection gives the lock back and takes half-made tables away.
            drop(session);
            return Err(error);
        }
    };
    let catalogue = catalogue::read(&place.folder, &mut session)?;
    session.ask(OPENING, "SELECT pg_advisory_unlock($1)", &[&MAKING])?;
    let depot = Depot::of_store(&place.folder)?;
    let store = PostgresStore::new(pool, (&place.folder, depot), grid, workspace, catalogue);
    if mode != OpenMode::Beside {
        catch_up(&store, rim)?;
    }
    Ok(store)
}

fn config(place: &PostgresPlace) -> Result<Config, StoreError> {
    let mut config = Config::from_str(&place.url)
        .map_err(|error| StoreError::Malformed { text: error.to_string() })?;
    if let (None, Some(password)) = (config.get_password(), &place.password) {
        config.password(password);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(10));
    }
    Ok(config)
}

fn make_or_check(
    session: &mut Session,
    place: &PostgresPlace,
    mode: OpenMode,
    rim: &dyn Rim,
) -> Result<(GridSystem, String), StoreError> {
    let is_there = !session
        .ask(
            OPENING,
            "SELECT 1 FROM pg_tables WHERE schemaname = 'faltkarta' AND tablename = 'meta'",
            &[],
        )?
        .is_empty();
    match (mode, is_there) {
        (OpenMode::Existing | OpenMode::Beside, false) => {
            return Err(StoreError::NoStore { folder: place.folder.clone() });
        }
        (OpenMode::CreateIfMissing { grid_epsg }, false) => {
            folder::make(&place.folder)?;
            create(session, grid_epsg, rim)?;
        }
        (_, true) => folder::make_inside(&place.folder)?,
    }
    migrate(session)?;
    let grid = meta(session, "grid_epsg")?;
    let grid = grid.parse().ok().and_then(|it| GridSystem::from_epsg(it).ok());
    let grid = grid.ok_or_else(|| StoreError::damaged("the store's grid is not known"))?;
    follow_cluster(session, rim)?;
    Ok((grid, meta(session, "workspace")?))
}

fn meta(session: &mut Session, key: &str) -> Result<String, StoreError> {
    let rows = session.ask(OPENING, "SELECT value FROM meta WHERE key = $1", &[&key])?;
    let row = rows.first().ok_or_else(|| StoreError::damaged(format!("{key} is not known")))?;
    Ok(row.get(0))
}

fn create(session: &mut Session, grid_epsg: u32, rim: &dyn Rim) -> Result<(), StoreError> {
    GridSystem::from_epsg(grid_epsg)
        .map_err(|error| StoreError::Malformed { text: error.to_string() })?;
    let epoch = Uuid::from_slice(&rim.secret()[..16]).unwrap_or_default().to_string();
    let chain = hex::encode(first_chain(&epoch));
    let lineage = settings::lineage(session)?;
    session.batch(
        "making the store",
        &format!(
            "BEGIN;
             CREATE EXTENSION IF NOT EXISTS postgis;
             CREATE SCHEMA faltkarta;
             CREATE SCHEMA IF NOT EXISTS {VIEWS};
             COMMENT ON SCHEMA faltkarta IS 'Fältkartas geodatalager. Ändra inte här, utan i {VIEWS}.';
             COMMENT ON SCHEMA {VIEWS} IS 'En vy för varje datamängd, att läsa och ändra.'"
        ),
    )?;
    settings::find_functions(session)?;
    for (at, text) in MIGRATIONS.iter().enumerate() {
        session.batch("making the tables", &worded(text, grid_epsg))?;
        let no = at + 1;
        session.batch(
            "making the tables",
            &if no == 1 {
                "CREATE TABLE migration(no integer PRIMARY KEY); INSERT INTO migration VALUES (1)"
                    .to_owned()
            } else {
                format!("INSERT INTO migration VALUES ({no})")
            },
        )?;
    }
    for (key, value) in [
        ("epoch", epoch.as_str()),
        ("first_epoch", &epoch),
        ("workspace", "main"),
        ("grid_epsg", &grid_epsg.to_string()),
        ("created_at", &rim.now().to_string()),
        ("cluster_system", &lineage.system),
        ("cluster_timeline", &lineage.timeline),
    ] {
        session.ask(
            "making the store",
            "INSERT INTO meta(key, value) VALUES ($1, $2)",
            &[&key, &value],
        )?;
    }
    session.batch(
        "making the store",
        &format!(
            "INSERT INTO feed_head(one, seq, chain, min_seq, safe_seq) VALUES (1, 0, '\\x{chain}', 1, 0); COMMIT"
        ),
    )
}

fn worded(text: &str, grid_epsg: u32) -> String {
    text.replace("@SRID@", &grid_epsg.to_string()).replace("@VIEWS@", VIEWS)
}

/// Makes the changes of the tables that this program knows and the store lacks.
fn migrate(session: &mut Session) -> Result<(), StoreError> {
    let rows = session.ask(OPENING, "SELECT max(no) FROM migration", &[])?;
    let found = rows.first().map_or(0, |it| it.get::<_, i32>(0));
    let known = MIGRATIONS.len() as i32;
    if found > known {
        return Err(StoreError::NewerStore { found: i64::from(found), known: i64::from(known) });
    }
    let grid_epsg: u32 = meta(session, "grid_epsg")?.parse().map_err(StoreError::damaged)?;
    for (at, text) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        let text = worded(text, grid_epsg);
        session.batch(
            "changing the tables",
            &format!("BEGIN; {text}; INSERT INTO migration VALUES ({}); COMMIT", at + 1),
        )?;
    }
    Ok(())
}

/// A database that lies in another cluster than before, or on another timeline, is a restored backup or a promoted
/// standby: what was acknowledged last may be missing, so the history is another one.
fn follow_cluster(session: &mut Session, rim: &dyn Rim) -> Result<(), StoreError> {
    let now = settings::lineage(session)?;
    let then = Lineage {
        system: meta(session, "cluster_system")?,
        timeline: meta(session, "cluster_timeline")?,
    };
    if now == then {
        return Ok(());
    }
    let epoch = Uuid::from_slice(&rim.secret()[..16]).unwrap_or_default().to_string();
    tracing::error!(%epoch, ?then, ?now, "the database was restored or its standby promoted: new epoch");
    session
        .ask(
            "taking a new epoch",
            "UPDATE meta SET value = CASE key WHEN 'epoch' THEN $1 WHEN 'cluster_system' THEN $2 ELSE $3 END
             WHERE key IN ('epoch', 'cluster_system', 'cluster_timeline')",
            &[&epoch, &now.system, &now.timeline],
        )
        .map(drop)
}
