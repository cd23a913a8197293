"""Turns each XLSForm workbook of data/forms into the XForm beside it.

`convert.py` writes; `convert.py --check` writes nothing and fails when an XForm is stale. Run it with the packages of
requirements.txt. Needs neither Java nor network.
"""

import argparse
import pathlib
import re
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter

from pyxform.xls2xform import convert

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMS = ROOT / "data" / "forms"
XF = "{http://www.w3.org/2002/xforms}"
H = "{http://www.w3.org/1999/xhtml}"
# A longer list makes every filter slow in the engine, so it belongs in a dataset.
N_CHOICES_MAX = 5000


def lint(name, xml):
    """What pyxform lets through and the session, the core or a reader cannot bear."""
    faults = []
    root = ET.fromstring(xml)
    model = root.find(f"{H}head/{XF}model")
    binds = [bind.get("nodeset") for bind in model.iter(f"{XF}bind")]
    repeats = [repeat.get("nodeset") for repeat in root.iter(f"{XF}repeat")]

    def scope(path):
        """The repeat that an answer belongs to: answers of one object share it."""
        inside = [it for it in repeats if path.startswith(it + "/")]
        return max(inside, key=len, default="")

    keys = Counter((scope(path), path.rsplit("/", 1)[1]) for path in binds + repeats if "/meta/" not in path)
    faults += [f"the name {key} is used twice in one object ({where or 'the form'})"
               for (where, key), count in keys.items() if count > 1 and (where + "/" + key) not in repeats]
    for text in model.iter(f"{XF}text"):
        for value in text.iter(f"{XF}value"):
            if "".join(value.itertext()).strip() == "-":
                faults.append(f"the text {text.get('id')} lacks a translation")
    languages = [it.get("lang") for it in model.iter(f"{XF}translation")]
    for code in ("sv", "en"):
        if not any(language.endswith(f"({code})") for language in languages):
            faults.append(f"there is no language that ends with ({code})")
    for instance in model.iter(f"{XF}instance"):
        items = list(instance.iter(f"{XF}item"))
        if len(items) > N_CHOICES_MAX:
            faults.append(f"the list {instance.get('id')} holds {len(items)} choices, more than {N_CHOICES_MAX}")
    for bind in model.iter(f"{XF}bind"):
        if bind.get("calculate") and not bind.get("type"):
            faults.append(f"the calculation {bind.get('nodeset')} has no type")
    gated = [bind.get("nodeset") for bind in model.iter(f"{XF}bind") if bind.get("relevant")]
    for setter in root.iter(f"{XF}setvalue"):
        path = setter.get("ref")
        if any(path == it or path.startswith(it + "/") for it in gated):
            faults.append(f"{path} has a computed default but may be hidden: a draft would lose the default")
    return [f"{name}: {fault}" for fault in faults] + check_declaration(name, root, binds)


def check_declaration(name, root, binds):
    """The declaration beside the form names the same form and only questions that it has."""
    path = FORMS / f"{name}.toml"
    if not path.exists():
        return [f"{name}: {path.name} is missing"]
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    instance = root.find(f"{H}head/{XF}model/{XF}instance")[0]
    faults = []
    for key in ("id", "version"):
        if said[key] != instance.get(key):
            faults.append(f"{name}: {key} is {said[key]} in {path.name} and {instance.get(key)} in the workbook")
    questions = {bind.rsplit("/", 1)[1] for bind in binds}
    wanted = {it["answer"] for it in said.get("update", [])} | {it["question"] for it in said.get("prefill", [])}
    wanted |= set(re.findall(r"\{(\w+)\}", said.get("summary", "")))
    return faults + [f"{name}: {path.name} names the question {it}, which the form lacks" for it in sorted(wanted - questions)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when an XForm is stale")
    arguments = parser.parse_args()
    faults = []
    for workbook in sorted(FORMS.glob("*.xlsx")):
        if workbook.name.startswith("~$"):
            continue
        result = convert(str(workbook), validate=False, pretty_print=True)
        for warning in result.warnings:
            print(f"{workbook.name}: {warning}", file=sys.stderr)
        faults += lint(workbook.stem, result.xform)
        target = workbook.with_suffix(".xml")
        if not arguments.check:
            target.write_text(result.xform, encoding="utf-8", newline="\n")
        elif not target.exists() or target.read_text(encoding="utf-8") != result.xform:
            faults.append(f"{target.relative_to(ROOT)} is older than its workbook: run make forms")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
