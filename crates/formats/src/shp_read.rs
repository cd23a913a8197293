use crate::delivery::*;
use crate::error::FormatError;
use std::ops::ControlFlow;
use std::path::Path;
#[derive(Debug)]
pub(crate) struct ShpReader;
impl ShpReader {
    pub(crate) fn open(_: &Path) -> Result<(Self, Layer), FormatError> {
        Err(FormatError::UnknownFileKind { ending: "shp".into() })
    }
    pub(crate) fn for_each_row(
        &self,
        _: &[usize],
        _: &mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        Ok(())
    }
}
