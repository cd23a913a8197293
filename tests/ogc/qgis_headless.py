"""QGIS's own provider without a window: qgis_headless.py URL TOKEN. Needs python3-qgis of the system."""

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import (Qgis, QgsApplication, QgsAuthMethodConfig, QgsFeatureRequest, QgsRectangle,  # noqa: E402
                       QgsVectorLayer)

url, token, folder = sys.argv[1:4]
os.environ["QGIS_AUTH_DB_DIR_PATH"] = folder
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False, folder)
app.initQgis()
print("QGIS", Qgis.QGIS_VERSION)

manager = app.authManager()
assert manager.setMasterPassword("prov", True)
config = QgsAuthMethodConfig("Basic")
config.setName("faltkarta")
config.setConfig("username", "prov")
config.setConfig("password", token)
assert manager.storeAuthenticationConfig(config)


def layer(name, more="", is_signed=True):
    signed = f" authcfg='{config.id()}'" if is_signed else ""
    made = QgsVectorLayer(f"url='{url}' typename='{name}'{signed} {more}", name, "OAPIF")
    assert made.isValid(), (name, made.error().message())
    return made


open_layer = layer("address", is_signed=False)
n_open = sum(1 for _ in open_layer.getFeatures())
print("addresses", n_open, "crs", open_layer.crs().authid())
assert n_open > 0
valves = layer("valve")
features = list(valves.getFeatures())
first = features[0]
point = first.geometry().asPoint()
print("valves", len(features), "crs", valves.crs().authid(), "at", point.toString(6))
assert valves.fields().indexFromName("nummer") >= 0
# Easting or longitude across, whatever order the service writes ordinates in.
assert 5 < point.x() < 30 and 54 < point.y() < 70 or point.x() < 1_000_000 < point.y(), point
box = QgsRectangle(point.x() - 1e-5, point.y() - 1e-5, point.x() + 1e-5, point.y() + 1e-5)
near = [it["nummer"] for it in layer("valve").getFeatures(QgsFeatureRequest().setFilterRect(box))]
assert first["nummer"] in near and len(near) < len(features), near
print("capabilities", valves.dataProvider().capabilitiesString())
