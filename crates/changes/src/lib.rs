//! Operations, the pure three-way merge, conflicts as values; no I/O.
