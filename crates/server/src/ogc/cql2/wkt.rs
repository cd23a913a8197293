use geo::geometry::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};

use crate::ogc::cql2::parser::Parser;
use crate::ogc::cql2::token::Token;

/// Reads a shape in well-known text, or `BBOX(…)`. Heights are passed over.
pub(super) fn shape(parser: &mut Parser<'_>) -> Result<Shape<f64>, String> {
    let Some(Token::Word(name)) = parser.tokens.first() else {
        return Err(parser.expected("a shape"));
    };
    let name = name.to_ascii_uppercase();
    let read: fn(&mut Parser<'_>) -> Result<Shape<f64>, String> = match name.as_str() {
        "BBOX" => return rectangle(parser),
        "POINT" => |it| Ok(Shape::Point(Point(parenthesized(it, position)?))),
        "LINESTRING" => |it| Ok(Shape::LineString(line(it)?)),
        "POLYGON" => |it| Ok(Shape::Polygon(area(it)?)),
        "MULTIPOINT" => |it| Ok(Shape::MultiPoint(MultiPoint(listed(it, point_of_many)?))),
        "MULTILINESTRING" => |it| Ok(Shape::MultiLineString(MultiLineString(listed(it, line)?))),
        "MULTIPOLYGON" => |it| Ok(Shape::MultiPolygon(MultiPolygon(listed(it, area)?))),
        "GEOMETRYCOLLECTION" => |it| {
            let parts = it.deeper(|it| listed(it, shape))?;
            Ok(Shape::GeometryCollection(GeometryCollection(parts)))
        },
        _ => return Err(parser.expected("a shape")),
    };
    parser.next();
    let _ = parser.take_word("Z") || parser.take_word("M") || parser.take_word("ZM");
    read(parser)
}

fn rectangle(parser: &mut Parser<'_>) -> Result<Shape<f64>, String> {
    parser.next();
    parser.need_sign("(")?;
    let mut numbers = vec![parser.number()?];
    while parser.take_sign(",") {
        parser.count()?;
        numbers.push(parser.number()?);
    }
    parser.need_sign(")")?;
    let (low, high) = match *numbers.as_slice() {
        [a, b, c, d] | [a, b, _, c, d, _] => (Coord { x: a, y: b }, Coord { x: c, y: d }),
        _ => return Err("BBOX has four or six numbers".to_owned()),
    };
    Ok(Shape::Polygon(geo::geometry::Rect::new(low, high).to_polygon()))
}

fn parenthesized<T>(
    parser: &mut Parser<'_>,
    read: impl FnOnce(&mut Parser<'_>) -> Result<T, String>,
) -> Result<T, String> {
    parser.need_sign("(")?;
    let value = read(parser)?;
    parser.need_sign(")")?;
    Ok(value)
}

fn listed<T>(
    parser: &mut Parser<'_>,
    read: impl Fn(&mut Parser<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    parenthesized(parser, |parser| {
        let mut items = vec![read(parser)?];
        while parser.take_sign(",") {
            items.push(read(parser)?);
        }
        Ok(items)
    })
}

fn position(parser: &mut Parser<'_>) -> Result<Coord<f64>, String> {
    parser.count()?;
    let at = Coord { x: parser.number()?, y: parser.number()? };
    for _ in 0..2 {
        if matches!(parser.tokens.first(), Some(Token::Number(_) | Token::Sign("-" | "+"))) {
            parser.number()?;
        }
    }
    Ok(at)
}

fn point_of_many(parser: &mut Parser<'_>) -> Result<Point<f64>, String> {
    if parser.is_sign("(") {
        return Ok(Point(parenthesized(parser, position)?));
    }
    position(parser).map(Point)
}

fn line(parser: &mut Parser<'_>) -> Result<LineString<f64>, String> {
    let line = listed(parser, position)?;
    if line.len() < 2 {
        Err("a line has two positions or more".to_owned())
    } else {
        Ok(LineString(line))
    }
}

fn area(parser: &mut Parser<'_>) -> Result<Polygon<f64>, String> {
    let mut rings = listed(parser, |parser| {
        let ring = line(parser)?;
        if ring.0.len() < 4 || ring.0.first() != ring.0.last() {
            return Err("a ring has four positions or more, and its last is its first".to_owned());
        }
        Ok(ring)
    })?;
    let outer = rings.remove(0);
    Ok(Polygon::new(outer, rings))
}
