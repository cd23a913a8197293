//! What a person types to find an address of the town, on a laptop at scale 1.

use std::hint::black_box;

use faltkarta_model::DatasetId;

use crate::chance::Chance;
use crate::rounds::{Outcome, lone_row, quantile, time};
use crate::town::{Town, points};

const N_QUESTIONS: usize = 5_000;

pub(crate) fn run(town: &Town) -> Outcome<()> {
    let field = town.open()?;
    let mut texts = vec![];
    for id in ["address", "parcel"].map(DatasetId::parse) {
        let id = id?;
        let local = field.dataset(&id).ok_or("the laptop has no addresses or no parcels")?;
        field.store().for_each_feature(&id, &mut |it| {
            texts.extend(local.place_entry(&it.feature).and_then(|it| it.texts.into_iter().next()));
            true
        })?;
    }
    if texts.is_empty() {
        return Err("neither addresses nor designations to ask for".into());
    }
    let mut chance = Chance::new(5);
    let points = points(&field, N_QUESTIONS)?;
    let mut times = Vec::with_capacity(points.len());
    for near in points {
        let text = &texts[chance.below(texts.len())];
        let n = 1 + chance.below(text.chars().count());
        let typed: String = text.chars().take(n).collect();
        times.push(time(|| Ok(black_box(field.search(&typed, Some(near)))))?.0);
    }
    let note = "addresses and designations, from one letter to all; to reach: p99 2 ms";
    for q in [0.5, 0.99, 1.0] {
        lone_row(&format!("search, scale 1, p{:.0}", q * 100.0), quantile(&mut times, q), note);
    }
    Ok(())
}
