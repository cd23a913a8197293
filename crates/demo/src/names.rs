//! Invented names: streets, kvarter, trakter, villages, lakes. None belongs to a person.

use crate::chance::Chance;

/// Streets that every town has, innermost first.
pub(crate) const STREETS_EVERYWHERE: [&str; 5] =
    ["Kungsgatan", "Storgatan", "Prästgatan", "Skolgatan", "Kyrkogatan"];

const STREET_STEMS: [&str; 112] = [
    "Masugns",
    "Hytt",
    "Smedje",
    "Gruv",
    "Kvarn",
    "Strand",
    "Sjö",
    "Björk",
    "Gran",
    "Tall",
    "Ek",
    "Al",
    "Asp",
    "Lind",
    "Lönn",
    "Rönn",
    "Hassel",
    "Sälg",
    "Kol",
    "Malm",
    "Järn",
    "Koppar",
    "Silver",
    "Bergs",
    "Drott",
    "Fabriks",
    "Stations",
    "Järnvägs",
    "Banér",
    "Torg",
    "Källgårds",
    "Ängs",
    "Åker",
    "Hag",
    "Skogs",
    "Backa",
    "Bruks",
    "Hammar",
    "Verkstads",
    "Slagg",
    "Ugns",
    "Bälg",
    "Snickar",
    "Målar",
    "Murar",
    "Garvar",
    "Väv",
    "Bagar",
    "Skräddar",
    "Handels",
    "Bond",
    "Herrgårds",
    "Lekatt",
    "Räv",
    "Älg",
    "Hjort",
    "Lo",
    "Ugg",
    "Örn",
    "Falk",
    "Lärk",
    "Svan",
    "Trast",
    "Göktyte",
    "Blåklint",
    "Lilje",
    "Klöver",
    "Timotej",
    "Råg",
    "Vete",
    "Havre",
    "Korn",
    "Lin",
    "Humle",
    "Hallon",
    "Blåbärs",
    "Lingon",
    "Smultron",
    "Ros",
    "Viol",
    "Vitsipps",
    "Sol",
    "Mån",
    "Stjärn",
    "Norrskens",
    "Vinter",
    "Sommar",
    "Höst",
    "Vår",
    "Dalkarls",
    "Finn",
    "Kanal",
    "Damm",
    "Forsn",
    "Å",
    "Bro",
    "Färj",
    "Hamn",
    "Brygg",
    "Ö",
    "Udd",
    "Vik",
    "Norr",
    "Söder",
    "Öster",
    "Väster",
    "Ring",
    "Park",
    "Kaffé",
    "Plan",
    "Gymnastik",
    "Idrotts",
];
const STREET_TAILS: [&str; 4] = ["gatan", "vägen", "stigen", "gränd"];

/// The street names of one town: the common ones, then a shuffled rest without end.
pub(crate) fn streets(chance: &mut Chance, n: usize) -> Vec<String> {
    let mut rest: Vec<String> = STREET_TAILS
        .iter()
        .flat_map(|tail| STREET_STEMS.iter().map(move |stem| format!("{stem}{tail}")))
        .collect();
    // The plain "gatan" and "vägen" come first, the rarer tails only in the largest towns.
    let common = 2 * STREET_STEMS.len();
    chance.shuffle(&mut rest[..common]);
    chance.shuffle(&mut rest[common..]);
    let mut all: Vec<String> = STREETS_EVERYWHERE.iter().map(ToString::to_string).collect();
    all.extend(rest);
    let base = all.clone();
    for side in ["Norra", "Södra", "Östra", "Västra", "Övre", "Nedre"] {
        if all.len() >= n {
            break;
        }
        all.extend(base.iter().map(|name| format!("{side} {name}")));
    }
    all.truncate(n);
    all
}

/// Kvarter names in capitals; ROSEN is kept apart because two municipalities share it.
pub(crate) const KVARTER: [&str; 180] = [
    "SMEDEN",
    "HYTTAN",
    "MASUGNEN",
    "BÄLGEN",
    "SLÄGGAN",
    "UGNEN",
    "KOLAREN",
    "STÄDET",
    "KVARNEN",
    "KRONAN",
    "VERKET",
    "GRUVAN",
    "HAMMAREN",
    "TÅNGEN",
    "MEJSELN",
    "FILEN",
    "SÅGEN",
    "YXAN",
    "HYVELN",
    "BORREN",
    "NAVAREN",
    "VÄVAREN",
    "BAGAREN",
    "GARVAREN",
    "SKRÄDDAREN",
    "SKOMAKAREN",
    "MURAREN",
    "MÅLAREN",
    "SNICKAREN",
    "GLASMÄSTAREN",
    "GULDSMEDEN",
    "KOPPARSLAGAREN",
    "BOKBINDAREN",
    "URMAKAREN",
    "HANDSKMAKAREN",
    "REPSLAGAREN",
    "SADELMAKAREN",
    "TUNNBINDAREN",
    "FISKAREN",
    "JÄGAREN",
    "SKYTTEN",
    "RYTTAREN",
    "DRAGONEN",
    "VÄKTAREN",
    "BORGMÄSTAREN",
    "RÅDMANNEN",
    "KYRKOHERDEN",
    "KLOCKAREN",
    "ORGANISTEN",
    "DOKTORN",
    "APOTEKAREN",
    "LÄRAREN",
    "LEJONET",
    "BJÖRNEN",
    "VARGEN",
    "RÄVEN",
    "ÄLGEN",
    "HJORTEN",
    "RÅDJURET",
    "EKORREN",
    "IGELKOTTEN",
    "UTTERN",
    "BÄVERN",
    "GRÄVLINGEN",
    "MÅRDEN",
    "IRBISEN",
    "ÖRNEN",
    "FALKEN",
    "HÖKEN",
    "UGGLAN",
    "KORPEN",
    "SVANEN",
    "TRANAN",
    "HÄGERN",
    "GÖKEN",
    "LÄRKAN",
    "TRASTEN",
    "STAREN",
    "SVALAN",
    "TÄRNAN",
    "MÅSEN",
    "GÄDDAN",
    "ABBORREN",
    "LAXEN",
    "ÖRINGEN",
    "ÅLEN",
    "KRÄFTAN",
    "MÖRTEN",
    "EKEN",
    "BOKEN",
    "ALMEN",
    "ASKEN",
    "LINDEN",
    "LÖNNEN",
    "RÖNNEN",
    "HÄGGEN",
    "HASSELN",
    "ALEN",
    "ENEN",
    "TALLEN",
    "GRANEN",
    "LÄRKTRÄDET",
    "PILEN",
    "SYRENEN",
    "KAPRIFOLEN",
    "LILJAN",
    "NEJLIKAN",
    "TULPANEN",
    "VIOLEN",
    "BLÅKLOCKAN",
    "PRÄSTKRAGEN",
    "FÖRGÄTMIGEJEN",
    "KLÖVERN",
    "TISTELN",
    "RUBINEN",
    "SAFIREN",
    "OPALEN",
    "TOPASEN",
    "GRANATEN",
    "KVARTSEN",
    "GLIMMERN",
    "FÄLTSPATEN",
    "JÄRNMALMEN",
    "SILVRET",
    "ZINKEN",
    "MANGANEN",
    "NICKELN",
    "PLOGEN",
    "HARVEN",
    "SKÄRAN",
    "LIEN",
    "RÄFSAN",
    "HÖGAFFELN",
    "KÄRRAN",
    "SLÄDEN",
    "KÄLKEN",
    "SKIDAN",
    "SKRIDSKON",
    "ÅRAN",
    "BÅTEN",
    "ANKARET",
    "KOMPASSEN",
    "SEGLET",
    "MASTEN",
    "RODRET",
    "SOLEN",
    "MÅNEN",
    "STJÄRNAN",
    "KARLAVAGNEN",
    "ORION",
    "VENUS",
    "SATURNUS",
    "PLUTO",
    "ALLÉN",
    "IDÉN",
    "MUSÉET",
    "KAFÉET",
    "TORGET",
    "BRUNNEN",
    "KÄLLAN",
    "BÄCKEN",
    "FORSEN",
    "DAMMEN",
    "BRON",
    "TÅRNET",
    "PORTEN",
    "GÅRDEN",
    "LADAN",
    "STALLET",
    "HÖLADAN",
    "ÅNGAN",
    "TURBINEN",
    "DYNAMON",
    "MOTORN",
    "LOKET",
    "VAGNEN",
    "SPÅRET",
    "VÄXELN",
    "SIGNALEN",
    "TELEGRAFEN",
];

const PLACE_STEMS: [&str; 72] = [
    "Prov", "Linds", "Skog", "Björk", "Gran", "Tall", "Ek", "Al", "Asp", "Lind", "Lönn", "Hassel",
    "Kol", "Malm", "Tjär", "Berg", "Äng", "Åker", "Hag", "Back", "Bruk", "Hammar", "Slagg", "Räv",
    "Älg", "Hjort", "Varg", "Björn", "Ugg", "Örn", "Falk", "Tran", "Svan", "Gädd", "Abborr", "Ros",
    "Lil", "Kvarn", "Damm", "Fors", "Å", "Bro", "Sund", "Näs", "Vik", "Holm", "Ö", "Norr", "Söder",
    "Öster", "Väster", "Stor", "Lill", "Lång", "Bred", "Hög", "Låg", "Djup", "Svart", "Vit", "Röd",
    "Grön", "Mörk", "Ljus", "Mo", "Myr", "Mos", "Sten", "Klipp", "Häll", "Ris", "Kross",
];
const PLACE_TAILS: [&str; 20] = [
    "hyttan", "byn", "torp", "boda", "ryd", "sta", "ås", "berg", "dal", "fallet", "hult", "bo",
    "mossen", "änge", "vik", "näs", "hammar", "gården", "kärr", "lid",
];

/// The n-th village or trakt name, all different for the first 1 440 and numbered by side after.
pub(crate) fn place(seed: u64, n: usize) -> String {
    let total = PLACE_STEMS.len() * PLACE_TAILS.len();
    // A stride that shares no factor with the total walks through every pair once.
    let start = (seed % total as u64) as usize;
    let at = (start + (n % total) * 587) % total;
    let name =
        format!("{}{}", PLACE_STEMS[at % PLACE_STEMS.len()], PLACE_TAILS[at / PLACE_STEMS.len()]);
    match n / total {
        0 => name,
        round => {
            let sides = [
                "Norra", "Södra", "Östra", "Västra", "Stora", "Lilla", "Övre", "Nedre", "Gamla",
                "Nya", "Inre", "Yttre",
            ];
            let turn = (round - 1) / sides.len();
            let side = sides[(round - 1) % sides.len()];
            if turn == 0 { format!("{side} {name}") } else { format!("{side} {name} {}", turn + 1) }
        }
    }
}

/// A lake, by number.
pub(crate) fn lake(n: usize) -> String {
    let tails = ["sjön", "tjärnen", "vattnet", "gölen"];
    let kinds = PLACE_STEMS.len() * tails.len();
    let at = (n * 101) % kinds;
    let name = format!("{}{}", PLACE_STEMS[at % PLACE_STEMS.len()], tails[at / PLACE_STEMS.len()]);
    match n / kinds {
        0 => name,
        1 => format!("Stora {name}"),
        2 => format!("Lilla {name}"),
        more => format!("{name} {more}"),
    }
}

/// A hill, bog or forest, by number.
pub(crate) fn nature(n: usize) -> String {
    let tails =
        ["berget", "mossen", "skogen", "klack", "kärret", "åsen", "höjden", "udden", "myren"];
    let kinds = PLACE_STEMS.len() * tails.len();
    let at = (n * 103) % kinds;
    let name = format!("{}{}", PLACE_STEMS[at % PLACE_STEMS.len()], tails[at / PLACE_STEMS.len()]);
    match n / kinds {
        0 => name,
        1 => format!("Stora {name}"),
        2 => format!("Lilla {name}"),
        more => format!("{name} {more}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn place_names_do_not_repeat() {
        let names: BTreeSet<String> = (0..4000).map(|n| place(5, n)).collect();
        assert_eq!(names.len(), 4000);
    }

    #[test]
    fn kvarter_and_street_names_do_not_repeat() {
        assert_eq!(KVARTER.iter().collect::<BTreeSet<_>>().len(), KVARTER.len());
        let streets = streets(&mut Chance::keyed(1, &[]), 450);
        assert_eq!(streets.iter().collect::<BTreeSet<_>>().len(), 450);
    }
}
