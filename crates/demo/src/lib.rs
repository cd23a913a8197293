//! Writes the synthetic delivery of the four municipalities.
