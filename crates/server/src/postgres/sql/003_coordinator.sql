-- Who let an operation in that waited; what a feature hangs on; the numbers that laptops have leased, a request
-- answered once and for all.
ALTER TABLE op_log ADD COLUMN accepted_by text;
CREATE INDEX child_of ON child(child);
CREATE TABLE number_series(series text PRIMARY KEY, next bigint NOT NULL);
CREATE TABLE number_block(request uuid PRIMARY KEY, series text NOT NULL, first bigint NOT NULL, n integer NOT NULL,
    device uuid NOT NULL, at text NOT NULL);

-- JSON may hold the character of number 0, and text in PostgreSQL may not.
CREATE OR REPLACE FUNCTION field_text(properties text, field text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT replace(properties, '\u0000', '\ufffd')::json ->> field $$;
