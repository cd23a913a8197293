//! Rows of the cadastre, the addresses and the buildings.

use rusqlite::types::Value;
use uuid::Uuid;

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::{Files, code, id, maybe, moment, text, whole};
use crate::geopackage::Shape;
use crate::plane::{Area, Point, Ring};
use crate::region::{Home, MUNICIPALITIES};

/// A property unit as its areas name it.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) home: Home,
    pub(crate) property: Uuid,
    /// `fastighet` or `samfällighet`.
    pub(crate) kind: &'static str,
    pub(crate) trakt: String,
    pub(crate) block: String,
    pub(crate) number: i64,
}

/// One area, line or point of a unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) number: i64,
    /// How many parts the unit has.
    pub(crate) n_parts: i64,
    pub(crate) is_uncertain: bool,
    /// The label stands outside its area.
    pub(crate) is_outside: bool,
}

impl Part {
    pub(crate) const ONLY: Self =
        Self { number: 1, n_parts: 1, is_uncertain: false, is_outside: false };
}

impl Unit {
    fn values(&self, chance: &mut Chance, part: Part) -> Vec<Value> {
        let mut label = if self.block.is_empty() {
            self.number.to_string()
        } else {
            format!("{}:{}", self.block, self.number)
        };
        if part.n_parts > 1 {
            label = format!("{label}>{}", part.number);
        }
        if part.is_outside {
            label = format!("({label})");
        }
        let town = &MUNICIPALITIES[self.home];
        vec![
            id(chance.uuid()),
            id(self.property),
            text(self.kind),
            moment(&chance.day(1998, 2025)),
            text("18"),
            text(town.code),
            text(town.capitals),
            text(&*self.trakt),
            text(&*self.block),
            whole(self.number),
            whole(part.number),
            Value::Null,
            whole(i64::from(part.is_uncertain)),
            text(label),
        ]
    }

    pub(crate) fn area(
        &self,
        files: &mut Files,
        chance: &mut Chance,
        part: Part,
        areas: &[Area],
    ) -> Result<(), DemoError> {
        let values = self.values(chance, part);
        files.parcels[self.home].insert(0, Some(Shape::Multi(areas)), values)
    }

    pub(crate) fn line(
        &self,
        files: &mut Files,
        chance: &mut Chance,
        path: &[Point],
    ) -> Result<(), DemoError> {
        let values = self.values(chance, Part::ONLY);
        files.parcels[self.home].insert(1, Some(Shape::Line(path)), values)
    }

    pub(crate) fn point(
        &self,
        files: &mut Files,
        chance: &mut Chance,
        at: Option<Point>,
    ) -> Result<(), DemoError> {
        let values = self.values(chance, Part::ONLY);
        files.parcels[self.home].insert(2, at.map(Shape::Point), values)
    }
}

/// Writes the outline of a trakt.
pub(crate) fn trakt(
    files: &mut Files,
    chance: &mut Chance,
    home: Home,
    name: &str,
    areas: &[Area],
) -> Result<(), DemoError> {
    let values =
        vec![id(chance.uuid()), text(name), code(home), text(MUNICIPALITIES[home].capitals)];
    files.parcels[home].insert(3, Some(Shape::Multi(areas)), values)
}

/// One address. Empty parts are `None`.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) kind: &'static str,
    pub(crate) street: String,
    pub(crate) farm: Option<String>,
    pub(crate) number: String,
    pub(crate) letter: Option<&'static str>,
    /// `UH` and the like with its number.
    pub(crate) addition: Option<(&'static str, i64)>,
    pub(crate) deviation: Option<String>,
    pub(crate) district: String,
    pub(crate) home: Home,
    pub(crate) known_as: Option<String>,
    pub(crate) postcode: Option<i64>,
    pub(crate) post_town: String,
    pub(crate) property: Uuid,
}

impl Address {
    pub(crate) fn write(
        self,
        files: &mut Files,
        chance: &mut Chance,
        at: Option<Point>,
    ) -> Result<(), DemoError> {
        let town = &MUNICIPALITIES[self.home];
        let status = if chance.hits(0.006) { "Reserverad" } else { "Gällande" };
        let placing = match chance.below(20) {
            0 => "Ingång",
            1 => "Infart",
            2 => "Tomtplats",
            3 if self.addition.is_some() => "Övrigt läge",
            _ => "Byggnad",
        };
        let values = vec![
            id(chance.uuid()),
            text(self.kind),
            text(self.street),
            maybe(self.farm),
            text(self.number),
            maybe(self.letter),
            maybe(self.addition.map(|(kind, _)| kind)),
            self.addition.map_or(Value::Null, |(_, number)| whole(number)),
            whole(i64::from(self.deviation.is_some())),
            maybe(self.deviation),
            text(self.district),
            text(town.code),
            text(town.capitals),
            text("18"),
            maybe(self.known_as),
            self.postcode.map_or(Value::Null, whole),
            text(self.post_town),
            text(status),
            text(placing),
            moment(&chance.day(2009, 2026)),
            id(self.property),
        ];
        files.address(self.home, at, values)
    }
}

/// What a building is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Building {
    House,
    RowHouse,
    Flats,
    Industry,
    Food,
    Care,
    Church,
    School,
    Public,
    Business,
    Farm,
    Outbuilding,
    Other,
}

impl Building {
    fn words(self) -> (&'static str, i64, &'static str) {
        match self {
            Self::House => ("Bostad", 2061, "Bostad;Småhus friliggande"),
            Self::RowHouse => ("Bostad", 2061, "Bostad;Småhus radhus"),
            Self::Flats => ("Bostad", 2061, "Bostad;Flerfamiljshus"),
            Self::Industry => ("Industri", 2062, "Industri;Annan tillverkningsindustri"),
            Self::Food => ("Industri", 2062, "Industri;Livsmedelsindustri"),
            Self::Care => ("Samhällsfunktion", 2063, "Samhällsfunktion;Vårdcentral"),
            Self::Church => ("Samhällsfunktion", 2063, "Samhällsfunktion;Samfund"),
            Self::School => ("Samhällsfunktion", 2063, "Samhällsfunktion;Skola"),
            Self::Public => ("Samhällsfunktion", 2063, "Samhällsfunktion;Kommunhus"),
            Self::Business => ("Verksamhet", 2064, "Verksamhet;Ospecificerad"),
            Self::Farm => ("Ekonomibyggnad", 2065, "Ekonomibyggnad;Ospecificerad"),
            Self::Outbuilding => ("Komplementbyggnad", 2066, "Komplementbyggnad;Ospecificerad"),
            Self::Other => ("Övrig byggnad", 2067, "Övrig byggnad;Ospecificerad"),
        }
    }

    pub(crate) fn write(
        self,
        files: &mut Files,
        chance: &mut Chance,
        home: Home,
        standing: Standing<'_>,
        ring: &Ring,
    ) -> Result<(), DemoError> {
        let (kind, number, purpose) = self.words();
        let values = vec![
            id(standing.identity.unwrap_or_else(|| chance.uuid())),
            moment(&chance.day(2004, 2026)),
            whole(chance.whole(1, 4)),
            text(kind),
            whole(number),
            text(purpose),
            if standing.is_main { text("Ja") } else { Value::Null },
            whole(standing.number),
            maybe(standing.name),
            text(if chance.hits(0.02) { "Illustrativt läge" } else { "Takkant" }),
            text(if chance.hits(0.7) { "Kommun" } else { "Lantmäteriet" }),
            code(home),
        ];
        let areas = [vec![ring.clone()]];
        files.buildings[home].insert(0, Some(Shape::Multi(&areas)), values)
    }
}

/// How a building stands among those of its property.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing<'a> {
    /// Shared by the parts of one building; `None` for a new one.
    pub(crate) identity: Option<Uuid>,
    pub(crate) is_main: bool,
    pub(crate) number: i64,
    pub(crate) name: Option<&'a str>,
}
