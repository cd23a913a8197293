use std::fmt::Write as _;

use faltkarta_model::{Dataset, FieldType};

/// The schema with a view for each dataset: what a person opens in QGIS.
pub(super) const VIEWS: &str = "karta";

/// Columns of every view that are not fields of the dataset.
const OWN_COLUMNS: [&str; 4] = ["fid", "id", "version", "geom"];

/// A name in SQL.
fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A text in SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What a field is called as a column.
fn column(field: &str) -> String {
    if OWN_COLUMNS.contains(&field) { name(&format!("{field}_")) } else { name(field) }
}

/// The view's expression for a stored text.
fn shown(field_type: FieldType, field: &str) -> String {
    let text = format!("v.{}", name(field));
    match field_type {
        FieldType::Text => text,
        FieldType::Int => format!("as_int({text})"),
        FieldType::Real => format!("as_real({text})"),
        FieldType::Bool => format!("as_bool({text})"),
        FieldType::Date => format!("as_date({text})"),
        FieldType::DateTime => format!("as_moment({text})"),
        FieldType::List => format!("as_list({text})"),
    }
}

/// The JSON of a column's value as it is stored.
fn json(field_type: FieldType, column: &str) -> String {
    let value = format!("NEW.{column}");
    match field_type {
        FieldType::Text | FieldType::Date | FieldType::List => format!("to_json({value})::text"),
        FieldType::Int | FieldType::Bool => format!("{value}::text"),
        FieldType::Real => format!("real_json({value})"),
        FieldType::DateTime => format!("to_json(moment_text({value}))::text"),
    }
}

/// The statements that make the view of a dataset, and the trigger behind it. They replace an earlier view.
///
/// A view and no table of its own: so there is one truth, and what a person changes cannot get out of step with what
/// laptops are sent. The stored values are shown in the declared types; a value of another type is shown as null and
/// stays as it is until somebody writes another.
pub(super) fn statements(dataset: &Dataset, no: u16) -> String {
    let view = format!("{VIEWS}.{}", name(dataset.id.as_str()));
    let function = name(&format!("edit_{}", dataset.id.as_str()));
    let (mut columns, mut record, mut changed, mut given) =
        (String::new(), String::new(), String::new(), String::new());
    let mut comments = format!("COMMENT ON VIEW {view} IS {};\n", literal(&dataset.title.sv));
    for field in &dataset.fields {
        let id = field.id.as_str();
        let (column, key) = (column(id), literal(id));
        let json = json(field.field_type, &column);
        let comma = if record.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(columns, "{} AS {column}, ", shown(field.field_type, id));
        let _ = write!(record, "{comma}{} text", name(id));
        let _ = writeln!(
            changed,
            "        IF NEW.{column} IS DISTINCT FROM OLD.{column} THEN keys := keys || {key}::text; \
             jsons := jsons || ({json}); END IF;"
        );
        let _ = writeln!(
            given,
            "        IF NEW.{column} IS NOT NULL THEN keys := keys || {key}::text; jsons := jsons || ({json}); \
             END IF;"
        );
        let title = literal(&field.title.sv);
        let _ = writeln!(comments, "COMMENT ON COLUMN {view}.{column} IS {title};");
    }
    let values = if record.is_empty() {
        String::new()
    } else {
        format!("CROSS JOIN LATERAL json_to_record(f.properties::json) AS v({record})")
    };
    format!(
        "DROP VIEW IF EXISTS {view};
CREATE VIEW {view} AS SELECT f.\"row\" AS fid, f.id, {columns}f.version, f.geom
    FROM feature f {values} WHERE f.dataset = {no} AND NOT f.is_deleted;
{comments}CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET \"faltkarta.writing\" TO 'direct' AS $edit$
DECLARE
    keys text[] := '{{}}';
    jsons text[] := '{{}}';
    made feature;
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM direct_delete(OLD.id, OLD.version);
        RETURN OLD;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NEW.id IS DISTINCT FROM OLD.id THEN
            RAISE EXCEPTION 'ett objekts id ändras aldrig' USING ERRCODE = 'feature_not_supported';
        END IF;
{changed}        made := direct_update(OLD.id, OLD.version, NEW.geom IS DISTINCT FROM OLD.geom, NEW.geom, keys, jsons);
    ELSE
{given}        made := direct_insert({no}, coalesce(NEW.id, gen_random_uuid()), NEW.geom, keys, jsons);
    END IF;
    NEW.fid := made.\"row\";
    NEW.id := made.id;
    NEW.version := made.version;
    NEW.geom := made.geom;
    RETURN NEW;
END $edit$;
CREATE TRIGGER edit INSTEAD OF INSERT OR UPDATE OR DELETE ON {view} FOR EACH ROW EXECUTE FUNCTION {function}();
"
    )
}
