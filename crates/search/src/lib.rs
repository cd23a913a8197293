//! One box: addresses, designations, places, assets, cases, coordinates.
