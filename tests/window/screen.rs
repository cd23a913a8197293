//! A virtual screen of its own for each test.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::programs::Running;

/// An Xvfb that ends with the test.
#[derive(Debug)]
pub(crate) struct Screen {
    display: String,
    _server: Running,
}

impl Screen {
    /// Starts one on the first free display number.
    pub(crate) fn start() -> Self {
        let mut server = Running::start(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let output = server.child().stdout.take().expect("its output is piped");
        let mut number = String::new();
        BufReader::new(output).read_line(&mut number).expect("Xvfb tells its display");
        assert!(!number.trim().is_empty(), "Xvfb did not start");
        Self { display: format!(":{}", number.trim()), _server: server }
    }

    /// Its name for `DISPLAY`.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }
}
