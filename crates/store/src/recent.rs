use crate::error::StoreError;
use crate::store::Store;

/// How many picked places are remembered.
const N_RECENT: u32 = 8;

impl Store {
    /// Remembers a picked place; the same key moves to the front.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn remember_place(&mut self, key: &str, hit_json: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("DELETE FROM recent WHERE key = ?1", [key])?;
            tx.execute("INSERT INTO recent(key, hit) VALUES (?1, ?2)", [key, hit_json])?;
            tx.execute(
                "DELETE FROM recent WHERE no NOT IN (SELECT no FROM recent ORDER BY no DESC LIMIT ?1)",
                [N_RECENT],
            )?;
            Ok(())
        })
    }

    /// Picked places as they were given, newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn recent_places(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT hit FROM recent ORDER BY no DESC")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
