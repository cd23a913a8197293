//! The built programs, and child processes that end with the test that started them.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command};

/// Names an installed desktop program in the environment, to be tried in place of the built one.
const INSTALLED: &str = "FALTKARTA_INSTALLED";

/// The installed desktop program that is to be tried, if any; it brings its own package.
pub(crate) fn installed() -> Option<PathBuf> {
    std::env::var_os(INSTALLED).map(PathBuf::from)
}

/// Path of a program of this workspace, built beside this test.
pub(crate) fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    // …/debug/deps/window-1234 stands beside …/debug/faltkarta-desktop.
    let folder = test.parent().and_then(|deps| deps.parent()).expect("a build folder");
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not built: run `make journeys`", path.display());
    path
}

/// A child process that is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the program can be started"))
    }

    /// The process itself.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error here means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port on loopback that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

/// Ids of the processes that this one started and that are still there.
pub(crate) fn children_of(pid: u32) -> Vec<u32> {
    std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Name of a process as the kernel keeps it, at most 15 characters.
pub(crate) fn name_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// Ends a process as a power cut would: at once and without a word to it.
pub(crate) fn cut(pid: u32) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(status.is_ok_and(|it| it.success()), "process {pid} can be killed");
}
