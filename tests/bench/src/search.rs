//! One million invented addresses: ten ranked hits for a few keystrokes, against SQLite's FTS5 ranked and a folded column
//! with an index, which must be a prefix and cannot rank.

use std::hint::black_box;
use std::time::Duration;

use faltkarta_geo::{Bounds, GridSystem};
use faltkarta_model::{DatasetId, FeatureId};
use faltkarta_search::{Overlay, PlaceEntry, PlaceIndex, PlaceIndexBuilder, PlaceKind, Query};
use rusqlite::{Connection, params};

use crate::chance::Chance;
use crate::rounds::{Outcome, ROUNDS, lone_row, quantile, time};

const N_ADDRESSES: usize = 1_000_000;
const N_QUESTIONS: usize = 2_000;
const N_PEER_QUESTIONS: usize = 60;
const SIDE_M: f64 = 400_000.0;

const FIRST: [&str; 40] = [
    "Kungs",
    "Stor",
    "Präst",
    "Skogs",
    "Björk",
    "Järnvägs",
    "Sjö",
    "Ängs",
    "Berg",
    "Kyrko",
    "Skol",
    "Ås",
    "Öster",
    "Väster",
    "Norr",
    "Söder",
    "Smed",
    "Mjölnar",
    "Bruks",
    "Gruv",
    "Tall",
    "Gran",
    "Lind",
    "Ek",
    "Alm",
    "Rönn",
    "Hassel",
    "Blåsippe",
    "Vitsippe",
    "Trädgårds",
    "Park",
    "Industri",
    "Hammar",
    "Hyttbacks",
    "Strand",
    "Hamn",
    "Fiskar",
    "Jägar",
    "Soldat",
    "Torp",
];
const SECOND: [&str; 25] = [
    "", "bo", "holms", "lunda", "torps", "ängs", "bergs", "dals", "viks", "näs", "åkers", "hults",
    "ås", "kulle", "backs", "mossens", "hags", "tegs", "hems", "rydes", "sta", "forsens", "mo",
    "udds", "strands",
];
const LAST: [&str; 8] = ["gatan", "vägen", "gränd", "stigen", "backen", "torget", "allén", "plan"];

struct Address {
    street: String,
    number: u32,
    letter: &'static str,
    town: String,
    e_m: f64,
    n_m: f64,
}

impl Address {
    fn text(&self) -> String {
        format!("{} {}{}", self.street, self.number, self.letter)
    }
}

fn addresses(chance: &mut Chance) -> Vec<Address> {
    let towns: Vec<(String, f64, f64)> = (0..290)
        .map(|it| {
            (format!("Provstad {it}"), chance.unit() * SIDE_M, 6_400_000.0 + chance.unit() * SIDE_M)
        })
        .collect();
    let mut addresses = Vec::with_capacity(N_ADDRESSES);
    while addresses.len() < N_ADDRESSES {
        let (town, e, n) = &towns[chance.below(towns.len())];
        let (first, second) = (FIRST[chance.below(40)], SECOND[chance.below(25)]);
        let street = format!("{first}{second}{}", LAST[chance.below(8)]);
        let (e, n) = (e + chance.between(-3e3, 3e3), n + chance.between(-3e3, 3e3));
        for nth in 0..5 + chance.below(60) {
            let letter = ["", "", "", "", " A", " B"][chance.below(6)];
            addresses.push(Address {
                street: street.clone(),
                number: nth as u32 + 1,
                letter,
                town: town.clone(),
                e_m: e + nth as f64 * 12.0,
                n_m: n,
            });
        }
    }
    addresses.truncate(N_ADDRESSES);
    addresses
}

/// What a person has typed at some moment: part of a street, and more often than not a number. Half without dots.
fn questions(addresses: &[Address], chance: &mut Chance) -> Vec<(String, (f64, f64))> {
    (0..N_QUESTIONS)
        .map(|nth| {
            let it = &addresses[chance.below(addresses.len())];
            let n_letters = 2 + chance.below(it.street.chars().count());
            let mut text: String = it.street.chars().take(n_letters).collect();
            if nth % 5 < 3 && n_letters > 3 {
                text = format!("{text} {}", it.number);
            }
            if nth % 2 == 0 {
                text = text.to_lowercase().replace(['å', 'ä'], "a").replace('ö', "o");
            }
            let near = (it.e_m + chance.between(-5e3, 5e3), it.n_m + chance.between(-5e3, 5e3));
            (text, near)
        })
        .collect()
}

pub(crate) fn run() -> Outcome<()> {
    let mut chance = Chance::new(7);
    let addresses = addresses(&mut chance);
    let questions = questions(&addresses, &mut chance);
    let dataset = DatasetId::parse("address")?;
    let (built, index) = time(|| {
        let mut builder = PlaceIndexBuilder::new();
        for (it, nth) in addresses.iter().zip(0u32..) {
            builder.add(&PlaceEntry {
                kind: PlaceKind::Address,
                dataset_no: 1,
                feature: FeatureId::of_delivered(&dataset, &nth.to_string()),
                texts: vec![it.text()],
                label: format!("{}, {}", it.text(), it.town),
                detail: it.town.clone(),
                municipality: it.town.clone(),
                position: Some((it.e_m, it.n_m)),
            });
        }
        Ok(builder.build())
    })?;
    lone_row("search index build, 1 M addresses", built, "");
    let (took, bytes) = time(|| Ok(index.to_bytes()))?;
    lone_row("search index to bytes", took, &format!("{:.1} MB", bytes.len() as f64 / 1e6));
    let (took, index) = time(|| Ok(PlaceIndex::from_bytes(&bytes)?))?;
    lone_row("search index open, 1 M addresses", took, "");
    let db = peers(&addresses)?;
    let (mut ours, mut fts, mut folded) = (vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        ours.extend(ask_index(&index, &questions)?);
        let from = round * N_PEER_QUESTIONS;
        fts.extend(ask_fts(&db, &questions[from..from + N_PEER_QUESTIONS])?);
        folded.extend(ask_folded(&db, &questions)?);
    }
    for q in [0.5, 0.99] {
        let what = format!("search p{:.0}, 1 M addresses, 10 ranked hits", q * 100.0);
        let (ours, fts, folded) =
            (quantile(&mut ours, q), quantile(&mut fts, q), quantile(&mut folded, q));
        for (peer, theirs) in
            [("SQLite FTS5, ranked", fts), ("SQLite folded B-tree, prefix only, unranked", folded)]
        {
            let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
            println!(
                "{what:<52} {:>9.1} µs {:>9.1} µs {ratio:>8.1}×  {peer}",
                ours.as_secs_f64() * 1e6,
                theirs.as_secs_f64() * 1e6
            );
        }
    }
    Ok(())
}

fn ask_index(index: &PlaceIndex, questions: &[(String, (f64, f64))]) -> Outcome<Vec<Duration>> {
    let overlay = Overlay::new();
    let area = Bounds { min_e_m: 0.0, min_n_m: 6_400_000.0, max_e_m: SIDE_M, max_n_m: 6_800_000.0 };
    questions
        .iter()
        .map(|(text, near)| {
            let query =
                Query { text, near: Some(*near), grid: GridSystem::ZONE_15_00, area, limit: 10 };
            Ok(time(|| Ok(black_box(index.find(&query, &overlay))))?.0)
        })
        .collect()
}

fn fold(text: &str) -> String {
    text.to_lowercase().replace(['å', 'ä'], "a").replace('ö', "o")
}

fn peers(addresses: &[Address]) -> Outcome<Connection> {
    let mut db = Connection::open_in_memory()?;
    db.execute_batch(
        "CREATE VIRTUAL TABLE fts USING fts5(text, town, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3');
         CREATE TABLE plain(id INTEGER PRIMARY KEY, text TEXT NOT NULL, folded TEXT NOT NULL) STRICT;",
    )?;
    let transaction = db.transaction()?;
    {
        let mut fts = transaction.prepare("INSERT INTO fts(text, town) VALUES (?, ?)")?;
        let mut plain = transaction.prepare("INSERT INTO plain(text, folded) VALUES (?, ?)")?;
        for it in addresses {
            fts.execute(params![it.text(), it.town])?;
            plain.execute(params![it.text(), fold(&it.text())])?;
        }
    }
    transaction.commit()?;
    db.execute_batch("CREATE INDEX plain_folded ON plain(folded, text)")?;
    Ok(db)
}

fn ask_fts(db: &Connection, questions: &[(String, (f64, f64))]) -> Outcome<Vec<Duration>> {
    let mut select =
        db.prepare("SELECT text, town FROM fts WHERE fts MATCH ? ORDER BY rank LIMIT 10")?;
    questions
        .iter()
        .map(|(text, _)| {
            let terms: Vec<String> = text.split(' ').map(|it| format!("\"{it}\"*")).collect();
            Ok(time(|| {
                let mut rows = select.query([terms.join(" ")])?;
                while let Some(row) = rows.next()? {
                    black_box(row.get::<_, String>(0)?);
                }
                Ok(())
            })?
            .0)
        })
        .collect()
}

fn ask_folded(db: &Connection, questions: &[(String, (f64, f64))]) -> Outcome<Vec<Duration>> {
    let mut select = db.prepare(
        "SELECT text FROM plain WHERE folded >= ? AND folded < ? ORDER BY folded LIMIT 10",
    )?;
    questions
        .iter()
        .map(|(text, _)| {
            let from = fold(text);
            let to = format!("{from}\u{10ffff}");
            Ok(time(|| {
                let mut rows = select.query([&from, &to])?;
                while let Some(row) = rows.next()? {
                    black_box(row.get::<_, String>(0)?);
                }
                Ok(())
            })?
            .0)
        })
        .collect()
}
