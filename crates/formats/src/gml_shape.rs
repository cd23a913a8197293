//! Geometries of GML 3.2 (and their names in GML 2): elements into shapes. OGC 07-036, clauses 10 and 11.

use faltkarta_geo::GeometryError;

use crate::crs::DeclaredCrs;
use crate::error::FormatError;
use crate::gml_xml::{Tag, Token, Tokens};
use crate::shape::{Form, Shape, Vertex};

/// The most elements that one geometry may have: a million vertices, each an element of its own.
const MAX_ELEMENTS: usize = 2_000_000;

/// Names of geometries that can stand in a property.
const GEOMETRIES: [&str; 20] = [
    "Point",
    "LineString",
    "LinearRing",
    "Polygon",
    "Curve",
    "CompositeCurve",
    "OrientableCurve",
    "Ring",
    "Surface",
    "CompositeSurface",
    "OrientableSurface",
    "PolyhedralSurface",
    "Tin",
    "Solid",
    "MultiPoint",
    "MultiLineString",
    "MultiCurve",
    "MultiPolygon",
    "MultiSurface",
    "MultiGeometry",
];

pub(crate) fn is_geometry(name: &str) -> bool {
    GEOMETRIES.contains(&name)
        || matches!(name, "CompositeSolid" | "MultiSolid" | "TriangulatedSurface")
}

/// An element with all that is in it.
#[derive(Debug)]
pub(crate) struct Element {
    tag: Tag,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads the rest of an element that began.
    pub(crate) fn read(tag: Tag, tokens: &mut Tokens) -> Result<Self, FormatError> {
        Self::read_counted(tag, tokens, &mut 0)
    }

    fn read_counted(tag: Tag, tokens: &mut Tokens, n: &mut usize) -> Result<Self, FormatError> {
        *n += 1;
        if *n > MAX_ELEMENTS {
            let most = MAX_ELEMENTS as u64;
            return Err(FormatError::OverLimit { limit: "elements of a geometry", most });
        }
        let mut element = Self { tag, text: String::new(), children: vec![] };
        loop {
            match tokens.next()? {
                Token::Start(tag) => element.children.push(Self::read_counted(tag, tokens, n)?),
                Token::Text(text) => element.text.push_str(&text),
                Token::End => return Ok(element),
                Token::Eof => return Err(FormatError::TruncatedFile),
            }
        }
    }

    fn name(&self) -> &str {
        &self.tag.name
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|it| it.name() == name)
    }

    /// The reference system that the element or something in it names first.
    pub(crate) fn srs_name(&self) -> Option<&str> {
        let own = self.tag.srs_name.as_deref();
        own.or_else(|| self.children.iter().find_map(Self::srs_name))
    }
}

/// Whether a reference system has northing (or latitude) first. Names with an authority's order (`urn:`, and
/// `http://www.opengis.net/def/crs`) follow the EPSG registry; the old ones (`EPSG:3006`, `…epsg.xml#3006`) are
/// easting first, as in GML 2 and in GDAL.
pub(crate) fn is_north_first(srs_name: &str) -> bool {
    let lower = srs_name.to_lowercase();
    let by_authority = lower.starts_with("urn:") || lower.contains("/def/crs");
    let code = lower.rsplit([':', '/', '#']).next().and_then(|it| it.parse::<u32>().ok());
    let north_first = |it: u32| matches!(it, 3006..=3024 | 3845..=3850 | 5845..=5857 | 4326 | 4258 | 4619 | 4976 | 4977 | 4124);
    by_authority && !lower.ends_with("crs84") && code.is_some_and(north_first)
}

/// What a geometry says: its shape with easting first, and its reference system.
pub(crate) fn read(
    element: &Element,
    inherited: Option<&str>,
) -> Result<(Shape, DeclaredCrs), GeometryError> {
    let srs_name = element.srs_name().or(inherited);
    let crs = srs_name.map_or(DeclaredCrs::None, DeclaredCrs::from_name);
    let mut reading = Reading {
        is_turned: srs_name.is_some_and(is_north_first),
        dimension: element.tag.srs_dimension,
        has_z: false,
    };
    let form = reading.form(element)?;
    Ok((Shape { has_z: reading.has_z, has_m: false, form }, crs))
}

struct Reading {
    is_turned: bool,
    // What the outermost element says of the number of ordinates.
    dimension: Option<usize>,
    has_z: bool,
}

type Made<T> = Result<T, GeometryError>;

impl Reading {
    fn form(&mut self, element: &Element) -> Made<Form> {
        if element.tag.srs_dimension.is_some() {
            self.dimension = element.tag.srs_dimension;
        }
        match element.name() {
            "Point" => Ok(Form::Point(self.vertices(element)?.first().copied())),
            "LineString" | "LinearRing" | "LineStringSegment" => {
                Ok(Form::Line(self.vertices(element)?))
            }
            "Arc" | "ArcString" => Ok(Form::Circular(self.vertices(element)?)),
            "CircleByCenterPoint" => self.circle(element),
            "Polygon" | "PolygonPatch" | "Rectangle" | "Triangle" => self.polygon(element),
            "Curve" | "CompositeCurve" | "Ring" => self.curve(element),
            "OrientableCurve" => {
                let base = element.child("baseCurve").and_then(|it| it.children.first());
                let form = self.form(base.ok_or(GeometryError::Truncated)?)?;
                Ok(if is_backwards(element) { reversed(form) } else { form })
            }
            "OrientableSurface" => {
                let base = element.child("baseSurface").and_then(|it| it.children.first());
                self.form(base.ok_or(GeometryError::Truncated)?)
            }
            "MultiPoint" => self.many(4, element),
            "MultiLineString" => self.many(5, element),
            "MultiCurve" => self.many(11, element),
            "MultiPolygon" => self.many(6, element),
            "MultiSurface" | "CompositeSurface" => self.many(12, element),
            "Surface" | "PolyhedralSurface" => {
                let patches = self.many(12, element)?;
                match patches {
                    Form::Many(_, mut one) if one.len() == 1 => {
                        one.pop().ok_or(GeometryError::Truncated)
                    }
                    several => Ok(several),
                }
            }
            "MultiGeometry" => self.many(7, element),
            // Solids, tins, splines, clothoids.
            _ => Err(GeometryError::UnsupportedType { code: 0 }),
        }
    }

    /// The members of a multi geometry, however they are wrapped: `pointMember`, `pointMembers`, `patches` …
    fn many(&mut self, base: u32, element: &Element) -> Made<Form> {
        let mut parts = vec![];
        for child in &element.children {
            if is_metadata(child.name()) {
                continue;
            }
            if child.tag.href.is_some() && child.children.is_empty() {
                // A reference to a geometry elsewhere in the file.
                return Err(GeometryError::UnsupportedType { code: 0 });
            }
            for member in &child.children {
                parts.push(self.form(member)?);
            }
        }
        // Plain members make the plain multi form.
        let is_plain = |it: &Form| matches!(it, Form::Line(_) | Form::Polygon(_));
        let base = match base {
            11 if parts.iter().all(is_plain) => 5,
            12 if parts.iter().all(is_plain) => 6,
            other => other,
        };
        Ok(Form::Many(base, parts))
    }

    fn polygon(&mut self, element: &Element) -> Made<Form> {
        let mut rings = vec![];
        for child in &element.children {
            let is_ring = matches!(
                child.name(),
                "exterior" | "interior" | "outerBoundaryIs" | "innerBoundaryIs"
            );
            if let (true, Some(ring)) = (is_ring, child.children.first()) {
                rings.push(self.form(ring)?);
            }
        }
        let is_plain = rings.iter().all(|it| matches!(it, Form::Line(_)));
        if !is_plain {
            return Ok(Form::CurvePolygon(rings));
        }
        let plain = |it| if let Form::Line(path) = it { path } else { vec![] };
        Ok(Form::Polygon(rings.into_iter().map(plain).collect()))
    }

    /// Segments or members end to end.
    fn curve(&mut self, element: &Element) -> Made<Form> {
        let mut parts = vec![];
        for child in &element.children {
            if matches!(child.name(), "segments" | "curveMember" | "curveMembers") {
                if child.tag.href.is_some() && child.children.is_empty() {
                    return Err(GeometryError::UnsupportedType { code: 0 });
                }
                for part in &child.children {
                    match self.form(part)? {
                        Form::Compound(more) => parts.extend(more),
                        other => parts.push(other),
                    }
                }
            }
        }
        if parts.iter().any(|it| !matches!(it, Form::Line(_))) {
            return Ok(if parts.len() == 1 { parts.remove(0) } else { Form::Compound(parts) });
        }
        let mut whole: Vec<Vertex> = vec![];
        for part in parts {
            let Form::Line(path) = part else { continue };
            let meets = whole.last().zip(path.first()).is_some_and(|(a, b)| a.is_at(*b));
            whole.extend(path.into_iter().skip(usize::from(meets)));
        }
        Ok(Form::Line(whole))
    }

    fn circle(&mut self, element: &Element) -> Made<Form> {
        let centre = self.vertices(element)?.first().copied();
        let radius = element.child("radius").and_then(|it| it.text.trim().parse::<f64>().ok());
        match (centre, radius) {
            (Some(at), Some(radius)) if radius > 0.0 && radius.is_finite() => {
                let east = Vertex { x: at.x + radius, ..at };
                let west = Vertex { x: at.x - radius, ..at };
                Ok(Form::Circular(vec![east, west, east]))
            }
            _ => Err(GeometryError::BadCurve),
        }
    }

    /// The positions of an element: `posList`, `pos`, `pointProperty`, and the `coordinates` and `coord` of GML 2.
    fn vertices(&mut self, element: &Element) -> Made<Vec<Vertex>> {
        let mut vertices = vec![];
        for child in &element.children {
            match child.name() {
                "posList" | "pos" => {
                    let said = child.tag.srs_dimension.or(self.dimension);
                    let numbers = numbers(&child.text)?;
                    // A position of its own tells by its length.
                    let dimension = match said {
                        None if child.name() == "pos" => numbers.len(),
                        Some(said) if child.name() == "pos" && numbers.len() < said => {
                            numbers.len()
                        }
                        other => other.unwrap_or(2),
                    };
                    self.take(&numbers, dimension, &mut vertices)?;
                }
                "coordinates" => {
                    for tuple in child.text.split_whitespace() {
                        let numbers: Vec<f64> =
                            tuple.split(',').map(number).collect::<Made<_>>()?;
                        self.take(&numbers, numbers.len(), &mut vertices)?;
                    }
                }
                "coord" => {
                    let of = |name| child.child(name).map(|it| number(it.text.trim()));
                    let ordinates = [of("X"), of("Y"), of("Z")].into_iter().flatten();
                    let numbers: Vec<f64> = ordinates.collect::<Made<_>>()?;
                    self.take(&numbers, numbers.len(), &mut vertices)?;
                }
                "pointProperty" | "pointRep" => {
                    for point in &child.children {
                        vertices.extend(self.vertices(point)?);
                    }
                }
                _ => {}
            }
        }
        Ok(vertices)
    }

    fn take(&mut self, numbers: &[f64], dimension: usize, into: &mut Vec<Vertex>) -> Made<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        if !(2..=4).contains(&dimension) || !numbers.len().is_multiple_of(dimension) {
            return Err(GeometryError::Truncated);
        }
        self.has_z |= dimension >= 3;
        into.extend(numbers.chunks_exact(dimension).map(|it| {
            let (x, y) = if self.is_turned { (it[1], it[0]) } else { (it[0], it[1]) };
            Vertex { x, y, z: it.get(2).copied().unwrap_or(f64::NAN), m: f64::NAN }
        }));
        Ok(())
    }
}

fn is_metadata(name: &str) -> bool {
    matches!(
        name,
        "metaDataProperty"
            | "description"
            | "descriptionReference"
            | "identifier"
            | "name"
            | "boundedBy"
    )
}

fn is_backwards(element: &Element) -> bool {
    element.tag.orientation.as_deref() == Some("-")
}

fn reversed(form: Form) -> Form {
    match form {
        Form::Line(mut path) => {
            path.reverse();
            Form::Line(path)
        }
        Form::Circular(mut path) => {
            path.reverse();
            Form::Circular(path)
        }
        Form::Compound(parts) => Form::Compound(parts.into_iter().rev().map(reversed).collect()),
        other => other,
    }
}

fn numbers(text: &str) -> Made<Vec<f64>> {
    text.split_whitespace().map(number).collect()
}

fn number(text: &str) -> Made<f64> {
    text.trim().parse().map_err(|_| GeometryError::NotFinite)
}
