//! What the shell itself promises: one window per laptop, and a window that comes back.

use crate::driver::{Window, WindowError};
use crate::patience::Patience;
use crate::programs::{children_of, cut, installed, name_of};
use crate::screen::Screen;
use crate::town::Town;

#[test]
fn the_installed_package_answers_at_the_first_start_without_a_server() -> Result<(), WindowError> {
    let screen = Screen::start();
    let laptop = tempfile::tempdir().expect("a laptop's folder");
    let bundle = installed().is_none().then(|| Town::shared().bundle());
    let window = Window::open(&screen, laptop.path(), bundle.as_deref())?;
    window.wait_for_map()?;
    let search = window.find("textbox", "Sök")?;
    window.type_into(&search, "kungsg 12")?;
    window.press("option", "Kungsgatan 12")?;
    window.wait_for_map()?;
    window.shoot("first-start")?;
    Ok(())
}

#[test]
fn a_second_window_on_the_same_laptop_is_told_so() -> Result<(), WindowError> {
    let (town, screen) = (Town::shared(), Screen::start());
    let laptop = tempfile::tempdir().expect("a laptop's folder");
    let first = Window::open(&screen, laptop.path(), Some(&town.bundle()))?;
    first.wait_for_map()?;
    let second = Window::open(&screen, laptop.path(), Some(&town.bundle()))?;
    second.see("Fältkarta är redan öppen på den här datorn.")?;
    second.shoot("second-window")?;
    // The first one is not disturbed.
    first.find("textbox", "Sök")?;
    Ok(())
}

#[test]
fn a_lost_web_process_is_noted_and_the_window_comes_back() -> Result<(), WindowError> {
    let (town, screen) = (Town::shared(), Screen::start());
    let laptop = tempfile::tempdir().expect("a laptop's folder");
    let mut window = Window::open(&screen, laptop.path(), Some(&town.bundle()))?;
    window.wait_for_map()?;
    let desktop = window.desktop_pid();
    let web = children_of(desktop).into_iter().find(|pid| name_of(*pid) == "WebKitWebProces");
    assert_eq!(window.n_logged("page loaded"), 1, "the page is loaded once at the start");
    cut(web.expect("the window has a web process"));

    // The driver's session went with the process, so the shell's own word is taken.
    let patience = Patience::begin();
    while window.n_logged("page loaded") < 2 {
        assert!(patience.is_left(), "the page is loaded again");
    }
    assert_eq!(window.n_logged("web process gone"), 1);
    Ok(())
}
