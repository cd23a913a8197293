//! Detail plans in the shape of the national geodata platform.

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::TextFile;
use crate::geopackage::placed;
use crate::plane::{Area, Point, Ring, signed_area};
use crate::region::{Home, MUNICIPALITIES};
use crate::town::{STREET_M, Town, Use};

const STATUS: [&str; 9] = [
    "påbörjad",
    "samråd",
    "granskning",
    "antagen",
    "överklagad",
    "tillsyn",
    "laga kraft",
    "upphävd",
    "avslutad",
];

/// The plan files of the four municipalities, written plan by plan.
pub(crate) struct Plans {
    files: Vec<TextFile>,
    counts: Vec<u64>,
    numbers: Vec<u64>,
}

impl Plans {
    pub(crate) fn name(home: Home) -> String {
        format!("detaljplaner_{}.geojson", MUNICIPALITIES[home].code)
    }

    pub(crate) fn create(dir: &std::path::Path) -> Result<Self, DemoError> {
        let mut files = vec![];
        for home in 0..MUNICIPALITIES.len() {
            let mut file = TextFile::create(dir, &Self::name(home))?;
            file.write(
                "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":\
                 {\"name\":\"urn:ogc:def:crs:EPSG::3006\"}},\"features\":[\n",
            )?;
            files.push(file);
        }
        Ok(Self { files, counts: vec![0; 4], numbers: vec![0; 4] })
    }

    pub(crate) fn n_plans(&self) -> u64 {
        self.numbers.iter().sum()
    }

    /// Closes the files. Answers names and feature counts.
    pub(crate) fn finish(self) -> Result<Vec<(String, u64)>, DemoError> {
        let mut out = vec![];
        for (home, mut file) in self.files.into_iter().enumerate() {
            file.write("\n]}\n")?;
            file.finish()?;
            out.push((Self::name(home), self.counts[home]));
        }
        Ok(out)
    }

    fn put(&mut self, home: Home, properties: &Value) -> Result<(), DemoError> {
        if self.counts[home] > 0 {
            self.files[home].write(",\n")?;
        }
        self.counts[home] += 1;
        self.files[home].json(&json!({
            "type": "Feature", "geometry": null, "properties": properties,
        }))
    }

    /// Writes the plans of one town: each over one or two blocks with their streets.
    pub(crate) fn town(&mut self, seed: u64, town: &Town) -> Result<(), DemoError> {
        let mut blocks: std::collections::BTreeMap<(usize, usize), Use> =
            std::collections::BTreeMap::new();
        for lot in &town.lots {
            let gap = crate::town_uses::gap_of(lot);
            let purpose = blocks.entry((gap, lot.column)).or_insert(lot.purpose);
            if !lot.is_home() {
                *purpose = lot.purpose;
            }
        }
        let mut done = std::collections::BTreeSet::new();
        for &(row, column) in blocks.keys() {
            if !done.insert((row, column)) || row + 1 >= town.rows.len() {
                continue;
            }
            let mut chance = Chance::keyed(seed, &[150, town.site.key, row as u64, column as u64]);
            if chance.hits(0.1) {
                // Not all of a town is planned.
                continue;
            }
            let right = (row, column + 1);
            let is_wide =
                blocks.contains_key(&right) && !done.contains(&right) && chance.hits(0.38);
            let mut members = vec![((row, column), blocks[&(row, column)])];
            if is_wide {
                done.insert(right);
                members.push((right, blocks[&right]));
            }
            self.plan(town, &members, &mut chance)?;
        }
        Ok(())
    }

    fn plan(
        &mut self,
        town: &Town,
        members: &[((usize, usize), Use)],
        chance: &mut Chance,
    ) -> Result<(), DemoError> {
        let home = town.site.home;
        let n = self.numbers[home];
        self.numbers[home] += 1;
        // Every status occurs among the first plans of each municipality.
        let status = if n < 9 {
            STATUS[n as usize]
        } else if chance.hits(0.9) {
            "laga kraft"
        } else {
            chance.pick(&STATUS)
        };
        let year = match status {
            "påbörjad" | "samråd" | "granskning" => chance.whole(2024, 2026),
            "antagen" | "överklagad" | "tillsyn" => chance.whole(2023, 2026),
            "upphävd" => chance.whole(1935, 1980),
            _ => chance.whole(1948, 2025),
        };
        let kind = match year {
            ..1948 => chance.pick(&["stadsplan", "avstyckningsplan"]),
            1948..1987 => chance.pick(&["stadsplan", "byggnadsplan"]),
            _ => "detaljplan",
        };
        let (row, first) = members[0].0;
        let last = members[members.len() - 1].0.1;
        let outline = rectangle(
            town,
            [town.columns[first], town.columns[last + 1]],
            [town.rows[row], town.rows[row + 1]],
        );
        let identity = chance.uuid().to_string();
        let name = town
            .lots
            .iter()
            .find(|lot| (crate::town_uses::gap_of(lot), lot.column) == members[0].0)
            .map_or_else(|| town.site.name.clone(), |lot| title(&lot.trakt));
        let code = &MUNICIPALITIES[home].code[1..];
        let adopted = chance.day(year, year);
        let legal: Vec<String> = if matches!(status, "laga kraft" | "upphävd" | "avslutad") {
            vec![format!("{}-{}", year + i64::from(adopted.ends_with("28")), &adopted[5..])]
        } else {
            vec![]
        };
        let is_adopted = !matches!(status, "påbörjad" | "samråd" | "granskning");
        let purpose = format!(
            "Planens syfte är att pröva markens lämplighet för {} inom {name} i {}.",
            chance.pick(&["bostäder", "bostadsändamål", "bostäder och centrumverksamhet"]),
            town.site.name
        );
        let mut properties = json!({
            "feature:typ": "detaljplan",
            "objektidentitet": identity,
            "kommun": MUNICIPALITIES[home].name,
            "kommunkod": MUNICIPALITIES[home].code,
            "beteckning": format!("18-{code}-P{year}/{}", n + 1),
            "namn": format!("Detaljplan för {name} m.fl."),
            "syfte": purpose,
            "status": status,
            "typ": kind,
            "beslutsinformation": [{
                "diarienummerKommun": format!("S-{year}-{}", 100 + n),
                "datumPaborjat": format!("{}-01-15", year - 1),
                "datumAntagande": if is_adopted { json!(adopted) } else { Value::Null },
                "datumLagakraft": legal,
            }],
        });
        let geometry = position(std::slice::from_ref(&outline));
        merge(&mut properties, json!({ "plangeometri": [geometry] }));
        self.put(home, &properties)?;
        // Plans of before 2022 may lack their provisions; the tenth of each municipality surely does.
        if n == 9 || (year < 2022 && chance.hits(0.12)) {
            return Ok(());
        }
        self.provisions(town, &identity, members, outline, chance)
    }

    /// Writes the land use of the blocks and the street of one plan.
    fn provisions(
        &mut self,
        town: &Town,
        identity: &str,
        members: &[((usize, usize), Use)],
        outline: Ring,
        chance: &mut Chance,
    ) -> Result<(), DemoError> {
        let home = town.site.home;
        let mut holes: Vec<Ring> = vec![];
        for ((row, column), purpose) in members {
            let half = STREET_M / 2.0;
            let block = rectangle(
                town,
                [town.columns[*column] + half, town.columns[column + 1] - half],
                [town.rows[*row] + half, town.rows[row + 1] - half],
            );
            let (letter, form, color, words) = match purpose {
                Use::Industry => ("J", "Kvartersmark", "Blågrå", "Industri"),
                Use::School => ("S", "Kvartersmark", "Röd", "Skola"),
                Use::Church => ("R", "Kvartersmark", "Orange", "Besöksanläggningar"),
                Use::Park => ("PARK", "Allmän plats", "Grön", "Park"),
                Use::Sports => ("R1", "Kvartersmark", "Orange", "Idrottsanläggning"),
                Use::Center => ("BC", "Kvartersmark", "Gul", "Bostäder och centrum"),
                _ => ("B", "Kvartersmark", "Gul", "Bostäder"),
            };
            holes.push(block.clone());
            let provision =
                Provision { kind: "användningsbestämmelse", letter, form, color, words };
            self.provision(home, identity, chance, &provision, std::slice::from_ref(&block))?;
            if letter.starts_with('B') {
                let e = chance.whole(15, 35);
                let words = format!("Största byggnadsarea är {e} % av fastighetsarean");
                let provision = Provision {
                    kind: "egenskapsbestämmelse",
                    letter: "e1",
                    form: "Kvartersmark",
                    color: "",
                    words: &words,
                };
                self.provision(home, identity, chance, &provision, std::slice::from_ref(&block))?;
                // Ground along the street that must stay free of buildings.
                let strip = rectangle(
                    town,
                    [town.columns[*column] + half, town.columns[column + 1] - half],
                    [town.rows[*row] + half, town.rows[*row] + half + 1.2],
                );
                let provision = Provision {
                    kind: "egenskapsbestämmelse",
                    letter: "prickmark",
                    form: "Kvartersmark",
                    color: "",
                    words: "Marken får inte förses med byggnad",
                };
                self.provision(home, identity, chance, &provision, &[strip])?;
            }
        }
        let mut street: Area = vec![outline];
        street.extend(holes);
        let provision = Provision {
            kind: "användningsbestämmelse",
            letter: "GATA",
            form: "Allmän plats",
            color: "Grå",
            words: "Gata",
        };
        self.provision(home, identity, chance, &provision, &street)
    }

    fn provision(
        &mut self,
        home: Home,
        plan: &str,
        chance: &mut Chance,
        provision: &Provision<'_>,
        area: &[Ring],
    ) -> Result<(), DemoError> {
        let mut properties = json!({
            "feature:typ": provision.kind,
            "objektidentitet": chance.uuid().to_string(),
            "planreferens": plan,
            "kommun": MUNICIPALITIES[home].name,
            "anvandningsform": provision.form,
            "beteckning": provision.letter,
            "farg": if provision.color.is_empty() { Value::Null } else { json!(provision.color) },
            "bestammelseformulering": provision.words,
        });
        merge(&mut properties, json!({ "bestammelsegeometri": [position(area)] }));
        self.put(home, &properties)
    }
}

struct Provision<'a> {
    kind: &'a str,
    letter: &'a str,
    form: &'a str,
    color: &'a str,
    words: &'a str,
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// `BLÅKLOCKAN` as `Blåklockan`.
fn title(capitals: &str) -> String {
    let lower = capitals.to_lowercase();
    let mut chars = lower.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A part of the plan, its edges bent as the streets are.
fn rectangle(town: &Town, [u0, u1]: [f64; 2], [v0, v1]: [f64; 2]) -> Ring {
    let n = 6;
    let mut ring: Vec<Point> = vec![];
    let t = |i: usize| i as f64 / n as f64;
    ring.extend((0..n).map(|i| town.warp.at(u0 + (u1 - u0) * t(i), v0)));
    ring.extend((0..n).map(|i| town.warp.at(u1, v0 + (v1 - v0) * t(i))));
    ring.extend((0..n).map(|i| town.warp.at(u1 + (u0 - u1) * t(i), v1)));
    ring.extend((0..n).map(|i| town.warp.at(u0, v1 + (v0 - v1) * t(i))));
    ring
}

fn position(area: &[Ring]) -> Value {
    let coordinates: Vec<Vec<Point>> = area
        .iter()
        .enumerate()
        .map(|(i, ring)| {
            let is_left = signed_area(ring) > 0.0;
            let mut points: Vec<Point> =
                ring.iter().map(|at| placed(*at, faltkarta_geo::GridSystem::TM)).collect();
            if is_left != (i == 0) {
                points.reverse();
            }
            points.extend(points.first().copied());
            points
        })
        .collect();
    json!({ "geometri": { "position": { "type": "Polygon", "coordinates": coordinates }, "typ": "yta" } })
}
