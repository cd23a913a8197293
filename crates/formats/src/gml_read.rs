use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use faltkarta_geo::Geometry;
use faltkarta_model::Value;

use crate::crs::DeclaredCrs;
use crate::curves::Linearise;
use crate::delivery::{Layer, RawRow};
use crate::error::FormatError;
use crate::gml_shape::{self, Element, is_geometry};
use crate::gml_xml::{Tag, Token, Tokens};
use crate::limits::{MAX_COLUMNS, MAX_LAYERS};

/// Elements that hold features, in GML 3.2, GML 2, WFS 2.0 and WFS 1.1.
const MEMBERS: [&str; 4] = ["member", "members", "featureMember", "featureMembers"];

/// Reads GML 3.2 simple features, and GML 2 and 3.1 that look like them, feature by feature.
///
/// Each kind of feature is a layer. Properties are columns, by their names without prefix; what lies deeper is named
/// by its path: `adress.gata`. The feature's `gml:id` is the column `gml_id`. The first geometry of a feature counts.
#[derive(Debug)]
pub(crate) struct GmlReader {
    path: PathBuf,
    linearise: Linearise,
}

impl GmlReader {
    pub(crate) fn open(
        path: &Path,
        linearise: Linearise,
    ) -> Result<(Self, Vec<Layer>), FormatError> {
        let reader = Self { path: path.to_owned(), linearise };
        // One look over all of it: features of one kind need not have the same properties, and a file that is cut
        // off is found before anything is taken from it.
        let mut scan = Scan::default();
        let mut walk = Walk::new(Tokens::open(path)?, linearise);
        walk.document(&mut |feature| {
            scan.meet(&feature)?;
            Ok(ControlFlow::Continue(()))
        })?;
        if !walk.is_collection {
            return Err(FormatError::ForeignFile { expected: "GML with features" });
        }
        Ok((reader, scan.layers))
    }

    pub(crate) fn for_each_row(
        &self,
        layer: &Layer,
        columns: &[usize],
        see: &mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let mut walk = Walk::new(Tokens::open(&self.path)?, self.linearise);
        let mut raw = RawRow::default();
        walk.document(&mut |feature| {
            if feature.kind != layer.name {
                return Ok(ControlFlow::Continue(()));
            }
            raw.row += 1;
            raw.values.clear();
            raw.values.resize(columns.len(), Value::Null);
            for (slot, idx) in columns.iter().enumerate() {
                raw.values[slot] = value_of(&feature.values, &layer.columns[*idx]);
            }
            raw.fault = (feature.crs != DeclaredCrs::None && feature.crs != layer.crs)
                .then_some("another reference system than the rows before");
            raw.is_linearised = feature.is_linearised;
            raw.geometry = feature.geometry;
            Ok(see(&mut raw))
        })
    }
}

/// A feature as it was read.
struct GmlFeature {
    kind: String,
    values: Vec<(String, Value)>,
    geometry: Result<Option<Geometry>, faltkarta_geo::GeometryError>,
    has_geometry: bool,
    is_linearised: bool,
    crs: DeclaredCrs,
}

/// The value of a column; several elements of one name are a list.
fn value_of(values: &[(String, Value)], column: &str) -> Value {
    let mut found = values.iter().filter(|(name, _)| name == column).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (None, _) => Value::Null,
        (Some(one), None) => one.clone(),
        (Some(first), Some(second)) => {
            Value::List([first, second].into_iter().chain(found).map(Value::to_string).collect())
        }
    }
}

#[derive(Default)]
struct Scan {
    layers: Vec<Layer>,
}

impl Scan {
    fn meet(&mut self, feature: &GmlFeature) -> Result<(), FormatError> {
        let known = self.layers.iter().position(|it| it.name == feature.kind);
        let idx = match known {
            Some(idx) => idx,
            None if self.layers.len() == MAX_LAYERS => {
                return Err(FormatError::OverLimit { limit: "layers", most: MAX_LAYERS as u64 });
            }
            None => {
                self.layers.push(Layer {
                    name: feature.kind.clone(),
                    columns: vec![],
                    has_geometry: false,
                    crs: DeclaredCrs::None,
                    n_rows: Some(0),
                });
                self.layers.len() - 1
            }
        };
        let layer = &mut self.layers[idx];
        layer.n_rows = layer.n_rows.map(|it| it + 1);
        layer.has_geometry |= feature.has_geometry;
        if layer.crs == DeclaredCrs::None {
            layer.crs = feature.crs.clone();
        }
        for (name, _) in &feature.values {
            if layer.columns.iter().any(|it| it == name) {
                continue;
            }
            if layer.columns.len() == MAX_COLUMNS {
                return Err(FormatError::OverLimit { limit: "columns", most: MAX_COLUMNS as u64 });
            }
            layer.columns.push(name.clone());
        }
        Ok(())
    }
}

type See<'a> = &'a mut dyn FnMut(GmlFeature) -> Result<ControlFlow<()>, FormatError>;

/// The way through a file.
struct Walk {
    tokens: Tokens,
    linearise: Linearise,
    is_collection: bool,
    // What the envelope of the collection says.
    srs_name: Option<String>,
}

impl Walk {
    fn new(tokens: Tokens, linearise: Linearise) -> Self {
        Self { tokens, linearise, is_collection: false, srs_name: None }
    }

    fn document(&mut self, see: See<'_>) -> Result<(), FormatError> {
        loop {
            match self.tokens.next()? {
                Token::Start(_) => {
                    if self.collection(see)?.is_break() {
                        return Ok(());
                    }
                }
                Token::Eof => return Ok(()),
                Token::End | Token::Text(_) => {}
            }
        }
    }

    /// The rest of an element that may hold members.
    fn collection(&mut self, see: See<'_>) -> Result<ControlFlow<()>, FormatError> {
        loop {
            match self.tokens.next()? {
                Token::Start(tag) if MEMBERS.contains(&tag.name.as_str()) => {
                    self.is_collection = true;
                    if self.members(see)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Token::Start(tag) if tag.name == "boundedBy" => {
                    let envelope = Element::read(tag, &mut self.tokens)?;
                    let said = envelope.srs_name().map(str::to_owned);
                    self.srs_name = self.srs_name.take().or(said);
                }
                Token::Start(_) => self.tokens.skip()?,
                Token::Text(_) => {}
                Token::End => return Ok(ControlFlow::Continue(())),
                Token::Eof => return Err(FormatError::TruncatedFile),
            }
        }
    }

    fn members(&mut self, see: See<'_>) -> Result<ControlFlow<()>, FormatError> {
        loop {
            match self.tokens.next()? {
                // WFS answers several questions with collections in a collection.
                Token::Start(tag) if tag.name.ends_with("FeatureCollection") => {
                    if self.collection(see)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Token::Start(tag) => {
                    self.tokens.renew();
                    let feature = self.feature(tag)?;
                    if see(feature)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Token::Text(_) => {}
                Token::End => return Ok(ControlFlow::Continue(())),
                Token::Eof => return Err(FormatError::TruncatedFile),
            }
        }
    }

    fn feature(&mut self, tag: Tag) -> Result<GmlFeature, FormatError> {
        let mut feature = GmlFeature {
            kind: tag.name,
            values: vec![],
            geometry: Ok(None),
            has_geometry: false,
            is_linearised: false,
            crs: DeclaredCrs::None,
        };
        if let Some(id) = tag.id {
            feature.values.push(("gml_id".to_owned(), Value::Text(id)));
        }
        loop {
            match self.tokens.next()? {
                Token::Start(tag) if tag.name == "boundedBy" => self.tokens.skip()?,
                Token::Start(tag) => {
                    let path = tag.name.clone();
                    self.property(tag, path, &mut feature)?;
                }
                Token::Text(_) => {}
                Token::End => return Ok(feature),
                Token::Eof => return Err(FormatError::TruncatedFile),
            }
        }
    }

    fn property(
        &mut self,
        tag: Tag,
        path: String,
        feature: &mut GmlFeature,
    ) -> Result<(), FormatError> {
        let (mut text, mut has_children) = (String::new(), false);
        loop {
            match self.tokens.next()? {
                Token::Start(inner) if is_geometry(&inner.name) => {
                    has_children = true;
                    let element = Element::read(inner, &mut self.tokens)?;
                    if !feature.has_geometry {
                        self.geometry(&element, feature);
                    }
                }
                Token::Start(inner) => {
                    has_children = true;
                    let path = format!("{path}.{}", inner.name);
                    self.property(inner, path, feature)?;
                }
                Token::Text(more) => text.push_str(&more),
                Token::Eof => return Err(FormatError::TruncatedFile),
                Token::End => break,
            }
        }
        if has_children {
            return Ok(());
        }
        // A reference is known by what it points to.
        let text = if text.trim().is_empty() { tag.href.unwrap_or_default() } else { text };
        let value = if text.trim().is_empty() { Value::Null } else { Value::Text(text) };
        feature.values.push((path, value));
        Ok(())
    }

    fn geometry(&self, element: &Element, feature: &mut GmlFeature) {
        feature.has_geometry = true;
        let made = gml_shape::read(element, self.srs_name.as_deref()).and_then(|(shape, crs)| {
            feature.crs = crs;
            shape.into_geometry(self.linearise)
        });
        feature.geometry = made.map(|(geometry, is_linearised)| {
            feature.is_linearised = is_linearised;
            Some(geometry)
        });
    }
}
