use std::sync::{Mutex, PoisonError};

use faltkarta_model::{DatasetId, FeatureId};

use crate::backend::{LookedAt, PackageInputs, PackageRow, StoreHead};
use crate::cursor::Cursor;
use crate::error::StoreError;
use crate::judging::Catalogue;
use crate::postgres::feed;
use crate::postgres::rows::{LOAD, feature_row};
use crate::postgres::session::{Queued, Session};
use crate::postgres::tx::{Tx, later_params};

/// So many rows are in memory at once.
const ROWS_AT_ONCE: i64 = 5_000;

const READING: &str = "reading features";

/// A snapshot on a connection of its own that stays open as long as the value lives.
pub(super) struct Snapshot<'a> {
    session: Mutex<Session>,
    catalogue: &'a Catalogue,
    head: StoreHead,
}

impl<'a> Snapshot<'a> {
    pub(super) fn take(mut session: Session, catalogue: &'a Catalogue) -> Result<Self, StoreError> {
        // Between two readings lies the making of tiles.
        session.batch(
            READING,
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '2h'",
        )?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        // The snapshot begins with the first reading; without a commit it ends with the connection.
        let head = feed::head(&mut Tx::begin(&mut session, READING, begin))?;
        Ok(Self { session: Mutex::new(session), catalogue, head })
    }

    fn number(&self, dataset: &DatasetId) -> Result<i32, StoreError> {
        Ok(i32::from(self.catalogue.get(dataset)?.no))
    }
}

impl PackageInputs for Snapshot<'_> {
    fn head(&self) -> &StoreHead {
        &self.head
    }

    fn cursor(&self) -> String {
        Cursor::write(&self.head.epoch, self.head.seq, &self.head.chain, 1)
    }

    fn last_seq(&self, dataset: &DatasetId) -> Result<u64, StoreError> {
        let no = self.number(dataset)?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = session.ask(
            READING,
            "SELECT coalesce(max(seq), 0) FROM feature WHERE dataset = $1",
            &[&no],
        )?;
        Ok(rows.first().map_or(0, |it| it.get::<_, i64>(0) as u64))
    }

    fn look(&self, feature: FeatureId) -> Result<Option<LookedAt>, StoreError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = vec![feature.uuid()];
        let answers = session.flight(READING, &[], Some((LOAD, &[&asked])))?;
        let row = answers.iter().flatten().next().map(feature_row).transpose()?;
        Ok(row.map(|it| LookedAt {
            dataset_no: it.dataset_no,
            wkb: it.content.wkb,
            properties: it.content.properties,
        }))
    }

    fn for_each_row(
        &self,
        dataset: &DatasetId,
        see: &mut dyn FnMut(PackageRow<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let no = self.number(dataset)?;
        let mut after = 0i64;
        loop {
            let page = Queued::Prepared(
                "SELECT id, version, seq, bytes(geom, wkb), properties, \"row\" FROM feature
                 WHERE dataset = $1 AND NOT is_deleted AND \"row\" > $2 ORDER BY \"row\" LIMIT $3",
                later_params![no, after, ROWS_AT_ONCE],
            );
            // The lock is let go while rows are shown.
            let answers = self.session.lock().unwrap_or_else(PoisonError::into_inner).flight(
                READING,
                &[page],
                None,
            )?;
            let rows = answers.into_iter().next().unwrap_or_default();
            for row in &rows {
                see(PackageRow {
                    id: FeatureId::from_uuid(row.get(0)),
                    version: row.get::<_, i32>(1) as u32,
                    seq: row.get::<_, i64>(2) as u64,
                    wkb: row.get(3),
                    properties: row.get(4),
                })?;
                after = row.get(5);
            }
            if (rows.len() as i64) < ROWS_AT_ONCE {
                return Ok(());
            }
        }
    }
}
