use faltkarta_model::{DatasetId, FieldId, Value};
use serde::{Deserialize, Serialize};

use crate::message::{FeedEntry, Head};

/// What a laptop wants to have: `GET` and `PUT /sync/v1/{workspace}/subscription`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// Counts changes of the subscription from 1; part of the cursor. Ignored in a `PUT`.
    pub revision: u32,
    /// What is wanted; a feature is sent when any part takes it. None means all that the role may have.
    pub parts: Vec<SubscriptionPart>,
}

/// One wish of a subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionPart {
    /// The datasets; none means all.
    pub datasets: Vec<DatasetId>,
    /// Polygon ring on the store's grid, easting and northing in metres; none means everywhere. It counts by the cells
    /// that it touches, so that store and laptop judge alike.
    pub area_m: Vec<[f64; 2]>,
    /// Only features whose field has one of these values.
    pub filter: Option<AttributeFilter>,
}

/// Features by the value of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeFilter {
    /// The field.
    pub field: FieldId,
    /// The values that are wanted.
    pub values: Vec<Value>,
}

/// `GET /sync/v1/{workspace}/rows?dataset=…&after=…&since=…&limit=…`: rows as they stand, for an area
/// that was added, for a comparison that failed, and for a laptop whose cursor lies before [`crate::PullReply::min_seq`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowsReply {
    /// Each with the number of the entry it comes from; tombstones too when `since` was given.
    pub entries: Vec<FeedEntry>,
    /// `after` of the next piece; `None` at the end.
    pub next: Option<String>,
    /// Where the feed ended when the piece was read.
    pub at: Head,
    /// The history that it was read from.
    #[serde(default)]
    pub epoch: String,
    /// The cursor at `at`: a laptop that has fetched all pieces pulls on from the first one's.
    #[serde(default)]
    pub cursor: String,
}

/// `GET /sync/v1/{workspace}/digest`: what a laptop with this subscription must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestReply {
    /// The entry for which it holds.
    pub at: Head,
    /// One for each dataset of the subscription.
    pub datasets: Vec<DatasetDigest>,
}

/// Count and sum of one dataset's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetDigest {
    /// The dataset.
    pub dataset: DatasetId,
    /// How many rows.
    pub n_rows: u64,
    /// XOR of the rows' hashes, 32 hexadecimal digits.
    pub xor: String,
}

/// `POST /sync/v1/{workspace}/numbers`: leases a block of a series of business numbers to this laptop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRequest {
    /// [`crate::PROTOCOL_VERSION`] of the laptop.
    pub protocol: u32,
    /// Names the request, so that a repeated one gets the same block.
    pub request: uuid::Uuid,
    /// The series: `DATASET.FIELD`, or a form's series of local numbers.
    pub series: String,
    /// How many numbers.
    pub n: u32,
}

/// A leased block of numbers: no other laptop gets one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberBlock {
    /// The series.
    pub series: String,
    /// The first number.
    pub first: u64,
    /// How many.
    pub n: u32,
}
