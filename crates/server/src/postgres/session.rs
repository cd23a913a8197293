use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row, Statement};

use crate::error::StoreError;
use crate::postgres::failed::{failed, unreachable};

/// A value for a placeholder of a statement that is sent later.
pub(super) type Param = Box<dyn ToSql + Sync + Send>;

/// One connection, driven by the thread that uses it: the answer to a question wakes nobody else.
pub(super) struct Session {
    runtime: Runtime,
    client: Client,
    statements: HashMap<String, Statement>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// A statement that is sent without waiting for its answer.
pub(super) enum Queued {
    /// Words without placeholders: `BEGIN` and the like.
    Plain(&'static str),
    /// A prepared one.
    Prepared(&'static str, Vec<Param>),
}

/// A question on its way.
type Sent<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + 'a>>;

impl Session {
    /// Connects. The connection has none of the store's settings yet.
    pub(super) fn connect(config: &Config) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::Unreachable { text: error.to_string() })?;
        let (client, connection) =
            runtime.block_on(config.connect(NoTls)).map_err(|error| unreachable(&error))?;
        // An end of the connection shows as an error of the next question.
        runtime.spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { runtime, client, statements: HashMap::new() })
    }

    /// Whether the other end is known to be gone.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements that are separated by semicolons and have no placeholders.
    pub(super) fn batch(&mut self, doing: &'static str, sql: &str) -> Result<(), StoreError> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(failed(doing))
    }

    /// Asks once, without keeping the statement.
    pub(super) fn ask(
        &mut self,
        doing: &'static str,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        self.runtime.block_on(self.client.query(sql, params)).map_err(failed(doing))
    }

    /// Sends what is queued and a last question in one flight; the answer to each.
    pub(super) fn flight(
        &mut self,
        doing: &'static str,
        queue: &[Queued],
        question: Option<(&str, &[&(dyn ToSql + Sync)])>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let prepared = queue.iter().filter_map(|it| match it {
            Queued::Plain(_) => None,
            Queued::Prepared(sql, _) => Some::<&str>(sql),
        });
        for sql in prepared.chain(question.map(|it| it.0)) {
            if !self.statements.contains_key(sql) {
                let statement =
                    self.runtime.block_on(self.client.prepare(sql)).map_err(failed(doing))?;
                self.statements.insert(sql.to_owned(), statement);
            }
        }
        let (client, statements) = (&self.client, &self.statements);
        let sent = queue.iter().map(|it| -> Sent<'_> {
            match it {
                Queued::Plain(sql) => {
                    Box::pin(async { client.batch_execute(sql).await.map(|()| vec![]) })
                }
                Queued::Prepared(sql, params) => Box::pin(async {
                    let params = params.iter().map(|it| &**it as &(dyn ToSql + Sync));
                    let params: Vec<_> = params.collect();
                    client.query(&statements[*sql], &params).await
                }),
            }
        });
        let asked = question.map(|(sql, params)| -> Sent<'_> {
            Box::pin(async move { client.query(&statements[sql], params).await })
        });
        // Each is sent when it is first polled, in this order; the answers come in the same order.
        self.runtime.block_on(try_join_all(sent.chain(asked))).map_err(failed(doing))
    }
}
