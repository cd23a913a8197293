//! Where every history begins.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use faltkarta_app::{Edit, Enrolment, FieldAccess as _, enrol, sync_round};
use faltkarta_disk::{Image, register};
use faltkarta_geo::Geometry;
use faltkarta_model::{DatasetId, FieldId, Value};
use faltkarta_server::Rim as _;

use crate::chance::{Ids, StoreRim};
use crate::files::scratch;
use crate::host::Host;
use crate::laptop::Laptop;
use crate::sim::{Checked, harness};
use crate::wire::{Exchange, Reply, STORE, Sent, set_exchange};

/// Laptops that are enrolled before a history begins.
const N_LAPTOPS: usize = 8;
/// Valves that stand before a history begins.
const N_VALVES: usize = 10;

/// A store and enrolled laptops with a few features, made once for each thread: every history begins there.
#[derive(Debug)]
pub struct Template {
    /// The store's database.
    pub(crate) store: Image,
    /// The store's other files.
    pub(crate) store_files: PathBuf,
    /// Each laptop's database, and its other files.
    pub(crate) laptops: Vec<(Image, PathBuf)>,
    /// Where histories of this thread live.
    pub(crate) scratch: PathBuf,
}

#[derive(Debug)]
struct Plain(std::cell::RefCell<Host>);

impl Exchange for Plain {
    fn exchange(&self, _: usize, sent: Sent) -> Reply {
        let answered = self.0.borrow_mut().serve(&sent);
        answered.map_or(Reply::Reset, |it| Reply::Bytes(it.to_bytes()))
    }
}

impl Template {
    /// Makes it; `name` tells threads apart.
    ///
    /// # Errors
    ///
    /// What stopped the making; histories cannot begin then.
    pub fn new(name: &str) -> Checked<Self> {
        Self::with(name, N_LAPTOPS, N_VALVES)
    }

    /// Makes one with so many enrolled laptops and so many valves.
    ///
    /// # Errors
    ///
    /// As [`Template::new`].
    pub fn with(name: &str, n_laptops: usize, n_valves: usize) -> Checked<Self> {
        register();
        let scratch = scratch(name);
        // What an earlier process of the same number left.
        let _ = std::fs::remove_dir_all(&scratch);
        let root = scratch.join("template");
        let rim = Arc::new(StoreRim::new(0));
        let store_files = root.join("store");
        let mut host = Host::new(&store_files, None, rim.clone()).map_err(harness)?;
        host.open().map_err(harness)?;
        let plain = Rc::new(Plain(std::cell::RefCell::new(host)));
        set_exchange(Some(plain.clone()));
        let first = enrolled(0, &root.join("laptop-0"), &rim)?;
        fill(&first, n_valves, &rim)?;
        round(&first, &rim)?;
        let mut laptops = vec![first];
        for no in 1..n_laptops {
            laptops.push(enrolled(no, &root.join(format!("laptop-{no}")), &rim)?);
        }
        for laptop in &laptops {
            round(laptop, &rim)?;
        }
        set_exchange(None);
        let images = laptops.iter().map(|laptop| {
            laptop.close();
            let image = laptop.machine.image();
            laptop.machine.clone().remove();
            (image, laptop.root())
        });
        let laptops = images.collect();
        let mut host = plain.0.borrow_mut();
        host.close();
        let store = host.machine.image();
        host.machine.clone().remove();
        drop(host);
        Ok(Self { store, store_files, laptops, scratch })
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        // Only room in memory is at stake.
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}

fn enrolled(no: usize, root: &Path, rim: &StoreRim) -> Checked<Laptop> {
    let laptop = Laptop::new(no, root, None, Ids::new(0xfeed_0000 + no as u64)).map_err(harness)?;
    laptop.open().map_err(harness)?;
    let wanted = Enrolment {
        url: STORE.to_owned(),
        code: None,
        device_name: format!("Bil {no}"),
        user_name: format!("Tekniker {no}"),
    };
    laptop
        .with_link(|link| enrol(&laptop, link, &wanted, &mut || rim.now(), &mut |_| {}))
        .ok_or_else(|| harness("no link"))?
        .map_err(harness)?;
    Ok(laptop)
}

fn round(laptop: &Laptop, rim: &StoreRim) -> Checked {
    let report = laptop
        .with_link(|link| sync_round(laptop, link, &mut || rim.now(), &mut laptop.ids()))
        .ok_or_else(|| harness("no link"))?
        .map_err(harness)?;
    match report.failure {
        Some(error) => Err(harness(error)),
        None => Ok(()),
    }
}

fn fill(laptop: &Laptop, n_valves: usize, rim: &StoreRim) -> Checked {
    let valve = DatasetId::parse("valve").map_err(harness)?;
    for no in 0..n_valves {
        let mut values = std::collections::BTreeMap::new();
        for (field, value) in [
            ("nummer", format!("AV-{no}")),
            ("ventil_id", format!("v{no}")),
            ("fabrikat", format!("f{no}")),
            ("lage", "öppen".to_owned()),
        ] {
            values.insert(FieldId::parse(field).map_err(harness)?, Value::Text(value));
        }
        let geometry = Some(Geometry::point(
            160_000.0 + 700.0 * (no % 10) as f64,
            6_608_000.0 + (no / 10) as f64 / 100.0,
        ));
        let edit = Edit::Create { geometry, values };
        laptop.with(|it| it.edit(&valve, edit, rim.now(), &mut laptop.ids())).map_err(harness)?;
    }
    Ok(())
}
