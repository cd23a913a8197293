//! What the interface is told of measures and selections.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{BoundsDto, PointDto, TitleDto};

dto! {
    /// A place in degrees.
    PlaceDto {
        /// Longitude in degrees, WGS 84.
        lon_deg: f64,
        /// Latitude in degrees, WGS 84.
        lat_deg: f64,
    }
    /// A place as it was pointed at.
    PointedDto {
        /// Longitude in degrees, WGS 84.
        lon_deg: f64,
        /// Latitude in degrees, WGS 84.
        lat_deg: f64,
        /// Within how many metres it is held to a feature; 0 leaves it where it is.
        snap_m: f64,
        /// How sure it is when nothing holds it, in metres.
        accuracy_m: f64,
    }
    /// A place of a measure.
    MeasuredPlaceDto {
        /// Where, after a snap.
        at: PointDto,
        /// `vertex`, `edge`, or empty when nothing holds it.
        held_by: String,
        /// Label of the feature that holds it, or empty.
        label: String,
        /// How sure it is, in metres.
        accuracy_m: f64,
        /// It lies outside the work area.
        is_outside: bool,
    }
    /// What a measure rests on besides the places.
    MeasureSourceDto {
        /// Its dataset.
        dataset: String,
        /// The feature or empty.
        id: String,
        /// How it is called, or empty.
        label: String,
        /// Who publishes it.
        publisher: String,
        /// Date of the data.
        data_date: Option<String>,
        /// Age of the data in days.
        age_days: Option<u32>,
        /// Older than its limit.
        is_old: bool,
        /// Accuracy in words.
        accuracy: String,
    }
    /// A measure on the store's grid.
    MeasureDto {
        /// `too_few`, `crosses`, `length`, `area`, `boundary`, `height` or `nothing`.
        state: String,
        /// Why there is nothing: `no_boundary`, `no_heights`, `heights_too_far`, `outside`; else empty.
        reason: String,
        /// The figure: metres, or square metres of an area; null when there is none.
        value: Option<f64>,
        /// Length of an area's boundary in metres; null for all else.
        around_m: Option<f64>,
        /// The lower of the two contours that a height lies between.
        low_m: Option<f64>,
        /// The higher one.
        high_m: Option<f64>,
        /// The place on the boundary that is nearest.
        nearest: Option<PointDto>,
        /// What it rests on besides the places.
        source: Option<MeasureSourceDto>,
        /// The places, in their order.
        places: Vec<MeasuredPlaceDto>,
        /// Metres from each place to the next.
        legs_m: Vec<f64>,
        /// How sure it is, in metres.
        accuracy_m: f64,
    }
    /// A measure that is kept for the day.
    MeasureNoteDto {
        /// Tells it from the others.
        id: String,
        /// The day, `2026-05-19`.
        day: String,
        /// `length`, `area`, `boundary`, `height` or `buffer`.
        kind: String,
        /// Metres, or square metres of an area.
        value: f64,
        /// How sure it is, in metres.
        accuracy_m: f64,
        /// Whose boundary it was measured to, or empty.
        label: String,
        /// Where.
        places: Vec<PlaceDto>,
    }
    /// What lies in an area or along a line.
    SelectionDto {
        /// The area that was selected by, as GeoJSON geometry text.
        area_json: String,
        /// The shapes of the rows, as GeoJSON geometry text.
        shapes_json: String,
        /// Around the area.
        bounds: BoundsDto,
        /// How many there are of each dataset, in the order of the rows.
        counts: Vec<SelectedCountDto>,
        /// The first of them, by dataset.
        rows: Vec<SelectedRowDto>,
        /// Rows beyond those.
        n_more: u32,
        /// Datasets that were asked and have no answer here, or an old one.
        missing_or_old: Vec<SilentDatasetDto>,
    }
    /// How many of a dataset were selected.
    SelectedCountDto {
        /// The dataset.
        dataset: String,
        /// Its name.
        title: TitleDto,
        /// How many.
        n: u32,
    }
    /// One selected feature.
    SelectedRowDto {
        /// Its number in the list and on the map, from 1.
        number: u32,
        /// Its dataset.
        dataset: String,
        /// Its id.
        id: String,
        /// How it is called.
        label: String,
        /// What it is.
        kind: TitleDto,
        /// Role of the dataset.
        role: String,
        /// `inside`, `partly` or `within`.
        relation: String,
        /// Share of it that lies in the area, in percent; null when nothing can be shared.
        share_pct: Option<f64>,
        /// Metres from the area, of a corridor from its middle line.
        distance_m: f64,
        /// Who publishes it.
        publisher: String,
        /// Date of the data.
        data_date: Option<String>,
        /// Older than its limit.
        is_old: bool,
        /// Where its number stands; null for a feature without a place.
        mark: Option<PointDto>,
    }
    /// A dataset without an answer, or with an old one.
    SilentDatasetDto {
        /// The dataset.
        dataset: String,
        /// Its name.
        title: TitleDto,
        /// `missing`, `locked`, `old` or `outside`.
        reason: String,
        /// Date of the data.
        data_date: Option<String>,
    }
}
