//! Packed R-tree and rstar overlay: bbox, identify, nearest, what applies here.
