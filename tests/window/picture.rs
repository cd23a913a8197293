//! The virtual screen's memory as a picture.
//!
//! WebDriver's own screenshots wait for a frame that never comes while compositing is switched off, so the screen is
//! read instead: Xvfb keeps it in a file of the kind that `xwd` writes.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Length of the numbers at the head of such a file.
const HEAD_BYTES: usize = 100;

/// Writes a screen as PNG.
pub(crate) fn write_png(screen: &[u8], to: &Path) {
    // X11/XWDFile.h: 25 big-endian numbers of 32 bits.
    let number = |index: usize| {
        let at = index * 4;
        let bytes = screen[..HEAD_BYTES][at..at + 4].try_into().expect("four bytes");
        u32::from_be_bytes(bytes)
    };
    let (n_head_bytes, width, height) = (number(0), number(4), number(5));
    let (is_most_significant_first, bits, line_bytes) = (number(7), number(11), number(12));
    let n_colors = number(19);
    assert_eq!((bits, is_most_significant_first), (32, 0), "the screen has four bytes a pixel");

    let pixels = &screen[(n_head_bytes + n_colors * 12) as usize..];
    let rgb = pixels
        .chunks_exact(line_bytes as usize)
        .take(height as usize)
        .flat_map(|line| line.chunks_exact(4).take(width as usize))
        .flat_map(|pixel| [pixel[2], pixel[1], pixel[0]])
        .collect::<Vec<u8>>();
    let file = BufWriter::new(File::create(to).expect("the picture's file"));
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&rgb))
        .expect("the picture is written");
}
