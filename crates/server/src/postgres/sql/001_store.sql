-- The tables of a geodata store. They hold the same as those of the SQLite store, row for row; geometry lies in real
-- PostGIS columns. Moments are RFC 3339 text, hashes of rows and the chain 16 bytes. `seq` counts the feed without holes.
--
-- @SRID@ stands for the EPSG code of the store's grid.

CREATE TABLE meta(key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE dataset(no integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, id text NOT NULL UNIQUE,
    revision integer NOT NULL, declaration text NOT NULL);
CREATE TABLE dataset_revision(dataset integer NOT NULL REFERENCES dataset(no), revision integer NOT NULL,
    declaration text NOT NULL, PRIMARY KEY(dataset, revision));

-- One row for each feature that ever was. The bytes of its geometry are those that PostGIS writes for `geom`, unless
-- `wkb` has others: of a shape that PostGIS refuses (a ring that does not close), or that it would write differently
-- (big endian). `geom` is null for the former. `canonical` has the bytes that the hash is made of, where they are
-- others than those: a negative zero, big endian, the codes of EWKB.
-- delivered_hash is that of the values as last delivered; delivered_version is the version that holds exactly these
-- values, 0 when none does.
CREATE TABLE feature("row" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE,
    dataset integer NOT NULL, version integer NOT NULL, seq bigint NOT NULL, is_deleted boolean NOT NULL,
    geom geometry CONSTRAINT grid CHECK (st_srid(geom) = @SRID@), wkb bytea, canonical bytea,
    properties text NOT NULL, blobs text NOT NULL, hash bytea NOT NULL, replica uuid NOT NULL, op uuid NOT NULL,
    source integer, delivered_hash bytea, delivered_version integer NOT NULL DEFAULT 0)
    WITH (fillfactor = 90);
CREATE INDEX feature_dataset ON feature(dataset, "row");
CREATE INDEX feature_geom ON feature USING gist(geom);
-- Superseded rows.
CREATE TABLE history(feature uuid NOT NULL, version integer NOT NULL, is_deleted boolean NOT NULL, geom geometry,
    wkb bytea, properties text NOT NULL, blobs text NOT NULL, hash bytea NOT NULL, replica uuid NOT NULL,
    op uuid NOT NULL, PRIMARY KEY(feature, version));
-- Values as last delivered of features that differ from them.
CREATE TABLE delivered(feature uuid PRIMARY KEY, geom geometry, wkb bytea, properties text NOT NULL);
-- An inspection and the like hangs on its parent.
CREATE TABLE child(parent uuid NOT NULL, child uuid NOT NULL, op uuid NOT NULL, replica uuid NOT NULL,
    PRIMARY KEY(parent, child));

CREATE TABLE op_log(op uuid PRIMARY KEY, hash bytea NOT NULL, replica uuid NOT NULL, op_no integer NOT NULL,
    "user" text NOT NULL, device text NOT NULL, device_time text NOT NULL, at text NOT NULL, is_held boolean NOT NULL,
    outcome text NOT NULL, seq bigint);
-- Operations that wait, whole. needs is the feature or operation that a parked one waits for.
CREATE TABLE held(op uuid NOT NULL, hash bytea NOT NULL, is_parked boolean NOT NULL, why text NOT NULL, needs uuid,
    grp uuid, replica uuid, op_no integer NOT NULL, at text NOT NULL, device text NOT NULL,
    payload text NOT NULL, PRIMARY KEY(op, hash));
CREATE INDEX held_needs ON held(needs) WHERE needs IS NOT NULL;
CREATE TABLE raw_push(no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, device uuid NOT NULL, at text NOT NULL,
    body bytea NOT NULL);

-- kind: 0 upsert, 1 delete. The row after an entry is feature or history at its version. area_before and area_after
-- hold cells, and only where a row moved with its parent: all others tell their place themselves.
CREATE TABLE feed(seq bigint PRIMARY KEY, op uuid NOT NULL, dataset integer NOT NULL, feature uuid NOT NULL,
    version integer NOT NULL, kind smallint NOT NULL, grp uuid, area_before text, area_after text,
    chain bytea NOT NULL);
-- One row, locked and changed as the last thing of every transaction that makes entries: whoever gets the next number
-- begins after this transaction is visible, so no reader can see a number without all that are lower.
CREATE TABLE feed_head(one integer PRIMARY KEY CHECK (one = 1), seq bigint NOT NULL, chain bytea NOT NULL,
    min_seq bigint NOT NULL, safe_seq bigint NOT NULL) WITH (fillfactor = 10);

-- body, candidate_by, store_by and merged are JSON.
CREATE TABLE conflict(id uuid PRIMARY KEY, feature uuid NOT NULL, dataset integer NOT NULL, key text NOT NULL,
    op uuid NOT NULL, replica uuid NOT NULL, at text NOT NULL, candidate_by text NOT NULL, store_by text, merged text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'resolved', 'superseded')), closed_by uuid, body text NOT NULL);
CREATE INDEX conflict_feature ON conflict(feature) WHERE state = 'open';
CREATE INDEX conflict_op ON conflict(op);

CREATE TABLE device(id uuid PRIMARY KEY, name text NOT NULL, "user" text NOT NULL, role text NOT NULL,
    token_hash bytea NOT NULL UNIQUE, joined_at text NOT NULL, last_seen_at text NOT NULL,
    pulled_seq bigint NOT NULL DEFAULT 0, is_revoked boolean NOT NULL DEFAULT false);
-- The newest report of each laptop, as JSON.
CREATE TABLE device_report(device uuid PRIMARY KEY, at text NOT NULL, body text NOT NULL);
CREATE TABLE lineage(device uuid NOT NULL REFERENCES device(id), replica uuid NOT NULL, current text NOT NULL,
    before text NOT NULL, first_op uuid, PRIMARY KEY(device, replica));
-- What laptops want, as JSON; none wants everything.
CREATE TABLE subscription(device uuid PRIMARY KEY, revision integer NOT NULL, parts text NOT NULL);
CREATE TABLE enrol_code(hash bytea PRIMARY KEY, role text NOT NULL, until text NOT NULL, used_by uuid);

-- The backups that were proved and are kept.
CREATE TABLE backup(folder text PRIMARY KEY, at text NOT NULL, seq bigint NOT NULL);

CREATE TABLE blob(id text PRIMARY KEY, n_bytes bigint NOT NULL, at text NOT NULL);
CREATE TABLE blob_preview(blob text PRIMARY KEY, at text NOT NULL);
CREATE TABLE blob_ref(blob text NOT NULL, feature uuid NOT NULL, PRIMARY KEY(blob, feature));

-- One supplier's file for one dataset: rows that a new delivery of it does not hold are gone.
CREATE TABLE source_set(no integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, dataset integer NOT NULL,
    key text NOT NULL, edition uuid NOT NULL, at text NOT NULL, data_date text NOT NULL, UNIQUE(dataset, key));
CREATE TABLE problem(source integer NOT NULL, "row" bigint NOT NULL, code text NOT NULL, text text NOT NULL,
    feature uuid);
CREATE INDEX problem_source ON problem(source);

-- The shape that bytes describe, or null when PostGIS does not take them.
CREATE FUNCTION shape(bytes bytea) RETURNS geometry LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN st_geomfromwkb(bytes, @SRID@);
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;

-- What must be kept beside a shape so that its bytes come back as they were; null when nothing must.
CREATE FUNCTION beside(shape geometry, bytes bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN st_asbinary(shape, 'NDR') = bytes THEN NULL ELSE bytes END $$;

-- The bytes of a stored shape.
CREATE FUNCTION bytes(shape geometry, beside bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(beside, st_asbinary(shape, 'NDR')) $$;

-- A value as text, for the indexes over fields whose values should be unique.
CREATE FUNCTION field_text(properties text, field text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT properties::json ->> field $$;

-- One number for each attachment, the same in every transaction.
CREATE FUNCTION blob_key(id text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ('x' || left(md5('blob' || id), 16))::bit(64)::bigint $$;
