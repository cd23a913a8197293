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

export type ConsoleDecisionDto = { 
/**
 * One choice for each conflict.
 */
choices: Array<ConsoleChoiceDto>, 
/**
 * Why; empty for no word.
 */
note: string, };

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
