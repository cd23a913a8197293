use std::ops::Range;

use faltkarta_app::{LinkError, MapLink};
use faltkarta_protocol::{BaseMapOffer, BaseMapPieces};

use crate::address::escape;
use crate::link::HttpLink;
use crate::row_link::not_offered;

impl MapLink for HttpLink {
    fn base_map(&mut self, workspace: &str) -> Result<BaseMapOffer, LinkError> {
        self.get(&self.path(workspace, "basemap")).map_err(not_offered)
    }

    fn base_map_pieces(
        &mut self,
        workspace: &str,
        sha256: &str,
    ) -> Result<BaseMapPieces, LinkError> {
        let rest = format!("basemap/{}/pieces", escape(sha256));
        self.get(&self.path(workspace, &rest)).map_err(not_offered)
    }

    fn fetch_base_map(
        &mut self,
        workspace: &str,
        sha256: &str,
        bytes: Range<u64>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        let url = self.path(workspace, &format!("basemap/{}", escape(sha256)));
        self.fetch_range(&url, bytes.start, Some(bytes.end), sink).map_err(not_offered)
    }
}
