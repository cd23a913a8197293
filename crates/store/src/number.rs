use faltkarta_model::IdSource;
use faltkarta_protocol::NumberBlock;
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use crate::error::{StoreError, bad_column};
use crate::journal::number;
use crate::store::{Store, write_meta};

impl Store {
    /// The next leased number of a series; `None` when there is none left. It is used up when this returns.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn take_number(&mut self, series: &str) -> Result<Option<u64>, StoreError> {
        self.write(|tx| {
            let block: Option<(u64, u32)> = tx
                .prepare_cached(
                    "SELECT first, n_used FROM number_block WHERE series = ?1 AND n_used < n
                     ORDER BY first LIMIT 1",
                )?
                .query_row([series], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((first, n_used)) = block else { return Ok(None) };
            tx.prepare_cached(
                "UPDATE number_block SET n_used = n_used + 1 WHERE series = ?1 AND first = ?2",
            )?
            .execute((series, first))?;
            Ok(Some(first + u64::from(n_used)))
        })
    }

    /// How many leased numbers of a series are left.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn n_numbers_left(&self, series: &str) -> Result<u32, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT coalesce(sum(n - n_used), 0) FROM number_block WHERE series = ?1",
        )?;
        Ok(statement.query_row([series], |row| row.get(0))?)
    }

    /// Remembers that numbers are wanted; one request a series, under one name until it is answered.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn request_numbers(
        &mut self,
        series: &str,
        n: u32,
        ids: &mut dyn IdSource,
    ) -> Result<(), StoreError> {
        let request = ids.next_id();
        self.write(|tx| {
            tx.prepare_cached(
                "INSERT INTO number_request VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute((series, &request.as_bytes()[..], n))?;
            Ok(())
        })
    }

    /// Requests for numbers that no store has answered: series, name, how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn number_requests(&self) -> Result<Vec<(String, Uuid, u32)>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT series, request, n FROM number_request ORDER BY series")?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?)))?;
        rows.map(|row| {
            let (series, request, n) = row?;
            let request = Uuid::from_slice(&request)
                .map_err(|error| bad_column("number_request.request", error))?;
            Ok((series, request, n))
        })
        .collect()
    }

    /// Keeps leased numbers and ends their request, in one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn take_number_block(&mut self, block: &NumberBlock) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO number_block(series, first, n) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                (&block.series, block.first, block.n),
            )?;
            tx.execute("DELETE FROM number_request WHERE series = ?1", [&block.series])?;
            Ok(())
        })
    }

    /// Counts up under a name, from 1; never the same number twice in this file.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn count_up(&mut self, name: &str) -> Result<u64, StoreError> {
        self.write(|tx| {
            let next = number(tx, name)? + 1;
            write_meta(tx, name, &next.to_string())?;
            Ok(next)
        })
    }
}
