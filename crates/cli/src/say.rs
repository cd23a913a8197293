//! What the program says: text for people, one JSON document for programs.

use std::io::Write as _;

use serde_json::Value;

/// How answers are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Text.
    Human,
    /// One JSON document on standard output.
    Json,
}

impl Voice {
    /// Gives the answer: the document, or the lines for people.
    pub(crate) fn answer(self, document: &Value, lines: impl FnOnce() -> Vec<String>) {
        let text = match self {
            Self::Json => document.to_string(),
            Self::Human => lines().join("\n"),
        };
        let mut out = std::io::stdout().lock();
        // A reader that has seen enough (`| head`) closes the pipe; that is no failure of ours.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Tells how far long work is; nothing when a program listens.
    #[expect(clippy::print_stderr, reason = "progress is not part of the answer")]
    pub(crate) fn progress(self, line: &str) {
        if self == Self::Human {
            eprintln!("{line}");
        }
    }
}

/// Tells why nothing was done.
#[expect(clippy::print_stderr, reason = "refusals go to standard error")]
pub(crate) fn refuse(voice: Voice, failure: &crate::failure::Failure) {
    match voice {
        Voice::Json => {
            let body = failure.body();
            eprintln!("{}", serde_json::to_string(&body).unwrap_or_default());
        }
        Voice::Human => eprintln!("{failure}\nDet som var sparat är kvar. Kod {}", failure.code()),
    }
}
