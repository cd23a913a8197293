//! A folder of broken and odd deliveries: each is refused with a code, or its rows are told, and no row is lost.

use std::fmt::Write as _;
#[cfg(target_os = "linux")]
use std::fs;

use faltkarta_formats::{
    FormatError, Mapping, Problem, Read, ReadOptions, ReadReport, open_with, read_features,
    recognise,
};
use faltkarta_geo::GridSystem;
use faltkarta_model::Dataset;

use crate::bad_cases::Must::{Refuse, Tell};
use crate::bad_cases::{Case, write_all};
use crate::support::datasets;

fn take(case: &Case, datasets: &[Dataset]) -> Result<(ReadReport, Vec<Problem>), FormatError> {
    // A view that never gives a row is given up sooner here.
    let options = ReadOptions { max_row_million_steps: 5, ..ReadOptions::default() };
    let delivery = open_with(&case.path, options)?;
    let mapping = Mapping::parse(case.mapping)?;
    let recognition = recognise(&delivery, datasets, None, Some(&mapping))?;
    let valve = datasets.iter().find(|it| it.id == mapping.dataset).unwrap();
    let (mut last, mut problems, mut n_read) = (None, vec![], 0);
    for recognised in &recognition.found {
        let report =
            read_features(recognised, valve, GridSystem::ZONE_15_00, &mut |read| match read {
                Read::Feature(..) => {}
                Read::Problem(problem) => problems.push(problem),
            })?;
        assert_eq!(report.read, report.features + report.refused);
        n_read += report.read;
        last = Some(ReadReport { read: n_read, ..report });
    }
    Ok((last.unwrap(), problems))
}

#[test]
fn every_bad_delivery_is_refused_with_its_code_or_told_row_by_row() {
    let home = tempfile::tempdir().unwrap();
    let cases = write_all(home.path());
    let datasets = datasets();
    let mut wrong = String::new();
    for case in &cases {
        let came = take(case, &datasets);
        let is_right = match (&case.must, &came) {
            (Refuse(code), Err(error)) => error.code() == *code,
            (Tell(n, codes), Ok((report, problems))) => {
                let told = |code: &&str| problems.iter().any(|it| it.code == *code);
                report.read == *n
                    && codes.iter().all(told)
                    && problems.iter().all(|it| codes.contains(&it.code))
            }
            _ => false,
        };
        if !is_right {
            let name = case.path.file_name().unwrap().display();
            let came = match came {
                Ok((report, problems)) => format!("{} rows, {problems:?}", report.read),
                Err(error) => format!("{}: {error}", error.code()),
            };
            writeln!(wrong, "{name}: must {:?}, came {came:.400}", case.must).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert_memory_was_bounded();
}

/// The most memory that this program may have taken, all its tests together.
#[cfg(target_os = "linux")]
const MOST_MEMORY_KB: u64 = 1 << 20;

/// The largest shapes and widest rows of the folder were read.
#[cfg(target_os = "linux")]
fn assert_memory_was_bounded() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    assert!(peak < MOST_MEMORY_KB, "{peak} kB");
}

#[cfg(not(target_os = "linux"))]
fn assert_memory_was_bounded() {}
