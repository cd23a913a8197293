// Written by `make types` from crates/server. Do not edit.

export type ConsoleAuthorDto = { 
/**
 * The person.
 */
user: string, 
/**
 * The laptop or program; empty when unknown.
 */
device: string, 
/**
 * RFC 3339.
 */
at: string, };

export type ConsoleCaseDto = { 
/**
 * The feature.
 */
feature: string, 
/**
 * Its dataset.
 */
dataset: string, 
/**
 * One of its kind: "Ventil".
 */
datasetTitle: ConsoleTitleDto, 
/**
 * What it is called.
 */
label: string, 
/**
 * The conflicts.
 */
conflicts: Array<ConsoleConflictDto>, };

export type ConsoleChoiceDto = { 
/**
 * The conflict.
 */
conflict: string, 
/**
 * As it was shown.
 */
mark: string, 
/**
 * `store` or `candidate`.
 */
take: string, };

export type ConsoleClashDto = { 
/**
 * Field id; `geometry` for the place.
 */
field: string, 
/**
 * What it is called; empty for the place.
 */
title: ConsoleTitleDto, 
/**
 * `text`, `int`, `real`, `bool`, `date`, `date_time`, `list` or `geometry`.
 */
valueType: string, 
/**
 * Unit or empty.
 */
unit: string, 
/**
 * What the author of the candidate saw.
 */
base: ConsoleValueDto, 
/**
 * What the store holds.
 */
store: ConsoleValueDto, 
/**
 * What the author wants.
 */
candidate: ConsoleValueDto, };

export type ConsoleConflictDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * Changes when a value of it does; a decision repeats it.
 */
mark: string, 
/**
 * `field`, `edited_vs_deleted`, `deleted_vs_edited`, `id_clash`, `parent_deleted`, `duplicate_key`, `group`.
 */
kind: string, 
/**
 * Who wants the candidates.
 */
candidateBy: ConsoleAuthorDto, 
/**
 * Who set what the store holds; null when it came with a delivery.
 */
storeBy: ConsoleAuthorDto | null, 
/**
 * The fields.
 */
clashes: Array<ConsoleClashDto>, 
/**
 * Titles of fields of the same change that fitted by themselves.
 */
merged: Array<ConsoleTitleDto>, 
/**
 * Label of the other feature of a duplicate number; empty else.
 */
other: string, };

export type ConsoleDatasetDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * What it is called.
 */
title: ConsoleTitleDto, 
/**
 * Group of the list of layers: `work`, `va`, `plans`, `property` or `background`.
 */
group: string, 
/**
 * What it stands for: `parcel`, `valve` …
 */
role: string, 
/**
 * Who answers for it; empty for nobody.
 */
ownerBody: string, 
/**
 * How they are reached; empty when unknown.
 */
ownerContact: string, 
/**
 * Where it comes from.
 */
publisher: string, 
/**
 * Who may see it.
 */
class: "open" | "internal" | "protected", 
/**
 * Licence of the data.
 */
licence: string, 
/**
 * How the field may change it.
 */
policy: "direct" | "proposal" | "read_only", 
/**
 * Features.
 */
nFeatures: number, 
/**
 * Newest date of its data; null without data.
 */
dataDate: string | null, 
/**
 * Days since then.
 */
ageDays: number | null, 
/**
 * Days from which it counts as old; null for no limit.
 */
maxAgeDays: number | null, 
/**
 * Laptops that have it.
 */
nLaptops: number, };

export type ConsoleDatasetImportDto = { 
/**
 * Its id.
 */
dataset: string, 
/**
 * What it is called.
 */
title: ConsoleTitleDto, 
/**
 * Rows that were this dataset's.
 */
nRead: number, 
/**
 * Features that were not there.
 */
nNew: number, 
/**
 * Features with other values than last delivered.
 */
nChanged: number, 
/**
 * Features as last delivered.
 */
nUnchanged: number, 
/**
 * Features that the same supplier's file held before.
 */
nGone: number, 
/**
 * Features with a problem.
 */
nFlagged: number, 
/**
 * Rows that did not become features.
 */
nRefused: number, 
/**
 * Fields and rows that wait for a person.
 */
nConflicts: number, 
/**
 * Date of the data.
 */
dataDate: string, 
/**
 * What somebody should look at, by kind.
 */
problems: Array<ConsoleProblemDto>, };

export type ConsoleDecisionDto = { 
/**
 * One choice for each conflict.
 */
choices: Array<ConsoleChoiceDto>, 
/**
 * Why; empty for no word.
 */
note: string, };

export type ConsoleDeliveryDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its number, shown as L-0412.
 */
number: number, 
/**
 * Name of the file.
 */
name: string, 
/**
 * Kind of file: `gpkg`.
 */
format: string, 
/**
 * Its size.
 */
nBytes: number, 
/**
 * RFC 3339.
 */
receivedAt: string, 
/**
 * Who read it in.
 */
by: string, 
/**
 * Where it stands.
 */
state: "checking" | "review" | "ready" | "stopped" | "publishing" | "published" | "replaced" | "rejected" | "undone", 
/**
 * How far a check or a publishing has come, 0 to 100.
 */
progressPct: number, 
/**
 * Why it was stopped, a stable code; empty else.
 */
code: string, 
/**
 * What the code is about: `declared`, `fits`, `fits_epsg` …
 */
facts: { [key in string]: string }, 
/**
 * RFC 3339.
 */
publishedAt: string | null, 
/**
 * Whether the publishing can be undone: no laptop has fetched it.
 */
canUndo: boolean, 
/**
 * The system of the coordinates; empty until known.
 */
foundCrs: string, 
/**
 * The system of the store.
 */
storeCrs: string, 
/**
 * Laptops that will fetch it.
 */
nLaptops: number, 
/**
 * Estimate of what each of them fetches.
 */
nBytesEach: number | null, 
/**
 * Open conflicts and proposals that it touches.
 */
nOpenCases: number, 
/**
 * One for each dataset of the file.
 */
datasets: Array<ConsoleDatasetImportDto>, };

export type ConsoleDeviceDto = { 
/**
 * Its id.
 */
id: string, 
/**
 * What it is called.
 */
name: string, 
/**
 * Who enrolled it.
 */
user: string, 
/**
 * Its rights: `technician`, `inspector`, `coordinator`, `reader`.
 */
roles: Array<string>, 
/**
 * RFC 3339.
 */
joinedAt: string, 
/**
 * RFC 3339.
 */
lastSeenAt: string, 
/**
 * Entries of the feed that it has not pulled; null until it has asked for any.
 */
nBehind: number | null, 
/**
 * Whether its rights were taken away.
 */
isRevoked: boolean, 
/**
 * Whether this is the browser that asks.
 */
isThis: boolean, 
/**
 * How things stand there, by its own word; null when it never said.
 */
report: ConsoleReportDto | null, };

export type ConsoleHeldChangeDto = { 
/**
 * Field id.
 */
field: string, 
/**
 * What it is called; empty for the place.
 */
title: ConsoleTitleDto, 
/**
 * As of [`ConsoleClashDto`].
 */
valueType: string, 
/**
 * Unit or empty.
 */
unit: string, 
/**
 * What its author saw.
 */
old: ConsoleValueDto, 
/**
 * What its author wants.
 */
new: ConsoleValueDto, };

export type ConsoleHeldDto = { 
/**
 * Its id.
 */
op: string, 
/**
 * Whether it waits for something else, and not for the coordinator.
 */
isParked: boolean, 
/**
 * `unpermitted`, `proposal`, `missing_parent`, `schema`, `malformed` …
 */
why: string, 
/**
 * Who made it; empty when it cannot be read.
 */
user: string, 
/**
 * When it arrived; RFC 3339.
 */
at: string, 
/**
 * `create`, `update` … or empty.
 */
kind: string, 
/**
 * One of its kind, or the dataset's id when the store does not know it.
 */
datasetTitle: ConsoleTitleDto, 
/**
 * What the feature is called; empty when the store does not have it.
 */
label: string, 
/**
 * What it changes.
 */
changes: Array<ConsoleHeldChangeDto>, 
/**
 * Whether the coordinator can accept it.
 */
canAccept: boolean, };

export type ConsoleOverviewDto = { 
/**
 * Name of the store's feed.
 */
workspace: string, 
/**
 * Who is signed in.
 */
user: string, 
/**
 * Number of the last entry.
 */
headSeq: number, 
/**
 * Highest number in every usable backup.
 */
safeSeq: number, 
/**
 * Laptops that may come.
 */
nDevices: number, 
/**
 * Those heard of within 24 hours.
 */
nHeardLastDay: number, 
/**
 * Laptops with something that the coordinator should look at.
 */
nDevicesToSee: number, 
/**
 * Features with a conflict that nobody has decided.
 */
nConflicts: number, 
/**
 * Operations that wait.
 */
nHeld: number, };

export type ConsoleProblemDto = { 
/**
 * Stable code.
 */
code: string, 
/**
 * How many.
 */
count: number, 
/**
 * Whether it stops the delivery.
 */
isBlocking: boolean, 
/**
 * The first of them, up to 20.
 */
examples: Array<ConsoleProblemExampleDto>, };

export type ConsoleProblemExampleDto = { 
/**
 * The row in the order of the file, from 1; 0 for the layer.
 */
row: number, 
/**
 * The facts: field and value, or what was found.
 */
text: string, 
/**
 * What the feature is called; empty when unknown.
 */
label: string, 
/**
 * On the store's grid, in metres; null without a place.
 */
eastingM: number | null, 
/**
 * On the store's grid, in metres; null without a place.
 */
northingM: number | null, };

export type ConsoleReportDto = { 
/**
 * When; RFC 3339.
 */
at: string, 
/**
 * Version of its program.
 */
appVersion: string, 
/**
 * Changes that are only there.
 */
nSavedHere: number, 
/**
 * Changes that the store has.
 */
nReceived: number, 
/**
 * Changes that every usable backup has.
 */
nSecured: number, 
/**
 * Changes that wait for a person.
 */
nNeedsAttention: number, 
/**
 * Forms that are not complete.
 */
nDrafts: number, 
/**
 * Photos that the store lacks.
 */
nPhotosWaiting: number, 
/**
 * When the oldest change was made that is only there; RFC 3339 or null.
 */
oldestUnsentAt: string | null, };

export type ConsoleSignInDto = { 
/**
 * One-time code of a coordinator.
 */
code: string, 
/**
 * Who it is.
 */
user: string, };

export type ConsoleTitleDto = { 
/**
 * Swedish.
 */
sv: string, 
/**
 * English.
 */
en: string, };

export type ConsoleValueDto = { 
/**
 * As stored: text, `true`, `12.5`; easting and northing of a place; empty for none.
 */
raw: string, 
/**
 * In the dataset's words.
 */
title: ConsoleTitleDto, 
/**
 * Metres from the base's place, for places that differ from it.
 */
movedM: number | null, };
