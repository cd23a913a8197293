"""Writes the first edition of the form workbooks under data/forms.

The workbooks are the source: coordinators edit them in a spreadsheet program. This script is for starting over, and it
refuses to write over a workbook unless `--overwrite` is given.
"""

import argparse
import pathlib
import sys

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMS = ROOT / "data" / "forms"

SV = "Svenska (sv)"
EN = "English (en)"
COLUMNS = [
    "type", "name", f"label::{SV}", f"label::{EN}", f"hint::{SV}", f"hint::{EN}", "required",
    f"required_message::{SV}", f"required_message::{EN}", "relevant", "constraint", f"constraint_message::{SV}",
    f"constraint_message::{EN}", "default", "calculation", "read_only", "appearance", "parameters", "bind::type",
]
# `tone` says how a chosen answer looks: ok, warn or bad; empty is neutral. It is never the only sign.
CHOICE_COLUMNS = ["list_name", "name", f"label::{SV}", f"label::{EN}", "tone"]


def row(kind, name="", label=("", ""), *, hint=("", ""), required=None, relevant="", constraint="", message=("", ""),
        default="", calculation="", read_only="", appearance="", parameters="", bind_type=""):
    """One row of the survey sheet; texts are pairs of Swedish and English."""
    return {
        "type": kind, "name": name, f"label::{SV}": label[0], f"label::{EN}": label[1],
        f"hint::{SV}": hint[0], f"hint::{EN}": hint[1],
        "required": "yes" if required else "",
        f"required_message::{SV}": required[0] if required else "",
        f"required_message::{EN}": required[1] if required else "",
        "relevant": relevant, "constraint": constraint, f"constraint_message::{SV}": message[0],
        f"constraint_message::{EN}": message[1], "default": default, "calculation": calculation,
        "read_only": read_only, "appearance": appearance, "parameters": parameters, "bind::type": bind_type,
    }


def photos(name, question, label=("Foton", "Photos")):
    """A repeat of one image: several photos under one heading."""
    return [
        row("begin_repeat", name, label),
        row("image", question, ("Foto", "Photo"), parameters="max-pixels=4096"),
        row("end_repeat"),
    ]


def severity(name, required=True):
    """Severity by letter and word."""
    return row("select_one allvar", name, ("Allvar", "Severity"), appearance="columns",
               required=("Välj hur allvarlig bristen är.", "Choose how serious it is.") if required else None)


YES_NO = [("ja_nej", "ja", "Ja", "Yes"), ("ja_nej", "nej", "Nej", "No")]
ALLVAR = [
    ("allvar", "A", "A · omedelbart", "A · at once", "bad"),
    ("allvar", "B", "B · snarast", "B · soon", "bad"),
    ("allvar", "C", "C · nästa gång", "C · next time", "warn"),
]

FOUND = "${resultat} != '' and ${resultat} != 'ej_hittad' and ${resultat} != 'overtackt'"

VALVE = {
    "settings": {"form_title": "Ventilmotionering", "form_id": "ventilmotionering", "version": "1",
                 "default_language": SV, "instance_name": "concat(${nummer}, ' ', ${resultat})"},
    "survey": [
        # Questions named as a field of the subject begin with its value: nummer, stangriktning, antal_varv, lage.
        row("hidden", "nummer"),
        row("select_one ventilresultat", "resultat", ("Resultat", "Result"), appearance="columns",
            required=("Välj resultat.", "Choose a result.")),
        row("date", "datum", ("Datum", "Date"), default="today()", constraint=". <= today()",
            message=("Datumet kan inte ligga i framtiden.", "The date cannot be in the future."),
            required=("Ange datum.", "Enter the date.")),
        row("begin_group", "mekanik", ("Ventilen", "The valve"), relevant=FOUND),
        row("select_one stangriktning", "stangriktning", ("Stängriktning", "Closing direction"), appearance="columns"),
        row("integer", "antal_varv", ("Antal varv före", "Turns before"),
            hint=("Enligt registret eller skylten.", "As in the register or on the sign."),
            constraint=". >= 0 and . <= 500",
            message=("Antal varv ska vara 0 till 500.", "Turns must be 0 to 500.")),
        row("integer", "antal_varv_efter", ("Antal varv efter", "Turns after"),
            hint=("Räknade i dag. Tomt om du inte räknade.", "Counted today. Leave empty if you did not count."),
            constraint=". >= 0 and . <= 500",
            message=("Antal varv ska vara 0 till 500.", "Turns must be 0 to 500.")),
        row("calculate", "varv_skillnad", bind_type="int",
            calculation="if(${antal_varv_efter} != '' and ${antal_varv} != '', ${antal_varv_efter} - ${antal_varv}, '')"),
        row("note", "varv_avviker", (
            "Varven skiljer ${varv_skillnad} från registret. Kontrollera att ventilen är helt stängd.",
            "The turns differ by ${varv_skillnad} from the register. Check that the valve is fully closed."),
            relevant="${varv_skillnad} != '' and (${varv_skillnad} > 3 or ${varv_skillnad} < -3)"),
        row("select_one ja_nej", "stangd_helt", ("Gick att stänga helt?", "Could it be closed fully?"),
            appearance="columns", relevant="${resultat} = 'trog' or ${resultat} = 'lacker'",
            required=("Svara om ventilen gick att stänga helt.", "Say whether the valve could be closed fully.")),
        row("select_one troghet", "troghet", ("Tröghet", "Stiffness"), appearance="columns",
            relevant="${resultat} = 'trog'", default="trog"),
        row("select_one lackage", "lackage", ("Läckage", "Leak"), relevant="${resultat} = 'lacker'",
            required=("Välj var det läcker.", "Choose where it leaks.")),
        row("select_one betackning", "betackning_skick", ("Betäckning", "Cover"), appearance="columns", default="funnen"),
        row("select_one lage", "lage", ("Läge efter kontroll", "Position afterwards"), appearance="columns"),
        row("end_group"),
        row("select_one overtackt_av", "overtackt_av", ("Övertäckt av", "Covered by"),
            relevant="${resultat} = 'overtackt'", appearance="columns"),
        row("select_multiple sokt_med", "sokt_med", ("Sökt med", "Searched with"),
            relevant="${resultat} = 'ej_hittad' or ${resultat} = 'overtackt'"),
        row("begin_group", "uppfoljning", ("Uppföljning", "Follow-up"), relevant="${resultat} != ''"),
        row("select_one nasta", "nasta", ("Nästa steg", "Next step"), default="ordinarie"),
        row("date", "nasta_senast", ("Senast", "No later than"), relevant="${nasta} != 'ordinarie'",
            constraint=". >= today()",
            message=("Välj i dag eller senare.", "Choose today or later.")),
        row("text", "anmarkning", ("Anmärkning", "Remark"), appearance="multiline"),
        row("end_group"),
        *photos("foton", "foto"),
        row("begin_repeat", "brister", ("Brister", "Deficiencies")),
        row("text", "brist_text", ("Brist", "Deficiency"), appearance="multiline",
            required=("Beskriv bristen.", "Describe the deficiency.")),
        severity("brist_allvar"),
        row("date", "brist_senast", ("Åtgärdas senast", "Remedy no later than"), constraint=". >= ${datum}",
            message=("Tidsfristen kan inte ligga före kontrollen.", "The deadline cannot be before the inspection.")),
        row("select_one ja_nej", "brist_atgardad", ("Åtgärdad på plats?", "Remedied on the spot?"),
            appearance="columns", default="nej"),
        *photos("brist_foton", "brist_foto"),
        row("end_repeat"),
        row("calculate", "funktion", calculation=(
            "if(${resultat} = 'fungerar', 'fungerar', if(${resultat} = 'trog' and ${stangd_helt} != 'nej', 'trög', "
            "if(${resultat} = 'lacker' and ${stangd_helt} = 'ja', 'fungerar', "
            "if(${resultat} = 'ej_stangbar' or ${stangd_helt} = 'nej', 'ej stängbar', ''))))")),
        row("calculate", "motionerad", bind_type="date",
            calculation=f"if({FOUND}, ${{datum}}, '')"),
    ],
    "choices": [
        ("ventilresultat", "fungerar", "Fungerar", "Works", "ok"),
        ("ventilresultat", "trog", "Trög", "Stiff", "warn"),
        ("ventilresultat", "ej_stangbar", "Ej stängbar", "Cannot close", "bad"),
        ("ventilresultat", "ej_hittad", "Ej hittad", "Not found", "warn"),
        ("ventilresultat", "overtackt", "Övertäckt", "Covered", "warn"),
        ("ventilresultat", "lacker", "Läcker", "Leaks", "bad"),
        ("stangriktning", "hö", "Höger", "Right"),
        ("stangriktning", "vä", "Vänster", "Left"),
        ("troghet", "trog", "Trög", "Stiff", "warn"),
        ("troghet", "mycket_trog", "Mycket trög", "Very stiff"),
        ("lackage", "spindel", "Vid spindeln", "At the spindle"),
        ("lackage", "packbox", "Vid packboxen", "At the stuffing box"),
        ("lackage", "flans", "Vid flänsen", "At the flange"),
        ("lackage", "genom", "Släpper igenom stängd", "Lets through when closed"),
        ("lackage", "okant", "Okänt ställe", "Unknown place"),
        ("betackning", "funnen", "Funnen", "Found"),
        ("betackning", "frilagd", "Frilagd", "Uncovered"),
        ("betackning", "asfalterad", "Asfalterad", "Under asphalt"),
        ("lage", "öppen", "Öppen", "Open"),
        ("lage", "stängd", "Stängd", "Closed"),
        ("overtackt_av", "asfalt", "Asfalt", "Asphalt"),
        ("overtackt_av", "jord", "Jord", "Soil"),
        ("overtackt_av", "sno", "Snö och is", "Snow and ice"),
        ("overtackt_av", "fordon", "Fordon", "Vehicle"),
        ("sokt_med", "skylt", "Mått från skylt", "Distance from the sign"),
        ("sokt_med", "metall", "Metallsökare", "Metal detector"),
        ("sokt_med", "gnss", "GNSS", "GNSS"),
        ("sokt_med", "gravning", "Grävning för hand", "Digging by hand"),
        ("nasta", "ordinarie", "Ordinarie motionering", "Exercise as planned"),
        ("nasta", "omprov", "Motionera igen", "Exercise again"),
        ("nasta", "frilagg", "Frilägg betäckningen", "Uncover the cover"),
        ("nasta", "reparera", "Reparera", "Repair"),
        ("nasta", "byt", "Byt ventilen", "Replace the valve"),
        *YES_NO, *ALLVAR,
    ],
}

POINTS = [
    ("laget", "Läget stämmer med lovet", "The position is as permitted"),
    ("grund", "Grund och armering enligt kontrollplan", "Foundation and reinforcement as in the control plan"),
    ("fukt", "Skydd mot fukt", "Protection against damp"),
    ("stomme", "Bärande stomme och stabilitet", "Load-bearing structure and stability"),
    ("brand", "Brandskydd", "Fire protection"),
    ("tillganglighet", "Tillgänglighet och marknivåer", "Accessibility and ground levels"),
    ("ordning", "Skydd och ordning på arbetsplatsen", "Safety and order on the site"),
]


def control_point(name, sv, en):
    """One point of the control plan and what a deviation asks for."""
    return [
        row("select_one punktresultat", name, (sv, en), appearance="columns point",
            required=("", "")),
        row("begin_group", f"{name}_avvikelse", ("Avvikelse", "Deviation"), relevant=f"${{{name}}} = 'avvikelse'",
            appearance="deviation"),
        row("text", f"{name}_iakttagelse", ("Iakttagelse", "Observation"), appearance="multiline",
            required=("Beskriv vad du såg.", "Describe what you saw.")),
        severity(f"{name}_allvar"),
        row("date", f"{name}_senast", ("Åtgärdas senast", "Remedy no later than"), constraint=". >= ${datum}",
            message=("Tidsfristen kan inte ligga före besöket.", "The deadline cannot be before the visit.")),
        *photos(f"{name}_foton", f"{name}_foto"),
        row("end_group"),
    ]


N_DEVIATIONS = " + ".join(f"number(${{{name}}} = 'avvikelse')" for name, _, _ in POINTS)

SITE_VISIT = {
    "settings": {"form_title": "Arbetsplatsbesök", "form_id": "arbetsplatsbesok", "version": "1",
                 "default_language": SV, "instance_name": "concat(${arende}, ' ', ${datum})"},
    "survey": [
        row("begin_group", "besok", ("Besök", "Visit")),
        row("date", "datum", ("Datum", "Date"), default="today()",
            required=("Ange datum.", "Enter the date."), constraint=". <= today()",
            message=("Datumet kan inte ligga i framtiden.", "The date cannot be in the future.")),
        row("time", "starttid", ("Starttid", "Start"), hint=("Till exempel 9.30", "For example 9:30")),
        row("time", "sluttid", ("Sluttid", "End"), constraint="${starttid} = '' or . > ${starttid}",
            message=("Sluttiden ska vara efter starttiden.", "The end must be after the start.")),
        row("text", "arende", ("Ärendenummer", "Case number"),
            hint=("Till exempel BYGG 2026-000214. Tomt om det saknas.", "For example BYGG 2026-000214. May be empty.")),
        row("text", "byggprojekt", ("Byggprojekt", "Building project")),
        row("date", "startbesked", ("Startbesked", "Starting clearance"), constraint=". <= ${datum}",
            message=("Startbeskedet ska vara före besöket.", "The clearance must be before the visit.")),
        row("select_one anmald", "anmald", ("Besöket var", "The visit was"), appearance="columns",
            default="foranmalt"),
        row("select_one orsak", "orsak", ("Orsak", "Reason"), appearance="columns", default="planerad"),
        row("begin_repeat", "narvarande", ("Närvarande", "Present")),
        row("text", "narvarande_namn", ("Namn", "Name"),
            required=("Ange namn.", "Enter the name.")),
        row("select_one roll", "narvarande_roll", ("Roll", "Role"),
            required=("Välj roll.", "Choose a role.")),
        row("text", "narvarande_organisation", ("Organisation", "Organisation")),
        row("select_one ja_nej", "narvarande_informerad",
            ("Informerad om personuppgifter?", "Informed about personal data?"), appearance="columns"),
        row("end_repeat"),
        row("text", "vader", ("Väder och förhållanden", "Weather and conditions")),
        row("end_group"),
        row("begin_group", "kontroll", ("Kontroll", "Check")),
        *[question for point in POINTS for question in control_point(*point)],
        row("end_group"),
        row("calculate", "antal_avvikelser", calculation=N_DEVIATIONS, bind_type="int"),
        row("begin_group", "brist", ("Brister", "Deficiencies")),
        row("note", "brist_not", (
            "Avvikelser i kontrollen: ${antal_avvikelser}. Lägg till brister som inte hör till någon kontrollpunkt.",
            "Deviations in the check: ${antal_avvikelser}. Add deficiencies that belong to no point.")),
        row("begin_repeat", "brister", ("Brister", "Deficiencies")),
        row("text", "brist_text", ("Brist", "Deficiency"), appearance="multiline",
            required=("Beskriv bristen.", "Describe the deficiency.")),
        severity("brist_allvar"),
        row("date", "brist_senast", ("Åtgärdas senast", "Remedy no later than"), constraint=". >= ${datum}",
            message=("Tidsfristen kan inte ligga före besöket.", "The deadline cannot be before the visit.")),
        row("text", "brist_grund", ("Rättslig grund", "Legal ground"),
            hint=("Till exempel PBL 10 kap. 27 §", "For example PBL 10:27")),
        row("text", "brist_atgard", ("Åtgärd", "Measure")),
        row("text", "brist_ansvarig", ("Ansvarig", "Responsible"),
            hint=("En person eller en roll.", "One person or one role.")),
        row("select_one ja_nej", "brist_atgardad", ("Åtgärdad på plats?", "Remedied on the spot?"),
            appearance="columns", default="nej"),
        *photos("brist_foton", "brist_foto"),
        row("end_repeat"),
        row("end_group"),
        row("begin_group", "avslut", ("Underskrift", "Signature")),
        row("text", "synpunkter", ("Den kontrollerades synpunkter", "Views of the inspected party"),
            appearance="multiline",
            hint=("Skriv vad byggherren eller den kontrollansvariga framförde.",
                  "What the developer or the inspector in charge said.")),
        row("select_one bedomning", "bedomning", ("Samlad bedömning", "Overall assessment"), appearance="columns",
            default="utan_anmarkning", required=("Välj en samlad bedömning.", "Choose an overall assessment."),
            constraint=". != 'utan_anmarkning' or (${antal_avvikelser} = 0 and count(${brister}) = 0)",
            message=("Det finns avvikelser eller brister. Välj en annan bedömning.",
                     "There are deviations or deficiencies. Choose another assessment.")),
        row("date", "nasta_besok", ("Nästa besök", "Next visit"), constraint=". >= ${datum}",
            message=("Nästa besök kan inte ligga före det här.", "The next visit cannot be before this one.")),
        row("text", "underskrift_namn", ("Namnförtydligande", "Name in print")),
        row("image", "underskrift", ("Underskrift", "Signature"), appearance="signature",
            hint=("Skriv med finger, penna eller mus.", "Write with finger, pen or mouse."),
            parameters="max-pixels=800"),
        *photos("foton", "foto", ("Övriga foton", "Other photos")),
        row("end_group"),
    ],
    "choices": [
        ("punktresultat", "utan_avvikelse", "Utan avvikelse", "No deviation", "ok"),
        ("punktresultat", "avvikelse", "Avvikelse", "Deviation", "bad"),
        ("punktresultat", "ej_kontrollerat", "Ej kontrollerat", "Not checked"),
        ("punktresultat", "ej_aktuellt", "Ej aktuellt", "Not applicable"),
        ("anmald", "foranmalt", "Föranmält", "Announced"),
        ("anmald", "oanmalt", "Oanmält", "Unannounced"),
        ("anmald", "distans", "På distans", "Remote"),
        ("orsak", "planerad", "Planerad", "Planned"),
        ("orsak", "handelse", "Händelsestyrd", "Event"),
        ("orsak", "uppfoljning", "Uppföljning", "Follow-up"),
        ("roll", "byggherre", "Byggherre", "Developer"),
        ("roll", "kontrollansvarig", "Kontrollansvarig", "Inspector in charge"),
        ("roll", "verksamhetsutovare", "Verksamhetsutövare", "Operator"),
        ("roll", "fastighetsagare", "Fastighetsägare", "Property owner"),
        ("roll", "entreprenor", "Entreprenör", "Contractor"),
        ("roll", "boende", "Boende", "Resident"),
        ("roll", "annan", "Annan", "Other"),
        ("bedomning", "utan_anmarkning", "Utan anmärkning", "Without remark", "ok"),
        ("bedomning", "med_anmarkning", "Med anmärkning", "With remark", "warn"),
        ("bedomning", "nytt_besok", "Nytt besök krävs", "New visit needed", "bad"),
        *YES_NO, *ALLVAR,
    ],
}


def write(form):
    """Writes one workbook with the three sheets of an XLSForm."""
    book = Workbook()
    survey = book.active
    survey.title = "survey"
    choices = book.create_sheet("choices")
    settings = book.create_sheet("settings")
    survey.append(COLUMNS)
    for line in form["survey"]:
        survey.append([line[column] or None for column in COLUMNS])
    choices.append(CHOICE_COLUMNS)
    for line in form["choices"]:
        choices.append(list(line))
    settings.append(list(form["settings"]))
    settings.append(list(form["settings"].values()))
    for sheet in (survey, choices, settings):
        sheet.freeze_panes = "C2"
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor="DFEDEB")
        for column in sheet.columns:
            width = max(len(str(cell.value or "")) for cell in column)
            sheet.column_dimensions[column[0].column_letter].width = min(48, max(10, width + 2))
        for cells in sheet.iter_rows(min_row=2):
            for cell in cells:
                cell.alignment = Alignment(vertical="top", wrap_text=True)
    return book


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overwrite", action="store_true")
    arguments = parser.parse_args()
    for form in (VALVE, SITE_VISIT):
        path = FORMS / f"{form['settings']['form_id']}.xlsx"
        if path.exists() and not arguments.overwrite:
            sys.exit(f"{path.relative_to(ROOT)} exists and is the source; give --overwrite to start over")
        write(form).save(path)


if __name__ == "__main__":
    main()
