//! A technician who chooses a theme, filters valves, measures a way and an area, and selects what lies within.

use crate::driver::{Window, WindowError};
use crate::programs::{cut, free_port};
use crate::screen::Screen;
use crate::town::{Town, join};

/// Where the map is pressed, in pixels from its middle: a field around the address.
const FIELD: [(i32, i32); 4] = [(-170, -130), (150, -150), (170, 120), (-160, 130)];

/// Choices are saved when they have stood still for a moment.
const STILL: &str = "window.stillSince ??= performance.now();
    return performance.now() - window.stillSince > 1500";
const FILTER: &str = "[data-testid=filter-valve-exercised_before]";

#[test]
fn a_filtered_theme_is_measured_in_and_what_lies_within_is_listed() -> Result<(), WindowError> {
    let (town, screen) = (Town::shared(), Screen::start());
    let laptop = tempfile::tempdir().expect("a laptop's folder");
    let port = free_port();
    {
        let _server = town.serve(port);
        join(laptop.path(), port);
    }
    let mut window = Window::open(&screen, laptop.path(), None)?;
    window.wait_for_map()?;
    let field = window.select("[data-testid=search]")?;
    window.type_into(&field, "kungsg 12")?;
    window.press("option", "Kungsgatan 12")?;
    window.see_in("[data-testid=panel-card]", "Kungsgatan 12")?;

    window.press_what("[data-testid=rail-layers]")?;
    window.press("button", "Läcka")?;
    window.see_in("[data-testid=layer-valve]", "Ventiler")?;
    window.wait_for(
        "the filter in sight",
        "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' }); return true",
        &[FILTER.into()],
    )?;
    window.press_what(FILTER)?;
    window.see_in("[data-testid=map-filters]", "Motionerad före 2020")?;
    window.wait_for_map()?;
    window.shoot("measuring-1-theme-and-filter")?;

    window.press_what("[data-testid=rail-measure]")?;
    for place in &FIELD[..3] {
        press_map(&window, *place)?;
    }
    window.press_what("[data-testid=measure-finish]")?;
    window.see_in("[data-testid=measure-figure]", "Mätt i SWEREF 99 15 00")?;
    window.see_in("[data-testid=measure-tag]", "m")?;
    window.shoot("measuring-2-distance")?;

    take(&window, "area")?;
    for place in FIELD {
        press_map(&window, place)?;
    }
    window.see_in("[data-testid=measure-figure]", "Omkrets")?;
    window.press_what("[data-testid=measure-select]")?;
    window.see_in("[data-testid=selection]", "Fastigheter")?;
    window.see_in("[data-testid=selection]", "Filtret gäller också här: Ventiler.")?;
    window.wait_for_map()?;
    window.shoot("measuring-3-selected")?;

    take(&window, "boundary")?;
    press_map(&window, (10, 10))?;
    window.see_in("[data-testid=measure-figure]", "till gränsen för")?;
    take(&window, "height")?;
    press_map(&window, (10, 10))?;
    window.see_in("[data-testid=measure-figure]", "öjd")?;
    window.shoot("measuring-4-height")?;
    window.see_in("[data-testid=measure-note]", "m²")?;
    window.wait_for("the choices to be saved", STILL, &[])?;
    cut(window.desktop_pid());
    drop(window);

    // What was chosen and measured is there at the next start.
    let window = Window::open(&screen, laptop.path(), None)?;
    window.wait_for_map()?;
    window.see_in("[data-testid=map-filters]", "Motionerad före 2020")?;
    window.press_what("[data-testid=rail-measure]")?;
    window.see_in("[data-testid=measure-note]", "Yta")?;
    window.press_what("[data-testid=map-filters] button")?;
    window.wait_for(
        "no filter",
        "return !document.querySelector('[data-testid=map-filters]')",
        &[],
    )?;
    window.press_what("[data-testid=rail-measure]")?;
    let field = window.select("[data-testid=search]")?;
    window.type_into(&field, "kungsg 12")?;
    window.press("option", "Kungsgatan 12")?;
    window.see_in("[data-testid=panel-card]", "Kungsgatan 12")
}

/// Takes a tool of the panel.
fn take(window: &Window<'_>, tool: &str) -> Result<(), WindowError> {
    window.press_what(&format!("[data-testid=tool-{tool}]"))
}

/// Presses the map at a place counted in pixels from its middle, and waits until the core has answered.
fn press_map(window: &Window<'_>, (x, y): (i32, i32)) -> Result<(), WindowError> {
    const COUNT: &str =
        "return document.querySelector('[data-testid=measure-answer]').dataset.places";
    const CHANGED: &str = "return document.querySelector('[data-testid=measure-answer]')
        .dataset.places !== arguments[0]";
    let before = window.run(COUNT, &[])?;
    window.press_at("canvas.maplibregl-canvas", (x, y))?;
    window.wait_for("the place on the map", CHANGED, &[before]).map(|_| ())
}
