use faltkarta_model::FeatureId;

use crate::error::StoreError;
use crate::judging::{Catalogue, look_again};
use crate::postgres::pool::Pool;
use crate::postgres::rows::OpenRows;

/// So many directly changed features are looked at in one transaction.
const AT_ONCE: i64 = 200;

/// Looks at what people changed directly: open conflicts of these features tell what the store holds now, doubled
/// numbers become conflicts, and what hangs on a feature that moved is told again. The rows themselves had their
/// entries when they were committed.
pub(super) fn settle(pool: &Pool, catalogue: &Catalogue) -> Result<(), StoreError> {
    const DOING: &str = "looking at what was changed directly";
    let is_waiting = |tx: &mut crate::postgres::tx::Tx<'_>| -> Result<bool, StoreError> {
        let row = tx.row("SELECT EXISTS (SELECT FROM sql_aftermath)", &[])?;
        Ok(row.is_some_and(|it| it.get(0)))
    };
    while pool.read(DOING, is_waiting)? {
        let n = pool.write(DOING, |tx| {
            // Another program that does the same takes others.
            let rows = tx.rows(
                "DELETE FROM sql_aftermath WHERE seq IN (SELECT seq FROM sql_aftermath ORDER BY seq LIMIT $1
                     FOR UPDATE SKIP LOCKED) RETURNING feature, version",
                &[&AT_ONCE],
            )?;
            let mut features: Vec<_> =
                rows.iter().map(|it| (FeatureId::from_uuid(it.get(0)), it.get::<_, i32>(1) as u32)).collect();
            features.sort();
            features.dedup();
            look_again(&mut OpenRows::new(tx), catalogue, &features)?;
            Ok(rows.len())
        })?;
        if n == 0 {
            break;
        }
    }
    Ok(())
}
