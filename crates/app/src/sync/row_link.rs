use faltkarta_model::DatasetId;
use faltkarta_protocol::{
    Declaration, DeviceReport, DigestReply, NumberBlock, NumberRequest, RowsReply, Subscription,
};

use crate::sync::link::LinkError;

/// What a laptop asks of a store beside the feed: areas, rows by dataset, declarations, numbers. A store that is older
/// answers [`LinkError::NotOffered`], and a round does without.
pub trait RowLink {
    /// What the store sends this laptop.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn subscription(&mut self, workspace: &str) -> Result<Subscription, LinkError>;

    /// Says what the laptop wants; the answer carries the new revision.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn subscribe(
        &mut self,
        workspace: &str,
        wanted: &Subscription,
    ) -> Result<Subscription, LinkError>;

    /// The next rows of a dataset by feature id, behind `after`; with `since` only what changed after that entry.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn rows(
        &mut self,
        workspace: &str,
        dataset: &DatasetId,
        after: &str,
        since: Option<u64>,
        seen: &str,
    ) -> Result<RowsReply, LinkError>;

    /// What a laptop with this subscription must hold.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn digest(&mut self, workspace: &str) -> Result<DigestReply, LinkError>;

    /// One revision of a dataset's declaration.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn declaration(
        &mut self,
        workspace: &str,
        dataset: &DatasetId,
        revision: u32,
    ) -> Result<Declaration, LinkError>;

    /// Leases numbers; the same request gets the same ones.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn lease_numbers(
        &mut self,
        workspace: &str,
        request: &NumberRequest,
    ) -> Result<NumberBlock, LinkError>;

    /// Tells how things stand here.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn report(&mut self, workspace: &str, report: &DeviceReport) -> Result<(), LinkError>;
}
