//! What a network is made of, as the caller gives it.

use crate::spot::Spot;

/// A pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipe {
    /// The caller's name of it, unique among pipes.
    pub handle: u32,
    /// The line as it was drawn; fewer than two points make no pipe.
    pub path: Vec<Spot>,
    /// Main or service.
    pub kind: PipeKind,
    /// Whether water runs in it; others are left out.
    pub is_in_use: bool,
    /// Which way water may run.
    pub flow: Flow,
    /// Diameter in millimetres, when it is known.
    pub bore_mm: Option<u16>,
    /// Invert at the first and at the last point in millimetres of height; for gravity pipes.
    pub levels_mm: [Option<i32>; 2],
}

/// What a pipe is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipeKind {
    /// Serves a street.
    Main,
    /// Serves one property.
    Service,
}

/// Which way a pipe's content may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Under pressure, both ways.
    Both,
    /// Under pressure, only the way that the line was drawn: a check valve or a pump stands in it.
    AsDrawn,
    /// By its own fall, the way that the line was drawn.
    Gravity,
}

/// A thing on the network that is a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fitting {
    /// The caller's name of it, unique among fittings.
    pub handle: u32,
    /// Where it stands.
    pub at: Spot,
    /// What it is.
    pub kind: FittingKind,
    /// Handle of the pipe that it is registered on. It decides where several pipes meet.
    pub pipe: Option<u32>,
}

/// What a fitting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FittingKind {
    /// A valve that closes the pipe.
    Valve(Valve),
    /// A hydrant.
    Hydrant,
    /// A pump or pressure booster in a pipe; a source it is not.
    Pump,
    /// A reservoir or waterworks: from here comes water.
    Source,
    /// Where a property is connected.
    Connection,
    /// A meter.
    Meter,
    /// A manhole or chamber.
    Manhole,
}

/// How a valve stands and how well it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valve {
    /// Whether it is closed now.
    pub is_closed: bool,
    /// Whether it is closed in normal operation: between pressure zones.
    pub is_normally_closed: bool,
    /// How well it works.
    pub function: Function,
}

/// How well a valve works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// It can be turned.
    Works,
    /// It cannot be turned.
    Stuck,
    /// Nobody knows.
    Unknown,
}

/// How far apart things may lie and still be joined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Ends, branches and fittings no farther apart than this are joined; metres.
    pub tolerance_m: f64,
    /// A loose end no farther from another pipe than this is told as a gap; metres.
    pub gap_m: f64,
}

impl Default for Reach {
    fn default() -> Self {
        Self { tolerance_m: 0.05, gap_m: 0.5 }
    }
}
