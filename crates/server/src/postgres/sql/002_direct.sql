-- Direct edits: whoever works with SQL or QGIS writes to the views of the schema @VIEWS@. Each view hands a row to the
-- functions below, which change the feature in the middle of the transaction and note it in `sql_edit`. A deferred
-- constraint trigger there stamps every noted feature at commit: operation `sql:ROLE`, hash, number in the feed. The
-- counter row is locked as late as in a push, so a person's long transaction holds nobody up.

-- Features that the running transaction has changed and that have no number yet. Rows live until its commit only.
CREATE TABLE sql_edit(no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, feature uuid NOT NULL UNIQUE,
    op uuid NOT NULL);
-- The database file that a role counts as.
CREATE TABLE sql_replica(role text PRIMARY KEY, replica uuid NOT NULL UNIQUE, last_op_no integer NOT NULL);
-- Entries of direct edits whose conflicts and rules the store has not looked at yet.
CREATE TABLE sql_aftermath(seq bigint PRIMARY KEY, feature uuid NOT NULL, version integer NOT NULL);

-- A decimal number as JSON as the store writes it: the fewest digits, a point or an exponent always.
CREATE FUNCTION real_json(number double precision) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    parts text[];
    digits numeric;
    shorter numeric;
BEGIN
    IF number IS NULL THEN RETURN NULL; END IF;
    IF number = 0 THEN RETURN '0.0'; END IF;
    IF abs(number) = 'infinity' OR number = 'NaN' THEN
        RAISE EXCEPTION 'talet är inte ändligt' USING ERRCODE = 'numeric_value_out_of_range';
    END IF;
    IF abs(number) >= 1e16 OR abs(number) < 1e-5 THEN
        parts := regexp_match(number::text, '^(-?[0-9.]+)e([-+])0*([0-9]+)$');
        digits := parts[1];
        -- PostgreSQL writes a digit more where the shorter number lies right between two; that reads back as the even one.
        WHILE scale(digits) > 0 AND parts[2] = '+' AND parts[3]::integer < 308 LOOP
            shorter := round(digits, scale(digits) - 1);
            EXIT WHEN (shorter || 'e' || parts[2] || parts[3])::double precision <> number;
            digits := shorter;
        END LOOP;
        RETURN trim_scale(digits) || 'e' || parts[2] || parts[3];
    END IF;
    RETURN regexp_replace(number::text::numeric::text, '^(-?[0-9]+)$', '\1.0');
END $$;

-- What a view shows of a stored text that may be of another type; null when it is.
CREATE FUNCTION as_date(value text) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF value !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN RETURN NULL; END IF;
    RETURN value::date;
EXCEPTION WHEN OTHERS THEN RETURN NULL;
END $$;
CREATE FUNCTION as_moment(value text) RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF value !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$' THEN RETURN NULL; END IF;
    RETURN value::timestamptz;
EXCEPTION WHEN OTHERS THEN RETURN NULL;
END $$;
CREATE FUNCTION as_list(value text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN (SELECT array_agg(item) FROM json_array_elements_text(value::json) AS item);
EXCEPTION WHEN OTHERS THEN RETURN NULL;
END $$;
CREATE FUNCTION as_int(value text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN value ~ '^-?[0-9]{1,18}$' THEN value::bigint END $$;
CREATE FUNCTION as_real(value text) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN value ~ '^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$' THEN value::double precision END $$;
CREATE FUNCTION as_bool(value text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE value WHEN 'true' THEN true WHEN 'false' THEN false END $$;
CREATE FUNCTION moment_text(value timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

-- Properties with some of them changed: keys in the order of their bytes, nulls left out, the text of all others kept.
CREATE FUNCTION put_properties(old text, keys text[], jsons text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{' || coalesce(string_agg(to_json(key)::text || ':' || json, ',' ORDER BY key COLLATE "C"), '') || '}'
    FROM (
        SELECT key, value::text AS json FROM json_each(old::json) WHERE key <> ALL (keys)
        UNION ALL
        SELECT key, json FROM unnest(keys, jsons) AS changed(key, json) WHERE json IS NOT NULL
    ) AS held
$$;

CREATE FUNCTION little_endian(number integer) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT set_byte(set_byte(set_byte(set_byte('\x0000000000000000'::bytea,
        0, number & 255), 1, (number >> 8) & 255), 2, (number >> 16) & 255), 3, (number >> 24) & 255)
$$;

-- Hash of a row as the feed's chain takes it; `bytes` must be canonical.
CREATE FUNCTION row_hash(is_deleted boolean, bytes bytea, properties text, blobs text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT substr(sha256(
        CASE WHEN is_deleted THEN '\x01'::bytea ELSE '\x00'::bytea END
        || CASE WHEN bytes IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea || little_endian(length(bytes)) || bytes END
        || little_endian(octet_length(properties)) || convert_to(properties, 'UTF8') || convert_to(blobs, 'UTF8')
    ), 1, 16)
$$;

-- A shape as a person gave it, as the store takes it: the store's grid, no negative zero, no curves.
CREATE FUNCTION taken_shape(given geometry) RETURNS geometry LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF given IS NULL OR st_isempty(given) THEN RETURN NULL; END IF;
    IF st_srid(given) = 0 THEN given := st_setsrid(given, @SRID@); END IF;
    IF st_srid(given) <> @SRID@ THEN given := st_transform(given, @SRID@); END IF;
    IF st_hasarc(given) OR geometrytype(given) IN ('TIN', 'POLYHEDRALSURFACE', 'TRIANGLE') THEN
        RAISE EXCEPTION 'geometrin har kurvor eller ytor som lagret inte tar emot; använd ST_CurveToLine'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    given := st_affine(given, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0);
    IF EXISTS (SELECT FROM st_dumppoints(given) AS p WHERE NOT (abs(st_x(p.geom)) < 1e12 AND abs(st_y(p.geom)) < 1e12
            AND coalesce(abs(st_z(p.geom)) < 1e12, true) AND coalesce(abs(st_m(p.geom)) < 1e12, true))
            OR st_m(p.geom)::text = '-0') THEN
        RAISE EXCEPTION 'geometrin har en koordinat som inte är ett tal' USING ERRCODE = 'data_exception';
    END IF;
    RETURN given;
END $$;

-- Notes that a feature changes in this transaction; the first time, the row as it was goes to history and the version
-- is raised. Returns the operation.
CREATE FUNCTION direct_begin(was feature) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    edit uuid;
BEGIN
    INSERT INTO sql_edit(feature, op) VALUES (was.id, gen_random_uuid()) ON CONFLICT (feature) DO NOTHING
        RETURNING op INTO edit;
    IF edit IS NOT NULL THEN
        INSERT INTO history(feature, version, is_deleted, geom, wkb, properties, blobs, hash, replica, op)
            VALUES (was.id, was.version, was.is_deleted, was.geom, was.wkb, was.properties, was.blobs, was.hash,
                was.replica, was.op);
        UPDATE feature SET version = version + 1, op = edit WHERE id = was.id;
    END IF;
    RETURN edit;
END $$;

-- The row that a view's row stands for, locked.
CREATE FUNCTION direct_row(which uuid, seen_version integer) RETURNS feature LANGUAGE plpgsql AS $$
DECLARE
    found_row feature;
BEGIN
    SELECT * INTO found_row FROM feature WHERE id = which FOR UPDATE;
    IF found_row.id IS NULL OR found_row.is_deleted THEN
        RAISE EXCEPTION 'objektet % är borttaget', which USING ERRCODE = 'no_data_found';
    END IF;
    -- What this transaction changed itself, it has seen.
    IF found_row.version <> seen_version AND NOT EXISTS (SELECT FROM sql_edit WHERE feature = which) THEN
        RAISE EXCEPTION 'objektet % har ändrats sedan det lästes', which USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN found_row;
END $$;

CREATE FUNCTION direct_insert(of_dataset integer, which uuid, given geometry, keys text[], jsons text[])
RETURNS feature LANGUAGE plpgsql AS $$
DECLARE
    made feature;
    shape geometry := taken_shape(given);
    parent uuid;
BEGIN
    -- The same lock as a push takes for an id that does not exist yet.
    PERFORM pg_advisory_xact_lock(feature_key(which));
    SELECT * INTO made FROM feature WHERE id = which FOR UPDATE;
    IF made.id IS NULL THEN
        INSERT INTO sql_edit(feature, op) VALUES (which, gen_random_uuid());
        INSERT INTO feature(id, dataset, version, seq, is_deleted, geom, properties, blobs, hash, replica, op)
            VALUES (which, of_dataset, 1, 0, false, shape, put_properties('{}', keys, jsons), '[]', '\x', which, which)
            RETURNING * INTO made;
    ELSIF NOT made.is_deleted OR made.dataset <> of_dataset THEN
        RAISE EXCEPTION 'objektet % finns redan', which USING ERRCODE = 'unique_violation';
    ELSE
        -- The same id again is the feature that was deleted.
        PERFORM direct_begin(made);
        UPDATE feature SET is_deleted = false, geom = shape, wkb = NULL, canonical = NULL,
            properties = put_properties('{}', keys, jsons) WHERE id = which RETURNING * INTO made;
    END IF;
    parent := made.properties::json ->> 'subject_id';
    IF parent IS NOT NULL THEN
        INSERT INTO child(parent, child, op, replica)
            SELECT parent, which, e.op, which FROM sql_edit e WHERE e.feature = which ON CONFLICT DO NOTHING;
    END IF;
    RETURN made;
END $$;

CREATE FUNCTION direct_update(which uuid, seen_version integer, is_moved boolean, given geometry, keys text[],
    jsons text[]) RETURNS feature LANGUAGE plpgsql AS $$
DECLARE
    was feature := direct_row(which, seen_version);
    shape geometry;
BEGIN
    IF is_moved THEN shape := taken_shape(given); END IF;
    IF NOT is_moved AND cardinality(keys) = 0 THEN RETURN was; END IF;
    PERFORM direct_begin(was);
    UPDATE feature SET properties = put_properties(was.properties, keys, jsons),
        geom = CASE WHEN is_moved THEN shape ELSE geom END, wkb = CASE WHEN is_moved THEN NULL ELSE wkb END,
        canonical = CASE WHEN is_moved THEN NULL ELSE canonical END
        WHERE id = which RETURNING * INTO was;
    RETURN was;
END $$;

CREATE FUNCTION direct_delete(which uuid, seen_version integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was feature := direct_row(which, seen_version);
BEGIN
    PERFORM direct_begin(was);
    UPDATE feature SET is_deleted = true WHERE id = which;
END $$;

-- One number for each id, the same in every transaction.
CREATE FUNCTION feature_key(which uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ('x' || left(md5(which::text), 16))::bit(64)::bigint $$;

-- Takes the next `n` numbers of the feed, and with them the right to write it until the transaction ends.
CREATE FUNCTION take_numbers(n integer, OUT before bigint, OUT chain bytea) LANGUAGE sql AS $$
    UPDATE feed_head SET seq = seq + n RETURNING seq - n, chain
$$;

-- Writes entries that have everything but their numbers, and sets the numbers of rows and log. The last statement of a
-- transaction. `log_places` are places among the entries, counted from 0, for the operations `log_ops`.
CREATE FUNCTION append(ops uuid[], datasets integer[], features uuid[], versions integer[], kinds smallint[],
    groups uuid[], hashes bytea[], areas_before text[], areas_after text[], log_ops uuid[], log_places integer[],
    OUT before bigint, OUT link bytea) LANGUAGE plpgsql AS $$
DECLARE
    n integer := cardinality(ops);
    chains bytea[];
BEGIN
    SELECT t.before, t.chain INTO before, link FROM take_numbers(n) AS t;
    FOR i IN 1..n LOOP
        link := substr(sha256(link || uuid_send(ops[i]) || uuid_send(features[i]) || hashes[i]), 1, 16);
        chains[i] := link;
    END LOOP;
    INSERT INTO feed(seq, op, dataset, feature, version, kind, grp, area_before, area_after, chain)
        SELECT append.before + e.i, e.op, e.dataset, e.feature, e.version, e.kind, e.grp, e.area_before, e.area_after,
            e.chain
        FROM unnest(ops, datasets, features, versions, kinds, groups, areas_before, areas_after, chains)
            WITH ORDINALITY AS e(op, dataset, feature, version, kind, grp, area_before, area_after, chain, i);
    UPDATE feature SET seq = append.before + e.i
        FROM (SELECT f.feature, max(f.i) AS i FROM unnest(features) WITH ORDINALITY AS f(feature, i)
              GROUP BY f.feature) AS e
        WHERE feature.id = e.feature;
    UPDATE op_log SET seq = append.before + 1 + e.place
        FROM unnest(log_ops, log_places) AS e(op, place) WHERE op_log.op = e.op;
    UPDATE feed_head SET chain = link;
END $$;

-- Gives every feature that this transaction changed directly its hash, its operation and its number.
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET "faltkarta.writing" TO 'direct' AS $$
DECLARE
    me text := session_user;
    mine uuid;
    last_no integer;
    edits sql_edit[];
    before bigint;
BEGIN
    -- The first of the deferred triggers of a transaction stamps everything; the others find nothing left.
    SELECT array_agg(e ORDER BY e.no) INTO edits FROM sql_edit AS e;
    IF edits IS NULL THEN RETURN NULL; END IF;
    INSERT INTO sql_replica AS r(role, replica, last_op_no) VALUES (me, gen_random_uuid(), cardinality(edits))
        ON CONFLICT (role) DO UPDATE SET last_op_no = r.last_op_no + cardinality(edits)
        RETURNING replica, last_op_no - cardinality(edits) INTO mine, last_no;
    UPDATE feature SET replica = mine, op = e.op,
        hash = row_hash(is_deleted, coalesce(canonical, wkb, st_asbinary(geom, 'NDR')), properties, blobs)
        FROM unnest(edits) AS e WHERE feature.id = e.feature;
    UPDATE child SET replica = mine FROM unnest(edits) AS e WHERE child.child = e.feature AND child.op = e.op;
    INSERT INTO op_log(op, hash, replica, op_no, "user", device, device_time, at, is_held, outcome)
        SELECT e.op, sha256(uuid_send(e.op)), mine, last_no + e.i, 'sql:' || me, 'sql:' || me,
            moment_text(statement_timestamp()), moment_text(statement_timestamp()), false, '{"kind":"applied"}'
        FROM unnest(edits) WITH ORDINALITY AS e(no, feature, op, i);
    DELETE FROM sql_edit;
    SELECT (append(array_agg(e.op ORDER BY e.no), array_agg(f.dataset ORDER BY e.no), array_agg(f.id ORDER BY e.no),
            array_agg(f.version ORDER BY e.no), array_agg(f.is_deleted::integer::smallint ORDER BY e.no),
            array_agg(NULL::uuid ORDER BY e.no), array_agg(f.hash ORDER BY e.no),
            array_agg(NULL::text ORDER BY e.no), array_agg(NULL::text ORDER BY e.no),
            array_agg(e.op ORDER BY e.no), array_agg((e.i - 1)::integer ORDER BY e.no))).before
        INTO before FROM unnest(edits) WITH ORDINALITY AS e(no, feature, op, i) JOIN feature f ON f.id = e.feature;
    INSERT INTO sql_aftermath(seq, feature, version)
        SELECT before + e.i, e.feature, f.version
        FROM unnest(edits) WITH ORDINALITY AS e(no, feature, op, i) JOIN feature f ON f.id = e.feature;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER stamp AFTER INSERT ON sql_edit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION stamp();

-- Rows that bypass the store and the views would never reach a laptop, so they are refused loudly.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% av %.% skulle gå förbi journalen; ändra i vyerna i schemat @VIEWS@',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DO $$
DECLARE
    guarded text;
BEGIN
    FOREACH guarded IN ARRAY ARRAY['feature', 'history', 'feed', 'feed_head', 'op_log', 'conflict', 'child', 'held',
        'sql_edit'] LOOP
        EXECUTE format('CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW
            WHEN (coalesce(current_setting(''faltkarta.writing'', true), '''') NOT IN (''store'', ''direct''))
            EXECUTE FUNCTION refuse()', guarded);
        EXECUTE format('CREATE TRIGGER guard_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse()',
            guarded);
    END LOOP;
END $$;

-- Lets a role read and edit the views, also those that are made later.
CREATE FUNCTION let_edit(who text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA @VIEWS@ TO %I', who);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA @VIEWS@ TO %I', who);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA @VIEWS@ GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', who);
END $$;
