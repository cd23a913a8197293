use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::error::StoreError;
use crate::postgres::session::{Param, Queued, Session};

/// One open transaction. What only writes is queued and sent with the next question, or with the commit, so that a
/// push costs a few round trips.
pub(super) struct Tx<'s> {
    session: &'s mut Session,
    doing: &'static str,
    queue: Vec<Queued>,
    is_committed: bool,
}

impl<'s> Tx<'s> {
    /// Begins with the next thing that is sent.
    pub(super) fn begin(
        session: &'s mut Session,
        doing: &'static str,
        begin: &'static str,
    ) -> Self {
        Self { session, doing, queue: vec![Queued::Plain(begin)], is_committed: false }
    }

    /// Writes, sometime before the next question is answered.
    pub(super) fn later(&mut self, sql: &'static str, params: Vec<Param>) {
        self.queue.push(Queued::Prepared(sql, params));
    }

    /// The rows of a question.
    pub(super) fn rows(
        &mut self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let queue = std::mem::take(&mut self.queue);
        let answers = self.session.flight(self.doing, &queue, Some((sql, params)))?;
        Ok(answers.into_iter().next_back().unwrap_or_default())
    }

    /// The only row of a question, when there is one.
    pub(super) fn row(
        &mut self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, params)?.pop())
    }

    /// The rows of a last question, which is sent together with the commit: nothing that others wait for is held
    /// during a round trip.
    pub(super) fn rows_and_commit(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Vec<Row>, StoreError> {
        self.later(sql, params);
        let mut answers = self.send_commit()?;
        answers.pop();
        Ok(answers.pop().unwrap_or_default())
    }

    /// Sends what is queued and commits, unless that was done; durable when it returns.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        if self.is_committed { Ok(()) } else { self.send_commit().map(drop) }
    }

    fn send_commit(&mut self) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut queue = std::mem::take(&mut self.queue);
        queue.push(Queued::Plain("COMMIT"));
        let answers = self.session.flight(self.doing, &queue, None)?;
        self.is_committed = true;
        Ok(answers)
    }
}

/// Boxes values for [`Tx::later`].
macro_rules! later_params {
    ($($value:expr),* $(,)?) => { vec![$(Box::new($value) as $crate::postgres::session::Param),*] };
}
pub(super) use later_params;
