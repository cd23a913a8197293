//! Reads deliveries and counts what came of them: `cargo run -p faltkarta-formats --example read -- FILE…`

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use faltkarta_formats::{FormatError, Read, open, read_features, recognise};
use faltkarta_geo::GridSystem;
use faltkarta_model::Dataset;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "an example speaks to who runs it")]
fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/datasets");
    let mut datasets: Vec<Dataset> = vec![];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        match Dataset::parse(&text) {
            Ok(dataset) => datasets.push(dataset),
            Err(error) => eprintln!("{error}"),
        }
    }
    let mut is_whole = true;
    for file in std::env::args().skip(1) {
        if let Err(error) = count(Path::new(&file), &datasets, &mut |line| println!("{line}")) {
            eprintln!("{file}: {}: {error}", error.code());
            is_whole = false;
        }
    }
    if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn count(
    file: &Path,
    datasets: &[Dataset],
    say: &mut dyn FnMut(String),
) -> Result<(), FormatError> {
    let delivery = open(file)?;
    let recognition = recognise(&delivery, datasets, None, None)?;
    for layer in &recognition.unknown {
        say(format!("{}: unknown layer {}", file.display(), layer.name));
    }
    for recognised in &recognition.found {
        let Some(dataset) = datasets.iter().find(|it| it.id == recognised.dataset) else {
            continue;
        };
        let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
        let mut n_bytes = 0;
        let report =
            read_features(recognised, dataset, GridSystem::ZONE_15_00, &mut |read| match read {
                Read::Feature(feature, _) => {
                    n_bytes += feature.geometry.map_or(0, |it| it.wkb().len());
                }
                Read::Problem(problem) => *codes.entry(problem.code).or_default() += 1,
            })?;
        say(format!(
            "{}: {} -> {}: read {}, features {}, refused {}, flagged {}, EPSG:{}, {n_bytes} bytes {codes:?}",
            file.display(),
            recognised.layer().name,
            dataset.id,
            report.read,
            report.features,
            report.refused,
            report.flagged,
            report.placement.epsg(),
        ));
    }
    Ok(())
}
