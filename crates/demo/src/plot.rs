//! Buildings on one lot of a town: where they stand, and what each kind of lot holds.

use uuid::Uuid;

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::Files;
use crate::plane::{Point, Ring, add, inside, left, rectangle, scaled, sub, unit};
use crate::region::Home;
use crate::register::{Building, Standing};
use crate::town::{Lot, Town, Use};

/// A lot seen from the street in front of it.
pub(crate) struct Plot<'a> {
    ring: &'a Ring,
    origin: Point,
    along: Point,
    inward: Point,
    pub(crate) width: f64,
    depth: f64,
}

impl<'a> Plot<'a> {
    pub(crate) fn new(town: &Town, lot: &'a Lot) -> Self {
        let origin = town.warp.at(lot.mid(), lot.front);
        let along = unit(sub(town.warp.at(lot.to, lot.front), town.warp.at(lot.from, lot.front)));
        let inward = scaled(left(along), lot.sign());
        let width = crate::plane::distance(
            town.warp.at(lot.to, lot.front),
            town.warp.at(lot.from, lot.front),
        );
        Self { ring: &lot.ring, origin, along, inward, width, depth: (lot.back - lot.front).abs() }
    }

    /// A rectangle whose front is so far from the street; made smaller until it fits the lot.
    pub(crate) fn place(
        &self,
        across: f64,
        setback: f64,
        [width, depth]: [f64; 2],
        turn: f64,
        margin: f64,
    ) -> Option<Ring> {
        let (sin, cos) = turn.sin_cos();
        let x = add(scaled(self.along, cos), scaled(self.inward, sin));
        let y = left(x);
        let mut size = 1.0;
        for _ in 0..9 {
            let center = add(
                self.origin,
                add(scaled(self.along, across), scaled(self.inward, setback + depth * size / 2.0)),
            );
            let room = rectangle(center, x, y, width * size + margin, depth * size + margin);
            if room.iter().all(|at| inside(*at, self.ring)) {
                return Some(rectangle(center, x, y, width * size, depth * size));
            }
            size *= 0.86;
        }
        None
    }

    /// An L: a rectangle with a wing towards the back.
    fn with_wing(&self, house: Ring, chance: &mut Chance) -> Ring {
        let (a, b) = (unit(sub(house[1], house[0])), unit(sub(house[3], house[0])));
        let width = crate::plane::distance(house[0], house[1]);
        let depth = crate::plane::distance(house[0], house[3]);
        let wing = width * chance.range(0.35, 0.5);
        let reach = depth * chance.range(0.3, 0.6);
        // The third corner is the far one; the wing grows on the side that looks away from the street.
        let away = crate::plane::sub(house[3], self.origin);
        let is_back = away[0] * b[0] + away[1] * b[1] > 0.0;
        let ring: Ring = if is_back {
            vec![
                house[0],
                house[1],
                add(house[2], scaled(b, reach)),
                add(add(house[2], scaled(a, -wing)), scaled(b, reach)),
                add(house[2], scaled(a, -wing)),
                house[3],
            ]
        } else {
            vec![
                add(house[0], scaled(b, -reach)),
                add(add(house[0], scaled(a, wing)), scaled(b, -reach)),
                add(house[0], scaled(a, wing)),
                house[1],
                house[2],
                house[3],
            ]
        };
        if ring.iter().all(|at| inside(add(*at, scaled(self.inward, 0.5)), self.ring)) {
            ring
        } else {
            house
        }
    }

    /// The buildings of one lot; answers the main one.
    pub(crate) fn build(
        &self,
        files: &mut Files,
        chance: &mut Chance,
        home: Home,
        lot: &Lot,
    ) -> Result<Option<Ring>, DemoError> {
        let is_whole = matches!(lot.purpose, Use::Church | Use::School | Use::Industry);
        // The parts of such a building are one object to the register.
        let identity = is_whole.then(|| chance.uuid());
        let mut yard = Yard { files, chance, home, identity, number: 0 };
        match lot.purpose {
            Use::Villa | Use::Center => self.dwelling(&mut yard, lot),
            Use::Flats => self.flats(&mut yard),
            Use::Industry => self.industry(lot, &mut yard),
            Use::Church | Use::School | Use::Sports => self.public(&mut yard, lot.purpose),
            Use::Park | Use::Row => Ok(None),
        }
    }

    fn dwelling(&self, yard: &mut Yard<'_>, lot: &Lot) -> Result<Option<Ring>, DemoError> {
        let is_center = lot.purpose == Use::Center;
        if !is_center && yard.chance.hits(0.035) {
            return Ok(None);
        }
        let chance = &mut *yard.chance;
        let (width, depth, setback) = if is_center {
            let width = (self.width * chance.range(0.62, 0.86)).min(24.0);
            (width, chance.range(10.5, 13.0), chance.range(1.5, 4.0))
        } else {
            let width = chance.range(10.0, 14.5).min(self.width - 5.0);
            (width, chance.range(7.6, 10.2), chance.range(5.5, 9.5))
        };
        let slack = ((self.width - width) / 2.0 - 2.0).max(0.0);
        let across = chance.range(-slack, slack) * 0.7;
        let turn = chance.range(-0.03, 0.03);
        let mut main = None;
        if let Some(house) = self.place(across, setback, [width, depth], turn, 1.0) {
            let house = if chance.hits(0.22) { self.with_wing(house, chance) } else { house };
            let kind = match chance.below(20) {
                0 if is_center => Building::Care,
                1..5 if is_center => Building::Business,
                5..10 if is_center => Building::Flats,
                _ => Building::House,
            };
            yard.put(kind, &house, None)?;
            main = Some(house);
        }
        for (share, side) in [(0.86, 1.0), (0.2, -1.0)] {
            let chance = &mut *yard.chance;
            if !chance.hits(share) {
                continue;
            }
            let (w, d) = (chance.range(4.8, 7.2), chance.range(3.8, 5.8));
            let side = if lot.number % 4 < 2 { side } else { -side };
            let across = side * (self.width / 2.0 - w / 2.0 - chance.range(1.0, 2.6));
            let setback = setback + depth * 1.65 + chance.range(1.5, 5.5);
            let shed = self.place(across, setback, [w, d], 0.0, 0.8);
            if let Some(shed) = shed.filter(|_| setback + d < self.depth - 0.5) {
                yard.put(Building::Outbuilding, &shed, None)?;
            }
        }
        Ok(main)
    }

    fn flats(&self, yard: &mut Yard<'_>) -> Result<Option<Ring>, DemoError> {
        let width = (self.width * 0.78).min(46.0);
        let main = self.place(0.0, yard.chance.range(7.0, 10.0), [width, 12.0], 0.0, 1.0);
        if let Some(house) = &main {
            yard.put(Building::Flats, house, None)?;
        }
        let across = self.width * yard.chance.range(-0.2, 0.2);
        if let Some(shed) = self.place(across, self.depth - 9.0, [12.0, 5.0], 0.0, 1.0) {
            yard.put(Building::Outbuilding, &shed, None)?;
        }
        Ok(main)
    }

    fn industry(&self, lot: &Lot, yard: &mut Yard<'_>) -> Result<Option<Ring>, DemoError> {
        let mut main = None;
        for (across, setback) in [(-0.26, 10.0), (0.24, 14.0)] {
            let width = self.width * yard.chance.range(0.26, 0.4);
            let depth = yard.chance.range(22.0, 38.0);
            if let Some(hall) = self.place(across * self.width, setback, [width, depth], 0.0, 2.0) {
                let is_food = lot.number % 7 == 3;
                let kind = if is_food { Building::Food } else { Building::Industry };
                yard.put(kind, &hall, None)?;
                main = main.or(Some(hall));
            }
        }
        if let Some(shed) = self.place(0.0, self.depth - 16.0, [14.0, 8.0], 0.0, 2.0) {
            yard.identity = None;
            yard.put(Building::Other, &shed, None)?;
        }
        Ok(main)
    }

    fn public(&self, yard: &mut Yard<'_>, purpose: Use) -> Result<Option<Ring>, DemoError> {
        // Across, setback, width, depth, kind, name; the first is the main building.
        let middle = self.depth / 2.0;
        let parts: &[(f64, f64, f64, f64, Building, &str)] = match purpose {
            Use::Church => &[
                (0.0, middle - 7.0, 30.0, 14.0, Building::Church, "Sankt Örjans kyrka"),
                (-19.0, middle - 4.0, 7.6, 8.0, Building::Church, "Tornet"),
            ],
            Use::School => &[
                (0.0, 14.0, self.width * 0.6, 15.0, Building::School, "Granåsskolan"),
                (
                    -self.width * 0.18,
                    self.depth - 34.0,
                    26.0,
                    17.0,
                    Building::School,
                    "Idrottshall",
                ),
            ],
            _ => &[(-self.width * 0.42, 4.0, 12.0, 6.0, Building::Public, "Klubbstuga")],
        };
        let mut main = None;
        for (across, setback, width, depth, kind, name) in parts {
            if let Some(ring) = self.place(*across, *setback, [*width, *depth], 0.0, 1.0) {
                yard.put(*kind, &ring, Some(name))?;
                main = main.or(Some(ring));
            }
        }
        Ok(main)
    }
}

/// The buildings of a lot as they are counted.
struct Yard<'a> {
    files: &'a mut Files,
    chance: &'a mut Chance,
    home: Home,
    /// Shared by the parts of one large building.
    identity: Option<Uuid>,
    number: i64,
}

impl Yard<'_> {
    fn put(&mut self, kind: Building, ring: &Ring, name: Option<&str>) -> Result<(), DemoError> {
        self.number += 1;
        let standing = Standing {
            identity: self.identity,
            is_main: self.number == 1,
            number: self.number,
            name,
        };
        kind.write(self.files, self.chance, self.home, standing, ring)
    }
}
