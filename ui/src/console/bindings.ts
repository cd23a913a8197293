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
 * Its name.
 */
title: ConsoleTitleDto, 
/**
 * Group in the layer list or empty.
 */
group: string, 
/**
 * What it is for.
 */
role: string, 
/**
 * BKT, BMB or an authority; empty when nobody answers for it.
 */
ownerBody: string, 
/**
 * Unit or address to write to.
 */
ownerContact: string, 
/**
 * Who publishes it.
 */
publisher: string, 
/**
 * `open`, `internal` or `protected`.
 */
class: string, 
/**
 * Terms of use.
 */
licence: string, 
/**
 * `direct`, `proposal` or `read_only`.
 */
policy: string, 
/**
 * How many features the store holds.
 */
nFeatures: number, 
/**
 * Date of the data; null when nothing was delivered.
 */
dataDate: string | null, 
/**
 * Its age.
 */
ageDays: number | null, 
/**
 * The age from which it is old.
 */
maxAgeDays: number | null, 
/**
 * Laptops that fetch it.
 */
nLaptops: number, };

export type ConsoleDatasetImportDto = { 
/**
 * The dataset.
 */
dataset: string, 
/**
 * Its name.
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
 * Features that are in the delivery no more.
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
 * Rows that wait for a person.
 */
nConflicts: number, 
/**
 * Date of the data.
 */
dataDate: string, 
/**
 * By code, most first.
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
 * What people call it by: 412 is L-0412.
 */
number: number, 
/**
 * The file's name.
 */
name: string, 
/**
 * Its ending: `gpkg`.
 */
format: string, 
/**
 * Bytes of the file.
 */
nBytes: number, 
/**
 * RFC 3339.
 */
receivedAt: string, 
/**
 * Who sent it.
 */
by: string, 
/**
 * `checking`, `review`, `ready`, `stopped`, `publishing`, `published`, `replaced`, `rejected` or `undone`.
 */
state: string, 
/**
 * How far the check is; 0 while that is unknown.
 */
progressPct: number, 
/**
 * Why it was stopped, as a stable code; empty otherwise.
 */
code: string, 
/**
 * The facts of that.
 */
facts: { [key in string]: string }, 
/**
 * RFC 3339, or null.
 */
publishedAt: string | null, 
/**
 * Whether the one before it can be published again.
 */
canUndo: boolean, 
/**
 * The system that the coordinates were read in: "SWEREF 99 TM"; empty before it was read.
 */
foundCrs: string, 
/**
 * The store's grid.
 */
storeCrs: string, 
/**
 * Laptops that fetch what changed.
 */
nLaptops: number, 
/**
 * Bytes that each of them fetches, about; null when nobody knows.
 */
nBytesEach: number | null, 
/**
 * Rows that wait for a person, because the field has edited them.
 */
nOpenCases: number, 
/**
 * What was found, one for each dataset.
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
 * Whether the delivery cannot be published for it.
 */
isBlocking: boolean, 
/**
 * The first of them.
 */
examples: Array<ConsoleProblemExampleDto>, };

export type ConsoleProblemExampleDto = { 
/**
 * The row in the order of the file, from 1; 0 for the layer.
 */
row: number, 
/**
 * The facts.
 */
text: string, 
/**
 * How the feature is called; empty when none came of the row.
 */
label: string, 
/**
 * Metres on the store's grid, or null.
 */
eastingM: number | null, 
/**
 * Metres on the store's grid, or null.
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
