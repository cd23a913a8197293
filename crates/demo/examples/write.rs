//! Writes a demo delivery: `write DIR [SCALE] [SEED]`.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::PathBuf;

use faltkarta_demo::{DemoOptions, write_delivery};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let dir = PathBuf::from(words.next().ok_or("write DIR [SCALE] [SEED]")?);
    let mut options = DemoOptions::default();
    if let Some(scale) = words.next() {
        options.scale = scale.parse()?;
    }
    if let Some(seed) = words.next() {
        options.seed = seed.parse()?;
    }
    let report = write_delivery(&dir, &options, &mut |step| {
        println!("{:>3}/{} {}", step.n_done + 1, step.n_steps, step.what);
    })?;
    println!("{report:#?}");
    Ok(())
}
