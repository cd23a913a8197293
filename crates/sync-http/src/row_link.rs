use faltkarta_app::{LinkError, RowLink};
use faltkarta_model::DatasetId;
use faltkarta_protocol::{
    Declaration, DeviceReport, DigestReply, NumberBlock, NumberRequest, RowsReply, Subscription,
};

use crate::address::escape;
use crate::answer::accepted;
use crate::link::HttpLink;

/// Rows of one piece.
const PIECE_ROWS: u32 = 1_000;

impl RowLink for HttpLink {
    fn subscription(&mut self, workspace: &str) -> Result<Subscription, LinkError> {
        self.get(&self.path(workspace, "subscription")).map_err(not_offered)
    }

    fn subscribe(
        &mut self,
        workspace: &str,
        wanted: &Subscription,
    ) -> Result<Subscription, LinkError> {
        let answer = self.put(&self.path(workspace, "subscription"), wanted);
        answer.and_then(crate::answer::message).map_err(not_offered)
    }

    fn rows(
        &mut self,
        workspace: &str,
        dataset: &DatasetId,
        after: &str,
        since: Option<u64>,
        seen: &str,
    ) -> Result<RowsReply, LinkError> {
        let mut query = format!(
            "rows?dataset={}&after={}&limit={PIECE_ROWS}&seen={}",
            escape(dataset.as_str()),
            escape(after),
            escape(seen)
        );
        if let Some(since) = since {
            query += "&since=";
            query += &since.to_string();
        }
        self.get(&self.path(workspace, &query)).map_err(not_offered)
    }

    fn digest(&mut self, workspace: &str) -> Result<DigestReply, LinkError> {
        self.get(&self.path(workspace, "digest")).map_err(not_offered)
    }

    fn declaration(
        &mut self,
        workspace: &str,
        dataset: &DatasetId,
        revision: u32,
    ) -> Result<Declaration, LinkError> {
        let rest = format!("schema/{}/{revision}", escape(dataset.as_str()));
        self.get(&self.path(workspace, &rest)).map_err(not_offered)
    }

    fn lease_numbers(
        &mut self,
        workspace: &str,
        request: &NumberRequest,
    ) -> Result<NumberBlock, LinkError> {
        let bearer = self.bearer()?;
        self.post(&self.path(workspace, "numbers"), Some(&bearer), request).map_err(not_offered)
    }

    fn report(&mut self, workspace: &str, report: &DeviceReport) -> Result<(), LinkError> {
        let answer = self.put(&self.path(workspace, "report"), report)?;
        accepted(answer).map(drop).map_err(not_offered)
    }
}

/// A store that is older has no such address, and says so in a way that cannot be told from a page that is missing.
pub(crate) fn not_offered(error: LinkError) -> LinkError {
    match error {
        LinkError::NoSuchAddress => LinkError::NotOffered,
        LinkError::Refused { status: 404 | 405, .. } => LinkError::NotOffered,
        other => other,
    }
}
