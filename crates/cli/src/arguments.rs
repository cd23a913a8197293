//! The words of the command line. They are the contract: names are fixed, options may grow.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

/// Fältkarta from the command line: the geodata store, and everything a laptop does, without a window.
#[derive(Debug, Parser)]
#[command(name = "faltkarta", version, about, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// One JSON document instead of text; errors as JSON on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// For a store in PostgreSQL (`postgres://USER@HOST:PORT/DATABASE` in the place of its folder; the password in
    /// PGPASSWORD): the folder of its declarations, attachments and prepared packages.
    #[arg(long, global = true)]
    pub(crate) folder: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a synthetic delivery of the four municipalities, as suppliers would send it.
    Demo {
        /// A folder that is new, empty, or holds an earlier demo delivery.
        dir: PathBuf,
        /// How much of the four municipalities: 1 is all of them, 0.05 a part of Lindesberg.
        #[arg(long, default_value_t = 1.0)]
        scale: f64,
        /// The same seed gives the same delivery.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Read deliveries into a geodata store; the store is made when it is not there.
    Import {
        /// The store's folder, or its address in PostgreSQL.
        store: PathBuf,
        /// Files or folders of files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Read only this dataset.
        #[arg(long)]
        dataset: Option<String>,
        /// A TOML file that ties foreign columns to a declared dataset's fields.
        #[arg(long)]
        mapping: Option<PathBuf>,
        /// EPSG code to read the files in, whatever they say.
        #[arg(long)]
        crs: Option<u32>,
        /// Report, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Write the problems as a map layer: .gpkg, .fgb, .geojson or .csv
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Write one dataset of a store to a file; its ending says the format.
    Export {
        /// The store's folder, or its address in PostgreSQL.
        store: PathBuf,
        /// The dataset.
        #[arg(long)]
        dataset: String,
        /// Only the inspections of this form, with a column for each answer.
        #[arg(long)]
        form: Option<String>,
        /// .gpkg, .fgb, .geojson, .shp or .csv
        #[arg(long)]
        to: PathBuf,
    },
    /// Serve a geodata store to laptops.
    Serve {
        /// The store's folder, or its address in PostgreSQL.
        store: PathBuf,
        /// Address and port.
        #[arg(long, default_value = "127.0.0.1:8750")]
        listen: SocketAddr,
        /// Where attachments lie: a folder, or <s3://BUCKET/PREFIX?endpoint=URL&region=NAME> with the keys in
        /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. It is remembered; without it they lie in the store's folder.
        #[arg(long)]
        blobs: Option<faltkarta_server::BlobPlace>,
        /// The folder of the console's pages; else those that are installed beside the program.
        #[arg(long)]
        console: Option<PathBuf>,
    },
    /// Write the package that an installer or a first fetch carries.
    Package {
        /// The store's folder, or its address in PostgreSQL.
        store: PathBuf,
        /// Where to.
        #[arg(long)]
        to: PathBuf,
        /// Everything, not only the open datasets.
        #[arg(long)]
        all: bool,
    },
    /// Make a backup of a store, prove it, and tell laptops what is safe. The store may be served meanwhile.
    Backup {
        /// The store's folder.
        store: PathBuf,
        /// The folder of the backups; the new one gets a folder of its own in it.
        #[arg(long)]
        to: PathBuf,
        /// How many backups are kept in this folder.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
        keep: u16,
    },
    /// Put a backup in the place of a store that is not being served; laptops give back what it lacks.
    Restore {
        /// The store's folder.
        store: PathBuf,
        /// The backup's folder.
        #[arg(long)]
        from: PathBuf,
        /// Take one that is older than what laptops were told to be safe.
        #[arg(long)]
        force: bool,
        /// So long what laptops give back is gathered before it is merged in the order that it had; 0 merges at once.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=1440))]
        window_minutes: u32,
    },
    /// Merge at once what laptops gave back after a restore.
    Recover {
        /// The store's folder.
        store: PathBuf,
    },
    /// Cut off what is old of a store's feed; laptops that have not pulled for longer fetch their data anew. Rows, their
    /// history and the log of edits stay.
    Retain {
        /// The store's folder.
        store: PathBuf,
        /// How many days are kept.
        #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(180..=36_500))]
        days: u32,
    },
    /// Edits that wait at a store.
    Held {
        #[command(subcommand)]
        verb: HeldVerb,
    },
    /// Conflicts of a store.
    Conflict {
        #[command(subcommand)]
        verb: StoreConflictVerb,
    },
    /// Take in a file that a laptop wrote with `field … export-outbox`, any number of times.
    Outbox {
        /// The store's folder.
        store: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// Prove a store: its database, its feed from the first entry on, its attachments.
    Verify {
        /// The store's folder, or a backup's.
        store: PathBuf,
    },
    /// Attachments of a store.
    Blobs {
        /// The store's folder.
        store: PathBuf,
        #[command(subcommand)]
        verb: BlobsVerb,
    },
    /// Laptops of a store.
    Device {
        #[command(subcommand)]
        verb: DeviceVerb,
    },
    /// Datasets of a store.
    Dataset {
        #[command(subcommand)]
        verb: DatasetVerb,
    },
    /// Everything a laptop does.
    Field {
        /// The laptop's folder.
        dir: PathBuf,
        #[command(subcommand)]
        verb: FieldVerb,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum BlobsVerb {
    /// How many there are, and how many are awaited.
    Status,
    /// Take away what nothing has named for 90 days and no kept backup can name.
    Collect,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceVerb {
    /// Make a one-time code with which a laptop joins.
    Invite {
        /// The store's folder.
        store: PathBuf,
        /// `technician`, `inspector`, `coordinator` or `reader`.
        #[arg(long, default_value = "technician")]
        role: String,
    },
    /// What is known of each laptop.
    List {
        /// The store's folder.
        store: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum HeldVerb {
    /// Parked and quarantined edits, whole.
    List {
        /// The store's folder.
        store: PathBuf,
    },
    /// Let a quarantined edit in, or those of a parked group one by one. It keeps its author and its id.
    Accept {
        /// The store's folder.
        store: PathBuf,
        /// The edit's operation.
        op: String,
        /// Who decides.
        #[arg(long)]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreConflictVerb {
    /// Conflicts that nobody has decided.
    List {
        /// The store's folder.
        store: PathBuf,
    },
    /// Decide one; laptops receive the decision like any edit.
    Resolve {
        /// The store's folder.
        store: PathBuf,
        /// The conflict.
        conflict: Uuid,
        /// Whose side holds.
        #[arg(long, value_enum, required_unless_present = "set")]
        choose: Option<Side>,
        /// A third value, `field=value`, several times; the value is JSON or else text.
        #[arg(long = "set", value_parser = parse_assignment, conflicts_with = "choose")]
        set: Vec<(String, String)>,
        /// Who decides.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        note: Option<String>,
    },
}

/// A side of a conflict at the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Side {
    /// What the store holds stays.
    Store,
    /// What the other author wants holds.
    Candidate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetVerb {
    /// Every dataset with its date and size.
    List {
        /// The store's folder.
        store: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FieldVerb {
    /// Install a package from a folder, as an installer does at first start.
    Install {
        /// The package's folder.
        package: PathBuf,
    },
    /// Enrol this laptop and fetch its package.
    Join {
        /// Address of the geodata store.
        url: String,
        /// One-time code from the coordinator; not needed when the store listens on this machine only.
        #[arg(long)]
        code: Option<String>,
        /// What the laptop is called.
        #[arg(long)]
        name: Option<String>,
        /// Who works on it.
        #[arg(long)]
        user: Option<String>,
    },
    /// One round with the store.
    Sync,
    /// States of all edits, age of each dataset.
    Status,
    /// Search everything on this laptop.
    Search {
        /// As a person would type it.
        text: String,
        /// Easting and northing in metres on the store's grid, `162914,6608920`.
        #[arg(long, value_parser = parse_pair, allow_hyphen_values = true)]
        near: Option<(f64, f64)>,
    },
    /// What lies here, by dataset.
    Identify {
        /// Easting and northing in metres on the store's grid.
        #[arg(value_parser = parse_pair, allow_hyphen_values = true)]
        at: (f64, f64),
        /// Reach in metres.
        #[arg(long, default_value_t = 5.0)]
        radius: f64,
    },
    /// What applies here: plans, zones, restrictions, with source and date.
    Applies {
        /// Easting and northing in metres on the store's grid.
        #[arg(value_parser = parse_pair, allow_hyphen_values = true, required_unless_present = "parcel")]
        at: Option<(f64, f64)>,
        /// A parcel: id of one of its areas, or of the property.
        #[arg(long, value_name = "ID", conflicts_with = "at")]
        parcel: Option<String>,
    },
    /// Who is responsible here: street, light, pipe, waste and permit, with telephone.
    Responsible {
        /// Easting and northing in metres on the store's grid.
        #[arg(value_parser = parse_pair, allow_hyphen_values = true)]
        at: (f64, f64),
    },
    /// Which valves to close around a place, and who is without water then.
    Isolate {
        /// Easting and northing in metres on the store's grid; the pipe within 25 m.
        #[arg(value_parser = parse_pair, allow_hyphen_values = true, required_unless_present = "feature")]
        at: Option<(f64, f64)>,
        /// A pipe, a valve or something else on a pipe, by its id; several times.
        #[arg(long, value_name = "ID")]
        feature: Vec<String>,
        /// Valves that were found not to work: ids or numbers.
        #[arg(long, value_name = "VALVE", num_args = 1..)]
        inoperable: Vec<String>,
        /// Count on valves of unknown function; else they are taken as not there.
        #[arg(long)]
        trust_unknown: bool,
    },
    /// Every segment of the water network, one JSON line each: pipe ids, valve ids, connections.
    Segments,
    /// What drains to a place, or where a spill from it goes.
    Trace {
        /// Which way.
        direction: Way,
        /// Easting and northing in metres on the store's grid.
        #[arg(value_parser = parse_pair, allow_hyphen_values = true, required_unless_present = "feature")]
        at: Option<(f64, f64)>,
        /// A pipe, manhole or connection, by its id.
        #[arg(long, value_name = "ID", conflicts_with = "at")]
        feature: Option<String>,
    },
    /// Valves in the order to exercise them.
    Valves {
        /// What comes first.
        #[arg(long, value_enum, default_value = "days")]
        by: Round,
        /// How many at most.
        #[arg(long)]
        most: Option<usize>,
    },
    /// What lies inside a polygon or along a corridor.
    Select(SelectArguments),
    /// One journalled edit.
    Edit {
        #[command(subcommand)]
        verb: EditVerb,
    },
    /// Fill a form.
    Inspect(InspectArguments),
    /// Photos on this laptop and at the store.
    Photos {
        #[command(subcommand)]
        verb: PhotosVerb,
    },
    /// Write everything unsent to one file; works on a damaged laptop file too.
    ExportOutbox {
        /// The file to write.
        file: PathBuf,
        /// File with the key as 64 hexadecimal digits, when the laptop's file lies without its folder.
        #[arg(long)]
        key_file: Option<PathBuf>,
    },
    /// What waits for a decision.
    Conflicts {
        #[command(subcommand)]
        verb: Option<ConflictVerb>,
    },
    /// What the geodata store sends this laptop.
    Areas {
        #[command(subcommand)]
        verb: AreaVerb,
    },
    /// The next number for a field that must be unique, leased from the store.
    Number {
        /// The dataset.
        dataset: String,
        /// The field.
        field: String,
    },
}

/// Which way a trace goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Way {
    /// Against the flow.
    Upstream,
    /// With the flow.
    Downstream,
}

/// What comes first on a round of valves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Round {
    /// Never exercised, then longest ago.
    Days,
    /// Those on which most connections depend.
    Critical,
}

#[derive(Debug, Args)]
pub(crate) struct SelectArguments {
    /// A file with polygons (GeoJSON or another that `import` reads), or the corners on the store's grid in metres:
    /// "E,N E,N E,N".
    #[arg(long, value_name = "FILE|E,N …", required_unless_present = "corridor")]
    pub(crate) polygon: Option<String>,
    /// The middle line on the store's grid in metres, "E,N E,N"; one place for a circle.
    #[arg(long, value_name = "E,N …", conflicts_with = "polygon", requires = "width")]
    pub(crate) corridor: Option<String>,
    /// Whole width of the corridor in metres, half of it on each side.
    #[arg(long, value_name = "M")]
    pub(crate) width: Option<f64>,
    /// Also what lies outside the polygon, but no farther than so many metres.
    #[arg(long, value_name = "M", default_value_t = 0.0, conflicts_with = "corridor")]
    pub(crate) within: f64,
    /// Only these datasets. Several times.
    #[arg(long, value_name = "ID")]
    pub(crate) dataset: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConflictVerb {
    /// Base, the store's value and the candidate of each field.
    Show {
        /// The feature's id.
        feature: String,
    },
    /// Decide; what is not named stays open.
    Resolve {
        /// The feature's id.
        feature: String,
        /// `FIELD=theirs`, `FIELD=mine` or `FIELD=JSON`; FIELD may be `*` for a whole row. Several times.
        #[arg(long = "choose", value_parser = parse_assignment, required = true)]
        choose: Vec<(String, String)>,
        /// Why, for the other side.
        #[arg(long)]
        note: Option<String>,
    },
    /// Leave it to the coordinator.
    Defer {
        /// The feature's id.
        feature: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AreaVerb {
    /// What is wanted, and what the store is known to send.
    Show,
    /// Everything that the role may have.
    All,
    /// One more part: the next round fetches it.
    Add {
        /// A dataset; several times, none for all.
        #[arg(long = "dataset")]
        datasets: Vec<String>,
        /// Corners of the area, `E,N` in metres on the store's grid; three at least, none for everywhere.
        #[arg(long = "corner", value_parser = parse_pair, allow_hyphen_values = true)]
        corners: Vec<(f64, f64)>,
    },
    /// One part less, by its place in `show`, from 1. Rows that work hangs on stay.
    Remove {
        /// Which.
        part: usize,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PhotosVerb {
    /// The photos of a feature, and where each is.
    List {
        /// The feature's id.
        feature: String,
    },
    /// Fetch a photo from the store, unless it is here, and write it to a file.
    Fetch {
        /// The photo's id, `sha256:…`.
        photo: String,
        /// The file.
        #[arg(long)]
        to: PathBuf,
    },
    /// Give up the files of photos that are secured at the store.
    Free,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EditVerb {
    /// A new feature.
    Create {
        /// Its dataset.
        #[arg(long)]
        dataset: String,
        /// `field=value`, several times.
        #[arg(long = "set", value_parser = parse_assignment)]
        set: Vec<(String, String)>,
        /// Easting and northing of a point in metres on the store's grid.
        #[arg(long, value_parser = parse_pair, allow_hyphen_values = true)]
        at: Option<(f64, f64)>,
    },
    /// New values of a feature.
    Update {
        /// Its id.
        #[arg(long)]
        id: String,
        /// `field=value`, several times; an empty value takes it away.
        #[arg(long = "set", value_parser = parse_assignment)]
        set: Vec<(String, String)>,
        /// New place of a point.
        #[arg(long, value_parser = parse_pair, allow_hyphen_values = true)]
        at: Option<(f64, f64)>,
    },
    /// Take a feature away.
    Delete {
        /// Its id.
        #[arg(long)]
        id: String,
    },
    /// Bring a deleted feature back.
    Restore {
        /// Its dataset.
        #[arg(long)]
        dataset: String,
        /// Its id.
        #[arg(long)]
        id: String,
        /// `field=value` that it is to have now, several times.
        #[arg(long = "set", value_parser = parse_assignment)]
        set: Vec<(String, String)>,
    },
    /// Add photos to a feature.
    Attach {
        /// Its id.
        #[arg(long)]
        id: String,
        /// A picture, several times.
        #[arg(long, required = true)]
        photo: Vec<PathBuf>,
    },
    /// Take attachments away from a feature.
    Detach {
        /// Its id.
        #[arg(long)]
        id: String,
        /// `sha256:…`, several times.
        #[arg(long, required = true)]
        blob: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The form's id.
    pub(crate) form: String,
    /// Id of the thing that is inspected.
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// A JSON object: question name to answer.
    #[arg(long)]
    pub(crate) answers: PathBuf,
    /// A picture, several times.
    #[arg(long)]
    pub(crate) photo: Vec<PathBuf>,
    /// Complete it; else it stays a draft.
    #[arg(long)]
    pub(crate) complete: bool,
}

fn parse_pair(text: &str) -> Result<(f64, f64), String> {
    let parts: Vec<&str> = text.split([',', ' ']).filter(|it| !it.is_empty()).collect();
    if let [first, second] = parts[..]
        && let (Ok(first), Ok(second)) = (first.parse(), second.parse())
    {
        return Ok((first, second));
    }
    Err("expected two numbers: easting,northing".to_owned())
}

fn parse_assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(field, value)| (field.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected field=value".to_owned())
}
