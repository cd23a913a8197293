/// A kind of picture that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureKind {
    pub(crate) media_type: &'static str,
    pub(crate) ending: &'static str,
}

/// Tells a picture by its first bytes: JPEG, PNG, WebP or HEIC. The name and the sender's word count for nothing.
///
/// Sources: JFIF/Exif start-of-image marker; PNG signature; RIFF container; ISO 14496-12 `ftyp` brands of HEIF.
pub(crate) fn picture_kind(bytes: &[u8]) -> Option<PictureKind> {
    let kind = |media_type, ending| Some(PictureKind { media_type, ending });
    // A header alone is no picture: the shortest real ones are a good deal longer.
    if bytes.len() < 32 {
        return None;
    }
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return kind("image/jpeg", "jpg");
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") && &bytes[12..16] == b"IHDR" {
        return kind("image/png", "png");
    }
    if bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WEBP" {
        return kind("image/webp", "webp");
    }
    let is_heic = &bytes[4..8] == b"ftyp"
        && matches!(
            &bytes[8..12],
            b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" | b"heim" | b"heis"
        );
    if is_heic { kind("image/heic", "heic") } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_told_by_its_bytes() {
        let padded = |head: &[u8]| [head, &[0; 40]].concat();
        let ending = |bytes: &[u8]| picture_kind(bytes).map(|it| it.ending);
        assert_eq!(ending(&padded(&[0xff, 0xd8, 0xff, 0xe0])), Some("jpg"));
        assert_eq!(ending(&padded(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")), Some("png"));
        assert_eq!(ending(&padded(b"RIFF\0\0\0\0WEBPVP8 ")), Some("webp"));
        assert_eq!(ending(&padded(b"\0\0\0\x18ftypheic")), Some("heic"));
    }

    #[test]
    fn text_and_a_bare_header_are_no_pictures() {
        assert_eq!(picture_kind(b"<html><body>this page is long enough</body></html>"), None);
        assert_eq!(picture_kind(&[0xff, 0xd8, 0xff]), None);
        assert_eq!(picture_kind(&[0; 64]), None);
    }
}
