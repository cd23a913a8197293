use std::ops::Range;

use faltkarta_protocol::{BaseMapOffer, BaseMapPieces};

use crate::sync::link::LinkError;

/// What a laptop asks of a store about its base map. A store that is older answers [`LinkError::NotOffered`]; the base
/// map then comes with the next package only.
pub trait MapLink {
    /// The store's newest base map.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn base_map(&mut self, workspace: &str) -> Result<BaseMapOffer, LinkError>;

    /// The pieces of a base map, by its SHA-256 in hexadecimal.
    ///
    /// # Errors
    ///
    /// [`LinkError::PackageChanged`] when the store keeps it no longer.
    fn base_map_pieces(
        &mut self,
        workspace: &str,
        sha256: &str,
    ) -> Result<BaseMapPieces, LinkError>;

    /// Fetches some bytes of a base map; `sink` gets no more than were asked for, and may stop it with an error.
    ///
    /// # Errors
    ///
    /// [`LinkError`]; the bytes seen so far are good to go on from.
    fn fetch_base_map(
        &mut self,
        workspace: &str,
        sha256: &str,
        bytes: Range<u64>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError>;
}
