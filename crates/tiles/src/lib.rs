//! Map tiles: live layers as MVT, base map packages as PMTiles.
