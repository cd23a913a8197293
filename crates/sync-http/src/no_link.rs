use faltkarta_app::{BlobState, Link, LinkError};
use faltkarta_model::BlobId;
use faltkarta_protocol::{
    JoinReply, JoinRequest, PackageManifest, PullReply, PushReply, PushRequest,
};

use crate::link::HttpLink;

/// The way to the store at an address. An address that cannot be one gives a link whose every answer says so, so that
/// it is told where any other failure of the network is told.
pub fn link(url: &str, token: Option<&str>) -> Box<dyn Link> {
    match HttpLink::new(url, token.map(str::to_owned)) {
        Ok(link) => Box::new(link),
        Err(error) => Box::new(NoLink(error)),
    }
}

/// A link that leads nowhere, and why.
#[derive(Debug)]
struct NoLink(LinkError);

impl Link for NoLink {
    fn join(&mut self, _: &JoinRequest) -> Result<JoinReply, LinkError> {
        Err(self.0.clone())
    }

    fn package_manifest(&mut self, _: &str) -> Result<PackageManifest, LinkError> {
        Err(self.0.clone())
    }

    fn fetch(
        &mut self,
        _: &str,
        _: &str,
        _: &str,
        _: u64,
        _: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        Err(self.0.clone())
    }

    fn push(&mut self, _: &str, _: &PushRequest) -> Result<PushReply, LinkError> {
        Err(self.0.clone())
    }

    fn pull(&mut self, _: &str, _: &str) -> Result<PullReply, LinkError> {
        Err(self.0.clone())
    }

    fn blob_head(&mut self, _: &str, _: &BlobId) -> Result<BlobState, LinkError> {
        Err(self.0.clone())
    }

    fn blob_patch(
        &mut self,
        _: &str,
        _: &BlobId,
        _: u64,
        _: u64,
        _: &[u8],
    ) -> Result<BlobState, LinkError> {
        Err(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_told_when_it_is_used() {
        let outcome = link("ftp://gis.example", None).pull("main", "");
        assert_eq!(outcome.map(|_| ()), Err(LinkError::NotAGeodataStore));
    }
}
