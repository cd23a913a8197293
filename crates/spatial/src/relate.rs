use faltkarta_geo::{Bounds, Compass, EastNorthM, Geometry, Grid, Position, direction_on_grid};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::float::simplify::SimplifyShape as _;
use i_overlay::float::single::SingleFloatOverlay as _;

use crate::outline::{Outline, Xy};

/// Two boundaries that are one in the field differ by this much after they were measured, rounded and projected apart.
/// An overlap that is nowhere wider than it is none.
const SAME_BOUNDARY_M: f64 = 0.01;

/// How what was asked about lies to a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// All of it lies in the zone.
    Inside,
    /// Part of it does, or the zone is a line or a point that lies on it.
    Partly,
    /// None of it does.
    Within,
}

impl Relation {
    /// The stable word: `inside`, `partly`, `within`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Partly => "partly",
            Self::Within => "within",
        }
    }
}

/// How a subject lies to one zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Related {
    /// The relation.
    pub relation: Relation,
    /// Share of the subject that lies in the zone, above 0 to 1: of its area, or of its length when it has no area.
    /// `None` when nothing can be shared.
    pub share: Option<f64>,
    /// Least distance in metres on the grid; 0 when they touch.
    pub distance_m: f64,
    /// In which direction the zone lies from the subject, when they do not touch.
    pub direction: Option<Compass>,
    /// The place of the zone that is nearest to the subject, easting and northing in metres on the grid.
    pub nearest_m: (f64, f64),
}

/// What is asked about: a point, or all areas, lines and points of a property. Prepared once, related to many zones.
#[derive(Debug, Clone)]
pub struct Subject {
    outline: Outline,
    origin: (f64, f64),
    /// Around it, relative to the origin.
    bounds: Bounds,
    /// Contours whose union is its area: outer ones against the clock, holes with it.
    area: Vec<Vec<Xy>>,
    area_m2: f64,
    /// Below this an overlap is two spellings of one boundary.
    sliver_m2: f64,
}

impl Subject {
    /// A point.
    pub fn at(at: Position<Grid>) -> Self {
        let outline = Outline { points: vec![[0.0, 0.0]], ..Outline::default() };
        Self::new(outline, (at.e_m(), at.n_m()), Bounds::at(0.0, 0.0))
    }

    /// All of several geometries together; `None` when there is no vertex in them.
    pub fn of<'a>(geometries: impl IntoIterator<Item = &'a Geometry> + Clone) -> Option<Self> {
        let around =
            geometries.clone().into_iter().filter_map(Geometry::bounds).reduce(Bounds::union)?;
        let origin = around.middle();
        let outline = Outline::of(geometries, origin);
        let bounds = outline.bounds()?;
        Some(Self::new(outline, origin, bounds))
    }

    fn new(outline: Outline, origin: (f64, f64), bounds: Bounds) -> Self {
        let area = united(&outline.polygons);
        let area_m2 = area_of(&area);
        let sliver_m2 = SAME_BOUNDARY_M * outline.length_m();
        Self { outline, origin, bounds, area, area_m2, sliver_m2 }
    }

    /// The rectangle around it on the grid.
    pub fn bounds(&self) -> Bounds {
        let (e_m, n_m) = self.origin;
        Bounds {
            min_e_m: self.bounds.min_e_m + e_m,
            min_n_m: self.bounds.min_n_m + n_m,
            max_e_m: self.bounds.max_e_m + e_m,
            max_n_m: self.bounds.max_n_m + n_m,
        }
    }

    /// Its area in square metres on the grid; 0 for points and lines. What two of its areas share counts once.
    pub fn area_m2(&self) -> f64 {
        self.area_m2
    }

    /// How it lies to a zone; `None` for one without vertices.
    ///
    /// Polygons are filled where an odd number of their rings goes around, so that an invalid one answers too; several
    /// polygons of one geometry are united.
    pub fn relate(&self, zone: &Geometry) -> Option<Related> {
        let zone = Outline::of([zone], self.origin);
        if zone.is_empty() {
            return None;
        }
        let share = self.share_in(&zone);
        let touching = |relation, share| {
            let middle = self.bounds.middle();
            let nearest_m = (middle.0 + self.origin.0, middle.1 + self.origin.1);
            Related { relation, share, distance_m: 0.0, direction: None, nearest_m }
        };
        match share {
            Some(share) if share >= 1.0 => Some(touching(Relation::Inside, Some(1.0))),
            Some(share) if share > 0.0 => Some(touching(Relation::Partly, Some(share))),
            _ if self.carries(&zone) => Some(touching(Relation::Partly, None)),
            _ => {
                let (least_m, from, to) = nearest(&self.outline, self.bounds, &zone)?;
                let distance_m = if least_m <= SAME_BOUNDARY_M { 0.0 } else { least_m };
                let placed = |[x, y]: Xy| (x + self.origin.0, y + self.origin.1);
                let position = |at: (f64, f64)| {
                    Position::<Grid>::parse(EastNorthM { e_m: at.0, n_m: at.1 }).ok()
                };
                let direction = match (position(placed(from)), position(placed(to))) {
                    (Some(from), Some(to)) if distance_m > 0.0 => direction_on_grid(from, to),
                    _ => None,
                };
                let nearest_m = placed(to);
                Some(Related {
                    relation: Relation::Within,
                    share: None,
                    distance_m,
                    direction,
                    nearest_m,
                })
            }
        }
    }

    /// Which share of the subject lies in the zone's polygons; `None` when the zone has none.
    fn share_in(&self, zone: &Outline) -> Option<f64> {
        if zone.polygons.is_empty() {
            return None;
        }
        if self.area_m2 > self.sliver_m2 {
            let shared = self.shared_with(zone);
            let shared_m2 = area_of(&shared);
            return Some(if shared_m2 >= self.area_m2 - self.sliver_m2 {
                1.0
            } else if shared_m2 > self.sliver_m2 {
                shared_m2 / self.area_m2
            } else {
                0.0
            });
        }
        let length_m: f64 = self.outline.lines.iter().map(|it| length_of(it)).sum();
        if length_m > 0.0 {
            let inside_m: f64 = self.outline.lines.iter().map(|it| inside_of(it, zone)).sum();
            return Some(if inside_m >= length_m - SAME_BOUNDARY_M {
                1.0
            } else if inside_m > SAME_BOUNDARY_M {
                inside_m / length_m
            } else {
                0.0
            });
        }
        let points = &self.outline.points;
        let n_inside = points.iter().filter(|it| zone.holds(**it)).count();
        Some(n_inside as f64 / points.len().max(1) as f64)
    }

    /// What the subject's area and the zone's polygons share: contours, outer ones against the clock, holes with it.
    fn shared_with(&self, zone: &Outline) -> Vec<Vec<Xy>> {
        let near = self.bounds.grown(1.0);
        let clipped: Vec<Vec<Vec<Xy>>> = zone
            .polygons
            .iter()
            .map(|rings| rings.iter().map(|it| clip(it, near)).collect::<Vec<_>>())
            .map(|rings| rings.into_iter().filter(|it| it.len() > 2).collect::<Vec<_>>())
            .filter(|rings| !rings.is_empty())
            .collect();
        self.area
            .overlay(&united(&clipped), OverlayRule::Intersect, FillRule::NonZero)
            .into_iter()
            .flatten()
            .collect()
    }

    /// How much area it shares with another polygon, how wide the widest piece of that is on average, both in metres,
    /// and a place in that piece. `None` when they share nothing.
    pub(crate) fn overlap(&self, other: &Geometry) -> Option<(f64, f64, (f64, f64))> {
        let shared = self.shared_with(&Outline::of([other], self.origin));
        let width_m = |ring: &Vec<Xy>| {
            let last = ring.last().copied().unwrap_or_default();
            let closed = length_of(ring) + length_of(&[last, ring[0]]);
            if closed > 0.0 { 2.0 * signed_area(ring).abs() / closed } else { 0.0 }
        };
        let widest = shared.iter().max_by(|a, b| width_m(a).total_cmp(&width_m(b)))?;
        let place = Outline { polygons: vec![vec![widest.clone()]], ..Outline::default() };
        let [x, y] = place.inner_point().unwrap_or(widest[0]);
        Some((area_of(&shared), width_m(widest), (x + self.origin.0, y + self.origin.1)))
    }

    /// Whether a line or a point of the zone lies on the subject's area.
    fn carries(&self, zone: &Outline) -> bool {
        if self.outline.polygons.is_empty() {
            return false;
        }
        zone.points.iter().any(|it| self.outline.holds(*it))
            || zone.lines.iter().any(|it| inside_of(it, &self.outline) > SAME_BOUNDARY_M)
    }
}

/// Contours whose union is that of some polygons: outer ones against the clock, holes with it.
fn united(polygons: &[Vec<Vec<Xy>>]) -> Vec<Vec<Xy>> {
    let clean = |rings: &Vec<Vec<Xy>>| rings.simplify_shape(FillRule::EvenOdd);
    let contours: Vec<Vec<Xy>> = polygons.iter().flat_map(clean).flatten().collect();
    if polygons.len() < 2 {
        return contours;
    }
    contours.simplify_shape(FillRule::NonZero).into_iter().flatten().collect()
}

/// Area of clean contours: holes run the other way and are taken away.
fn area_of(contours: &[Vec<Xy>]) -> f64 {
    contours.iter().map(|it| signed_area(it)).sum::<f64>().abs()
}

fn signed_area(ring: &[Xy]) -> f64 {
    let Some(last) = ring.last() else { return 0.0 };
    let mut twice = 0.0;
    let mut before = *last;
    for at in ring {
        twice += before[0] * at[1] - at[0] * before[1];
        before = *at;
    }
    twice / 2.0
}

/// What of a ring lies in a rectangle. Edges along the rectangle may run back and forth; they hold no area.
/// Sutherland and Hodgman, Reentrant polygon clipping, 1974.
fn clip(ring: &[Xy], to: Bounds) -> Vec<Xy> {
    let sides: [(usize, f64, f64); 4] =
        [(0, to.min_e_m, 1.0), (0, to.max_e_m, -1.0), (1, to.min_n_m, 1.0), (1, to.max_n_m, -1.0)];
    let mut kept = ring.to_vec();
    for (axis, limit, sign) in sides {
        let is_in = |at: &Xy| (at[axis] - limit) * sign >= 0.0;
        if kept.iter().all(is_in) {
            continue;
        }
        let mut next = Vec::with_capacity(kept.len() + 4);
        let Some(mut before) = kept.last().copied() else { break };
        for at in kept {
            if is_in(&before) != is_in(&at) {
                let t = (limit - before[axis]) / (at[axis] - before[axis]);
                let mut crossing =
                    [before[0] + t * (at[0] - before[0]), before[1] + t * (at[1] - before[1])];
                crossing[axis] = limit;
                next.push(crossing);
            }
            if is_in(&at) {
                next.push(at);
            }
            before = at;
        }
        kept = next;
    }
    kept
}

fn length_of(line: &[Xy]) -> f64 {
    line.windows(2).map(|it| (it[1][0] - it[0][0]).hypot(it[1][1] - it[0][1])).sum()
}

/// How many metres of a line lie in the polygons.
fn inside_of(line: &[Xy], zone: &Outline) -> f64 {
    let mut inside_m = 0.0;
    for pair in line.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        let mut cuts = vec![0.0, 1.0];
        for ring in zone.polygons.iter().flatten() {
            let mut before = ring[ring.len() - 1];
            for at in ring {
                cuts.extend(crossing(a, b, before, *at));
                before = *at;
            }
        }
        cuts.sort_unstable_by(f64::total_cmp);
        let length_m = (b[0] - a[0]).hypot(b[1] - a[1]);
        for span in cuts.windows(2) {
            let middle = f64::midpoint(span[0], span[1]);
            let at = [a[0] + middle * (b[0] - a[0]), a[1] + middle * (b[1] - a[1])];
            if span[1] > span[0] && zone.holds(at) {
                inside_m += (span[1] - span[0]) * length_m;
            }
        }
    }
    inside_m
}

/// Where on the edge from `a` to `b` (0 to 1) the edge from `c` to `d` crosses it.
fn crossing(a: Xy, b: Xy, c: Xy, d: Xy) -> Option<f64> {
    let (r, s) = ([b[0] - a[0], b[1] - a[1]], [d[0] - c[0], d[1] - c[1]]);
    let cross = r[0] * s[1] - r[1] * s[0];
    if cross == 0.0 {
        return None;
    }
    let q = [c[0] - a[0], c[1] - a[1]];
    let t = (q[0] * s[1] - q[1] * s[0]) / cross;
    let u = (q[0] * r[1] - q[1] * r[0]) / cross;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some(t)
}

/// The least distance between two outlines and the places where they are that near, of the first and of the second.
fn nearest(subject: &Outline, around: Bounds, zone: &Outline) -> Option<(f64, Xy, Xy)> {
    let mut best: Option<(f64, Xy, Xy)> = None;
    zone.edges(&mut |c, d| {
        let limit = best.map_or(f64::INFINITY, |it| it.0);
        if gap_m(around, c, d) >= limit {
            return true;
        }
        subject.edges(&mut |a, b| {
            let (distance_m, from, to) = between(a, b, c, d);
            if best.is_none_or(|it| distance_m < it.0) {
                best = Some((distance_m, from, to));
            }
            true
        });
        best.is_none_or(|it| it.0 > 0.0)
    });
    best
}

/// A lower limit of the distance from a rectangle to an edge: that to the rectangle around the edge.
fn gap_m(around: Bounds, c: Xy, d: Xy) -> f64 {
    let gap = |min: f64, max: f64, p: f64, q: f64| (p.min(q) - max).max(min - p.max(q)).max(0.0);
    gap(around.min_e_m, around.max_e_m, c[0], d[0]).hypot(gap(
        around.min_n_m,
        around.max_n_m,
        c[1],
        d[1],
    ))
}

fn between(a: Xy, b: Xy, c: Xy, d: Xy) -> (f64, Xy, Xy) {
    if let Some(t) = crossing(a, b, c, d) {
        let at = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
        return (0.0, at, at);
    }
    let candidates = [
        (a, foot(a, c, d), false),
        (b, foot(b, c, d), false),
        (c, foot(c, a, b), true),
        (d, foot(d, a, b), true),
    ];
    let mut best = (f64::INFINITY, a, c);
    for (at, foot, is_second) in candidates {
        let distance_m = (foot[0] - at[0]).hypot(foot[1] - at[1]);
        if distance_m < best.0 {
            best = if is_second { (distance_m, foot, at) } else { (distance_m, at, foot) };
        }
    }
    best
}

/// The place on the edge from `c` to `d` that is nearest to a point.
pub(crate) fn foot(at: Xy, c: Xy, d: Xy) -> Xy {
    let along = [d[0] - c[0], d[1] - c[1]];
    let length2 = along[0] * along[0] + along[1] * along[1];
    if length2 == 0.0 {
        return c;
    }
    let t = ((at[0] - c[0]) * along[0] + (at[1] - c[1]) * along[1]) / length2;
    let t = t.clamp(0.0, 1.0);
    [c[0] + t * along[0], c[1] + t * along[1]]
}

/// Where an outline is met first on the way from a place in a direction (radians clockwise from north), between two
/// distances in metres. Easting and northing on the grid; `None` when it is not met there.
pub fn met_on_the_way(
    from: (f64, f64),
    bearing_rad: f64,
    least_m: f64,
    most_m: f64,
    zone: &Geometry,
) -> Option<(f64, f64)> {
    let outline = Outline::of([zone], from);
    let on_way = |m: f64| [bearing_rad.sin() * m, bearing_rad.cos() * m];
    let (a, b) = (on_way(least_m), on_way(most_m));
    let mut first: Option<f64> = None;
    outline.edges(&mut |c, d| {
        if let Some(t) = crossing(a, b, c, d) {
            first = Some(first.map_or(t, |it| it.min(t)));
        }
        true
    });
    let [x, y] = on_way(least_m + first? * (most_m - least_m));
    Some((from.0 + x, from.1 + y))
}
