//! Two people change the same valve out of reach of each other; one of them decides in the window, the other gets it.

use std::path::Path;

use faltkarta_app::Field;
use faltkarta_machine::{MachineIds, now};
use faltkarta_model::FeatureId;
use faltkarta_store::{FileKeyStore, OpenOptions};

use crate::driver::{Window, WindowError};
use crate::programs::free_port;
use crate::screen::Screen;
use crate::town::{Town, edit, join_as, sync};

const TECHNICIAN: &str = "Klara Ekdal";
const COLLEAGUE: &str = "Olle Brandt";
const WHY: &str = "Provade två gånger på plats.";

#[test]
fn a_technician_decides_between_two_values_and_the_colleague_gets_what_was_decided()
-> Result<(), WindowError> {
    let (town, screen) = (Town::shared(), Screen::start());
    let technician = tempfile::tempdir().expect("a laptop's folder");
    let colleague = tempfile::tempdir().expect("a laptop's folder");
    let port = free_port();
    let (valve, name) = {
        let _server = town.serve(port);
        join_as(technician.path(), port, TECHNICIAN);
        join_as(colleague.path(), port, COLLEAGUE);
        let (valve, name) = some_valve(colleague.path());
        // Both have seen that it is stiff.
        edit(colleague.path(), &valve.to_string(), &["funktion=trög"]);
        sync(colleague.path());
        sync(technician.path());
        edit(colleague.path(), &valve.to_string(), &["funktion=ej stängbar", "betackning=frilagd"]);
        sync(colleague.path());
        (valve, name)
    };

    // The technician has heard of nothing and is out of reach.
    let window = Window::open(&screen, technician.path(), None)?;
    window.wait_for_map()?;
    let field = window.select("[data-testid=search]")?;
    window.type_into(&field, &name)?;
    window.press("option", &name)?;
    window.see_in("[data-testid=panel-card]", &name)?;
    window.press("button", "Motionera")?;
    window.press("radio", "Fungerar")?;
    window.see_in("[data-testid=panel-inspection]", "Sparat ")?;
    window.press("button", "Spara")?;
    window.press_what("[data-testid=rail-changes]")?;
    window.see_in("[data-testid=change]", "Sparad här")?;

    // Back within reach: what disagrees is shown, what fits has gone together.
    let _server = town.serve(port);
    window.see_in("[data-testid=disputed]", &name)?;
    window.shoot("conflict-1-changes")?;
    window.press("button", "Jämför")?;
    window.see_in("[data-testid=panel-conflict]", COLLEAGUE)?;
    window.see_in("[data-testid=conflict-row]", "Ej stängbar")?;
    window.see_in("[data-testid=conflict-row]", "Fungerar")?;
    window.wait_for_map()?;
    window.shoot("conflict-2-card")?;
    let why = window.find("textbox", "Varför?")?;
    window.type_into(&why, WHY)?;
    window.press("button", "Spara beslutet")?;
    window.wait_for(
        "nothing left to decide",
        "return !!document.querySelector('[data-testid=panel-changes]')
            && !document.querySelector('[data-testid=disputed]')",
        &[],
    )?;
    window.wait_for(
        "everything received",
        "const rows = [...document.querySelectorAll('[data-testid=change]')];
         return rows.length > 1 && rows.every((it) => it.innerText.includes('Mottagen'))",
        &[],
    )?;
    window.shoot("conflict-3-decided")?;

    // The object's own history tells both, and who decided.
    let field = window.select("[data-testid=search]")?;
    window.clear(&field)?;
    window.type_into(&field, &name)?;
    window.press("option", &name)?;
    window.see_in("[data-testid=history]", "avgjorde vad som gäller")?;
    window.see_in("[data-testid=history]", COLLEAGUE)?;
    window.see_in("[data-testid=history]", WHY)?;
    window.shoot("conflict-4-history")?;

    sync(colleague.path());
    let laptop = open(colleague.path());
    let feature = laptop.feature(valve, now()).expect("the valve is there");
    assert_eq!(feature.value("funktion").as_text(), Some("fungerar"), "what was decided");
    assert_eq!(feature.value("betackning").as_text(), Some("frilagd"), "what fitted by itself");
    assert!(laptop.conflicts().expect("the conflicts").is_empty(), "nothing is left to decide");
    let history = laptop.history(valve).expect("the history");
    let newest = history.first().and_then(|it| it.by.as_ref()).map(|it| it.user.as_str());
    assert_eq!(newest, Some(TECHNICIAN), "{history:?}");
    Ok(())
}

fn open(laptop: &Path) -> Field {
    let keys = FileKeyStore::new(laptop);
    Field::open(laptop, &keys, &mut MachineIds, &OpenOptions::default()).expect("the laptop opens")
}

/// A valve that the other journeys leave alone.
fn some_valve(laptop: &Path) -> (FeatureId, String) {
    let field = open(laptop);
    (119..400)
        .map(|number| format!("AV-{number}"))
        .find_map(|name| {
            let hit = field.search(&name, None).hits.into_iter().next()?;
            let feature = field.feature(hit.feature?, now()).ok()?;
            (feature.value("nummer").as_text() == Some(&*name)).then_some((feature.id, name))
        })
        .expect("the town has more than one valve")
}
