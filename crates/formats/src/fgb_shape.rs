//! Geometries of FlatGeobuf: flat lists of ordinates, the ends of their paths, and parts.

use faltkarta_geo::GeometryError;
use flatbuffers::{FlatBufferBuilder, WIPOffset};
use flatgeobuf::{Geometry, GeometryArgs, GeometryType};

use crate::shape::{Form, MAX_DEPTH, Shape, Vertex};

/// Writes a geometry. With heights or measures in the header every geometry must have them; where there is none, a
/// height is 0 and a measure NaN.
pub(crate) fn write<'b>(
    builder: &mut FlatBufferBuilder<'b>,
    shape: &Shape,
    has_z: bool,
    has_m: bool,
) -> WIPOffset<Geometry<'b>> {
    Writing { has_z, has_m }.form(builder, &shape.form)
}

#[derive(Clone, Copy)]
struct Writing {
    has_z: bool,
    has_m: bool,
}

impl Writing {
    fn form<'b>(self, builder: &mut FlatBufferBuilder<'b>, form: &Form) -> WIPOffset<Geometry<'b>> {
        let base = form.base();
        match form {
            Form::Point(at) => self.paths(builder, base, &[at.as_slice()]),
            Form::Line(path) | Form::Circular(path) => self.paths(builder, base, &[path]),
            Form::Polygon(rings) => {
                let rings: Vec<&[Vertex]> = rings.iter().map(Vec::as_slice).collect();
                self.paths(builder, base, &rings)
            }
            Form::Many(4, parts) => {
                let points: Vec<Vertex> = parts.iter().filter_map(point).collect();
                self.paths(builder, base, &[&points])
            }
            Form::Many(5, parts) => {
                let paths: Vec<&[Vertex]> = parts.iter().filter_map(line).collect();
                self.paths(builder, base, &paths)
            }
            Form::Many(_, parts) | Form::Compound(parts) | Form::CurvePolygon(parts) => {
                let parts: Vec<_> = parts.iter().map(|it| self.form(builder, it)).collect();
                let parts = Some(builder.create_vector(&parts));
                let type_ = GeometryType(base as u8);
                Geometry::create(builder, &GeometryArgs { type_, parts, ..Default::default() })
            }
        }
    }

    fn paths<'b>(
        self,
        builder: &mut FlatBufferBuilder<'b>,
        base: u32,
        paths: &[&[Vertex]],
    ) -> WIPOffset<Geometry<'b>> {
        let all = || paths.iter().copied().flatten();
        let xy: Vec<f64> = all().flat_map(|it| [it.x, it.y]).collect();
        let xy = Some(builder.create_vector(&xy));
        let z = self.has_z.then(|| {
            let z: Vec<f64> = all().map(|it| if it.z.is_nan() { 0.0 } else { it.z }).collect();
            builder.create_vector(&z)
        });
        let m = self.has_m.then(|| {
            let m: Vec<f64> = all().map(|it| it.m).collect();
            builder.create_vector(&m)
        });
        // One path needs no ends.
        let ends = (paths.len() > 1).then(|| {
            let mut end = 0;
            let ends: Vec<u32> = paths
                .iter()
                .map(|path| {
                    end += path.len() as u32;
                    end
                })
                .collect();
            builder.create_vector(&ends)
        });
        let type_ = GeometryType(base as u8);
        Geometry::create(builder, &GeometryArgs { ends, xy, z, m, type_, ..Default::default() })
    }
}

fn point(form: &Form) -> Option<Vertex> {
    if let Form::Point(at) = form { *at } else { None }
}

fn line(form: &Form) -> Option<&[Vertex]> {
    if let Form::Line(path) = form { Some(path) } else { None }
}

/// Reads a geometry; `of_layer` is the type that the header says all have, 0 when they differ. None is an empty one.
pub(crate) fn read(
    geometry: Geometry<'_>,
    of_layer: GeometryType,
) -> Result<Option<Shape>, GeometryError> {
    let mut reading = Reading { has_z: false, has_m: false };
    let form = reading.form(geometry, of_layer, 0)?;
    let is_empty = match &form {
        Form::Point(at) => at.is_none(),
        Form::Line(path) | Form::Circular(path) => path.is_empty(),
        Form::Polygon(rings) => rings.iter().all(Vec::is_empty),
        Form::Many(_, parts) | Form::Compound(parts) | Form::CurvePolygon(parts) => {
            parts.is_empty()
        }
    };
    let shape = Shape { has_z: reading.has_z, has_m: reading.has_m, form };
    Ok((!is_empty).then_some(shape))
}

struct Reading {
    has_z: bool,
    has_m: bool,
}

impl Reading {
    fn form(
        &mut self,
        geometry: Geometry<'_>,
        of_layer: GeometryType,
        depth: u8,
    ) -> Result<Form, GeometryError> {
        if depth > MAX_DEPTH {
            return Err(GeometryError::TooDeep);
        }
        let own = geometry.type_();
        let base = if of_layer == GeometryType::Unknown { own } else { of_layer }.0.into();
        Ok(match base {
            1 => Form::Point(self.vertices(geometry)?.first().copied()),
            2 => Form::Line(self.vertices(geometry)?),
            3 => Form::Polygon(self.paths(geometry)?),
            4 => {
                let points = self.vertices(geometry)?;
                Form::Many(4, points.into_iter().map(|it| Form::Point(Some(it))).collect())
            }
            5 => Form::Many(5, self.paths(geometry)?.into_iter().map(Form::Line).collect()),
            6 if geometry.parts().is_none() => {
                Form::Many(6, vec![Form::Polygon(self.paths(geometry)?)])
            }
            6 => Form::Many(6, self.parts(geometry, GeometryType::Polygon, depth)?),
            8 => Form::Circular(self.vertices(geometry)?),
            7 | 11 | 12 => Form::Many(base, self.parts(geometry, GeometryType::Unknown, depth)?),
            9 => Form::Compound(self.parts(geometry, GeometryType::Unknown, depth)?),
            10 => Form::CurvePolygon(self.parts(geometry, GeometryType::Unknown, depth)?),
            code => return Err(GeometryError::UnsupportedType { code }),
        })
    }

    fn parts(
        &mut self,
        geometry: Geometry<'_>,
        of_parts: GeometryType,
        depth: u8,
    ) -> Result<Vec<Form>, GeometryError> {
        let Some(parts) = geometry.parts() else { return Ok(vec![]) };
        parts.iter().map(|it| self.form(it, of_parts, depth + 1)).collect()
    }

    fn vertices(&mut self, geometry: Geometry<'_>) -> Result<Vec<Vertex>, GeometryError> {
        let Some(xy) = geometry.xy() else { return Ok(vec![]) };
        let n = xy.len() / 2;
        if xy.len() % 2 == 1 {
            return Err(GeometryError::Truncated);
        }
        let (z, m) = (geometry.z(), geometry.m());
        let is_whole = |it: &flatbuffers::Vector<'_, f64>| it.len() == n;
        if !z.as_ref().is_none_or(is_whole) || !m.as_ref().is_none_or(is_whole) {
            return Err(GeometryError::Truncated);
        }
        self.has_z |= z.is_some() && n > 0;
        self.has_m |= m.is_some() && n > 0;
        Ok((0..n)
            .map(|idx| Vertex {
                x: xy.get(2 * idx),
                y: xy.get(2 * idx + 1),
                z: z.map_or(f64::NAN, |it| it.get(idx)),
                m: m.map_or(f64::NAN, |it| it.get(idx)),
            })
            .collect())
    }

    fn paths(&mut self, geometry: Geometry<'_>) -> Result<Vec<Vec<Vertex>>, GeometryError> {
        let vertices = self.vertices(geometry)?;
        let Some(ends) = geometry.ends().filter(|it| !it.is_empty()) else {
            return Ok(vec![vertices]);
        };
        let mut paths = vec![];
        let mut from = 0;
        for end in ends {
            let end = end as usize;
            paths.push(vertices.get(from..end).ok_or(GeometryError::Truncated)?.to_vec());
            from = end;
        }
        Ok(paths)
    }
}
