use crate::error::StoreError;
use crate::postgres::session::Session;

/// Which cluster in which of its histories a connection leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lineage {
    /// Given when the cluster was made; a dump that is restored elsewhere lies in another one.
    pub(super) system: String,
    /// Raised when a standby is promoted and when a backup is restored to a point in time.
    pub(super) timeline: String,
}

/// A writer waits so long for another one's lock before it lets go and tries again.
const SETTINGS: &str = "
SET lock_timeout = '10s';
SET statement_timeout = '60s';
SET idle_in_transaction_session_timeout = '60s';
SET timezone = 'UTC';
SET jit = off;
SET client_min_messages = warning;
SET application_name = 'faltkarta';
SET \"faltkarta.writing\" = 'store'";

/// Gives a connection the store's settings, and refuses a server that would lose what it acknowledged.
pub(super) fn arrange(session: &mut Session) -> Result<(), StoreError> {
    const DOING: &str = "checking the settings of the database server";
    let rows = session.ask(
        DOING,
        "SELECT current_setting('fsync'), current_setting('full_page_writes'),
             current_setting('synchronous_commit'), pg_is_in_recovery(), current_setting('server_encoding'),
             current_setting('server_version_num')::integer",
        &[],
    )?;
    let Some(row) = rows.first() else { return Err(StoreError::damaged(DOING)) };
    let refuse =
        |setting, found: &str| Err(StoreError::SettingRefused { setting, found: found.to_owned() });
    for (at, setting) in ["fsync", "full_page_writes", "synchronous_commit"].into_iter().enumerate()
    {
        if row.get::<_, &str>(at) == "off" {
            return refuse(setting, "off");
        }
    }
    if row.get(3) {
        return refuse("pg_is_in_recovery", "true");
    }
    match (row.get::<_, &str>(4), row.get::<_, i32>(5)) {
        ("UTF8", 130_000..) => {}
        ("UTF8", version) => return refuse("server_version_num", &version.to_string()),
        (encoding, _) => return refuse("server_encoding", encoding),
    }
    session.batch(DOING, SETTINGS)?;
    find_functions(session)
}

/// Lets the tables and functions of the store and of PostGIS be found by their bare names.
pub(super) fn find_functions(session: &mut Session) -> Result<(), StoreError> {
    session.batch(
        "looking for PostGIS",
        "SELECT set_config('search_path', concat_ws(', ', 'faltkarta',
             (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
              WHERE e.extname = 'postgis'), 'pg_temp'), false)",
    )
}

/// Where this connection leads to.
pub(super) fn lineage(session: &mut Session) -> Result<Lineage, StoreError> {
    let rows = session.ask(
        "asking which cluster this is",
        "SELECT system_identifier::text, left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()",
        &[],
    )?;
    let Some(row) = rows.first() else { return Err(StoreError::damaged("no cluster")) };
    Ok(Lineage { system: row.get(0), timeline: row.get(1) })
}
