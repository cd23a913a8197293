// Written by `make types` from crates/ipc. Do not edit.

export type AddPhotoInput = { 
/**
 * The draft.
 */
draft: string, 
/**
 * Name of the file as picked.
 */
name: string, 
/**
 * Media type as the web view says.
 */
mediaType: string, 
/**
 * The bytes in base 64.
 */
bytesBase64: string, };

export type ApiError = { "code": "feature_not_found" } | { "code": "draft_not_found" } | { "code": "form_not_found" } | { "code": "invalid_input", 
/**
 * Which field of the request.
 */
field: string, } | { "code": "answers_invalid", 
/**
 * Names of the questions.
 */
questions: Array<string>, } | { "code": "selection_too_large", 
/**
 * What is too much: `vertices`, `length`, `width` or `features`.
 */
what: string, } | { "code": "photo_empty" } | { "code": "photo_too_large", 
/**
 * Its size.
 */
nBytes: number, 
/**
 * The limit.
 */
nBytesMax: number, } | { "code": "photo_unreadable" } | { "code": "conflict_moved" } | { "code": "conflict_not_found" } | { "code": "disk_full" } | { "code": "folder_in_use" } | { "code": "store_damaged" } | { "code": "key_missing" } | { "code": "server_unreachable" } | { "code": "not_a_geodata_store" } | { "code": "code_invalid" } | { "code": "signed_out" } | { "code": "not_enrolled" } | { "code": "package_damaged" } | { "code": "answer_damaged" } | { "code": "version_mismatch" } | { "code": "internal" };

export type AppliesDto = { 
/**
 * How the place is called: "Exempelhyttan 1:5"; empty for a point outside any parcel.
 */
title: string, 
/**
 * Name of the municipality or empty.
 */
municipality: string, 
/**
 * Dataset of the parcel that the answer is about; empty for a point.
 */
dataset: string, 
/**
 * The parcel; empty for a point.
 */
feature: string, 
/**
 * The point, or the middle of the parcel.
 */
at: PointDto, 
/**
 * Around what was asked about.
 */
bounds: BoundsDto, 
/**
 * Zones that it lies in, wholly or partly.
 */
concerns: Array<AppliesRowDto>, 
/**
 * Zones that are only near, nearest first.
 */
near: Array<AppliesRowDto>, 
/**
 * Rows beyond the most that are told.
 */
nMore: number, 
/**
 * Subjects that were searched without a hit.
 */
noHit: Array<SearchedDto>, 
/**
 * Subjects that cannot be answered.
 */
noAnswer: Array<UnansweredDto>, 
/**
 * Oldest date of the layers that were searched without a hit.
 */
oldestDate: string | null, };

export type AppliesRowDto = { 
/**
 * Its number in the list and on the map, from 1.
 */
number: number, 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * Its id.
 */
id: string, 
/**
 * What it is about.
 */
subject: TitleDto, 
/**
 * How it is called.
 */
title: string, 
/**
 * `inside`, `partly` or `within`.
 */
relation: string, 
/**
 * Share of the parcel in percent; null when nothing can be shared.
 */
sharePct: number | null, 
/**
 * Distance in metres; 0 when they touch.
 */
distanceM: number, 
/**
 * `n`, `ne`, `e` … or empty.
 */
direction: string, 
/**
 * What it says, in lines.
 */
lines: Array<TitleDto>, 
/**
 * Distance rules that are not kept here.
 */
distances: Array<DistanceDto>, 
/**
 * Provisions of a plan.
 */
provisions: Array<ProvisionDto>, 
/**
 * Who publishes it.
 */
publisher: string, 
/**
 * Date of the data.
 */
dataDate: string | null, 
/**
 * Which rules the data follow; empty texts when that is not declared.
 */
legalVersion: TitleDto, 
/**
 * Accuracy in words.
 */
accuracy: string, 
/**
 * Age of the data in days.
 */
ageDays: number | null, 
/**
 * Older than its limit, or than the rules.
 */
isOld: boolean, 
/**
 * Where its number stands on the map.
 */
mark: PointDto, 
/**
 * Around it; null when it has no extent.
 */
bounds: BoundsDto | null, };

export type AuthorDto = { 
/**
 * The person.
 */
user: string, 
/**
 * The laptop or the program.
 */
device: string, 
/**
 * That device's clock, RFC 3339.
 */
at: string, };

export type BoundsDto = { 
/**
 * Least longitude.
 */
westDeg: number, 
/**
 * Least latitude.
 */
southDeg: number, 
/**
 * Greatest longitude.
 */
eastDeg: number, 
/**
 * Greatest latitude.
 */
northDeg: number, };

export type CardDto = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * Its id.
 */
id: string, 
/**
 * What it is.
 */
kind: TitleDto, 
/**
 * Role of the dataset.
 */
role: string, 
/**
 * Municipality's name or empty.
 */
municipality: string, 
/**
 * Its name.
 */
title: string, 
/**
 * Forms that may be filled on it, by id.
 */
forms: Array<string>, 
/**
 * Facts in the order of the declaration.
 */
facts: Array<FactDto>, 
/**
 * Area in square metres measured on the grid, for polygons.
 */
areaM2: number | null, 
/**
 * Length in metres measured on the grid, for lines.
 */
lengthM: number | null, 
/**
 * Addresses that belong to it.
 */
addresses: Array<string>, 
/**
 * Earlier visits by both bodies, newest first.
 */
visits: Array<VisitDto>, 
/**
 * What has happened to it, newest first.
 */
history: Array<HistoryRowDto>, 
/**
 * What else lies at its place.
 */
alsoHere: Array<IdentifiedDto>, 
/**
 * Who publishes it.
 */
publisher: string, 
/**
 * Date of the data or null.
 */
dataDate: string | null, 
/**
 * Older than its limit, and by how many days since the data.
 */
isOld: boolean, 
/**
 * Age in days.
 */
ageDays: number | null, 
/**
 * Accuracy in words.
 */
accuracy: string, 
/**
 * Its shape as GeoJSON geometry text in WGS 84, or null.
 */
geometryJson: string | null, 
/**
 * Rectangle around it, or null.
 */
bounds: BoundsDto | null, 
/**
 * A point on it, or null.
 */
position: PointDto | null, };

export type ChangeDto = { 
/**
 * Operation or draft id.
 */
id: string, 
/**
 * `edit`, `inspection` or `draft`.
 */
kind: string, 
/**
 * What was changed: "Ventil AV-121".
 */
title: string, 
/**
 * In plain words: fields and values, or the form's summary.
 */
detail: string, 
/**
 * When, RFC 3339.
 */
at: string, 
/**
 * `saved_here`, `received`, `secured`, `conflict`, `parked` or `quarantined`.
 */
state: string, 
/**
 * Why it waits, as a code, or empty.
 */
reason: string, 
/**
 * What it waits for, as its own row is called; empty when that is not known.
 */
waitsFor: string, 
/**
 * Dataset of the subject, or empty.
 */
dataset: string, 
/**
 * Id of the subject, or empty.
 */
feature: string, 
/**
 * Photos that belong to it.
 */
nPhotos: number, 
/**
 * Where, or null.
 */
position: PointDto | null, };

export type ChangesDto = { 
/**
 * Edits saved here and not yet received.
 */
nSavedHere: number, 
/**
 * Received and not yet secured.
 */
nReceived: number, 
/**
 * Secured.
 */
nSecured: number, 
/**
 * Photos taken.
 */
nPhotosTaken: number, 
/**
 * Photos received.
 */
nPhotosReceived: number, 
/**
 * Rows, newest first in each state; secured ones at most 200.
 */
rows: Array<ChangeDto>, };

export type ChosenFilterDto = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * Its id there.
 */
filter: string, 
/**
 * The year, the code, or the moment that today began, RFC 3339 in UTC.
 */
value: string, };

export type ClashDto = { 
/**
 * Field id; `geometry` for the place.
 */
field: string, 
/**
 * What it is called.
 */
title: TitleDto, 
/**
 * `geometry`, `text`, `int`, `real`, `bool`, `date`, `date_time` or `list`.
 */
valueType: string, 
/**
 * Unit or empty.
 */
unit: string, 
/**
 * The codes that may be chosen, in order; empty for free values.
 */
codes: Array<CodeDto>, 
/**
 * What the author of the candidate saw.
 */
base: ClashValueDto, 
/**
 * What the store holds.
 */
store: ClashValueDto, 
/**
 * What the author wants.
 */
candidate: ClashValueDto, };

export type ClashValueDto = { 
/**
 * As stored, as text; null for no value and for a shape.
 */
raw: string | null, 
/**
 * In words.
 */
text: TitleDto, 
/**
 * The shape, for the place.
 */
shape: ShapeDto | null, };

export type CloseDraftInput = { 
/**
 * The draft.
 */
id: string, };

export type CodeDto = { 
/**
 * As stored.
 */
code: string, 
/**
 * What it is called.
 */
title: TitleDto, };

export type CompleteDraftInput = { 
/**
 * The draft.
 */
id: string, 
/**
 * The submission instance: relevant answers only.
 */
instanceXml: string, 
/**
 * The answers as flat JSON.
 */
answersJson: string, 
/**
 * Photos that the submission names.
 */
blobs: Array<string>, };

export type ConflictCardDto = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * The feature.
 */
feature: string, 
/**
 * How it is called.
 */
title: string, 
/**
 * What one of it is called.
 */
singular: TitleDto, 
/**
 * As in the list.
 */
kind: string, 
/**
 * What is to be decided; one choice for each.
 */
rows: Array<ConflictRowDto>, 
/**
 * Fields of the same edit that fitted by themselves.
 */
merged: Array<FieldValueDto>, 
/**
 * Who set what the store holds; null when it came with a delivery or is not known here.
 */
storeBy: AuthorDto | null, 
/**
 * Who wants the candidates.
 */
candidateBy: AuthorDto, 
/**
 * The candidates were made on this laptop.
 */
isMine: boolean, 
/**
 * The other feature with the same value, for `duplicate_key`.
 */
other: OtherFeatureDto | null, 
/**
 * Rectangle around all shapes, or null.
 */
bounds: BoundsDto | null, 
/**
 * Where the feature lies, or null.
 */
position: PointDto | null, };

export type ConflictRowDto = { 
/**
 * The conflict's id.
 */
conflict: string, 
/**
 * A field, `group:NAME`, or `*` for the whole row.
 */
key: string, 
/**
 * As in the list; one feature may have several kinds.
 */
kind: string, 
/**
 * The fields that are judged together.
 */
fields: Array<ClashDto>, };

export type ConflictSummaryDto = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * The feature.
 */
feature: string, 
/**
 * How it is called.
 */
title: string, 
/**
 * `field`, `edited_vs_deleted`, `deleted_vs_edited`, `id_clash`, `parent_deleted`, `duplicate_key` or `group`.
 */
kind: string, 
/**
 * What the disputed fields are called.
 */
fields: Array<TitleDto>, 
/**
 * When the newest of them was made, RFC 3339.
 */
at: string, 
/**
 * One side of it was made on this laptop.
 */
isMine: boolean, 
/**
 * The person left it to the coordinator.
 */
isDeferred: boolean, 
/**
 * The store has not judged it yet: it shows what an unsent edit will meet.
 */
isExpected: boolean, 
/**
 * Where, or null.
 */
position: PointDto | null, };

export type DatasetDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its name.
 */
title: TitleDto, 
/**
 * What one of it is called.
 */
singular: TitleDto, 
/**
 * `parcel`, `valve` …: see `Role` in the model.
 */
role: string, 
/**
 * `open`, `internal` or `protected`.
 */
class: string, 
/**
 * Who publishes it.
 */
publisher: string, 
/**
 * Terms of use.
 */
licence: string, 
/**
 * Accuracy in words.
 */
accuracy: string, 
/**
 * Date of the data, `2026-05-12`; null when nothing was delivered.
 */
dataDate: string | null, 
/**
 * Age in days, counted from today.
 */
ageDays: number | null, 
/**
 * Older than its limit.
 */
isOld: boolean, 
/**
 * When the lease of protected data ends, RFC 3339.
 */
leaseUntil: string | null, 
/**
 * How many features are here.
 */
nFeatures: number, 
/**
 * Group in the layer list, or empty: `work`, `va`, `plans`, `property`, `background`.
 */
group: string, 
/**
 * Least zoom at which it is in live tiles.
 */
minZoom: number, 
/**
 * Shown at first start.
 */
visible: boolean, 
/**
 * Place in drawing order, low first.
 */
order: number, 
/**
 * `features`, `base_map` or `both`.
 */
packaging: string, 
/**
 * Nothing of it was ever delivered to this laptop.
 */
isMissing: boolean, 
/**
 * Choices of rows that a person may make on the map.
 */
filters: Array<FilterDto>, };

export type DecisionDto = { 
/**
 * The conflict.
 */
conflict: string, 
/**
 * `theirs` (as the store has it), `mine` (the candidate) or `values`.
 */
take: string, 
/**
 * For `values`: one for each field of the row.
 */
values: Array<WrittenValueDto>, };

export type DeferConflictInput = { 
/**
 * The feature.
 */
feature: string, };

export type DescribePositionInput = { 
/**
 * Longitude in degrees.
 */
lonDeg: number, 
/**
 * Latitude in degrees.
 */
latDeg: number, };

export type DiscardDraftInput = { 
/**
 * The draft.
 */
id: string, };

export type DistanceDto = { 
/**
 * The rule in words.
 */
text: TitleDto, 
/**
 * Metres.
 */
withinM: number, 
/**
 * Who set the rule.
 */
source: string, };

export type DraftDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * Form id.
 */
form: string, 
/**
 * Version of the form that it was begun in.
 */
formVersion: string, 
/**
 * Title of the form.
 */
title: TitleDto, 
/**
 * Short number shown offline.
 */
localNumber: string, 
/**
 * Dataset of the subject or empty.
 */
subjectDataset: string, 
/**
 * Id of the subject or empty.
 */
subjectId: string, 
/**
 * How the subject is called.
 */
subjectLabel: string, 
/**
 * Values for prefilled questions, by question name.
 */
prefill: Array<PrefillDto>, 
/**
 * The XForm.
 */
formXml: string, 
/**
 * The saved instance, or null for a new one.
 */
instanceXml: string | null, 
/**
 * Last visible answers of questions that are hidden now, as JSON of the session wrapper.
 */
hiddenJson: string, 
/**
 * Photos so far.
 */
photos: Array<PhotoDto>, 
/**
 * First keystroke, RFC 3339.
 */
startedAt: string, 
/**
 * Last saved, RFC 3339.
 */
savedAt: string, 
/**
 * True when the program ended without closing it.
 */
wasInterrupted: boolean, 
/**
 * Where it lies, or null.
 */
position: PointDto | null, };

export type DraftSummaryDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * Form id.
 */
form: string, 
/**
 * Title of the form.
 */
title: TitleDto, 
/**
 * What it is about.
 */
subjectLabel: string, 
/**
 * Last saved, RFC 3339.
 */
savedAt: string, 
/**
 * Answered questions.
 */
nAnswered: number, 
/**
 * Questions that apply now.
 */
nQuestions: number, 
/**
 * Photos so far.
 */
nPhotos: number, 
/**
 * True when the program ended without closing it.
 */
wasInterrupted: boolean, 
/**
 * Where it lies, or null.
 */
position: PointDto | null, };

export type DutiesDto = { 
/**
 * The place.
 */
at: PointDto, 
/**
 * Name of the municipality, empty outside all.
 */
municipality: string, 
/**
 * One for each duty and body.
 */
duties: Array<DutyDto>, };

export type DutyDto = { 
/**
 * Its stable name: `road`, `light`, `water` …
 */
duty: string, 
/**
 * What it is called.
 */
title: TitleDto, 
/**
 * Who has it; empty when unknown.
 */
who: string, 
/**
 * What else to know; empty for nothing.
 */
note: string, 
/**
 * Telephone or empty.
 */
phone: string, 
/**
 * Service time or empty.
 */
hours: string, 
/**
 * Address for mail or empty.
 */
email: string, 
/**
 * How far away the thing lies that it follows from, in metres.
 */
distanceM: number, 
/**
 * Label of that thing; empty for what counts in all of the municipality.
 */
what: string, 
/**
 * Its dataset or empty.
 */
dataset: string, 
/**
 * Its id or empty.
 */
id: string, 
/**
 * Who publishes what it follows from.
 */
publisher: string, 
/**
 * Date of that data.
 */
dataDate: string | null, 
/**
 * Whether somebody is registered for it.
 */
isContactKnown: boolean, };

export type EmptyDto = Record<symbol, never>;

export type EnrolmentDto = { 
/**
 * `idle`, `connecting`, `fetching`, `installing`, `done` or `failed`.
 */
state: string, 
/**
 * What is being fetched, by dataset id or `base_map`.
 */
part: string, 
/**
 * Bytes so far.
 */
nBytesDone: number, 
/**
 * Bytes in all.
 */
nBytesTotal: number, 
/**
 * Code of the failure, or empty.
 */
errorCode: string, };

export type FactDto = { 
/**
 * Field id.
 */
field: string, 
/**
 * What it is called.
 */
title: TitleDto, 
/**
 * The value in words; `yes`/`no` of flags are the interface's to say.
 */
value: TitleDto, 
/**
 * The value as stored, for those who style by it.
 */
raw: string, 
/**
 * `text`, `int`, `real`, `bool`, `date`, `date_time` or `list`.
 */
valueType: string, 
/**
 * Unit or empty.
 */
unit: string, 
/**
 * State of an own edit of this field: empty, `saved_here`, `received`, `secured` or `conflict`.
 */
ownEdit: string, };

export type FieldValueDto = { 
/**
 * Field id.
 */
field: string, 
/**
 * What it is called.
 */
title: TitleDto, 
/**
 * What kind of value it is, as in `ClashDto`.
 */
valueType: string, 
/**
 * Unit or empty.
 */
unit: string, 
/**
 * Its value.
 */
value: ClashValueDto, };

export type FilterDto = { 
/**
 * Its id within its dataset.
 */
id: string, 
/**
 * What it is called.
 */
title: TitleDto, 
/**
 * `before_year`, `one_of` or `mine_today`.
 */
kind: string, 
/**
 * The field that it looks at.
 */
field: string, 
/**
 * The field with the person's name, or empty.
 */
by: string, 
/**
 * What is chosen at first: a year, a code, or empty.
 */
preset: string, 
/**
 * What there is to choose, for `one_of`.
 */
values: Array<FilterValueDto>, 
/**
 * Rows without a value are shown, too.
 */
takesMissing: boolean, };

export type FilterValueDto = { 
/**
 * As it is stored.
 */
code: string, 
/**
 * In words.
 */
title: TitleDto, };

export type FindPlacesInput = { 
/**
 * As typed.
 */
text: string, 
/**
 * Middle of the map: longitude in degrees.
 */
nearLonDeg: number, 
/**
 * Middle of the map: latitude in degrees.
 */
nearLatDeg: number, };

export type FormDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its version.
 */
version: string, 
/**
 * Its name.
 */
title: TitleDto, 
/**
 * Verb for a button: "Motionera".
 */
action: TitleDto, 
/**
 * BKT or BMB.
 */
body: string, 
/**
 * Roles of the datasets that it is filled on.
 */
subjectRoles: Array<string>, };

export type HistoryRowDto = { 
/**
 * Who did it; null for what came with a delivery.
 */
by: AuthorDto | null, 
/**
 * `created`, `changed`, `deleted`, `disputed` or `decided`.
 */
kind: string, 
/**
 * The values that were set.
 */
fields: Array<FieldValueDto>, 
/**
 * Where it stands when it was made on this laptop, as in `ChangeDto`; empty otherwise.
 */
ownState: string, 
/**
 * An edit of this laptop fitted beside changes of others that it had not seen.
 */
isMerged: boolean, 
/**
 * Why, in the author's words, or empty.
 */
note: string, };

export type HitDto = { 
/**
 * `address`, `parcel`, `place`, `asset`, `case` or `coordinate`.
 */
kind: string, 
/**
 * Dataset of the feature; empty for a coordinate.
 */
dataset: string, 
/**
 * Id of the feature; empty for a coordinate.
 */
id: string, 
/**
 * First line.
 */
label: string, 
/**
 * Second line, without distance.
 */
detail: string, 
/**
 * Name of the municipality, or empty.
 */
municipality: string, 
/**
 * Where it lies; null when the feature has no place.
 */
position: PointDto | null, 
/**
 * Distance from the middle of the map in metres.
 */
distanceM: number | null, 
/**
 * Matched parts of the first line: start and length in UTF-16 units, flat pairs.
 */
matched: Array<number>, 
/**
 * `other_system` when the coordinate is another reading of the same numbers; else empty.
 */
note: string, 
/**
 * The system a coordinate was read in, or empty.
 */
system: string, 
/**
 * True when a coordinate lies outside the work area.
 */
isOutside: boolean, };

export type IdentifiedDto = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * Its id.
 */
id: string, 
/**
 * How it is called.
 */
label: string, 
/**
 * What it is: "Fastighet".
 */
kind: TitleDto, 
/**
 * Role of the dataset.
 */
role: string, 
/**
 * Distance in metres on the grid; 0 inside.
 */
distanceM: number, };

export type IdentifyAnswerDto = { 
/**
 * Topmost first: points, lines, small areas, large areas.
 */
features: Array<IdentifiedDto>, 
/**
 * Datasets that could not answer or are older than their limit.
 */
missingOrOld: Array<string>, 
/**
 * The point that was asked.
 */
at: PointDto, };

export type IdentifyFeaturesInput = { 
/**
 * Longitude in degrees.
 */
lonDeg: number, 
/**
 * Latitude in degrees.
 */
latDeg: number, 
/**
 * Reach in metres on the ground.
 */
radiusM: number, 
/**
 * Datasets that are shown now; others answer only inside their polygons.
 */
datasets: Array<string>, };

export type ListChangesInput = Record<symbol, never>;

export type ListConflictsInput = Record<symbol, never>;

export type ListDraftsInput = Record<symbol, never>;

export type ListRecentPlacesInput = Record<symbol, never>;

export type LoadAppliesInput = { 
/**
 * Dataset of the parcel or empty.
 */
dataset: string, 
/**
 * The parcel or empty.
 */
feature: string, 
/**
 * Longitude of the point in degrees, or null.
 */
lonDeg: number | null, 
/**
 * Latitude of the point in degrees, or null.
 */
latDeg: number | null, };

export type LoadCardInput = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * Its id.
 */
id: string, };

export type LoadConflictInput = { 
/**
 * The feature.
 */
feature: string, };

export type LoadDutiesInput = { 
/**
 * Longitude in degrees.
 */
lonDeg: number, 
/**
 * Latitude in degrees.
 */
latDeg: number, };

export type LoadEnrolmentInput = Record<symbol, never>;

export type LoadSessionInput = Record<symbol, never>;

export type LoadSyncInput = Record<symbol, never>;

export type LogFaultInput = { 
/**
 * Where and what, without positions, answers or names.
 */
text: string, };

export type MeasureDto = { 
/**
 * `too_few`, `crosses`, `length`, `area`, `boundary`, `height` or `nothing`.
 */
state: string, 
/**
 * Why there is nothing: `no_boundary`, `no_heights`, `heights_too_far`, `outside`; else empty.
 */
reason: string, 
/**
 * The figure: metres, or square metres of an area; null when there is none.
 */
value: number | null, 
/**
 * Length of an area's boundary in metres; null for all else.
 */
aroundM: number | null, 
/**
 * The lower of the two contours that a height lies between.
 */
lowM: number | null, 
/**
 * The higher one.
 */
highM: number | null, 
/**
 * The place on the boundary that is nearest.
 */
nearest: PointDto | null, 
/**
 * What it rests on besides the places.
 */
source: MeasureSourceDto | null, 
/**
 * The places, in their order.
 */
places: Array<MeasuredPlaceDto>, 
/**
 * Metres from each place to the next.
 */
legsM: Array<number>, 
/**
 * How sure it is, in metres.
 */
accuracyM: number, };

export type MeasureNoteDto = { 
/**
 * Tells it from the others.
 */
id: string, 
/**
 * The day, `2026-05-19`.
 */
day: string, 
/**
 * `length`, `area`, `boundary`, `height` or `buffer`.
 */
kind: string, 
/**
 * Metres, or square metres of an area.
 */
value: number, 
/**
 * How sure it is, in metres.
 */
accuracyM: number, 
/**
 * Whose boundary it was measured to, or empty.
 */
label: string, 
/**
 * Where.
 */
places: Array<PlaceDto>, };

export type MeasurePlacesInput = { 
/**
 * `length`, `area`, `boundary` or `height`.
 */
kind: string, 
/**
 * The places, in their order.
 */
points: Array<PointedDto>, 
/**
 * Datasets that are shown now; only they hold a place.
 */
datasets: Array<string>, };

export type MeasureSourceDto = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * The feature or empty.
 */
id: string, 
/**
 * How it is called, or empty.
 */
label: string, 
/**
 * Who publishes it.
 */
publisher: string, 
/**
 * Date of the data.
 */
dataDate: string | null, 
/**
 * Age of the data in days.
 */
ageDays: number | null, 
/**
 * Older than its limit.
 */
isOld: boolean, 
/**
 * Accuracy in words.
 */
accuracy: string, };

export type MeasuredPlaceDto = { 
/**
 * Where, after a snap.
 */
at: PointDto, 
/**
 * `vertex`, `edge`, or empty when nothing holds it.
 */
heldBy: string, 
/**
 * Label of the feature that holds it, or empty.
 */
label: string, 
/**
 * How sure it is, in metres.
 */
accuracyM: number, 
/**
 * It lies outside the work area.
 */
isOutside: boolean, };

export type MoveDto = { 
/**
 * Distance in metres on the grid; for lines and areas the greatest one between the two.
 */
distanceM: number, 
/**
 * `n`, `ne`, `e`, `se`, `s`, `sw`, `w` or `nw`; empty when it has not moved, and for lines and areas.
 */
direction: string, };

export type OpenDraftInput = { 
/**
 * Its id.
 */
id: string, };

export type OtherFeatureDto = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * Its id.
 */
id: string, 
/**
 * How it is called.
 */
title: string, 
/**
 * Where, or null.
 */
position: PointDto | null, };

export type PhotoDto = { 
/**
 * `sha256:…`; its picture is at `photo/…` of the tile scheme.
 */
blob: string, 
/**
 * Name of the file in the form instance.
 */
name: string, 
/**
 * Media type.
 */
mediaType: string, 
/**
 * Size.
 */
nBytes: number, 
/**
 * When it was added, RFC 3339.
 */
addedAt: string, 
/**
 * `saved_here`, `received` or `secured`.
 */
state: string, };

export type PlaceDto = { 
/**
 * Longitude in degrees, WGS 84.
 */
lonDeg: number, 
/**
 * Latitude in degrees, WGS 84.
 */
latDeg: number, };

export type PointDto = { 
/**
 * Longitude in degrees, WGS 84.
 */
lonDeg: number, 
/**
 * Latitude in degrees, WGS 84.
 */
latDeg: number, 
/**
 * Easting in metres on the store's grid.
 */
gridEM: number, 
/**
 * Northing in metres on the store's grid.
 */
gridNM: number, 
/**
 * Easting in metres, SWEREF 99 TM.
 */
tmEM: number, 
/**
 * Northing in metres, SWEREF 99 TM.
 */
tmNM: number, };

export type PointedDto = { 
/**
 * Longitude in degrees, WGS 84.
 */
lonDeg: number, 
/**
 * Latitude in degrees, WGS 84.
 */
latDeg: number, 
/**
 * Within how many metres it is held to a feature; 0 leaves it where it is.
 */
snapM: number, 
/**
 * How sure it is when nothing holds it, in metres.
 */
accuracyM: number, };

export type PrefillDto = { 
/**
 * Question name.
 */
question: string, 
/**
 * Its value as text.
 */
value: string, };

export type ProvisionDto = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * Its id.
 */
id: string, 
/**
 * As on the plan: "B", "e1".
 */
code: string, 
/**
 * In words.
 */
text: string, 
/**
 * `use`, `property` or `other`.
 */
kind: string, 
/**
 * Share of the parcel in percent; null when nothing can be shared.
 */
sharePct: number | null, };

export type RememberPlaceInput = { 
/**
 * The hit.
 */
hit: HitDto, };

export type RemovePhotoInput = { 
/**
 * The draft.
 */
draft: string, 
/**
 * The photo.
 */
blob: string, };

export type ResolveConflictInput = { 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * The feature.
 */
feature: string, 
/**
 * One for each conflict of the card.
 */
decisions: Array<DecisionDto>, 
/**
 * Why, for the other side; null for no reason.
 */
note: string | null, };

export type RestoreDraftInput = { 
/**
 * The draft.
 */
id: string, };

export type SaveDraftInput = { 
/**
 * The draft.
 */
id: string, 
/**
 * The whole instance.
 */
instanceXml: string, 
/**
 * Last visible answers of hidden questions, JSON of the session wrapper.
 */
hiddenJson: string, 
/**
 * Answered questions.
 */
nAnswered: number, 
/**
 * Questions that apply now.
 */
nQuestions: number, };

export type SaveOutboxInput = Record<symbol, never>;

export type SaveSettingsInput = { 
/**
 * All of them.
 */
settings: SettingsDto, };

export type SavedDto = { 
/**
 * RFC 3339.
 */
savedAt: string, };

export type SavedThemeDto = { 
/**
 * As the person called it.
 */
name: string, 
/**
 * The datasets that it shows.
 */
datasets: Array<string>, };

export type SearchAnswerDto = { 
/**
 * The text that was asked for, so that a late answer can be told.
 */
text: string, 
/**
 * Ranked, at most ten.
 */
hits: Array<HitDto>, 
/**
 * A spelling that would hit, when nothing did.
 */
suggestion: string | null, };

export type SearchedDto = { 
/**
 * The subject.
 */
subject: TitleDto, 
/**
 * The datasets that were searched.
 */
datasets: Array<string>, 
/**
 * The oldest of their dates.
 */
dataDate: string | null, };

export type SelectFeaturesInput = { 
/**
 * `area` or `corridor`.
 */
shape: string, 
/**
 * The corners of the area, or the places of the line.
 */
points: Array<PlaceDto>, 
/**
 * Metres outside the area, or on each side of the line.
 */
reachM: number, 
/**
 * Datasets to select from.
 */
datasets: Array<string>, 
/**
 * Filters that are put on.
 */
filters: Array<ChosenFilterDto>, };

export type SelectedCountDto = { 
/**
 * The dataset.
 */
dataset: string, 
/**
 * Its name.
 */
title: TitleDto, 
/**
 * How many.
 */
n: number, };

export type SelectedRowDto = { 
/**
 * Its number in the list and on the map, from 1.
 */
number: number, 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * Its id.
 */
id: string, 
/**
 * How it is called.
 */
label: string, 
/**
 * What it is.
 */
kind: TitleDto, 
/**
 * Role of the dataset.
 */
role: string, 
/**
 * `inside`, `partly` or `within`.
 */
relation: string, 
/**
 * Share of it that lies in the area, in percent; null when nothing can be shared.
 */
sharePct: number | null, 
/**
 * Metres from the area, of a corridor from its middle line.
 */
distanceM: number, 
/**
 * Who publishes it.
 */
publisher: string, 
/**
 * Date of the data.
 */
dataDate: string | null, 
/**
 * Older than its limit.
 */
isOld: boolean, 
/**
 * Where its number stands; null for a feature without a place.
 */
mark: PointDto | null, };

export type SelectionDto = { 
/**
 * The area that was selected by, as GeoJSON geometry text.
 */
areaJson: string, 
/**
 * The shapes of the rows, as GeoJSON geometry text.
 */
shapesJson: string, 
/**
 * Around the area.
 */
bounds: BoundsDto, 
/**
 * How many there are of each dataset, in the order of the rows.
 */
counts: Array<SelectedCountDto>, 
/**
 * The first of them, by dataset.
 */
rows: Array<SelectedRowDto>, 
/**
 * Rows beyond those.
 */
nMore: number, 
/**
 * Datasets that were asked and have no answer here, or an old one.
 */
missingOrOld: Array<SilentDatasetDto>, };

export type SessionDto = { 
/**
 * `empty` (no package, no store), `bundle` (only what the installer carried) or `enrolled`.
 */
phase: string, 
/**
 * The laptop's name, empty before enrolment.
 */
deviceName: string, 
/**
 * Who works here.
 */
userName: string, 
/**
 * `technician`, `inspector`, `coordinator`, `reader` or empty.
 */
role: string, 
/**
 * Address of the geodata store, empty before enrolment.
 */
storeUrl: string, 
/**
 * EPSG code of the store's grid.
 */
gridEpsg: number, 
/**
 * Name of the store's grid: `SWEREF 99 15 00`.
 */
gridName: string, 
/**
 * The work area.
 */
area: BoundsDto, 
/**
 * Where a first start looks.
 */
home: ViewDto, 
/**
 * What is on this laptop.
 */
datasets: Array<DatasetDto>, 
/**
 * Declared choices of layers, in their order.
 */
themes: Array<ThemeDto>, 
/**
 * What can be filled.
 */
forms: Array<FormDto>, 
/**
 * Unfinished work, newest first.
 */
drafts: Array<DraftSummaryDto>, 
/**
 * State of the exchange with the store.
 */
sync: SyncDto, 
/**
 * The person's choices.
 */
settings: SettingsDto, 
/**
 * Version of the program.
 */
version: string, 
/**
 * Date of the base map, or null.
 */
baseMapDate: string | null, 
/**
 * Whether there is a base map package.
 */
hasBaseMap: boolean, };

export type SettingsDto = { 
/**
 * `sv` or `en`.
 */
language: string, 
/**
 * `sol`, `natt` or `system`.
 */
mode: string, 
/**
 * Text size in percent: 100, 115 or 130.
 */
textSizePct: number, 
/**
 * Bigger targets.
 */
gloves: boolean, 
/**
 * No motion.
 */
reducedMotion: boolean, 
/**
 * Single-letter keys work while the map has focus.
 */
letterKeys: boolean, 
/**
 * Which system the status line shows: `grid`, `tm` or `wgs84`.
 */
shownCrs: string, 
/**
 * Datasets switched on or off by the person; others as declared.
 */
layersOn: Array<string>, 
/**
 * Datasets switched off by the person.
 */
layersOff: Array<string>, 
/**
 * Where the map was left; null at first start.
 */
view: ViewDto | null, 
/**
 * Panel widths by kind of panel, as JSON text of the interface.
 */
panels: string, 
/**
 * Ids of datasets that were put into an order of the person's own, topmost first; others as declared.
 */
layerOrder: Array<string>, 
/**
 * Themes that the person saved.
 */
themes: Array<SavedThemeDto>, 
/**
 * Filters that are put on.
 */
filters: Array<ChosenFilterDto>, 
/**
 * Measures that are kept for the day.
 */
measures: Array<MeasureNoteDto>, };

export type ShapeDto = { 
/**
 * GeoJSON geometry text in WGS 84.
 */
geometryJson: string, 
/**
 * A point on it.
 */
position: PointDto, 
/**
 * Length in metres measured on the grid, for lines.
 */
lengthM: number | null, 
/**
 * Area in square metres measured on the grid, for polygons.
 */
areaM2: number | null, 
/**
 * How good it is in metres, when the same edit says it.
 */
accuracyM: number | null, 
/**
 * How far it is from the base; null for the base itself and when there is none.
 */
moved: MoveDto | null, };

export type SilentDatasetDto = { 
/**
 * The dataset.
 */
dataset: string, 
/**
 * Its name.
 */
title: TitleDto, 
/**
 * `missing`, `locked`, `old` or `outside`.
 */
reason: string, 
/**
 * Date of the data.
 */
dataDate: string | null, };

export type StartDraftInput = { 
/**
 * Form id.
 */
form: string, 
/**
 * Dataset of the subject or empty.
 */
dataset: string, 
/**
 * Id of the subject or empty.
 */
feature: string, 
/**
 * Where, when there is no subject: longitude in degrees.
 */
lonDeg: number | null, 
/**
 * Latitude in degrees.
 */
latDeg: number | null, };

export type StartEnrolmentInput = { 
/**
 * Address of the store.
 */
url: string, 
/**
 * One-time code, empty on loopback.
 */
code: string, 
/**
 * What the laptop is to be called.
 */
deviceName: string, 
/**
 * Who works here.
 */
userName: string, };

export type StartSyncInput = Record<symbol, never>;

export type SyncDto = { 
/**
 * `bundle`, `received`, `sending`, `offline`, `attention` or `signed_out`.
 */
state: string, 
/**
 * Last complete round, RFC 3339.
 */
lastReceivedAt: string | null, 
/**
 * First failure since then, RFC 3339.
 */
offlineSince: string | null, 
/**
 * Edits that wait.
 */
nSavedHere: number, 
/**
 * Done in the round under way.
 */
nSent: number, 
/**
 * To do in the round under way.
 */
nToSend: number, 
/**
 * Photos that wait.
 */
nPhotosLeft: number, 
/**
 * Conflicts that wait for this person.
 */
nToDecide: number, 
/**
 * Code of the last failure, or empty: see `ApiError`.
 */
errorCode: string, 
/**
 * Seconds until the next try, when one is planned.
 */
nextTryS: number | null, 
/**
 * Counts up when live tiles change; part of their address.
 */
tileVersion: number, 
/**
 * Counts up when lists (changes, drafts, cards) should be asked for again.
 */
dataVersion: number, };

export type ThemeDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * What it is called.
 */
title: TitleDto, 
/**
 * The pipes are what the map is looked at for.
 */
isNetworkFirst: boolean, 
/**
 * The datasets of this laptop that it shows.
 */
datasets: Array<string>, };

export type TitleDto = { 
/**
 * Swedish.
 */
sv: string, 
/**
 * English.
 */
en: string, };

export type UnansweredDto = { 
/**
 * The subject.
 */
subject: TitleDto, 
/**
 * `missing`, `locked`, `old`, `outdated_rules` or `outside`.
 */
reason: string, 
/**
 * Date of the data.
 */
dataDate: string | null, 
/**
 * Their age in days.
 */
ageDays: number | null, 
/**
 * Since when other rules are in force.
 */
legalFrom: string | null, };

export type ViewDto = { 
/**
 * Longitude of the middle in degrees.
 */
lonDeg: number, 
/**
 * Latitude of the middle in degrees.
 */
latDeg: number, 
/**
 * MapLibre zoom (512 px tiles).
 */
zoom: number, };

export type VisitDto = { 
/**
 * The inspection's feature id.
 */
id: string, 
/**
 * Date, `2026-04-28`.
 */
date: string, 
/**
 * Title of the form.
 */
title: string, 
/**
 * One line of result.
 */
detail: string, 
/**
 * BKT or BMB.
 */
body: string, 
/**
 * State of the record here: `saved_here`, `received` or `secured`.
 */
state: string, };

export type WrittenFileDto = { 
/**
 * Where it lies.
 */
path: string, 
/**
 * Edits in it.
 */
nEdits: number, 
/**
 * Photos in it.
 */
nPhotos: number, };

export type WrittenValueDto = { 
/**
 * Field id.
 */
field: string, 
/**
 * The value as text; null for no value. A place is northing and easting in metres on the grid, `6600476 152176`.
 */
raw: string | null, };

export type Commands = {
	load_session: { input: LoadSessionInput; output: SessionDto };
	find_places: { input: FindPlacesInput; output: SearchAnswerDto };
	list_recent_places: { input: ListRecentPlacesInput; output: Array<HitDto> };
	remember_place: { input: RememberPlaceInput; output: EmptyDto };
	identify_features: { input: IdentifyFeaturesInput; output: IdentifyAnswerDto };
	load_card: { input: LoadCardInput; output: CardDto };
	load_applies: { input: LoadAppliesInput; output: AppliesDto };
	load_duties: { input: LoadDutiesInput; output: DutiesDto };
	measure_places: { input: MeasurePlacesInput; output: MeasureDto };
	select_features: { input: SelectFeaturesInput; output: SelectionDto };
	describe_position: { input: DescribePositionInput; output: PointDto };
	list_drafts: { input: ListDraftsInput; output: Array<DraftSummaryDto> };
	start_draft: { input: StartDraftInput; output: DraftDto };
	open_draft: { input: OpenDraftInput; output: DraftDto };
	save_draft: { input: SaveDraftInput; output: SavedDto };
	close_draft: { input: CloseDraftInput; output: EmptyDto };
	discard_draft: { input: DiscardDraftInput; output: EmptyDto };
	restore_draft: { input: RestoreDraftInput; output: EmptyDto };
	add_photo: { input: AddPhotoInput; output: PhotoDto };
	remove_photo: { input: RemovePhotoInput; output: EmptyDto };
	complete_draft: { input: CompleteDraftInput; output: ChangesDto };
	list_changes: { input: ListChangesInput; output: ChangesDto };
	list_conflicts: { input: ListConflictsInput; output: Array<ConflictSummaryDto> };
	load_conflict: { input: LoadConflictInput; output: ConflictCardDto };
	resolve_conflict: { input: ResolveConflictInput; output: ChangesDto };
	defer_conflict: { input: DeferConflictInput; output: EmptyDto };
	load_sync: { input: LoadSyncInput; output: SyncDto };
	start_sync: { input: StartSyncInput; output: SyncDto };
	save_outbox: { input: SaveOutboxInput; output: WrittenFileDto };
	start_enrolment: { input: StartEnrolmentInput; output: EnrolmentDto };
	load_enrolment: { input: LoadEnrolmentInput; output: EnrolmentDto };
	save_settings: { input: SaveSettingsInput; output: SettingsDto };
	log_fault: { input: LogFaultInput; output: EmptyDto };
};
