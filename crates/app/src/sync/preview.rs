use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, ImageDecoder as _, ImageReader, Limits};

/// Most bytes of a preview. Source: the wire's document, `docs/formats/sync-1.md`.
const BYTES_MAX: usize = 64 * 1024;
/// Longest side in pixels and JPEG quality, tried in this order until the picture fits.
const TRIES: [(u32, u8); 6] = [(1024, 78), (1024, 60), (800, 60), (640, 50), (480, 40), (320, 35)];
/// Most bytes that decoding may take: a picture of 80 million points.
const DECODED_BYTES_MAX: u64 = 256 << 20;

/// A small JPEG of a photo, the right way up and without its metadata; `None` for a photo that cannot be decoded, such
/// as HEIC.
pub(crate) fn preview_of(photo: &[u8]) -> Option<Vec<u8>> {
    // Decoders of foreign bytes: a fault in one of them costs the preview, never the round.
    catch_unwind(AssertUnwindSafe(|| make(photo))).ok().flatten()
}

fn make(photo: &[u8]) -> Option<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(photo)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok();
    let whole = DynamicImage::from_decoder(decoder).ok()?;
    let mut last_side = 0;
    let mut small = DynamicImage::new_rgb8(1, 1);
    for (side, quality) in TRIES {
        if side != last_side {
            small = shrink(&whole, side);
            if let Some(orientation) = orientation {
                small.apply_orientation(orientation);
            }
            last_side = side;
        }
        let pixels = small.to_rgb8();
        let mut jpeg = vec![];
        JpegEncoder::new_with_quality(&mut jpeg, quality)
            .encode(&pixels, pixels.width(), pixels.height(), ExtendedColorType::Rgb8)
            .ok()?;
        if jpeg.len() <= BYTES_MAX {
            return Some(jpeg);
        }
    }
    None
}

/// No side longer than `side`; a smaller picture stays as it is.
fn shrink(image: &DynamicImage, side: u32) -> DynamicImage {
    if image.width() <= side && image.height() <= side {
        return image.clone();
    }
    image.thumbnail(side, side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    /// Noise does not compress: the hardest picture there is.
    fn noise(width: u32, height: u32) -> RgbImage {
        let mut state = 7_u32;
        RgbImage::from_fn(width, height, |_, _| {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            image::Rgb([next(), next(), next()])
        })
    }

    fn jpeg(pixels: &RgbImage) -> Vec<u8> {
        let mut bytes = vec![];
        JpegEncoder::new_with_quality(&mut bytes, 95)
            .encode(pixels, pixels.width(), pixels.height(), ExtendedColorType::Rgb8)
            .unwrap();
        bytes
    }

    /// An EXIF segment that says nothing but how the picture stands (TIFF 6.0, tag 0x0112).
    fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let mut segment =
            b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        segment.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
        [&jpeg[..2], &segment, &jpeg[2..]].concat()
    }

    fn decoded(bytes: &[u8]) -> RgbImage {
        image::load_from_memory(bytes).unwrap().to_rgb8()
    }

    #[test]
    fn a_preview_is_small_whatever_the_picture_shows() {
        let preview = preview_of(&jpeg(&noise(1600, 1200))).unwrap();
        assert!(preview.len() <= BYTES_MAX, "{}", preview.len());
        let plain = RgbImage::from_pixel(3000, 1500, image::Rgb([90, 120, 60]));
        let preview = decoded(&preview_of(&jpeg(&plain)).unwrap());
        assert_eq!((preview.width(), preview.height()), (1024, 512));
        let tiny = decoded(&preview_of(&jpeg(&RgbImage::new(40, 30))).unwrap());
        assert_eq!((tiny.width(), tiny.height()), (40, 30));
    }

    #[test]
    fn a_preview_stands_the_right_way_up() {
        // Left half red, right half blue.
        let picture = RgbImage::from_fn(64, 32, |x, _| {
            image::Rgb(if x < 32 { [220, 20, 20] } else { [20, 20, 220] })
        });
        let is_red = |it: &RgbImage, x, y| it.get_pixel(x, y).0[0] > 128;
        let stood = |orientation| {
            decoded(&preview_of(&with_orientation(&jpeg(&picture), orientation)).unwrap())
        };
        let as_is = stood(1);
        assert!(is_red(&as_is, 5, 16) && !is_red(&as_is, 58, 16));
        let half_turn = stood(3);
        assert!(!is_red(&half_turn, 5, 16) && is_red(&half_turn, 58, 16));
        // 6: the top of the picture is at the right; turned clockwise, the left half comes up.
        let quarter = stood(6);
        assert_eq!((quarter.width(), quarter.height()), (32, 64));
        assert!(is_red(&quarter, 16, 5) && !is_red(&quarter, 16, 58));
    }

    #[test]
    fn what_cannot_be_decoded_has_no_preview() {
        assert_eq!(preview_of(b"\0\0\0\x18ftypheic and more that is no picture"), None);
        assert_eq!(preview_of(&[0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]), None);
        let whole = jpeg(&noise(64, 64));
        for n in 0..whole.len().min(700) {
            preview_of(&whole[..n]);
        }
    }

    #[test]
    fn a_picture_that_says_to_be_enormous_is_not_unfolded() {
        let mut png = vec![];
        DynamicImage::new_luma8(8, 8)
            .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
            .unwrap();
        // Width and height stand at byte 16; the checksum after them is wrong from now on, and never reached.
        png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        assert_eq!(preview_of(&png), None);
    }
}
