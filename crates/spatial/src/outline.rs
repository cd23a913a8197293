//! A geometry taken apart into rings, lines and points, in metres around an origin of its own.

use faltkarta_geo::{Bounds, Geometry, GeometryPart};

/// Easting and northing in metres from the origin.
pub(crate) type Xy = [f64; 2];

/// What a geometry, or several, consist of.
///
/// Ordinates are taken relative to an origin near them: northings of 6.6 million would cost seven digits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outline {
    /// Rings of each polygon, not closed by a repeated vertex. Inside is what an odd number of rings goes around.
    pub(crate) polygons: Vec<Vec<Vec<Xy>>>,
    pub(crate) lines: Vec<Vec<Xy>>,
    pub(crate) points: Vec<Xy>,
}

impl Outline {
    pub(crate) fn of<'a>(
        geometries: impl IntoIterator<Item = &'a Geometry>,
        origin: (f64, f64),
    ) -> Self {
        let mut outline = Self::default();
        for geometry in geometries {
            let mut base = 0;
            let mut paths: Vec<Vec<Xy>> = vec![];
            geometry.visit(|part| match part {
                GeometryPart::Begin { base: begun } => {
                    base = begun;
                    paths.clear();
                }
                GeometryPart::Path { n_vertices } => paths.push(Vec::with_capacity(n_vertices)),
                GeometryPart::Vertex { e_m, n_m } => {
                    let at = [e_m - origin.0, n_m - origin.1];
                    match paths.last_mut() {
                        Some(path) => path.push(at),
                        None => paths.push(vec![at]),
                    }
                }
                GeometryPart::End => outline.keep(base, std::mem::take(&mut paths)),
            });
        }
        outline
    }

    fn keep(&mut self, base: u32, mut paths: Vec<Vec<Xy>>) {
        match base {
            1 => self.points.extend(paths.into_iter().flatten()),
            2 => self.lines.extend(paths.into_iter().filter(|it| !it.is_empty())),
            3 => {
                for ring in &mut paths {
                    if ring.len() > 1 && ring.first() == ring.last() {
                        ring.pop();
                    }
                }
                paths.retain(|it| !it.is_empty());
                if !paths.is_empty() {
                    self.polygons.push(paths);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.polygons.is_empty() && self.lines.is_empty() && self.points.is_empty()
    }

    /// Shows every edge; a point is an edge from itself to itself. Stops when the visitor says `false`.
    pub(crate) fn edges(&self, see: &mut impl FnMut(Xy, Xy) -> bool) {
        for ring in self.polygons.iter().flatten() {
            let mut before = ring[ring.len() - 1];
            for at in ring {
                if !see(before, *at) {
                    return;
                }
                before = *at;
            }
        }
        for line in &self.lines {
            if let [only] = line[..]
                && !see(only, only)
            {
                return;
            }
            for pair in line.windows(2) {
                if !see(pair[0], pair[1]) {
                    return;
                }
            }
        }
        for at in &self.points {
            if !see(*at, *at) {
                return;
            }
        }
    }

    /// A point inside the first polygon: the middle of the widest stretch on a line across it.
    pub(crate) fn inner_point(&self) -> Option<Xy> {
        let rings = self.polygons.first()?;
        let ys = || rings.iter().flatten().map(|it| it[1]);
        let (low, high) = (ys().fold(f64::MAX, f64::min), ys().fold(f64::MIN, f64::max));
        // A line that no vertex lies on, near the middle.
        let y = [0.5, 0.47, 0.53, 0.41, 0.59, 0.36]
            .map(|it| low + (high - low) * it)
            .into_iter()
            .find(|y| ys().all(|it| it != *y))?;
        let mut crossings: Vec<f64> = vec![];
        for ring in rings {
            let next = ring.iter().cycle().skip(1);
            for (a, b) in ring.iter().zip(next) {
                if (a[1] > y) != (b[1] > y) {
                    crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
                }
            }
        }
        crossings.sort_by(f64::total_cmp);
        let stretches =
            crossings.chunks_exact(2).map(|it| (it[1] - it[0], f64::midpoint(it[0], it[1])));
        stretches.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, x)| [x, y])
    }

    /// Whether a place lies in one of the polygons. On the boundary either answer may come.
    pub(crate) fn holds(&self, at: Xy) -> bool {
        self.polygons.iter().any(|rings| {
            let mut is_odd = false;
            for ring in rings {
                let mut before = ring[ring.len() - 1];
                for now in ring {
                    let crosses = (before[1] > at[1]) != (now[1] > at[1]);
                    if crosses {
                        let t = (at[1] - before[1]) / (now[1] - before[1]);
                        is_odd ^= at[0] < before[0] + t * (now[0] - before[0]);
                    }
                    before = *now;
                }
            }
            is_odd
        })
    }

    /// Length of all rings and lines in metres.
    pub(crate) fn length_m(&self) -> f64 {
        let mut sum = 0.0;
        self.edges(&mut |a, b| {
            sum += (b[0] - a[0]).hypot(b[1] - a[1]);
            true
        });
        sum
    }

    pub(crate) fn bounds(&self) -> Option<Bounds> {
        let mut bounds: Option<Bounds> = None;
        self.edges(&mut |a, b| {
            for [x, y] in [a, b] {
                match &mut bounds {
                    Some(bounds) => bounds.include(x, y),
                    None => bounds = Some(Bounds::at(x, y)),
                }
            }
            true
        });
        bounds
    }
}
