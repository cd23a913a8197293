//! What the interface is told of disagreements, and what a person answers.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{BoundsDto, PointDto, TitleDto};

dto! {
    /// A feature with open conflicts in a list.
    ConflictSummaryDto {
        /// Its dataset.
        dataset: String,
        /// The feature.
        feature: String,
        /// How it is called.
        title: String,
        /// `field`, `edited_vs_deleted`, `deleted_vs_edited`, `id_clash`, `parent_deleted`, `duplicate_key` or `group`.
        kind: String,
        /// What the disputed fields are called.
        fields: Vec<TitleDto>,
        /// When the newest of them was made, RFC 3339.
        at: String,
        /// One side of it was made on this laptop.
        is_mine: bool,
        /// The person left it to the coordinator.
        is_deferred: bool,
        /// The store has not judged it yet: it shows what an unsent edit will meet.
        is_expected: bool,
        /// Where, or null.
        position: Option<PointDto>,
    }
    /// Everything about the conflicts of one feature.
    ConflictCardDto {
        /// Its dataset.
        dataset: String,
        /// The feature.
        feature: String,
        /// How it is called.
        title: String,
        /// What one of it is called.
        singular: TitleDto,
        /// As in the list.
        kind: String,
        /// What is to be decided; one choice for each.
        rows: Vec<ConflictRowDto>,
        /// Fields of the same edit that fitted by themselves.
        merged: Vec<FieldValueDto>,
        /// Who set what the store holds; null when it came with a delivery or is not known here.
        store_by: Option<AuthorDto>,
        /// Who wants the candidates.
        candidate_by: AuthorDto,
        /// The candidates were made on this laptop.
        is_mine: bool,
        /// The other feature with the same value, for `duplicate_key`.
        other: Option<OtherFeatureDto>,
        /// Rectangle around all shapes, or null.
        bounds: Option<BoundsDto>,
        /// Where the feature lies, or null.
        position: Option<PointDto>,
    }
    /// Who did something.
    AuthorDto {
        /// The person.
        user: String,
        /// The laptop or the program.
        device: String,
        /// That device's clock, RFC 3339.
        at: String,
    }
    /// One thing to decide: a field, a group of fields, or the whole row.
    ConflictRowDto {
        /// The conflict's id.
        conflict: String,
        /// A field, `group:NAME`, or `*` for the whole row.
        key: String,
        /// As in the list; one feature may have several kinds.
        kind: String,
        /// The fields that are judged together.
        fields: Vec<ClashDto>,
    }
    /// The three values of one field.
    ClashDto {
        /// Field id; `geometry` for the place.
        field: String,
        /// What it is called.
        title: TitleDto,
        /// `geometry`, `text`, `int`, `real`, `bool`, `date`, `date_time` or `list`.
        value_type: String,
        /// Unit or empty.
        unit: String,
        /// The codes that may be chosen, in order; empty for free values.
        codes: Vec<CodeDto>,
        /// What the author of the candidate saw.
        base: ClashValueDto,
        /// What the store holds.
        store: ClashValueDto,
        /// What the author wants.
        candidate: ClashValueDto,
    }
    /// A code of a closed list.
    CodeDto {
        /// As stored.
        code: String,
        /// What it is called.
        title: TitleDto,
    }
    /// One of the three values.
    ClashValueDto {
        /// As stored, as text; null for no value and for a shape.
        raw: Option<String>,
        /// In words.
        text: TitleDto,
        /// The shape, for the place.
        shape: Option<ShapeDto>,
    }
    /// A shape that is compared with others.
    ShapeDto {
        /// GeoJSON geometry text in WGS 84.
        geometry_json: String,
        /// A point on it.
        position: PointDto,
        /// Length in metres measured on the grid, for lines.
        length_m: Option<f64>,
        /// Area in square metres measured on the grid, for polygons.
        area_m2: Option<f64>,
        /// How good it is in metres, when the same edit says it.
        accuracy_m: Option<f64>,
        /// How far it is from the base; null for the base itself and when there is none.
        moved: Option<MoveDto>,
    }
    /// From one place to another.
    MoveDto {
        /// Distance in metres on the grid; for lines and areas the greatest one between the two.
        distance_m: f64,
        /// `n`, `ne`, `e`, `se`, `s`, `sw`, `w` or `nw`; empty when it has not moved, and for lines and areas.
        direction: String,
    }
    /// A field with its value.
    FieldValueDto {
        /// Field id.
        field: String,
        /// What it is called.
        title: TitleDto,
        /// What kind of value it is, as in `ClashDto`.
        value_type: String,
        /// Unit or empty.
        unit: String,
        /// Its value.
        value: ClashValueDto,
    }
    /// One thing that happened to a feature.
    HistoryRowDto {
        /// Who did it; null for what came with a delivery.
        by: Option<AuthorDto>,
        /// `created`, `changed`, `deleted`, `disputed` or `decided`.
        kind: String,
        /// The values that were set.
        fields: Vec<FieldValueDto>,
        /// Where it stands when it was made on this laptop, as in `ChangeDto`; empty otherwise.
        own_state: String,
        /// An edit of this laptop fitted beside changes of others that it had not seen.
        is_merged: bool,
        /// Why, in the author's words, or empty.
        note: String,
    }
    /// The other feature of a disagreement about a number.
    OtherFeatureDto {
        /// Its dataset.
        dataset: String,
        /// Its id.
        id: String,
        /// How it is called.
        title: String,
        /// Where, or null.
        position: Option<PointDto>,
    }
    /// What a person chose for one conflict.
    DecisionDto {
        /// The conflict.
        conflict: String,
        /// `theirs` (as the store has it), `mine` (the candidate) or `values`.
        take: String,
        /// For `values`: one for each field of the row.
        values: Vec<WrittenValueDto>,
    }
    /// A value that a person wrote.
    WrittenValueDto {
        /// Field id.
        field: String,
        /// The value as text; null for no value. A place is northing and easting in metres on the grid, `6600476 152176`.
        raw: Option<String>,
    }
}
