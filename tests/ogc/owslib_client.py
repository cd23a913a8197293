"""OWSLib reads and writes what we serve."""

from owslib.ogcapi.features import Features
from owslib.util import Authentication


def tests(store):
    def service():
        return Features(store.url + "/", auth=Authentication(username="prov", password=store.token))

    def it_finds_its_way():
        w = Features(store.url + "/")
        assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in w.conformance()["conformsTo"]
        assert "address" in w.feature_collections() and "valve" not in w.feature_collections()
        assert w.api()["openapi"] == "3.0.3"
        assert "valve" in service().feature_collections()
        assert "nummer" in service().collection_queryables("valve")["properties"]

    def it_reads_by_place_by_value_and_by_filter():
        w = service()
        whole = w.collection_items("valve", limit=10_000)
        first = whole["features"][0]
        lon, lat = first["geometry"]["coordinates"]
        near = w.collection_items("valve", bbox=[lon - 1e-5, lat - 1e-5, lon + 1e-5, lat + 1e-5])
        assert first["id"] in [it["id"] for it in near["features"]]
        number = first["properties"]["nummer"]
        assert [it["id"] for it in w.collection_items("valve", nummer=number)["features"]] == [first["id"]]
        found = w.collection_items("valve", filter=f"nummer = '{number}' AND dimension IS NOT NULL")
        assert {it["id"] for it in found["features"]} <= {first["id"]}
        assert w.collection_item("valve", first["id"])["properties"] == first["properties"]

    def it_makes_a_feature():
        w = service()
        lon, lat = w.collection_items("valve", limit=1)["features"][0]["geometry"]["coordinates"]
        new = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]},
               "properties": {"nummer": "OWS-1", "ventil_id": "OWS-1"}}
        assert w.collection_item_create("valve", new)
        assert len(w.collection_items("valve", nummer="OWS-1")["features"]) == 1

    return [it_finds_its_way, it_reads_by_place_by_value_and_by_filter, it_makes_a_feature]
