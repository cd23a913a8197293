"""GDAL's OAPIF driver reads what we serve."""

import json
import subprocess


def tests(store):
    def ogr(program, *arguments):
        done = subprocess.run([program, *arguments], capture_output=True, text=True)
        assert done.returncode == 0 and "ERROR" not in done.stderr, (arguments, done.stdout, done.stderr)
        return done.stdout

    source = f"OAPIF:{store.url}"
    signed = ["-oo", f"USERPWD=prov:{store.token}"]
    n_valves = store.page("/collections/valve/items?limit=1")["numberMatched"]
    n_addresses = store.page("/collections/address/items?limit=1")["numberMatched"]
    # In the order of the grid's definition: northing, easting.
    grid = "http://www.opengis.net/def/crs/EPSG/0/3009"
    first = store.page(f"/collections/valve/items?limit=1&crs={grid}")["features"][0]
    northing, easting = first["geometry"]["coordinates"]

    def it_lists_what_is_open_and_more_with_a_token():
        layers = ogr("ogrinfo", "-ro", source)
        assert "address" in layers and "valve" not in layers, layers
        assert "valve" in ogr("ogrinfo", "-ro", source, *signed)

    def it_counts_and_pages_through_every_feature():
        told = ogr("ogrinfo", "-ro", "-so", source, "address")
        assert f"Feature Count: {n_addresses}" in told, told
        read = ogr("ogr2ogr", "-f", "CSV", "/vsistdout/", source, "address", "-oo", "PAGE_SIZE=37",
                   "-oo", "INITIAL_REQUEST_PAGE_SIZE=11")
        assert len(read.strip().split("\n")) == n_addresses + 1, len(read.strip().split("\n"))

    def it_reads_by_value_and_by_place():
        number = first["properties"]["nummer"]
        read = ogr("ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", source, "valve", *signed, "-where",
                   f"nummer = '{number}'")
        rows = [json.loads(it) for it in read.strip().split("\n")]
        assert [it["properties"]["nummer"] for it in rows] == [number], rows
        lon, lat = rows[0]["geometry"]["coordinates"]
        box = [str(it) for it in (lon - 1e-5, lat - 1e-5, lon + 1e-5, lat + 1e-5)]
        near = ogr("ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", source, "valve", *signed, "-spat", *box)
        found = {json.loads(it)["properties"]["nummer"] for it in near.strip().split("\n")}
        assert number in found and len(found) < n_valves, (number, found)

    def it_reads_the_grid_with_its_ordinates_in_the_right_order():
        # The driver of this version reads in CRS84 and transforms itself, so both ways must meet.
        number = first["properties"]["nummer"]
        read = ogr("ogr2ogr", "-f", "CSV", "-lco", "GEOMETRY=AS_XY", "-t_srs", "EPSG:3009", "/vsistdout/", source, "valve",
                   *signed, "-where", f"nummer = '{number}'")
        e, n = (float(it) for it in read.strip().split("\n")[1].split(",")[:2])
        assert abs(e - easting) < 0.01 and abs(n - northing) < 0.01, (e, n, easting, northing)

    return [it_lists_what_is_open_and_more_with_a_token, it_counts_and_pages_through_every_feature,
            it_reads_by_value_and_by_place, it_reads_the_grid_with_its_ordinates_in_the_right_order]
