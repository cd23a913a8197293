//! A virtual screen of its own for each test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::picture::write_png;
use crate::programs::Running;

/// An Xvfb that ends with the test.
#[derive(Debug)]
pub(crate) struct Screen {
    display: String,
    memory: TempDir,
    _server: Running,
}

impl Screen {
    /// Starts one on the first free display number.
    pub(crate) fn start() -> Self {
        let memory = tempfile::tempdir().expect("a scratch folder");
        let mut server = Running::start(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
                .arg("-fbdir")
                .arg(memory.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let output = server.child().stdout.take().expect("its output is piped");
        let mut number = String::new();
        BufReader::new(output).read_line(&mut number).expect("Xvfb tells its display");
        assert!(!number.trim().is_empty(), "Xvfb did not start");
        Self { display: format!(":{}", number.trim()), memory, _server: server }
    }

    /// Its name for `DISPLAY`.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// Keeps a picture of what is on it now, when `FALTKARTA_SHOTS` names a folder for pictures.
    pub(crate) fn shoot(&self, name: &str) {
        let Some(folder) = std::env::var_os("FALTKARTA_SHOTS") else { return };
        let folder = Path::new(&folder).join("window");
        std::fs::create_dir_all(&folder).expect("the folder for pictures");
        let screen = std::fs::read(self.memory.path().join("Xvfb_screen0"));
        write_png(&screen.expect("the screen's memory"), &folder.join(format!("{name}.png")));
    }
}
