use super::ColumnsError;

/// Writes sections: their length as a number of seven bits a byte, then their bytes.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn section(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// The lowest bytes of all numbers, then the next higher ones: as many planes as the largest number needs.
    pub(super) fn numbers(&mut self, numbers: &[u64]) {
        let largest = numbers.iter().copied().max().unwrap_or(0);
        let n_planes = (64 - largest.leading_zeros()).div_ceil(8);
        self.length(numbers.len());
        self.bytes.push(n_planes as u8);
        for plane in 0..n_planes {
            self.bytes.extend(numbers.iter().map(|it| (it >> (8 * plane)) as u8));
        }
    }

    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.bytes.push(length as u8);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads what [`Writer`] wrote; a length that leads past the end is an error.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

const SHORT: ColumnsError = ColumnsError::Malformed("too short");

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn section(&mut self) -> Result<&'a [u8], ColumnsError> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn numbers(&mut self) -> Result<Vec<u64>, ColumnsError> {
        let length = self.length()?;
        let n_planes = usize::from(self.take(1)?[0]);
        if n_planes > 8 {
            return Err(ColumnsError::Malformed("a number"));
        }
        // Without planes every number is zero, and no byte proves how many there are.
        if n_planes == 0 && length > super::MOST_OPS as usize * 100 {
            return Err(SHORT);
        }
        let planes = self.take(length.checked_mul(n_planes).ok_or(SHORT)?)?;
        let mut numbers = vec![0; length];
        for (n, plane) in planes.chunks_exact(length.max(1)).enumerate() {
            for (number, byte) in numbers.iter_mut().zip(plane) {
                *number |= u64::from(*byte) << (8 * n);
            }
        }
        Ok(numbers)
    }

    fn length(&mut self) -> Result<usize, ColumnsError> {
        let mut length = 0_usize;
        for place in 0..4 {
            let byte = self.take(1)?[0];
            length |= usize::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(length);
            }
        }
        Err(ColumnsError::Malformed("a length"))
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], ColumnsError> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }
}
